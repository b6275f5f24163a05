//! The measures of the PiP paper: what a quick run writes is well-formed and shows what one address space means. No times.

use anyhow::{Context, Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::places;
use pip_tests::run::{Outcome, Run};
use pip_tests::traces;
use serde_json::Value;
use std::time::{Duration, Instant};

const FIGURES: [&str; 5] = ["set-up", "first-touch", "page-tables", "page-faults", "hand-over"];
const TASKS: [&str; 2] = ["PiP, process mode", "PiP, thread mode"];
const PROCESSES: &str = "processes, POSIX shm";

pub fn add(cases: &mut Cases) {
    cases.add("paper::figures_and_numbers", figures_and_numbers);
    for (name, signal) in [("int", libc::SIGINT), ("term", libc::SIGTERM), ("kill", libc::SIGKILL)] {
        cases.add(format!("paper::leaves_nothing_when_ended_by_{name}"), move || ended_by(signal));
    }
    let own_shm = std::thread::spawn(traces::isolate).join().unwrap_or(false);
    let possible = if own_shm { Ok(()) } else { Err("a /dev/shm of one's own takes privilege".to_owned()) };
    cases.add_if("paper::too_little_shared_memory", possible, too_little_shared_memory);
    cases.add("paper::wrong_options", || {
        for (words, said) in
            [("--quick", "bench-pip paper"), ("paper --rounds 0", "--rounds 0"), ("paper paper", "paper")]
        {
            let outcome = bench(words).end()?;
            ensure!(outcome.expect_code(2)?.err().contains(said), "{outcome}");
        }
        Ok(())
    });
}

fn bench(words: &str) -> Run {
    Run::new(places::built("bench-pip")).words(words)
}

/// The medians of a run.
struct Medians(Vec<Value>);

impl Medians {
    fn get(&self, participants: &str, what: &str, at: u64) -> Result<f64> {
        let same = |entry: &&Value| entry["participants"] == participants && entry["what"] == what && entry["at"] == at;
        let mut found = self.0.iter().filter(same);
        let value = found.next().and_then(|entry| entry["median"].as_f64());
        ensure!(found.next().is_none(), "two medians of {what} of {participants} at {at}");
        value.with_context(|| format!("no median of {what} of {participants} at {at}"))
    }
}

fn figures_and_numbers() -> Result<()> {
    let folder = places::temporary()?;
    let outcome = bench("paper --quick --out").arg(folder.path()).limit(120).end()?;
    outcome.expect_code(0)?;
    for figure in FIGURES {
        let text = std::fs::read_to_string(folder.path().join(figure).with_extension("svg"))?;
        let document = roxmltree::Document::parse(&text).with_context(|| format!("{figure}.svg"))?;
        ensure!(document.root_element().has_tag_name(("http://www.w3.org/2000/svg", "svg")), "{figure}.svg is no SVG");
        let said =
            |words: &str| document.descendants().any(|node| node.text().is_some_and(|text| text.trim() == words));
        ensure!(said(TASKS[0]) && said(TASKS[1]) && said(PROCESSES), "{figure}.svg lacks participants");
    }
    let json: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join("paper.json"))?)?;
    numbers(&Medians(json["medians"].as_array().context("no medians")?.clone())).with_context(|| outcome.to_string())
}

fn numbers(medians: &Medians) -> Result<()> {
    const MEMORY: u64 = 32 << 20;
    const PAGES: f64 = (MEMORY / 4096) as f64;
    /// An entry has 8 bytes.
    const TABLES: f64 = PAGES * 8.0 / 1024.0;
    let touched = |who, what| medians.get(who, what, MEMORY);
    for fault in ["page faults, first read", "page faults, first write"] {
        for tasks in TASKS {
            ensure!(touched(tasks, fault)? <= 4.0, "{tasks}: {fault}");
        }
        ensure!(touched(PROCESSES, fault)? > 4.0, "{PROCESSES}: {fault}");
    }
    let tables = |who, count| medians.get(who, "page tables for the memory [KiB]", count);
    for tasks in TASKS {
        for count in [1, 2, 4] {
            // Tables at both ends may have been there before, or have more in them.
            let growth = tables(tasks, count)? / TABLES;
            ensure!((0.7..1.4).contains(&growth), "{tasks}: {growth} times the page tables of the memory");
            ensure!(medians.get(tasks, "address spaces", count)? == 1.0, "{tasks}: several address spaces");
            ensure!(medians.get(tasks, "page faults of all", count)? <= PAGES + 16.0, "{tasks}: page faults grow");
        }
        ensure!(medians.get(tasks, "page-table changes per hand-over", 0)? == 0.0, "{tasks}: page-table changes");
        ensure!(medians.get(tasks, "context switches per hand-over", 0)? > 0.0, "{tasks}: nobody gave the core away");
    }
    ensure!(tables(PROCESSES, 4)? >= 3.0 * TABLES, "{PROCESSES}: page tables do not grow");
    ensure!(medians.get(PROCESSES, "address spaces", 4)? == 4.0, "{PROCESSES}: not one address space each");
    ensure!(medians.get(PROCESSES, "page-table changes per hand-over", 0)? > 0.0, "{PROCESSES}: one page table");
    for who in TASKS.into_iter().chain([PROCESSES, "threads", "XPMEM API on PiP"]) {
        for size in [4 << 10, 1 << 20] {
            ensure!(medians.get(who, "both sides [cycles]", size)? > 0.0, "{who}: no set-up");
        }
    }
    Ok(())
}

/// The runner sees to it that neither processes nor shared memory are left.
fn ended_by(signal: i32) -> Result<()> {
    let folder = places::temporary()?;
    let running = bench("paper --quick --rounds 1000 --out").arg(folder.path()).start()?;
    let limit = Instant::now() + Duration::from_secs(60);
    while !traces::shared_memory().iter().any(|name| name.contains("bench-pip")) {
        ensure!(Instant::now() < limit, "no shared memory was made");
        std::thread::sleep(Duration::from_micros(200));
    }
    running.signal(signal);
    let outcome: Outcome = running.end()?;
    ensure!(outcome.signal == Some(signal), "{outcome}");
    Ok(())
}

fn too_little_shared_memory() -> Result<()> {
    // SAFETY: mounts in this case's own namespace; all strings are constants.
    let result = unsafe {
        let options = c"size=1m".as_ptr().cast();
        libc::mount(c"shm".as_ptr(), c"/dev/shm".as_ptr(), c"tmpfs".as_ptr(), 0, options)
    };
    ensure!(result == 0, "cannot mount: {}", std::io::Error::last_os_error());
    let folder = places::temporary()?;
    let outcome = bench("paper --out").arg(folder.path()).end()?;
    let said = outcome.expect_code(1)?.err();
    ensure!(said.contains("/dev/shm has 1 MiB free and 128 MiB") && said.lines().count() == 1, "{outcome}");
    Ok(())
}
