//! Curves over two axes, with the quartiles as bands.

use std::fmt::Write as _;

use super::legend::{class, legend};
use super::marker::marker;
use super::{Axis, Look, Point, Series, line, svg, text};

/// A plot of curves. The first curve is drawn last, on top of the others.
#[derive(Clone, Debug)]
pub struct Curves {
    /// First line.
    pub title: String,
    /// From left to right.
    pub across: Axis,
    /// From bottom to top.
    pub up: Axis,
    /// What is drawn.
    pub series: Vec<Series>,
    /// Texts at values of the vertical axis, with a line across.
    pub marks: Vec<(f64, String)>,
    /// A value of the horizontal axis beyond which the plot is shaded, and what that means.
    pub beyond: Option<(f64, String)>,
    /// Lines below, in files of their own: pages have captions.
    pub notes: Vec<String>,
    /// Height of the plot without legend.
    pub height: f64,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;

/// The rectangle of the curves.
struct Field<'a> {
    plot: &'a Curves,
    top: f64,
    bottom: f64,
}

impl Curves {
    /// The SVG; `alone` for a file of its own.
    pub fn svg(&self, alone: bool) -> String {
        let (names, height) = legend(&self.series, (16.0, 36.0), WIDTH - 32.0);
        let top = 36.0 + height + 12.0;
        let field = Field { plot: self, top, bottom: top + self.height };
        let mut drawn = names + &field.mesh();
        for series in self.series.iter().rev() {
            drawn += &field.series(series);
        }
        drawn += &text("middle", (LEFT + WIDTH - RIGHT) / 2.0, field.bottom + 40.0, &self.across.label);
        let middle = (field.top + field.bottom) / 2.0;
        let _ = write!(
            drawn,
            "<g transform=\"translate(16 {middle:.0}) rotate(-90)\">{}</g>",
            text("middle", 0.0, 4.0, &self.up.label)
        );
        let mut bottom = field.bottom + 52.0;
        for note in self.notes.iter().filter(|_| alone) {
            drawn += &text("soft small", 16.0, bottom + 8.0, note);
            bottom += 18.0;
        }
        svg(WIDTH, bottom, &self.title, &drawn, alone)
    }
}

impl Field<'_> {
    fn x(&self, value: f64) -> f64 {
        LEFT + self.plot.across.place(value) * (WIDTH - RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - self.plot.up.place(value) * (self.bottom - self.top)
    }

    /// Grid, frame and the texts of both axes.
    fn mesh(&self) -> String {
        let (right, mut drawn) = (WIDTH - RIGHT, String::new());
        if let Some((from, words)) = &self.plot.beyond {
            let (x, height) = (self.x(*from), self.bottom - self.top);
            let _ = write!(
                drawn,
                "<rect class=\"shade\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
                self.top,
                right - x
            );
            drawn += &text("soft", x + 6.0, self.top + 16.0, words);
        }
        for value in &self.plot.up.fine {
            drawn += &line("fine", (LEFT, self.y(*value)), (right, self.y(*value)));
        }
        for (value, words) in &self.plot.up.ticks {
            drawn += &line("grid", (LEFT, self.y(*value)), (right, self.y(*value)));
            drawn += &text("end soft", LEFT - 7.0, self.y(*value) + 4.5, words);
        }
        for (value, words) in &self.plot.across.ticks {
            drawn += &line("grid", (self.x(*value), self.top), (self.x(*value), self.bottom));
            drawn += &text("middle soft", self.x(*value), self.bottom + 18.0, words);
        }
        for (value, words) in &self.plot.marks {
            drawn +=
                &format!("<g class=\"limit0\">{}</g>", line("limit", (LEFT, self.y(*value)), (right, self.y(*value))));
            drawn += &text("end soft", right - 6.0, self.y(*value) - 5.0, words);
        }
        let (width, height) = (right - LEFT, self.bottom - self.top);
        let _ = write!(
            drawn,
            "<rect class=\"frame\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{width}\" height=\"{height:.1}\"/>",
            self.top
        );
        drawn
    }

    fn series(&self, series: &Series) -> String {
        let (class, family, radius) = class(series.look);
        let places: Vec<(f64, f64)> = series.points.iter().map(|point| (self.x(point.x), self.y(point.y))).collect();
        let mut drawn = String::new();
        match series.look {
            Look::Limit(_) => drawn += &polyline("limit", &places),
            Look::Cloud(_) => {}
            Look::Curve { .. } => {
                drawn += &self.band(&series.points);
                drawn += &polyline("curve", &places);
            }
        }
        if !matches!(series.look, Look::Limit(_)) {
            drawn.extend(places.iter().map(|&(x, y)| marker(family, x, y, radius)));
        }
        format!("<g class=\"{class}\">{drawn}</g>")
    }

    /// What lies between the quartiles; of a single point a short upright line.
    fn band(&self, points: &[Point]) -> String {
        if let [point] = points {
            let x = self.x(point.x);
            return line("whisker", (x, self.y(point.lower)), (x, self.y(point.upper)));
        }
        let there = points.iter().map(|point| (point.x, point.upper));
        let back = points.iter().rev().map(|point| (point.x, point.lower));
        let corners = there.chain(back).map(|(x, y)| format!("{:.1},{:.1}", self.x(x), self.y(y)));
        format!("<polygon class=\"band\" points=\"{}\"/>", corners.collect::<Vec<_>>().join(" "))
    }
}

fn polyline(class: &str, places: &[(f64, f64)]) -> String {
    let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    format!("<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_is_drawn_and_nothing_is_no_number() {
        let points =
            |factor: f64| [1.0, 64.0, 4096.0].map(|x| Point { x, lower: x, y: x * factor, upper: x * 3.0 }).to_vec();
        let looks = [
            Look::Curve { family: 0, variant: false },
            Look::Curve { family: 3, variant: true },
            Look::Limit(1),
            Look::Cloud(2),
        ];
        let mut series: Vec<Series> =
            looks.into_iter().map(|look| Series { name: format!("{look:?} <"), look, points: points(2.0) }).collect();
        series.push(Series { name: "none".into(), look: looks[0], points: Vec::new() });
        let plot = Curves {
            title: "a < b".into(),
            across: Axis::bytes("size", [1.0, 4096.0].into_iter()),
            up: Axis::logarithmic("us", [1.0, 9000.0].into_iter()),
            series,
            marks: vec![(100.0, "here".into())],
            beyond: Some((64.0, "more".into())),
            notes: vec!["note & more".into()],
            height: 300.0,
        };
        let text = plot.svg(true);
        let document = roxmltree::Document::parse(&text).expect("well-formed");
        let count = |name: &str| {
            document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", name))).count()
        };
        assert!(count("polyline") == 4 && count("polygon") == 3 && count("circle") >= 4, "{text}");
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }
}
