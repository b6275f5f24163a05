//! The page of `compare scaling`.

use super::measure::gaps;
use super::model::{Model, predictions};
use super::record::{Record, What};
use super::tables;
use crate::page::{document, facts, figure};
use crate::plot::{Axis, Curves, Look, Point, Series, escaped};
use crate::rivals::{PIP, STOCK};
use crate::stats::Summary;
use crate::text::{cell, count};

/// The whole page.
pub fn page(record: &Record, model: &Model) -> String {
    let title = "Many ranks on one node: PiP beside stock MPICH";
    let mut content = format!("<h1>{title}</h1>\n<p class=\"soft\">{}</p>\n", escaped(&record.machine.line()));
    if record.interrupted {
        content +=
            "<p class=\"warning\">This run was ended before its time: what follows was measured until then.</p>\n";
    }
    content += &facts(&[
        (
            "Measured",
            format!(
                "{}, {} in {:.1} minutes",
                escaped(&record.began),
                count(record.rounds, "round"),
                record.seconds / 60.0
            ),
        ),
        ("By", format!("<code>{}</code> (version {})", escaped(&record.command), escaped(&record.version))),
        ("Libraries", crate::page::libraries(&record.rivals)),
        ("Machine", machine(record)),
    ]);
    let cores = record.machine.cores;
    content += &format!(
        "<h2 class=\"flow\">Measured</h2>\n<p>On {}. With more ranks than that they share cores, which no one does who wants speed; it shows what waiting \
         costs, and it is how the memory of many ranks can be measured on a small machine. Shaded: more ranks than cores.</p>\n",
        count(cores, "core")
    );
    let gaps = gaps(record);
    if !gaps.is_empty() {
        let items: String = gaps.iter().map(|gap| format!("<li>{}</li>\n", escaped(gap))).collect();
        content += &format!("<p>Not measured:</p>\n<ul>\n{items}</ul>\n");
    }
    content += "<div class=\"plots\">\n";
    for what in What::ALL.into_iter().filter(|what| *what != What::AddressSpaces) {
        let caption = format!("{}{}", caption(what), tables::measured(record, what));
        content += &figure(&measured(record, model, what).svg(false), &caption);
    }
    content += "</div>\n<h3>Address spaces</h3>\n";
    content += &tables::measured(record, What::AddressSpaces);
    content += &paper(record, model);
    document(title, &content)
}

fn machine(record: &Record) -> String {
    let trips = Summary::of(&record.round_trips());
    let trips = trips.map_or_else(String::new, |trips| {
        format!(
            "a cache line there and back in {:.0} ns (quartiles {:.0} and {:.0}, {} times); ",
            trips.median, trips.lower, trips.upper, trips.count
        )
    });
    let copies: Vec<f64> =
        record.copies.iter().map(|times| super::record::COPIED as f64 / 1e3 / times.one_core_us).collect();
    format!(
        "{trips}copy of 64 KiB by one core {} GB/s. All states of the machine together.",
        cell(crate::stats::median(&copies))
    )
}

fn caption(what: What) -> &'static str {
    match what {
        What::Barrier | What::Allreduce | What::Alltoall => {
            "Time of one call as rank 0 sees it, in batches that grow until the time for it is over. Lines without marks: the fitted growth."
        }
        What::PingPong => "Half a round trip. The other ranks wait for a message that comes last.",
        What::Launch => "From the start of the launcher to its end, nothing in between.",
        What::PageTables => "VmPTE of every address space, each counted once. Lines without marks: the fitted growth.",
        What::Anonymous => "RssAnon of every address space, each counted once.",
        What::AddressSpaces => "",
    }
}

fn looks() -> [(usize, Look); 2] {
    [(PIP, Look::Curve { family: 0, variant: false }), (STOCK, Look::Curve { family: 1, variant: false })]
}

/// A plot of what was measured, with the growth that was fitted.
fn measured(record: &Record, model: &Model, what: What) -> Curves {
    let mut series = Vec::new();
    for (rival, look) in looks() {
        let point = |&ranks: &usize| {
            let Summary { lower, median, upper, .. } = record.summary(rival, what, ranks)?;
            Some(Point { x: ranks as f64, lower, y: median, upper })
        };
        let points = record.ranks.iter().filter_map(point).collect();
        series.push(Series { name: record.rivals[rival].name.clone(), look, points });
    }
    for (number, (rival, _)) in looks().into_iter().enumerate() {
        let found =
            model.rivals[rival].growth.iter().find(|(grown, _)| *grown == what).and_then(|(_, growth)| growth.as_ref());
        if let Some(growth) = found {
            let ranks = record.medians(rival, what).into_iter().map(|(ranks, _)| ranks);
            let is_time = what.unit() == "us";
            let ranks = ranks.filter(|ranks| !is_time || *ranks > record.machine.cores as f64);
            let points = ranks.map(|ranks| Point::exact(ranks, growth.at(ranks))).collect();
            let name = format!("fit: {} {}", record.rivals[rival].name, growth.shape.text());
            series.push(Series { name, look: Look::Limit(number + 1), points });
        }
    }
    let values = series.iter().flat_map(|series| series.points.iter().flat_map(|point| [point.lower, point.upper]));
    let up = Axis::logarithmic(what.unit(), values);
    Curves {
        title: format!("{}, {}", what.title(), what.unit()),
        across: Axis::ranks("ranks", record.ranks.iter().map(|&ranks| ranks as f64)),
        up,
        series,
        marks: Vec::new(),
        beyond: Some((record.machine.cores as f64, "more ranks than cores".to_owned())),
        notes: Vec::new(),
        height: 300.0,
    }
}

/// The model, and what it predicts.
fn paper(record: &Record, model: &Model) -> String {
    let rows = |rival: usize| -> String {
        let row = |(name, value): (String, String)| {
            format!(
                "<tr><td class=\"name\">{}</td><td class=\"name\">{}</td><td class=\"name\">{}</td></tr>\n",
                escaped(&record.rivals[rival].name),
                escaped(&name),
                escaped(&value)
            )
        };
        tables::parameters(&model.rivals[rival]).into_iter().map(row).collect()
    };
    let mut text = format!(
        "<h2>On paper</h2>\n<p>Nothing from here on was measured. A message of m bytes costs a hand-off of a cache line ({} us, measured between the \
         cores), software time, from some size on a rendezvous, and its copy; a message in a window costs software time and its copy. These \
         are fitted to osu_latency and osu_bw of two ranks by least squares of the relative errors, without negative costs. What grows \
         with n ranks is fitted by a + b n, a + b n log₂ n or a + b n², whichever is closest; memory by a + b n + c n².</p>\n\
         <div class=\"wide\"><table class=\"numbers\"><thead><tr><th class=\"name\">library</th><th class=\"name\">what</th><th class=\"name\">fitted</th></tr></thead>\
         <tbody>\n{}{}</tbody></table></div>\n<div class=\"plots\">\n",
        cell(model.hand_off_us),
        rows(STOCK),
        rows(PIP)
    );
    for prediction in predictions(model) {
        let series: Vec<Series> = looks()
            .into_iter()
            .map(|(rival, look)| {
                let Look::Curve { family, .. } = look else { unreachable!("curves only") };
                let points =
                    prediction.curves[rival].iter().map(|&(ranks, value)| Point::exact(ranks, value)).collect();
                Series {
                    name: format!("{}, predicted", record.rivals[rival].name),
                    look: Look::Curve { family, variant: true },
                    points,
                }
            })
            .collect();
        let values = series.iter().flat_map(|series| series.points.iter().map(|point| point.y));
        let up = Axis::logarithmic(prediction.unit, values);
        let caption =
            format!("<b>Assumes:</b> {}{}", escaped(prediction.assumptions), tables::predicted(record, &prediction));
        if series.iter().all(|series| series.points.is_empty()) {
            text +=
                &format!("<p>{}: not predicted, for what it needs was not measured.</p>\n", escaped(prediction.title));
            continue;
        }
        let plot = Curves {
            title: format!("Predicted: {}", prediction.title),
            across: Axis::ranks("ranks", super::model::RANKS.into_iter()),
            up,
            series,
            marks: Vec::new(),
            beyond: None,
            notes: Vec::new(),
            height: 240.0,
        };
        text += &figure(&plot.svg(false), &caption);
    }
    text + "</div>\n"
}
