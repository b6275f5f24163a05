//! Values without a size: a line per value, with its quartiles, under headings.

use super::legend::{class, width};
use super::marker::marker;
use super::{Axis, Look, Point, line, svg, text};

/// A line of the plot.
#[derive(Clone, Debug)]
pub enum Row {
    /// A heading for what follows.
    Heading(String),
    /// A value; its `x` is not used.
    Value {
        /// Whose it is.
        name: String,
        /// How its marker looks.
        look: Look,
        /// The value and its quartiles.
        point: Point,
        /// The value as a text.
        text: String,
    },
}

/// The plot.
#[derive(Clone, Debug)]
pub struct Dots {
    /// First line.
    pub title: String,
    /// The values.
    pub across: Axis,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

const WIDTH: f64 = 760.0;
const ROW: f64 = 19.0;

impl Dots {
    /// The SVG; `alone` for a file of its own.
    pub fn svg(&self, alone: bool) -> String {
        let names = self.rows.iter().map(|row| match row {
            Row::Heading(_) => 0.0,
            Row::Value { name, .. } => width(name, 13.0),
        });
        let left = names.fold(60.0, f64::max) + 36.0;
        let right = WIDTH - 76.0;
        let x = |value: f64| left + self.across.place(value) * (right - left);
        let (top, mut drawn) = (44.0, String::new());
        let bottom = top + self.rows.len() as f64 * ROW + 6.0;
        for value in &self.across.fine {
            drawn += &line("fine", (x(*value), top), (x(*value), bottom));
        }
        for (value, words) in &self.across.ticks {
            drawn += &line("grid", (x(*value), top), (x(*value), bottom));
            drawn += &text("middle soft", x(*value), bottom + 16.0, words);
        }
        for (index, row) in self.rows.iter().enumerate() {
            let y = top + (index as f64 + 0.5) * ROW + 3.0;
            match row {
                Row::Heading(words) => drawn += &text("strong", 16.0, y + 4.5, words),
                Row::Value { name, look, point, text: value } => {
                    drawn += &text("", 28.0, y + 4.5, name);
                    let (class, family, radius) = class(*look);
                    let whisker = line("whisker", (x(point.lower), y), (x(point.upper), y));
                    drawn += &format!("<g class=\"{class}\">{whisker}{}</g>", marker(family, x(point.y), y, radius));
                    drawn += &text("soft", right + 10.0, y + 4.5, value);
                }
            }
        }
        drawn += &text("middle", (left + right) / 2.0, bottom + 36.0, &self.across.label);
        svg(WIDTH, bottom + 48.0, &self.title, &drawn, alone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_drawn() {
        let value = Row::Value {
            name: "a < b".into(),
            look: Look::Curve { family: 1, variant: true },
            point: Point { x: 0.0, lower: 1.0, y: 2.0, upper: 3.0 },
            text: "2.00 us".into(),
        };
        let across = Axis::logarithmic("us", [1.0, 3.0].into_iter());
        let plot = Dots { title: "t".into(), across, rows: vec![Row::Heading("h".into()), value] };
        let text = plot.svg(false);
        let document = roxmltree::Document::parse(&text).expect("well-formed");
        let says = |words: &str| document.descendants().any(|node| node.text() == Some(words));
        assert!(says("h") && says("a < b") && says("2.00 us") && !text.contains("NaN"));
    }
}
