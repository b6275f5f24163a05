//! Which lines are shown or signalled, and in which order.

use super::listing::Row;
use super::options::Options;
use std::ffi::CString;

/// The length of a program's name in a command name.
const NAME_MAX: usize = 13;

/// The lines the options ask for: roots, then tasks; with `--family` each root before its tasks; what `--descent` adds
/// last.
pub fn select(rows: Vec<Row>, options: &Options) -> Vec<Row> {
    let (all, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.pip().is_some());
    let wanted = |row: &&Row| has_mode(row, options) && matches(row, &options.patterns);
    let selected: Vec<&Row> = all.iter().filter(wanted).collect();
    let mut selected = if options.family { families(&all, &selected) } else { roots_first(selected) };
    let descendants = if options.descent { descendants(&selected, all.iter().chain(&others)) } else { Vec::new() };
    selected.extend(descendants);
    let role = |row: &&Row| options.root == options.task || row.is_root() == options.root;
    selected.into_iter().filter(role).cloned().collect()
}

fn roots_first(rows: Vec<&Row>) -> Vec<&Row> {
    let (mut roots, tasks): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(|row| row.is_root());
    roots.extend(tasks);
    roots
}

/// Each root that is selected or has a selected task, with all its tasks; then selected tasks whose root is not listed.
fn families<'a>(all: &'a [Row], selected: &[&'a Row]) -> Vec<&'a Row> {
    let mut family = Vec::new();
    for root in all.iter().filter(|row| row.is_root()) {
        if selected.iter().any(|row| row.tid == root.tid || is_task_of(row, root)) {
            family.push(root);
            family.extend(all.iter().filter(|row| is_task_of(row, root)));
        }
    }
    let strays: Vec<&Row> = selected.iter().copied().filter(|row| !family.iter().any(|f| f.tid == row.tid)).collect();
    family.extend(strays);
    family
}

fn is_task_of(task: &Row, root: &Row) -> bool {
    let (Some(own), Some(roots)) = (task.pip(), root.pip()) else { return false };
    if own.id == 'R' || roots.id != 'R' || own.mode != roots.mode {
        return false;
    }
    if own.mode == 'T' { task.pid == root.pid } else { task.ppid == root.pid }
}

/// Processes below the given ones that are not among them.
fn descendants<'a>(from: &[&Row], all: impl Iterator<Item = &'a Row>) -> Vec<&'a Row> {
    let candidates: Vec<&Row> = all.filter(|row| row.tid == row.pid || row.pip().is_some()).collect();
    let mut parents: Vec<i32> = from.iter().map(|row| row.pid).collect();
    let mut seen: Vec<i32> = from.iter().map(|row| row.tid).collect();
    let mut found = Vec::new();
    loop {
        let next =
            |row: &&&Row| !seen.contains(&row.tid) && (parents.contains(&row.ppid) || parents.contains(&row.pid));
        let Some(row) = candidates.iter().find(next) else { return found };
        seen.push(row.tid);
        parents.push(row.pid);
        found.push(*row);
    }
}

fn has_mode(row: &Row, options: &Options) -> bool {
    options.modes.as_ref().is_none_or(|modes| row.pip().is_some_and(|pip| modes.contains(pip.mode)))
}

fn matches(row: &Row, patterns: &[String]) -> bool {
    let matches = |pattern: &String| {
        let name: String = pattern.chars().take(NAME_MAX).collect();
        *pattern == row.tid.to_string()
            || *pattern == row.pid.to_string()
            || name == row.name()
            || glob(pattern, row.name())
    };
    patterns.is_empty() || patterns.iter().any(matches)
}

fn glob(pattern: &str, name: &str) -> bool {
    let (Ok(pattern), Ok(name)) = (CString::new(pattern), CString::new(name)) else { return false };
    // SAFETY: two C strings that outlive the call.
    unsafe { libc::fnmatch(pattern.as_ptr(), name.as_ptr(), 0) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    /// Two roots of process mode and one of thread mode, with tasks; a shell that a task started.
    fn rows() -> Vec<Row> {
        let row = |pid, tid, ppid, comm: &str| Row { pid, tid, ppid, comm: comm.to_owned(), ..Row::default() };
        vec![
            row(1, 1, 0, "init"),
            row(10, 10, 1, "R:pip-exec"),
            row(11, 11, 10, "0:a"),
            row(12, 12, 10, "1:b"),
            row(12, 13, 10, "1:b"),
            row(14, 14, 12, "sh"),
            row(15, 15, 14, "sleep"),
            row(20, 20, 1, "R|pip-exec"),
            row(20, 21, 1, "0|a"),
            row(20, 22, 1, "1|averylongname"),
            row(30, 30, 1, "R:other"),
            row(31, 31, 30, "0:a"),
        ]
    }

    fn tids(line: &str) -> Vec<i32> {
        let args = line.split_whitespace().map(OsString::from).collect();
        select(rows(), &Options::parse(args).unwrap()).iter().map(|row| row.tid).collect()
    }

    #[test]
    fn roots_come_first_and_threads_of_tasks_not_at_all() {
        assert_eq!(tids(""), [10, 20, 30, 11, 12, 21, 22, 31]);
    }

    #[test]
    fn roles_and_modes() {
        assert_eq!(tids("-r"), [10, 20, 30]);
        assert_eq!(tids("-t -m T"), [21, 22]);
        assert_eq!(tids("-m P"), [10, 30, 11, 12, 31]);
        assert_eq!(tids("-m c"), [] as [i32; 0]);
        assert_eq!(tids("-r -t"), tids(""));
    }

    #[test]
    fn patterns() {
        assert_eq!(tids("- a"), [11, 21, 31]);
        assert_eq!(tids("20"), [20, 21, 22]);
        assert_eq!(tids("22 12"), [12, 22]);
        assert_eq!(tids("pip-*"), [10, 20]);
        assert_eq!(tids("averylongnameofaprogram"), [22]);
        assert_eq!(tids("nosuch"), [] as [i32; 0]);
    }

    #[test]
    fn families_and_descendants() {
        assert_eq!(tids("--family b"), [10, 11, 12]);
        assert_eq!(tids("--family 22"), [20, 21, 22]);
        assert_eq!(tids("-f other"), [30, 31]);
        assert_eq!(tids("-t -f b"), [11, 12]);
        assert_eq!(tids("-d b"), [12, 14, 15]);
        assert_eq!(tids("-r -d other"), [30]);
        assert_eq!(tids("-d pip-exec"), [10, 20, 11, 12, 21, 22, 14, 15]);
    }
}
