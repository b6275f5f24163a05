//! The table that pips prints.

use super::listing::Row;
use super::options::Options;
use std::fmt::Write as _;

/// The selected lines below a header, each column as wide as its longest value. As in ps, STAT is there only with letters
/// such as `a`.
pub fn table(rows: &[Row], options: &Options) -> String {
    let stat = options.all || options.user || options.detached;
    let mut lines: Vec<Vec<String>> = vec![header(options.user, stat)];
    lines.extend(rows.iter().map(|row| cells(row, options.user, stat)));
    let widths: Vec<usize> =
        (0..lines[0].len()).map(|column| lines.iter().map(|line| line[column].len()).max().unwrap_or(0)).collect();
    let mut table = String::new();
    for line in &lines {
        let (last, cells) = line.split_last().map_or(("", &[][..]), |(last, cells)| (last.as_str(), cells));
        for (cell, width) in cells.iter().zip(&widths) {
            let _ = write!(table, "{cell:width$} ");
        }
        table.push_str(last);
        table.push('\n');
    }
    table
}

fn header(user: bool, stat: bool) -> Vec<String> {
    let names: &[&str] = match (user, stat) {
        (true, _) => {
            &["USER", "PID", "TID", "%CPU", "%MEM", "VSZ", "RSS", "TT", "STAT", "START", "TIME", "PIP", "COMMAND"]
        }
        (false, true) => &["PID", "TID", "TT", "STAT", "TIME", "PIP", "COMMAND"],
        (false, false) => &["PID", "TID", "TT", "TIME", "PIP", "COMMAND"],
    };
    names.iter().map(|&name| name.to_owned()).collect()
}

fn cells(row: &Row, user: bool, stat: bool) -> Vec<String> {
    let pip = row.pip().map_or("-".to_owned(), |pip| format!("{}{}", pip.id, pip.mode));
    let mut cells = vec![row.pid.to_string(), row.tid.to_string()];
    if user {
        cells.insert(0, row.user.clone());
        cells.extend([&row.cpu, &row.memory, &row.vsz, &row.rss].map(String::clone));
    }
    cells.push(row.tty.clone());
    cells.extend(stat.then(|| row.stat.clone()));
    cells.extend(user.then(|| row.start.clone()));
    cells.extend([row.time.clone(), pip, row.name().to_owned()]);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(args: &[&str]) -> String {
        let row = |pid, comm: &str| Row {
            pid,
            tid: pid,
            user: "me".into(),
            cpu: "0.0".into(),
            memory: "0.1".into(),
            vsz: "100".into(),
            rss: "20".into(),
            tty: "pts/0".into(),
            stat: "S".into(),
            start: "10:00".into(),
            time: "00:00:00".into(),
            comm: comm.into(),
            ..Row::default()
        };
        let options = Options::parse(args.iter().map(Into::into).collect()).unwrap();
        table(&[row(18741, "R:pip-exec"), row(7, "3|a b")], &options)
    }

    #[test]
    fn columns() {
        let plain = "PID   TID   TT    TIME     PIP COMMAND\n18741 18741 pts/0 00:00:00 RL  pip-exec\n7     7     pts/0 00:00:00 ";
        assert!(shown(&[]).starts_with(plain), "{}", shown(&[]));
        assert!(shown(&["ax"]).starts_with("PID   TID   TT    STAT TIME     PIP COMMAND\n"));
        let wide = shown(&["u"]);
        assert!(
            wide.starts_with("USER PID   TID   %CPU %MEM VSZ RSS TT    STAT START TIME     PIP COMMAND\nme   18741 "),
            "{wide}"
        );
    }
}
