//! What happened over time: the means of both substances, and the length of the isoline.

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::path::Path;

/// Of one step.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// The step.
    pub step: u64,
    /// The means.
    pub means: [f64; 2],
    /// The isoline's length in spacings of the grid.
    pub length: f64,
}

/// Draws the points into an SVG file.
pub fn save(path: &Path, points: &[Point]) -> Result<()> {
    draw(path, points).map_err(|error| anyhow!("{} cannot be written: {error}", path.display()))
}

fn draw(path: &Path, points: &[Point]) -> Result<(), Box<dyn std::error::Error>> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
    let steps = first.step as f64..last.step.max(first.step + 1) as f64;
    let longest = points.iter().map(|point| point.length).fold(1.0, f64::max);
    register_font("sans-serif", FontStyle::Normal, notosans::REGULAR_TTF).map_err(|_| "the font is damaged")?;
    let root = SVGBackend::new(path, (800, 450)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .margin(15)
        .x_label_area_size(45)
        .y_label_area_size(55)
        .right_y_label_area_size(70)
        .caption("Seen of the simulation", ("sans-serif", 20))
        .build_cartesian_2d(steps.clone(), 0.0..1.0)?
        .set_secondary_coord(steps, 0.0..longest * 1.1);
    chart.configure_mesh().x_desc("step").y_desc("mean concentration").light_line_style(TRANSPARENT).draw()?;
    chart.configure_secondary_axes().y_desc("length of the isoline, points").draw()?;
    for (species, (name, colour)) in [("mean of u", BLUE), ("mean of v", RED)].into_iter().enumerate() {
        let line = points.iter().map(|point| (point.step as f64, point.means[species]));
        let drawn = chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
        drawn.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    }
    let line = points.iter().map(|point| (point.step as f64, point.length));
    let drawn = chart.draw_secondary_series(LineSeries::new(line, BLACK.stroke_width(2)))?;
    drawn.label("isoline").legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], BLACK.stroke_width(2)));
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}
