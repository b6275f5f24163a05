//! Texts made from the table of options: `-help`, the help of one option, and the manual page.

use super::{GROUPS, OPTIONS, OptionSpec};
use std::fmt::Write as _;

const USAGE: &str = "pip-mpiexec [options] program [arguments] [: [options] program [arguments]] ...";

/// Where the help column begins.
const COLUMN: usize = 30;
/// Where lines end.
const WIDTH: usize = 118;

/// What holds for all options, in paragraphs.
const NOTES: [&str; 4] = [
    "Names may have two dashes and any case; -name=value is the same as -name value. Options of one program stand before it, all \
     others before any. The first word without a dash is the program.",
    "Options may also stand in a file: the one HYDRA_CONFIG_FILE names, else ~/.mpiexec.hydra.conf, else \
     /etc/mpich/mpiexec.hydra.conf. The command line overrides the file, and both override environment variables.",
    "Environment: PIP_MPI_SHIM=off (as -no-shim), PIP_MPI_LIB (path of libpip_mpi.so).",
    "Exit status: that of the ranks (OR of all; a signal's number if one was killed), 2 wrong usage, 126 the program cannot run \
     as a task, 127 no such program, 255 timeout.",
];

/// The text of `-help`.
pub fn help() -> String {
    let mut text = format!(
        "Usage: {USAGE}\n\nRuns MPI programs as tasks of one address space. A ':' separates the programs of an MPMD job.\n"
    );
    for (group, title) in GROUPS {
        let _ = write!(text, "\n{title}:\n");
        for option in OPTIONS.iter().filter(|option| option.group == group) {
            let left = spelling(option);
            let mut rest = wrapped(&explained(option), WIDTH - COLUMN).into_iter();
            if left.len() + 3 > COLUMN {
                let _ = writeln!(text, "  {left}");
            } else {
                let _ = writeln!(text, "  {left:<width$}{}", rest.next().unwrap_or_default(), width = COLUMN - 2);
            }
            rest.for_each(|line| _ = writeln!(text, "{:COLUMN$}{line}", ""));
        }
    }
    for note in NOTES {
        let _ = write!(text, "\n{}\n", wrapped(note, WIDTH).join("\n"));
    }
    text
}

/// The text of `-option -help`.
pub fn help_of(option: &OptionSpec) -> String {
    let lines = wrapped(&explained(option), WIDTH - 4);
    format!("{}\n    {}\n", spelling(option), lines.join("\n    "))
}

/// The manual page, in roff.
pub fn manual() -> String {
    let quoted = |text: &str| text.replace('\\', "\\e").replace('-', "\\-");
    let mut page = format!(
        ".TH PIP\\-MPIEXEC 1 \"\" \"pip-mpiexec {}\"\n.SH NAME\n\
         pip\\-mpiexec \\- run MPI programs as tasks of one address space\n.SH SYNOPSIS\n{}\n.SH OPTIONS\n",
        env!("CARGO_PKG_VERSION"),
        quoted(USAGE)
    );
    for (group, title) in GROUPS {
        let _ = writeln!(page, ".SS {title}");
        for option in OPTIONS.iter().filter(|option| option.group == group) {
            let _ = writeln!(page, ".TP\n.B {}\n{}", quoted(&spelling(option)), quoted(&explained(option)));
        }
    }
    let _ = writeln!(page, ".SH NOTES\n{}", NOTES.map(quoted).join("\n.PP\n"));
    page
}

/// The option with all its names and values.
fn spelling(option: &OptionSpec) -> String {
    let names: Vec<String> = option.names.iter().map(|name| format!("-{name}")).collect();
    format!("{} {}", names.join(", "), option.values.join(" ")).trim_end().to_owned()
}

/// Its help with its environment variables.
fn explained(option: &OptionSpec) -> String {
    match option.variables {
        [] => option.help.to_owned(),
        variables => format!("{} (also {})", option.help, variables.join(", ")),
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_names_every_option() {
        let (text, page) = (help(), manual().replace("\\-", "-"));
        for option in OPTIONS {
            assert!(text.contains(&format!("  {}", spelling(option))), "{}", option.names[0]);
            assert!(page.contains(&format!(".B {}\n{}", spelling(option), option.help)), "{}", option.names[0]);
            assert!(option.names.iter().all(|name| help_of(option).contains(&format!("-{name}"))));
            assert!(GROUPS.iter().any(|(group, _)| *group == option.group));
        }
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(!page.contains("\n'") && !page.contains("\n.\n"));
    }

    #[test]
    fn words_are_wrapped() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("longer than", 3), ["longer", "than"]);
    }
}
