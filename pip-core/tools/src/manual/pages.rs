//! All man pages: one of each tool in section 1, and the overview `libpip.7`.

use super::{Tool, roff};
use std::fs;
use std::io;
use std::path::Path;

/// Sections of the overview, each after a line `# TITLE` (the file starts with an empty one).
const OVERVIEW: &str = include_str!("libpip.txt");

/// Every tool that has a page.
fn tools() -> Vec<Tool> {
    vec![
        crate::exec::tool(),
        crate::check::tool(),
        crate::pips::tool(),
        crate::mode::tool(),
        crate::print_mode::tool(),
        crate::compiler::tool("pipcc"),
        crate::compiler::tool("pipfc"),
        crate::man::tool(),
        crate::tgkill::tool(),
        crate::gdb::tool(),
        crate::python::tool(),
    ]
}

/// Writes all pages into `folder/man1` and `folder/man7`.
pub fn generate(folder: &Path) -> io::Result<()> {
    let (man1, man7) = (folder.join("man1"), folder.join("man7"));
    fs::create_dir_all(&man1)?;
    fs::create_dir_all(&man7)?;
    for tool in tools() {
        fs::write(man1.join(format!("{}.1", tool.command.get_name())), roff::page(&tool)?)?;
    }
    fs::write(man7.join("libpip.7"), overview())
}

/// The overview page.
pub fn overview() -> String {
    let mut page = String::from(".TH libpip 7 \"\" \"\" \"Process\\-in\\-Process\"\n");
    let sections = OVERVIEW.split("\n# ").skip(1).map(|section| section.split_once('\n').unwrap_or((section, "")));
    roff::sections(&mut page, sections.map(|(title, text)| (title, text.trim_matches('\n'))));
    page
}
