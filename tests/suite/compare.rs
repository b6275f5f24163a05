//! `compare`: what it makes of a record, what it refuses, and a short run with an end and one without.

use anyhow::{Context, Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::places;
use pip_tests::run::Run;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// (words, exit code, what the sentence says).
const WRONG: [(&str, i32, &str); 19] = [
    ("--only nothing", 2, "--only nothing: no benchmark or group has this name; there are all, latency"),
    ("--rivals stock,mvapich", 2, "wrong rival 'mvapich'"),
    ("--mpiexec /bin/mpiexec", 2, "NAME=PATH"),
    ("--rounds 0", 2, "--rounds 0"),
    ("--seconds soon", 2, "soon"),
    ("--nonsense", 2, "--nonsense"),
    ("--mpiexec mine=/nowhere/mpiexec --only osu_bw", 1, "--mpiexec mine=/nowhere/mpiexec: there is no such program"),
    ("--stock /nowhere/mpiexec", 1, "absent: /nowhere/mpiexec was not found"),
    ("--programs /nowhere --only osu_bw", 1, "no benchmark was found"),
    ("--html /nowhere/page.html", 1, "cannot write /nowhere/page.html"),
    ("--json /", 1, "cannot write /: it is a folder"),
    ("--baseline /nowhere/old.json", 1, "cannot read /nowhere/old.json"),
    ("--baseline /etc/hostname", 1, "/etc/hostname is no record of this program"),
    ("--cores 0,0", 1, "the two have to differ"),
    ("scaling --ranks 1,2", 2, "--ranks 1,2: give numbers from 2"),
    ("scaling --only osu_bw", 2, "--only"),
    ("scaling --from /etc/hostname", 1, "/etc/hostname is no record of compare scaling"),
    ("scaling --html /nowhere/page.html", 1, "cannot write /nowhere/page.html"),
    ("scaling --programs /nowhere", 1, "/nowhere/osu_latency was not found"),
];

pub fn add(cases: &mut Cases) {
    cases.add("compare::page_of_a_record", page_of_a_record);
    cases.add("compare::baseline", baseline);
    cases.add("compare::other_formats_are_refused", other_formats);
    cases.add("compare::wrong_input", || {
        for (words, code, sentence) in WRONG {
            let outcome = compare(words).end()?;
            let said = outcome.expect_code(code)?.err();
            let lines = said.lines().filter(|line| line.starts_with("compare")).count();
            ensure!(said.contains(sentence) && outcome.out().is_empty() && lines >= 1, "{words}\n{outcome}");
            ensure!(!said.contains("panicked"), "{words}\n{outcome}");
        }
        Ok(())
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let two = if cores > 1 { Ok(()) } else { Err("one core: nothing can be sent between two".to_owned()) };
    cases.add_if("compare::a_short_run", two.clone(), a_short_run);
    cases.add_if("compare::ctrl_c_leaves_a_page", two.clone(), ctrl_c);
    cases.add("compare::scaling_of_a_record", scaling_of_a_record);
    cases.add_if("compare::scaling", two, scaling);
}

fn compare(words: &str) -> Run {
    Run::new(places::built("compare")).words(words)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/compare").join(name)
}

/// The page's elements; it has to be well-formed and complete in itself.
fn with_page<T>(path: &Path, look: impl FnOnce(&roxmltree::Document) -> Result<T>) -> Result<T> {
    let text = std::fs::read_to_string(path)?;
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(&text, options).context("the page is not well-formed")?;
    for node in document.descendants() {
        let fetched = ["src", "href"].iter().any(|name| node.attribute(*name).is_some_and(|at| !at.starts_with('#')));
        ensure!(!fetched && !node.has_tag_name("script"), "the page fetches or runs something");
        let numbers = node.attributes().map(|attribute| attribute.value()).chain(node.text());
        for words in numbers {
            let bad = words.split(|c: char| !c.is_alphanumeric()).any(|word| word == "NaN" || word == "inf");
            ensure!(!bad, "no number: {words}");
        }
    }
    look(&document)
}

/// The texts of all elements of this name.
fn texts(document: &roxmltree::Document, name: &str) -> Vec<String> {
    let of =
        |node: roxmltree::Node| node.descendants().filter_map(|node| node.text().filter(|_| node.is_text())).collect();
    document.descendants().filter(|node| node.is_element() && node.tag_name().name() == name).map(of).collect()
}

fn page_of_a_record() -> Result<()> {
    let folder = places::temporary()?;
    let at = |name: &str| folder.path().join(name);
    let outcome = compare("--from")
        .arg(fixture("record.json"))
        .words("--html")
        .arg(at("page.html"))
        .words("--json")
        .arg(at("again.json"))
        .words("--pictures")
        .arg(at("pictures"))
        .end()?;
    // The record has runs that failed.
    let said = outcome.expect_code(1)?.out();
    for words in [
        "near: a cache line there and back in",
        "2.0",
        "few",
        "FAILED: osu_bw under ompi, 2 x: exit code 1",
        "1 mixed (dropped)",
    ] {
        ensure!(said.contains(words), "no '{words}'\n{outcome}");
    }
    with_page(&at("page.html"), |page| {
        let (cells, headings) = (texts(page, "td"), texts(page, "h2"));
        for name in ["osu_latency", "osu_bw", "osu_barrier", "MPI_Init", "8 B", "1 KiB", "64 KiB", "1 MiB"] {
            ensure!(cells.iter().any(|cell| cell == name), "no cell {name}");
        }
        for state in ["State near", "State far", "Not measured", "Failed", "How it was measured"] {
            ensure!(headings.iter().any(|heading| heading.starts_with(state)), "no section {state}: {headings:?}");
        }
        let tables = texts(page, "table").len();
        let drawn = page.descendants().filter(|node| node.tag_name().name() == "svg").count();
        // The machine; four benchmarks in each of two states.
        ensure!(drawn == 1 + 2 * 4 && tables > 8, "{drawn} plots, {tables} tables");
        let said = texts(page, "body").concat();
        for words in [
            "Made-up <CPU> & Co",
            "no <such> file & more",
            "Intel MPI as shipped",
            "compare --only 'osu_latency,osu_bw'",
            "too few",
        ] {
            ensure!(said.contains(words), "the page does not say {words}");
        }
        Ok(())
    })?;
    for picture in ["osu-latency.svg", "osu-bw.svg"] {
        let text = std::fs::read_to_string(at("pictures").join(picture))?;
        roxmltree::Document::parse(&text).with_context(|| picture.to_owned())?;
    }
    let json: Value = serde_json::from_str(&std::fs::read_to_string(at("again.json"))?)?;
    let lines = json["table"].as_array().context("no table")?;
    let of = |state: &str, name: &str| lines.iter().find(|line| line["state"] == state && line["benchmark"] == name);
    // Twice as good five times each: supported; two runs each in the far state: not.
    let near = &of("near", "osu_latency").context("no line")?["gains"][0];
    ensure!(
        near["is"] == "supported" && near["value"].as_f64().is_some_and(|ratio| (1.9..2.1).contains(&ratio)),
        "{near}"
    );
    let far = &of("far", "osu_latency").context("no line")?["gains"][0];
    ensure!(far["is"] == "too_few" && far["ours"] == 2, "{far}");
    let init = &of("near", "MPI_Init").context("no line")?["gains"][0];
    ensure!(init["is"] == "spread", "{init}");
    Ok(())
}

fn baseline() -> Result<()> {
    let folder = places::temporary()?;
    let report =
        |baseline: &Path| compare("--from").arg(fixture("record.json")).words("--baseline").arg(baseline).end();
    let outcome = report(&fixture("record.json"))?;
    ensure!(outcome.expect_code(1)?.out().contains(": 0 slower, 0 faster"), "{outcome}");
    // Before, PiP's osu_latency of 8 bytes took half the time, and its osu_barrier three times as long.
    let mut record: Value = serde_json::from_str(&std::fs::read_to_string(fixture("record.json"))?)?;
    let name = |record: &Value, run: &Value| {
        let index = run["measured"]["benchmark"].as_u64().unwrap_or(0) as usize;
        record["benchmarks"][index]["name"].as_str().unwrap_or_default().to_owned()
    };
    let copy = record.clone();
    for run in record["results"]["runs"].as_array_mut().context("no runs")? {
        let (size, factor) = match name(&copy, run).as_str() {
            "osu_latency" => ("8", 0.5),
            "osu_barrier" => ("0", 3.0),
            _ => continue,
        };
        if run["measured"]["rival"] == 1
            && let Some(value) = run["measured"]["points"][size].as_f64()
        {
            run["measured"]["points"][size] = (value * factor).into();
        }
    }
    let old = folder.path().join("old.json");
    std::fs::write(&old, record.to_string())?;
    let outcome = report(&old)?;
    let said = outcome.expect_code(1)?.out();
    ensure!(said.contains("slower: osu_latency 8 B, near") && said.contains("faster: osu_barrier, near"), "{outcome}");
    ensure!(said.contains(": 1 slower, 1 faster"), "{outcome}");
    Ok(())
}

fn other_formats() -> Result<()> {
    let folder = places::temporary()?;
    let file = folder.path().join("other.json");
    let text = std::fs::read_to_string(fixture("record.json"))?;
    for (content, sentence) in [
        ("{}".to_owned(), "no entry 'format'"),
        (text.replace("pip-compare 2", "pip-compare 1"), "'pip-compare 1'"),
        (text.replace("\"rival\": 2", "\"rival\": 9"), "does not list"),
        (text[..text.len() / 2].to_owned(), "is no record"),
    ] {
        std::fs::write(&file, content)?;
        for option in ["--from", "--baseline"] {
            let outcome = compare(option).arg(&file).end()?;
            let said = outcome.expect_code(1)?.err();
            ensure!(said.contains(sentence) && said.lines().count() == 1 && outcome.out().is_empty(), "{outcome}");
        }
    }
    Ok(())
}

fn a_short_run() -> Result<()> {
    let folder = places::temporary()?;
    let at = |name: &str| folder.path().join(name);
    let outcome = compare("--only osu_mbw_mr --rounds 1 --seconds 1000 --mpiexec mine=mpiexec.mpich --html")
        .arg(at("page.html"))
        .words("--json")
        .arg(at("record.json"))
        .limit(120)
        .end()?;
    ensure!(outcome.expect_code(0)?.out().contains("osu_mbw_mr"), "{outcome}");
    let record: Value = serde_json::from_str(&std::fs::read_to_string(at("record.json"))?)?;
    let runs = record["results"]["runs"].as_array().context("no runs")?;
    ensure!(runs.len() == 3 && record["rivals"][2]["name"] == "mine", "{outcome}");
    let good = |run: &Value| {
        run["measured"]["points"]["8"].as_f64().is_some_and(|rate| rate > 0.0)
            && run["round_trip_ns"][1].as_f64() > Some(1.0)
    };
    ensure!(runs.iter().all(good), "{outcome}");
    let left: Vec<_> = std::fs::read_dir(folder.path())?.flatten().map(|entry| entry.file_name()).collect();
    ensure!(left.len() == 2, "{left:?}");
    with_page(&at("page.html"), |page| {
        ensure!(texts(page, "h1").concat().contains("PiP"), "no heading");
        Ok(())
    })
}

/// The runner sees to it that no process is left.
fn ctrl_c() -> Result<()> {
    let folder = places::temporary()?;
    let at = |name: &str| folder.path().join(name);
    let running = compare("--only osu_mbw_mr --rounds 100000 --seconds 600 --html")
        .arg(at("page.html"))
        .words("--json")
        .arg(at("record.json"))
        .limit(120)
        .start()?;
    let limit = Instant::now() + Duration::from_secs(60);
    while !at("record.json").exists() {
        ensure!(Instant::now() < limit, "no round ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    running.signal(libc::SIGINT);
    let outcome = running.end()?;
    outcome.expect_code(130)?;
    let record: Value = serde_json::from_str(&std::fs::read_to_string(at("record.json"))?)?;
    ensure!(record["results"]["ended"] == "interrupted", "{outcome}");
    with_page(&at("page.html"), |page| {
        ensure!(texts(page, "body").concat().contains("ended before its time"), "the page does not say so");
        Ok(())
    })
}

fn scaling() -> Result<()> {
    let folder = places::temporary()?;
    let at = |name: &str| folder.path().join(name);
    let outcome = compare("scaling --ranks 2,3 --rounds 1 --each 0.01 --seconds 1000 --limit 200 --json")
        .arg(at("record.json"))
        .limit(400)
        .end()?;
    let said = outcome.expect_code(0)?.out();
    ensure!(said.contains("MPI_Barrier") && said.contains("a message in a window"), "{outcome}");
    let record: Value = serde_json::from_str(&std::fs::read_to_string(at("record.json"))?)?;
    let samples = record["samples"].as_array().context("no samples")?;
    let value = |rival: u64, ranks: u64, what: &str| {
        let same = |sample: &&Value| sample["rival"] == rival && sample["ranks"] == ranks && sample["what"] == what;
        samples.iter().find(same).and_then(|sample| sample["value"].as_f64())
    };
    for (rival, ranks, what) in
        [(0, 2, "barrier"), (1, 2, "allreduce"), (1, 3, "alltoall"), (0, 3, "ping-pong"), (1, 3, "launch")]
    {
        ensure!(value(rival, ranks, what) > Some(0.0), "no {what}\n{outcome}");
    }
    // Where the kernel tells: processes have address spaces of their own, and page tables each.
    if let Some(spaces) = value(0, 3, "address-spaces") {
        ensure!(spaces == 3.0 && value(1, 3, "address-spaces") == Some(1.0), "{outcome}");
        ensure!(value(0, 3, "page-tables") > Some(0.0) && value(1, 3, "anonymous") > Some(0.0), "{outcome}");
    }
    Ok(())
}

fn scaling_of_a_record() -> Result<()> {
    let folder = places::temporary()?;
    let page = folder.path().join("page.html");
    let outcome = compare("scaling --from").arg(fixture("scaling.json")).words("--html").arg(&page).end()?;
    let said = outcome.expect_code(0)?.out();
    // Made up of a hand-off of 0.04 us, software of 0.12 us, a rendezvous from 16 KiB on and a copy of 15 GB/s, with noise.
    let fit = said.lines().find(|line| line.starts_with("stock a message alone: hand-off + 0.1")).context("no fit")?;
    ensure!(fit.contains("from 16 KiB on") && (fit.contains("/ 14.") || fit.contains("/ 15.")), "{outcome}");
    ensure!(said.contains("Not measured: stock with 64 ranks: what is missing: did not end within 60 s"), "{outcome}");
    with_page(&page, |page| {
        let said = texts(page, "body").concat();
        for words in ["MPI_Barrier", "64 (32 per core)", "more ranks than cores", "Made-up <CPU> & Co", "On paper"] {
            ensure!(said.contains(words), "the page does not say {words}");
        }
        let drawn = page.descendants().filter(|node| node.tag_name().name() == "svg").count();
        let assumptions = said.matches("Assumes:").count();
        ensure!(drawn == 7 + 6 && assumptions == 6, "{drawn} plots, {assumptions} assumptions");
        Ok(())
    })
}
