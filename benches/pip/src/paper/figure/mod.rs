//! Drawing: dark ink on a white ground, in colours that the colour-blind tell apart and with a marker for each kind of
//! participants, so that figures can be read on light and dark pages and in print.

mod axis;

use super::samples::Summary;
use anyhow::{Context, Result, anyhow};
use axis::{Axis, axis};
use plotters::coord::Shift;
use plotters::element::{DynElement, IntoDynElement, PointCollection};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::path::Path;

pub use axis::Scale;

/// What is drawn.
#[derive(Debug)]
pub struct Figure {
    /// Its name as a file, without the ending.
    pub file: &'static str,
    /// First line.
    pub title: String,
    /// Lines below: what was done, and where the numbers are from.
    pub notes: [String; 2],
    /// What the categories are; empty if they speak for themselves.
    pub categories_are: &'static str,
    /// The categories, in order.
    pub categories: Vec<String>,
    /// What the values are, with the unit.
    pub values_are: &'static str,
    /// One curve or one set of bars each.
    pub series: Vec<Series>,
    /// How the values are laid out.
    pub scale: Scale,
    /// The corner in which no values are.
    pub legend: SeriesLabelPosition,
}

/// One value in each category where there is one.
#[derive(Debug)]
pub struct Series {
    /// For the legend.
    pub name: String,
    /// Which colour and marker.
    pub style: usize,
    /// By category.
    pub values: Vec<Option<Summary>>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Axis, Axis>>;

const SIZE: (u32, u32) = (880, 540);
const INK: RGBColor = RGBColor(34, 34, 34);
const FAINT: RGBColor = RGBColor(205, 205, 205);
/// The palette of Okabe and Ito.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(86, 180, 233),
    RGBColor(204, 121, 167),
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(90, 90, 90),
];

impl Figure {
    /// Writes it as SVG into `folder`, and gives the file's name.
    pub fn write(&self, folder: &Path) -> Result<String> {
        let mut text = String::new();
        self.draw(&mut text).map_err(|why| anyhow!("cannot draw {}: {why}", self.file))?;
        let name = format!("{}.svg", self.file);
        let path = folder.join(&name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(name)
    }

    fn draw(&self, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        register_font("sans-serif", FontStyle::Normal, notosans::REGULAR_TTF).map_err(|_| "the font is damaged")?;
        let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        write_line(&root, &self.title, 20.0, 14)?;
        for (line, note) in self.notes.iter().enumerate() {
            write_line(&root, note, 13.0, 42 + 18 * line as i32)?;
        }
        let area = root.margin(84, 8, 8, 24);
        if self.scale == Scale::Bars {
            self.bars(&area)?
        } else {
            self.curves(&area)?
        }
        drop(area);
        root.present()?;
        Ok(())
    }

    /// Categories from left to right, the middle of each at its number.
    fn curves(&self, area: &Area) -> Result<(), Box<dyn std::error::Error>> {
        let ticks = self.ticks();
        let values = axis(ticks[0], ticks[ticks.len() - 1], ticks);
        let mut chart = ChartBuilder::on(area)
            .x_label_area_size(48)
            .y_label_area_size(78)
            .build_cartesian_2d(self.axis(), values)?;
        let category = |at: &f64| self.category(*at);
        let value = |at: &f64| self.scale.tick(*at);
        mesh(&mut chart, self.categories_are, self.values_are, &category, &value)?;
        for series in &self.series {
            let colour = COLOURS[series.style % COLOURS.len()];
            let points = || (0..).map(f64::from).zip(&series.values).filter_map(|(at, value)| Some((at, (*value)?)));
            let line: Vec<_> = points().map(|(at, value)| (at, self.scale.length(value.median))).collect();
            chart.draw_series([PathElement::new(line.clone(), colour.stroke_width(2))])?;
            let spread = |(at, value): (f64, Summary)| {
                vec![(at, self.scale.length(value.lower)), (at, self.scale.length(value.upper))]
            };
            chart.draw_series(points().map(|point| PathElement::new(spread(point), colour.stroke_width(1))))?;
            let style = series.style;
            chart
                .draw_series(line.into_iter().map(|at| marker(style, at, colour)))?
                .label(series.name.clone())
                .legend(move |at| marker(style, (at.0 + 8, at.1), colour));
        }
        legend(&mut chart, &self.legend)
    }

    /// Categories from top to bottom.
    fn bars(&self, area: &Area) -> Result<(), Box<dyn std::error::Error>> {
        let ticks = self.ticks();
        // Room for the value beside the longest bar.
        let values = axis(0.0, ticks[ticks.len() - 1] * 1.12, ticks);
        let mut chart = ChartBuilder::on(area)
            .x_label_area_size(48)
            .y_label_area_size(186)
            .build_cartesian_2d(values, self.axis())?;
        let last = self.categories.len().saturating_sub(1) as f64;
        let category = |at: &f64| self.category(last - *at);
        let value = |at: &f64| self.scale.tick(*at);
        mesh(&mut chart, self.values_are, self.categories_are, &value, &category)?;
        let height = 0.8 / self.series.len() as f64;
        for (number, series) in self.series.iter().enumerate() {
            let colour = COLOURS[series.style % COLOURS.len()];
            let rows = (0..).map(f64::from).zip(&series.values);
            let bars =
                rows.filter_map(|(at, value)| Some((last - at + 0.4 - height * (number as f64 + 0.5), (*value)?)));
            let bars: Vec<(f64, Summary)> = bars.collect();
            let thick = 0.44 * height;
            let bar = |&(at, value): &(f64, Summary)| {
                Rectangle::new([(0.0, at - thick), (value.median, at + thick)], colour.filled())
            };
            chart
                .draw_series(bars.iter().map(bar))?
                .label(series.name.clone())
                .legend(move |at| Rectangle::new([(at.0, at.1 - 5), (at.0 + 16, at.1 + 5)], colour.filled()));
            let spread =
                |&(at, value): &(f64, Summary)| PathElement::new(vec![(value.lower, at), (value.upper, at)], INK);
            chart.draw_series(bars.iter().map(spread))?;
            let style = ("sans-serif", 13).into_font().color(&INK);
            let label = |&(at, value): &(f64, Summary)| {
                let beside = EmptyElement::at((value.upper.max(value.median), at));
                beside + Text::new(crate::report::number(value.median), (6, -7), style.clone())
            };
            chart.draw_series(bars.iter().map(label))?;
        }
        legend(&mut chart, &self.legend)
    }

    /// The axis of the categories, with room at both ends.
    fn axis(&self) -> Axis {
        let count = self.categories.len();
        axis(-0.5, count as f64 - 0.5, (0..count).map(|at| at as f64).collect())
    }

    fn ticks(&self) -> Vec<f64> {
        self.scale.ticks(self.series.iter().flat_map(|series| series.values.iter().flatten()))
    }

    fn category(&self, at: f64) -> String {
        self.categories.get(at.round() as usize).cloned().unwrap_or_default()
    }
}

fn write_line(root: &Area, text: &str, size: f64, y: i32) -> Result<(), Box<dyn std::error::Error>> {
    let style = ("sans-serif", size).into_font().color(&INK);
    Ok(root.draw_text(text, &style, (16, y))?)
}

fn mesh(
    chart: &mut Chart,
    across: &str,
    up: &str,
    across_text: &dyn Fn(&f64) -> String,
    up_text: &dyn Fn(&f64) -> String,
) -> Result<(), Box<dyn std::error::Error>> {
    let font = |size: u32| ("sans-serif", size).into_font().color(&INK);
    let mut mesh = chart.configure_mesh();
    mesh.light_line_style(TRANSPARENT).bold_line_style(FAINT).axis_style(INK).label_style(font(13));
    mesh.axis_desc_style(font(14)).x_desc(across).y_desc(up);
    mesh.x_label_formatter(across_text).y_label_formatter(up_text);
    Ok(mesh.draw()?)
}

fn legend(chart: &mut Chart, position: &SeriesLabelPosition) -> Result<(), Box<dyn std::error::Error>> {
    let mut labels = chart.configure_series_labels();
    labels.label_font(("sans-serif", 13).into_font().color(&INK)).legend_area_size(24).margin(8);
    Ok(labels.position(position.clone()).background_style(WHITE.mix(0.85)).border_style(FAINT).draw()?)
}

/// Markers of different shapes and sizes: where curves lie on one another, all can be seen.
fn marker<'a, C: Clone + 'static>(style: usize, at: C, colour: RGBColor) -> DynElement<'static, SVGBackend<'a>, C>
where
    for<'b> &'b Circle<C, i32>: PointCollection<'b, C>,
{
    let pen = colour.stroke_width(2);
    match style % 5 {
        0 => Circle::new(at, 8, pen).into_dyn(),
        1 => TriangleMarker::new(at, 7, colour.filled()).into_dyn(),
        2 => Cross::new(at, 5, pen).into_dyn(),
        3 => Circle::new(at, 4, pen).into_dyn(),
        _ => Circle::new(at, 5, colour.filled()).into_dyn(),
    }
}
