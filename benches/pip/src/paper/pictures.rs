//! Which figures there are, and what is in each.

use super::figure::{Figure, Scale, Series};
use super::measures::what;
use super::participants::ALL;
use super::samples::{Measure, Samples, Summary};
use bench_pip::cycles;
use bench_pip::segment::Way;
use plotters::chart::SeriesLabelPosition;

/// Bytes in binary units.
pub fn size(bytes: u64) -> String {
    match bytes {
        b if b >= 1 << 30 => format!("{} GiB", b >> 30),
        b if b >= 1 << 20 => format!("{} MiB", b >> 20),
        b => format!("{} KiB", b >> 10),
    }
}

/// All figures of what was measured.
pub fn figures(samples: &Samples, machine: &str) -> Vec<Figure> {
    let touched = samples.points(Measure::FirstTouch).first().map_or(String::new(), |bytes| size(*bytes));
    let ns = 1.0 / cycles::per_nanosecond();
    let curves = |measure, what, factor| curves(samples, measure, what, factor);
    let points = |measure, text: fn(u64) -> String| samples.points(measure).into_iter().map(text).collect();
    let source = |series: &[Series]| source(series, machine);
    let mut found = Vec::new();

    let series = curves(Measure::SetUp, what::BOTH, 1.0);
    found.push(Figure {
        file: "set-up",
        title: "Setting up shared memory: the owner's and one peer's calls".to_owned(),
        notes: [
            "Until the peer has a pointer. PiP: malloc, which writes the first page of a new mapping, pip_named_export, pip_named_import."
                .to_owned(),
            source(&series),
        ],
        categories_are: "size of the memory",
        categories: points(Measure::SetUp, size),
        values_are: "cycles of the time-stamp counter",
        series,
        scale: Scale::Logarithmic,
        legend: SeriesLabelPosition::LowerRight,
    });

    let bytes = samples.points(Measure::FirstTouch);
    let who = samples.participants(Measure::FirstTouch);
    let kinds = [
        ("first read", what::READ, 0),
        ("second read", what::AGAIN, 2),
        ("first write", what::WRITE, 4),
        ("MAP_POPULATE, before", what::MAPPED, 5),
    ];
    let series: Vec<Series> = kinds
        .into_iter()
        .map(|(name, what, style)| {
            let value = |who: &usize| samples.summary(Measure::FirstTouch, *who, what, *bytes.first()?);
            // Mapping without populating makes no entries: nothing that belongs to a page.
            let counts = |who: &usize| what != what::MAPPED || ALL[*who].way == Way::ShmPopulate;
            let values =
                who.iter().map(|who| value(who).filter(|_| counts(who)).map(|value| value.times(ns))).collect();
            Series { name: name.to_owned(), style, values }
        })
        .collect();
    found.push(Figure {
        file: "first-touch",
        title: format!("First touch of {touched} that another participant has written"),
        notes: ["A byte of each page of 4 KiB, read twice and, in a new mapping, written. A fault of reading may map several pages.".to_owned(), source(&series)],
        categories_are: "",
        categories: who.iter().map(|who| ALL[*who].name.to_owned()).collect(),
        values_are: "ns per page",
        series,
        scale: Scale::Bars,
        legend: SeriesLabelPosition::UpperRight,
    });

    let series = curves(Measure::PageTables, what::GROWTH, 1.0 / 1024.0);
    found.push(Figure {
        file: "page-tables",
        title: format!("Page tables for {touched} that all participants touch"),
        notes: [
            "Growth of VmPTE, each address space counted once (kcmp tells them apart).".to_owned(),
            source(&series),
        ],
        categories_are: "participants",
        categories: points(Measure::PageTables, |count| count.to_string()),
        values_are: "MiB of page tables",
        series,
        scale: Scale::Linear,
        legend: SeriesLabelPosition::UpperLeft,
    });

    let series = curves(Measure::PageTables, what::FAULTS, 1e-3);
    found.push(Figure {
        file: "page-faults",
        title: format!("Page faults of all participants that write {touched}"),
        notes: ["Minor faults by getrusage: the first participant fills the memory, then the others write a byte of each page.".to_owned(), source(&series)],
        categories_are: "participants",
        categories: points(Measure::PageTables, |count| count.to_string()),
        values_are: "thousands of page faults",
        series,
        scale: Scale::Linear,
        legend: SeriesLabelPosition::UpperLeft,
    });

    let series = curves(Measure::HandOver, what::FUTEX, ns / 1000.0);
    found.push(Figure {
        file: "hand-over",
        title: "Handing one core over and reading shared pages".to_owned(),
        notes: [
            "Two participants on one core wake each other by a futex; each then reads a byte of each of the pages."
                .to_owned(),
            source(&series),
        ],
        categories_are: "pages read after each hand-over",
        categories: points(Measure::HandOver, |count| count.to_string()),
        values_are: "us per hand-over, reading included",
        series,
        scale: Scale::Linear,
        legend: SeriesLabelPosition::UpperLeft,
    });
    found
}

fn curves(samples: &Samples, measure: Measure, what: &str, factor: f64) -> Vec<Series> {
    let points = samples.points(measure);
    let series = |who: usize| {
        let value = |at: &u64| samples.summary(measure, who, what, *at).map(|value| value.times(factor));
        Series { name: ALL[who].name.to_owned(), style: who, values: points.iter().map(value).collect() }
    };
    samples.participants(measure).into_iter().map(series).collect()
}

/// Where the numbers are from.
fn source(series: &[Series], machine: &str) -> String {
    let values = || series.iter().flat_map(|series| series.values.iter().flatten());
    let counts = || values().map(|Summary { count, .. }| *count);
    let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    let counts = if least == most { least.to_string() } else { format!("{least} to {most}") };
    format!("Medians of {counts} measurements; thin lines: quartiles. {machine}")
}
