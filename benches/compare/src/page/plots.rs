//! Which plots there are: a curve plot for each benchmark that has sizes, one plot for all others of a group and unit.

use std::collections::BTreeMap;

use limits::{FAR_ABOVE, NEAR_BELOW, State};

use crate::benchmarks::{Bound, Metric};
use crate::bounds::limits;
use crate::campaign::COPY_SIZES;
use crate::noise;
use crate::plot::{Axis, Curves, Dots, Look, Point, Row, Series};
use crate::record::Record;
use crate::rivals::{PIP, Rival};
use crate::stats::{Comparison, Summary};
use crate::text::{count, number};

/// The plots of a group's lines, all of `state`: drawing and caption.
pub fn of_group(record: &Record, lines: &[&Comparison], state: State) -> Vec<(String, String)> {
    let mut drawn = Vec::new();
    let mut single: Vec<&Comparison> = Vec::new();
    for name in names(lines) {
        match curves(record, &name, state) {
            Some(plot) => drawn.push((plot.svg(false), caption(record, &name, state))),
            None => single.extend(lines.iter().filter(|line| line.benchmark == name)),
        }
    }
    for metric in [Metric::LatencyUs, Metric::BandwidthGbs, Metric::MillionMessages, Metric::Milliseconds] {
        let rows: Vec<&Comparison> = single.iter().copied().filter(|line| line.metric == metric).collect();
        if !rows.is_empty() {
            let better = if metric.is_time() { "Less" } else { "More" };
            let caption = format!("{better} is better. Marks: medians; bars: quartiles. The numbers are in the table.");
            drawn.push((dots(record, &rows, metric).svg(false), caption));
        }
    }
    drawn
}

/// Every curve plot of the state with the most runs, as files of their own: name and SVG.
pub fn pictures(record: &Record, lines: &[Comparison]) -> Vec<(String, String)> {
    let Some(state) = noise::states(record, lines).first().copied() else { return Vec::new() };
    let lines: Vec<&Comparison> = lines.iter().filter(|line| line.state == state).collect();
    let file = |name: &str| name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    names(&lines).into_iter().filter_map(|name| Some((file(&name), curves(record, &name, state)?.svg(true)))).collect()
}

fn names(lines: &[&Comparison]) -> Vec<String> {
    let mut names: Vec<String> = lines.iter().map(|line| line.benchmark.clone()).collect();
    names.dedup();
    names
}

/// The look of a rival: one family a library, dashed when tuned.
fn look(record: &Record, rival: usize) -> Look {
    // PiP first, for it is drawn last and on top.
    let mut families: Vec<&str> = vec![record.rivals[PIP].family()];
    for other in &record.rivals {
        if !families.contains(&other.family()) {
            families.push(other.family());
        }
    }
    let family = families.iter().position(|family| *family == record.rivals[rival].family()).unwrap_or(0);
    Look::Curve { family, variant: record.rivals[rival].is_tuned() }
}

/// PiP, then the others.
fn order(record: &Record) -> impl Iterator<Item = usize> {
    [PIP].into_iter().chain((0..record.rivals.len()).filter(|&rival| rival != PIP))
}

/// Everything that the runs of a benchmark gave in a state, by size; its table shows some of these sizes.
fn points(record: &Record, name: &str, state: State, rival: usize) -> Vec<Point> {
    let mut samples: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let runs = record.results.runs.iter().filter(|run| run.state == state && run.rival == rival);
    for run in runs.filter(|run| record.benchmarks[run.benchmark].name == name) {
        for (bytes, value) in &run.points {
            samples.entry(*bytes).or_default().push(*value);
        }
    }
    let point = |(bytes, samples): (usize, Vec<f64>)| {
        let Summary { lower, median, upper, .. } = Summary::of(&samples)?;
        Some(Point { x: bytes as f64, lower, y: median, upper })
    };
    samples.into_iter().filter_map(point).collect()
}

/// The plot of a benchmark; None where there is only one size.
fn curves(record: &Record, name: &str, state: State) -> Option<Curves> {
    let test = record.benchmarks.iter().find(|test| test.name == name)?;
    let curve = |rival: usize| Series {
        name: record.rivals[rival].name.clone(),
        look: look(record, rival),
        points: points(record, name, state, rival),
    };
    let mut series: Vec<Series> = order(record).map(curve).filter(|series| !series.points.is_empty()).collect();
    let sizes: Vec<f64> = series.iter().flat_map(|series| series.points.iter().map(|point| point.x)).collect();
    if !sizes.iter().any(|size| *size != sizes[0]) {
        return None;
    }
    series.extend(bounds(record, name, state, &sizes));
    let values =
        series.iter().flat_map(|series| series.points.iter().flat_map(|point| [point.lower, point.y, point.upper]));
    let up = Axis::logarithmic(test.metric.axis(), values);
    let nanoseconds =
        noise::round_trip(record, state).map_or_else(String::new, |ns| format!(", line there and back {ns:.0} ns"));
    Some(Curves {
        title: format!("{name}, {} (state {}{nanoseconds})", test.metric.unit(), state.name()),
        across: Axis::bytes("message size", sizes.into_iter()),
        up,
        series,
        marks: Vec::new(),
        beyond: None,
        notes: vec![format!("{} {}", runs(record, name, state), record.began), record.machine.line()],
        height: 340.0,
    })
}

/// What the machine allows.
fn bounds(record: &Record, name: &str, state: State, sizes: &[f64]) -> Vec<Series> {
    let Some(test) = record.benchmarks.iter().find(|test| test.name == name) else { return Vec::new() };
    let of = |bytes: usize| limits(&record.results, state, test, bytes);
    let (least, most) =
        sizes.iter().fold((f64::MAX, 0.0_f64), |(least, most), size| (least.min(*size), most.max(*size)));
    let mut series = Vec::new();
    let hand_off = (test.bound == Bound::Message).then(|| of(1).hand_off).flatten();
    if let Some(hand_off) = hand_off.filter(|_| least < COPY_SIZES[0] as f64) {
        let ends = [least, most.min(COPY_SIZES[0] as f64)].map(|at| Point::exact(at, hand_off));
        series.push(Series { name: "limit: hand-off of a line".into(), look: Look::Limit(0), points: ends.to_vec() });
    }
    let sizes = || COPY_SIZES.into_iter().filter(|size| (least..=most).contains(&(*size as f64)));
    let one = sizes().filter_map(|size| Some(Point::exact(size as f64, of(size).one_core?))).collect();
    let two = sizes().filter_map(|size| Some(Point::exact(size as f64, of(size).two_cores?))).collect();
    series.push(Series { name: "limit: copy by 1 core".into(), look: Look::Limit(1), points: one });
    series.push(Series { name: "by 2 cores".into(), look: Look::Limit(2), points: two });
    series.retain(|series| !series.points.is_empty());
    series
}

fn caption(record: &Record, name: &str, state: State) -> String {
    let mut tests = record.benchmarks.iter().filter(|test| test.name == name);
    let better = if tests.all(|test| test.metric.is_time()) { "Less" } else { "More" };
    let dashed = if record.rivals.iter().any(Rival::is_tuned) { " Dashed: tuned settings." } else { "" };
    format!("{better} is better. {} Both axes are logarithmic.{dashed}", runs(record, name, state))
}

/// `Medians of 5 to 6 runs each, 2 ranks; bands: quartiles.`
fn runs(record: &Record, name: &str, state: State) -> String {
    let tests = record.benchmarks.iter().filter(|test| test.name == name).count().max(1);
    let of = |rival: usize| {
        let runs = record.results.runs.iter().filter(|run| run.state == state && run.rival == rival);
        runs.filter(|run| record.benchmarks[run.benchmark].name == name).count() / tests
    };
    let counts: Vec<usize> = (0..record.rivals.len()).map(of).filter(|count| *count > 0).collect();
    let (least, most) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    let counts = if least == most { count(least, "run") } else { format!("{least} to {}", count(most, "run")) };
    format!("Medians of {counts} each, 2 ranks; bands: quartiles.")
}

/// Values without sizes.
fn dots(record: &Record, lines: &[&Comparison], metric: Metric) -> Dots {
    let mut rows = Vec::new();
    for line in lines {
        let size = if line.bytes == 0 { String::new() } else { format!(", {}", crate::text::size(line.bytes)) };
        rows.push(Row::Heading(format!("{}{size}", line.benchmark)));
        for rival in order(record) {
            if let Some(Summary { lower, median, upper, .. }) = line.summaries[rival] {
                rows.push(Row::Value {
                    name: record.rivals[rival].name.clone(),
                    look: look(record, rival),
                    point: Point { x: 0.0, lower, y: median, upper },
                    text: format!("{} {}", number(median), metric.unit()),
                });
            }
        }
    }
    let values = lines
        .iter()
        .flat_map(|line| line.summaries.iter().flatten().flat_map(|cell| [cell.lower, cell.median, cell.upper]));
    let names = names(lines).join(", ");
    let state = lines.first().map_or("", |line| line.state.name());
    Dots { title: format!("{names} (state {state})"), across: Axis::logarithmic(metric.axis(), values), rows }
}

/// The round trips of all runs over time.
pub fn round_trips(record: &Record) -> String {
    let states = [(State::Near, 2), (State::Middle, 4), (State::Far, 1), (State::Mixed, 7)];
    let mean = |trips: [f64; 2]| f64::midpoint(trips[0], trips[1]);
    let series = states.map(|(state, family)| {
        let runs = record.results.runs.iter().filter(|run| run.state == state);
        let points: Vec<Point> = runs.map(|run| Point::exact(run.at / 60.0, mean(run.round_trip_ns))).collect();
        Series { name: format!("{} ({})", state.name(), count(points.len(), "run")), look: Look::Cloud(family), points }
    });
    let all = || series.iter().flat_map(|series| series.points.iter());
    let plot = Curves {
        title: "Round trip of a cache line between the two cores".into(),
        across: Axis::linear("minutes after the start", all().map(|point| point.x)),
        up: Axis::logarithmic("nanoseconds", all().map(|point| point.y).chain([NEAR_BELOW * 0.7, FAR_ABOVE * 1.4])),
        series: series.to_vec(),
        marks: vec![
            (NEAR_BELOW, format!("near below {NEAR_BELOW} ns")),
            (FAR_ABOVE, format!("far above {FAR_ABOVE} ns")),
        ],
        beyond: None,
        notes: Vec::new(),
        height: 220.0,
    };
    plot.svg(false)
}
