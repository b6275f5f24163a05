//! The page of a comparison: one file that holds everything, drawings included, and needs no script.

mod method;
mod plots;
mod tables;
mod verdict;

use limits::State;

use crate::baseline::Change;
use crate::benchmarks::Group;
use crate::noise::{self, Noise};
use crate::plot::{self, escaped};
use crate::record::Record;
use crate::stats::Comparison;
use crate::text::{cell, count};

pub use method::libraries;
pub use plots::pictures;
pub use tables::{gain, quartiles};

const STYLE: &str = include_str!("page.css");

/// States with fewer of the runs than one in this many get tables only.
const RARE: usize = 10;

/// A page with this title and content. It is well-formed XML, too.
pub fn document(title: &str, content: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\"><head><meta charset=\"utf-8\"/>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/><title>{}</title>\n<style>{STYLE}{}</style></head>\n\
         <body>\n{content}</body></html>\n",
        escaped(title),
        plot::STYLE
    )
}

/// Two columns of names and facts; facts are HTML.
pub fn facts(rows: &[(&str, String)]) -> String {
    let row = |(name, fact): &(&str, String)| format!("<tr><th>{name}</th><td>{fact}</td></tr>\n");
    format!("<table class=\"facts\"><tbody>\n{}</tbody></table>\n", rows.iter().map(row).collect::<String>())
}

/// A drawing with its caption, which is HTML.
pub fn figure(svg: &str, caption: &str) -> String {
    format!("<figure>{svg}<figcaption>{caption}</figcaption></figure>\n")
}

/// The whole page.
pub fn page(record: &Record, lines: &[Comparison], change: Option<&Change>) -> String {
    let title = "MPI on one node: PiP beside other libraries";
    let mut content = format!("<h1>{title}</h1>\n<p class=\"soft\">{}</p>\n", escaped(&record.machine.line()));
    content += &head(record, lines);
    content += &verdict::verdict(record, lines);
    if let Some(change) = change {
        content += &tables::change(change);
    }
    content += &machine(record, lines);
    for state in noise::states(record, lines) {
        content += &section(record, lines, state);
    }
    content += &method::method(record);
    document(title, &content)
}

/// When, how long, who.
fn head(record: &Record, lines: &[Comparison]) -> String {
    let results = &record.results;
    let mut text = String::new();
    if let Some(why) = &results.ended {
        let why = escaped(why);
        text += &format!(
            "<p class=\"warning\">This run ended before its time ({why}): what follows was measured until then.</p>\n"
        );
    }
    if lines.is_empty() {
        text += "<p class=\"warning\">Nothing was measured.</p>\n";
    }
    let minutes = record.seconds / 60.0;
    text + &facts(&[
        (
            "Measured",
            format!(
                "{}, {} and {} in {minutes:.1} minutes",
                record.began,
                count(results.rounds, "round"),
                count(results.runs.len(), "run")
            ),
        ),
        ("By", format!("<code>{}</code> (version {})", escaped(&record.command), escaped(&record.version))),
        ("Libraries", libraries(&record.rivals)),
    ])
}

/// The states of the machine over time.
fn machine(record: &Record, lines: &[Comparison]) -> String {
    let noise = escaped(&Noise::of(record, lines).sentences());
    format!(
        "<h2 class=\"flow\">The machine meanwhile</h2>\n<p>{noise} Before and after each run a cache line is sent from core to core \
         and back, {} times. A run counts as <i>near</i>, <i>middle</i> or <i>far</i> by both; only runs in the same state are \
         compared, because everything that is measured follows that time. \
         <i>Mixed</i>: it changed meanwhile, or others had the cores.</p>\n<div class=\"plots\">{}</div>\n",
        limits::ROUND_TRIPS,
        figure(&plots::round_trips(record), "Each mark is one run: the mean of the round trips before and after it.")
    )
}

/// Plots and tables of one state.
fn section(record: &Record, lines: &[Comparison], state: State) -> String {
    let runs = record.results.runs.iter().filter(|run| run.state == state).count();
    let rare = runs * RARE < record.results.runs.len();
    let mut text = format!(
        "<h2 id=\"{name}\">State {name}: a cache line there and back in {} ns</h2>\n<p>{} of {}.{}</p>\n",
        cell(noise::round_trip(record, state)),
        count(runs, "run"),
        record.results.runs.len(),
        if rare { " So few are shown as tables only." } else { "" },
        name = state.name()
    );
    for group in Group::ALL {
        let lines: Vec<&Comparison> =
            lines.iter().filter(|line| line.state == state && record.benchmarks[line.index].group == group).collect();
        if lines.is_empty() {
            continue;
        }
        text += &format!("<h3>{}</h3>\n", group.title());
        if !rare {
            let drawn = plots::of_group(record, &lines, state);
            text += &format!(
                "<div class=\"plots\">\n{}</div>\n",
                drawn.iter().map(|(svg, caption)| figure(svg, caption)).collect::<String>()
            );
        }
        text += &tables::table(record, &lines);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline;
    use crate::made_up;
    use crate::stats::compare;

    /// The texts of a page, which has to be well-formed.
    fn texts(page: &str) -> String {
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let document = roxmltree::Document::parse_with_options(page, options).expect("well-formed");
        let said = document
            .descendants()
            .filter(|node| node.is_text() && !node.parent().is_some_and(|p| p.has_tag_name("style")));
        said.filter_map(|node| node.text()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_page_of_nothing_says_so() {
        let record = made_up::record(2, &[]);
        let said = texts(&page(&record, &compare(&record), None));
        assert!(said.contains("Nothing was measured") && !said.contains("NaN"), "{said}");
    }

    #[test]
    fn a_page_shows_each_state_with_runs_and_refusals() {
        let mut runs: Vec<(usize, f64, f64)> =
            (0..6).flat_map(|_| [(0, 60.0, 1.0), (1, 61.0, 0.5), (2, 62.0, 0.7)]).collect();
        runs.extend([(0, 400.0, 3.0), (1, 400.0, 2.0), (2, 410.0, 2.5)]);
        let mut record = made_up::record(3, &runs);
        record.rivals[2].title = "<b>&\"".to_owned();
        record.results.ended = Some("interrupted".to_owned());
        let lines = compare(&record);
        let change = baseline::change("old.json", &record, &record);
        let page = page(&record, &lines, Some(&change));
        let said = texts(&page);
        for words in ["State near", "State far", "2.00", "too few", "ended before its time", "<b>&\"", "osu_latency"] {
            assert!(said.contains(words), "no {words}: {said}");
        }
        assert!(!page.contains("NaN") && !page.contains("src=") && !page.contains("<script"));
        assert!(page.matches("<svg").count() >= 3);
    }
}
