//! Plots as SVG whose colours are style classes, so that they follow the reader's theme; and `<style>` for files of their own.
//! They know nothing of what is measured.

mod axis;
mod curves;
mod dots;
mod legend;
mod marker;

pub use axis::Axis;
pub use curves::Curves;
pub use dots::{Dots, Row};

/// The style of plots, for pages and for single files.
pub const STYLE: &str = include_str!("plot.css");

/// How something looks: which colour and marker, and whether it is a variant of another (dashed, hollow).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A curve with markers.
    Curve {
        /// Its colour and marker.
        family: usize,
        /// Whether it is dashed.
        variant: bool,
    },
    /// A thin line without markers: what the machine allows, or what a model says.
    Limit(usize),
    /// Markers only.
    Cloud(usize),
}

/// A value of a curve, with its quartiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Where it is.
    pub x: f64,
    /// The lower quartile.
    pub lower: f64,
    /// The median.
    pub y: f64,
    /// The upper quartile.
    pub upper: f64,
}

impl Point {
    /// One that has no spread.
    pub fn exact(x: f64, y: f64) -> Self {
        Self { x, lower: y, y, upper: y }
    }
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend; empty to leave it out.
    pub name: String,
    /// How it looks.
    pub look: Look,
    /// From left to right.
    pub points: Vec<Point>,
}

/// Text for XML and HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The drawing of a plot with its frame. `style` is for files of their own, which have no page around them.
fn svg(width: f64, height: f64, title: &str, content: &str, alone: bool) -> String {
    let style = if alone { format!("<style>{STYLE}</style>") } else { String::new() };
    let size = if alone { format!(" width=\"{width:.0}\" height=\"{height:.0}\"") } else { String::new() };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {width:.0} {height:.0}\"{size} role=\"img\" \
         aria-label=\"{title}\">{style}<rect class=\"ground\" width=\"{width:.0}\" height=\"{height:.0}\"/>\
         <text class=\"title\" x=\"16\" y=\"26\">{title}</text>{content}</svg>\n",
        title = escaped(title)
    )
}

/// A text at a place; `class` also says how it is aligned.
fn text(class: &str, x: f64, y: f64, words: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(words))
}

/// A straight line.
fn line(class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> String {
    format!("<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_the_page() {
        assert_eq!(escaped("a<b & \"c\">"), "a&lt;b &amp; &quot;c&quot;&gt;");
        let svg = svg(10.0, 10.0, "<&\">", &text("x", 1.0, 2.0, "<"), true);
        roxmltree::Document::parse(&svg).expect("well-formed");
    }
}
