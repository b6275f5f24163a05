//! Turns a tool's description into a man page.

use super::Tool;
use clap::Arg;
use clap_mangen::Man;
use std::io;

/// The page of a tool in section 1. A section `Description` stands where such a section belongs, before the options.
pub fn page(tool: &Tool) -> io::Result<String> {
    let man = Man::new(tool.command.clone().mut_args(with_aliases)).manual("Process-in-Process").section("1");
    let mut start = Vec::new();
    man.render_title(&mut start)?;
    man.render_name_section(&mut start)?;
    man.render_synopsis_section(&mut start)?;
    let mut options = Vec::new();
    man.render_options_section(&mut options)?;
    let (description, others): (Vec<_>, Vec<_>) = tool.sections.iter().partition(|(title, _)| *title == "Description");
    let mut page = String::from_utf8_lossy(&start).into_owned();
    sections(&mut page, description.into_iter().copied());
    page.push_str(&String::from_utf8_lossy(&options));
    sections(&mut page, others.into_iter().copied());
    Ok(page)
}

/// An option whose help names its other names, which `--help` shows by itself.
fn with_aliases(arg: Arg) -> Arg {
    let short = arg.get_visible_short_aliases().unwrap_or_default().into_iter().map(|name| format!("-{name}"));
    let long = arg.get_visible_aliases().unwrap_or_default().into_iter().map(|name| format!("--{name}"));
    let names: Vec<String> = short.chain(long).collect();
    match arg.get_help() {
        Some(help) if !names.is_empty() => {
            let help = format!("{help} (also {})", names.join(", "));
            arg.help(help)
        }
        _ => arg,
    }
}

/// Appends sections of plain text.
pub fn sections<'a>(page: &mut String, sections: impl Iterator<Item = (&'a str, &'a str)>) {
    for (title, text) in sections {
        page.push_str(&format!(".SH {}\n", escape(&title.to_uppercase())));
        let mut shown = false; // within lines that are shown as they are
        for line in text.lines() {
            let (indented, line) = line.strip_prefix("    ").map_or((false, line), |rest| (true, rest));
            if indented != shown && !(line.is_empty() && shown) {
                page.push_str(if indented { ".RS 4\n.nf\n" } else { ".fi\n.RE\n" });
                shown = indented;
            }
            match (line.is_empty(), shown) {
                (true, false) => page.push_str(".PP\n"),
                (true, true) => page.push('\n'),
                _ => page.push_str(&(escape(line) + "\n")),
            }
        }
        if shown {
            page.push_str(".fi\n.RE\n");
        }
    }
}

/// A line of text that roff prints as it is.
pub fn escape(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_roff_would_take_for_requests_is_escaped() {
        assert_eq!(escape(".so x"), "\\&.so x");
        assert_eq!(escape("a\\b -c"), "a\\eb \\-c");
    }

    #[test]
    fn indented_lines_are_kept_as_they_are() {
        let mut page = String::new();
        sections(&mut page, [("title", "One.\n\n    a  b\n\n    c\nTwo.")].into_iter());
        assert_eq!(page, ".SH TITLE\nOne.\n.PP\n.RS 4\n.nf\na  b\n\nc\n.fi\n.RE\nTwo.\n");
    }
}
