//! The page: what ran, where the time went, which messages went which way, who talked to whom.

use super::Run;
use super::data::{CLASSES, Counted, RankData, Tally};
use super::figures;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// The most MPI functions listed.
const FUNCTIONS: usize = 20;

/// The whole page.
pub fn page(run: &Run) -> String {
    let world = &run.ranks[..run.size.min(run.ranks.len())];
    let told: Vec<&Counted> = world.iter().filter_map(|rank| rank.counted.as_ref()).collect();
    let noun = if run.size == 1 { "rank" } else { "ranks" };
    let title = format!("{} {noun}: {}", run.size, programs(world));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                h1 { (title) }
                p.faint { "pip-mpiexec, " (date(run.started)) ", exit status " (run.status) }
                pre { (command(run)) }
                (tiles(run, world, &told))
                @if told.len() < world.len() {
                    p.warn {
                        (world.len() - told.len()) " of " (world.len()) " ranks told nothing: they did not call MPI_Finalize, or run without "
                        "libpip_mpi.so (" code { "-no-shim" } ", ordinary processes, programs without MPI)."
                    }
                }
                @if !told.is_empty() {
                    (time(world, &told))
                    (sizes(&told))
                    (maps(run.size, world))
                }
                (ranks(run))
            }
        }
    }
    .into_string()
}

fn tiles(run: &Run, world: &[RankData], told: &[&Counted]) -> Markup {
    let mut hosts: Vec<&str> = world.iter().map(|rank| rank.host.as_str()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let mut sent = Tally::default();
    told.iter().for_each(|counted| sent.add(counted.all_sent()));
    let shares: Vec<f64> = told.iter().map(|counted| counted.share_in_mpi() * 100.0).collect();
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    let (least, most) =
        shares.iter().fold((100.0f64, 0.0f64), |(least, most), &share| (least.min(share), most.max(share)));
    let noun = if run.size == 1 { "rank" } else { "ranks" };
    let hosts_text = match hosts[..] {
        [host] => format!("{noun} on {host}"),
        _ => format!("{noun} on {} hosts", hosts.len()),
    };
    html! {
        div.tiles {
            div { b { (run.size) } span { (hosts_text) } }
            div { b { (duration(run.elapsed)) } span { "from start to end" } }
            @if !told.is_empty() {
                div { b { (format!("{mean:.0} %")) } span { "of the time in MPI (" (format!("{least:.0} to {most:.0} %")) ")" } }
                div { b { (count(sent.messages)) } span { "messages between ranks" } }
                div { b { (bytes(sent.bytes)) } span { "in them" } }
            }
        }
    }
}

fn time(world: &[RankData], told: &[&Counted]) -> Markup {
    let shares: Vec<Option<f64>> = world.iter().map(|rank| rank.counted.as_ref().map(Counted::share_in_mpi)).collect();
    // Calls, time of all ranks, and the longest and shortest time of a rank.
    let mut functions: BTreeMap<&str, (u64, Duration, Duration, Duration)> = BTreeMap::new();
    for (name, (calls, time)) in told.iter().flat_map(|counted| &counted.calls) {
        let all = functions.entry(name).or_insert((0, Duration::ZERO, Duration::ZERO, Duration::MAX));
        *all = (all.0.saturating_add(*calls), all.1.saturating_add(*time), all.2.max(*time), all.3.min(*time));
    }
    let total: f64 = functions.values().map(|all| all.1.as_secs_f64()).sum();
    let mut functions: Vec<_> = functions.into_iter().collect();
    functions.sort_by_key(|(_, all)| std::cmp::Reverse(all.1));
    let left_out = functions.len().saturating_sub(FUNCTIONS);
    html! {
        h2 { "Time in MPI" }
        p.faint { "Of the time between MPI_Init and MPI_Finalize, by rank. Time of several threads of a rank adds up." }
        figure { (figures::columns(&shares)) }
        h2 { "MPI functions" }
        div.scroll { table {
            tr { th { "function" } th { "calls" } th { "all ranks" } th { "share" } th { "a call" } th { "shortest rank" } th { "longest rank" } }
            @for (name, (calls, all, most, least)) in functions.iter().take(FUNCTIONS) {
                @let share = if total > 0.0 { all.as_secs_f64() / total } else { 0.0 };
                tr {
                    td { code { (name) } } td { (count(*calls)) } td { (duration(*all)) }
                    td { (format!("{:.1} %", share * 100.0)) i style=(format!("width:{:.1}%", share * 100.0)) {} }
                    td { (duration(all.div_f64(*calls.max(&1) as f64))) } td { (duration(*least)) } td { (duration(*most)) }
                }
            }
        } }
        @if left_out > 0 { p.faint { "and " (left_out) " more that took less." } }
    }
}

/// What the names of ways and tallies mean, in the order of the page.
const MEANINGS: [(&str, &str); 10] = [
    ("mailbox", "copied through the mailbox"),
    ("offered", "copied once, from buffer to buffer"),
    ("away", "to other address spaces"),
    ("shared", "of those copied once, by both sides together"),
    ("library", "left to the MPI library"),
    ("received", "received"),
    ("unexpected", "of these before the receive was posted"),
    ("one-sided", "one-sided operations"),
    ("collective", "collective calls done in shared memory"),
    ("collective-passed", "collective calls left to the MPI library"),
];

fn meaning(name: &str) -> &str {
    MEANINGS.iter().find(|(known, _)| *known == name).map_or(name, |(_, text)| text)
}

fn sizes(told: &[&Counted]) -> Markup {
    let mut ways: BTreeMap<&str, (Tally, [u64; CLASSES.len()])> = BTreeMap::new();
    for sent in told.iter().flat_map(|counted| &counted.sent) {
        let (all, classes) = ways.entry(&sent.way).or_default();
        all.add(sent.all);
        classes.iter_mut().zip(sent.classes).for_each(|(sum, count)| *sum = sum.saturating_add(count));
    }
    let most = ways.values().flat_map(|(_, classes)| classes).max().copied().unwrap_or(0).max(1);
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for (name, tally) in told.iter().flat_map(|counted| &counted.tallies) {
        tallies.entry(name).or_default().add(*tally);
    }
    let place = |name: &str| MEANINGS.iter().position(|(known, _)| *known == name).unwrap_or(MEANINGS.len());
    let mut tallies: Vec<_> = tallies.into_iter().filter(|(_, tally)| tally.messages > 0).collect();
    tallies.sort_by_key(|(name, _)| place(name));
    html! {
        h2 { "Messages by size and way" }
        div.scroll { table {
            tr { th { "way" } @for class in CLASSES { th { (class) } } th { "all" } th { "bytes" } }
            @for (way, (all, classes)) in &ways {
                tr {
                    td { (meaning(way)) }
                    @for &number in classes {
                        td { @if number > 0 { (count(number)) i style=(format!("width:{:.0}%", (number as f64 / most as f64 * 100.0).max(2.0))) {} } }
                    }
                    td { (count(all.messages)) } td { (bytes(all.bytes)) }
                }
            }
            @if ways.is_empty() { tr { td colspan="10" { "no messages between ranks" } } }
        } }
        @if !tallies.is_empty() {
            p.faint {
                @for (index, (name, tally)) in tallies.iter().enumerate() {
                    @if index > 0 { "; " }
                    (meaning(name)) ": " (count(tally.messages)) @if tally.bytes > 0 { " (" (bytes(tally.bytes)) ")" }
                }
                "."
            }
        }
    }
}

fn maps(size: usize, world: &[RankData]) -> Markup {
    let mut traffic = vec![vec![Tally::default(); size]; size];
    for (from, counted) in world.iter().enumerate().filter_map(|(rank, data)| Some((rank, data.counted.as_ref()?))) {
        counted.sent.iter().for_each(|sent| traffic[from][sent.peer].add(sent.all));
    }
    html! {
        h2 { "Who sent to whom" }
        p.faint { "Senders are rows, receivers columns. Messages that the MPI library sends by itself, as for its collective operations, are not counted." }
        div.maps {
            figure { figcaption { "bytes" } (figures::heat_map(size, &traffic, |tally| tally.bytes, bytes)) }
            figure { figcaption { "messages" } (figures::heat_map(size, &traffic, |tally| tally.messages, count)) }
        }
    }
}

fn ranks(run: &Run) -> Markup {
    html! {
        h2 { "Ranks" }
        div.scroll { table {
            tr { th { "rank" } th.left { "host" } th { "PID" } th.left { "runs as" } th.left { "program" } th.left { "end" } th { "in MPI" } th { "sent" } th { "bytes" } th { "received" } }
            @for rank in &run.ranks {
                tr {
                    td { (rank.name) } td.left { (rank.host) } td { (rank.pid) } td.left { (rank.kind) } td.left.wide { code { (rank.program) } } td.left { (rank.end) }
                    @if let Some(counted) = &rank.counted {
                        @let sent = counted.all_sent();
                        td { (duration(counted.in_mpi())) } td { (count(sent.messages)) } td { (bytes(sent.bytes)) }
                        td { (count(counted.tallies.get("received").copied().unwrap_or_default().messages)) }
                    } @else {
                        td {} td {} td {} td {}
                    }
                }
            }
        } }
    }
}

/// The programs of the ranks, without their folders.
fn programs(world: &[RankData]) -> String {
    let mut names: Vec<&str> = world.iter().map(|rank| rank.program.rsplit('/').next().unwrap_or_default()).collect();
    names.dedup();
    names.join(", ")
}

/// The command line as one could type it.
fn command(run: &Run) -> String {
    let words = run.command.iter().map(|word| {
        let word = word.to_string_lossy();
        let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./:=,+@%^".contains(c));
        if plain { word.into_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A count with spaces between thousands.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}'); // a narrow space that does not break
        }
        text.push(digit);
    }
    text
}

/// Bytes in the unit that keeps the number short.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let (mut value, mut unit) = (number as f64 / 1024.0, 0);
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    format!("{value:.1} {}", UNITS[unit])
}

fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        _ if seconds < 1e-6 => format!("{} ns", time.as_nanos()),
        _ if seconds < 1e-3 => format!("{:.1} µs", seconds * 1e6),
        _ if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        _ if seconds < 120.0 => format!("{seconds:.2} s"),
        _ => format!("{}:{:02}:{:02} h", time.as_secs() / 3600, time.as_secs() / 60 % 60, time.as_secs() % 60),
    }
}

/// A time in UTC: civil date from days since 1970 (proleptic Gregorian calendar).
fn date(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year}-{:02}-{:02} {hour:02}:{minute:02}:{:02} UTC", month + 1, days + 1, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
        assert_eq!([0, 1023, 1024, 1_048_575, 5 << 30].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "5.0 GiB"]);
        assert_eq!(
            [5, 1_500, 2_500_000, 1_500_000_000].map(|n| duration(Duration::from_nanos(n))),
            ["5 ns", "1.5 µs", "2.5 ms", "1.50 s"]
        );
        assert_eq!(date(SystemTime::UNIX_EPOCH + Duration::from_secs(1_709_210_096)), "2024-02-29 12:34:56 UTC");
    }

    #[test]
    fn nothing_of_the_job_becomes_markup() {
        let counted = Counted::read("time,9;call,<b>&,1,5;sent,<i>,0,1,1,0,0,0,0,0,0;tally,<u>,1,1;", 1);
        let evil = || "<script>&\"'".to_owned();
        let rank = RankData {
            name: evil(),
            host: evil(),
            pid: 1,
            program: evil(),
            kind: "task",
            end: evil(),
            counted: Some(counted),
        };
        let command = vec!["<script>".into(), "a b".into()];
        let (started, elapsed) = (SystemTime::UNIX_EPOCH, Duration::ZERO);
        let page = page(&Run { command, started, elapsed, status: 0, size: 1, ranks: vec![rank] });
        for bad in ["<script", "<b>&", "<i>", "<u>"] {
            assert!(!page.contains(bad), "{bad} in {page}");
        }
        assert!(page.contains("'&lt;script&gt;' 'a b'"), "{page}");
    }
}
