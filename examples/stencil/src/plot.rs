//! The heat map: a PNG file with title, axes and colour bar.

use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use crate::options::Options;
use crate::picture::{CELLS, Picture};

const WIDTH: u32 = LEFT + MAP + GAP + BAR + BAR_LABELS;
const HEIGHT: u32 = TITLE + MAP + AXIS + 8;
/// Pixels of the map per side: a cell of a large field is one.
const MAP: u32 = CELLS as u32;
const TITLE: u32 = 56;
/// Labels of the axes.
const AXIS: u32 = 60;
const LEFT: u32 = AXIS + 14;
const GAP: u32 = 28;
const BAR: u32 = 22;
const BAR_LABELS: u32 = 66;
const INK: RGBColor = RGBColor(40, 40, 48);

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// Checks, before anything is computed, that `file` can be written.
///
/// # Errors
/// If it cannot.
pub fn try_file(file: &Path) -> Result<()> {
    let opened = File::options().create(true).truncate(false).write(true).open(file);
    opened.map(drop).with_context(|| format!("--plot {}: the file cannot be written", file.display()))
}

/// Draws the field.
///
/// # Errors
/// If the file cannot be written.
pub fn draw(picture: &Picture, options: &Options, file: &Path) -> Result<()> {
    let mut pixels = vec![255; (WIDTH * HEIGHT * 3) as usize];
    paint(picture, options, &mut pixels)
        .with_context(|| format!("--plot {}: the field cannot be drawn", file.display()))?;
    write(&pixels, file).with_context(|| format!("--plot {}: the file cannot be written", file.display()))
}

fn write(pixels: &[u8], file: &Path) -> Result<()> {
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(file)?), WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    // A map has few colours, each in runs: differences of neighbouring pixels would have more.
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    Ok(writer.finish()?)
}

fn paint(picture: &Picture, options: &Options, pixels: &mut [u8]) -> Result<()> {
    // A font of our own: which ones a machine has, and where, is its matter.
    register_font("sans-serif", FontStyle::Normal, notosans::REGULAR_TTF)
        .map_err(|_| anyhow!("the font is damaged"))?;
    let root = BitMapBackend::with_buffer(pixels, (WIDTH, HEIGHT)).into_drawing_area();
    let title = format!(
        "Heat on a plate of {size} x {size} points after {} sweeps",
        grouped(options.iterations),
        size = grouped(options.size)
    );
    root.draw_text(&title, &style(26), (LEFT as i32, 16))?;
    let (left, right) = root.split_horizontally(LEFT + MAP + GAP);
    map(&left.margin(TITLE, 8, LEFT - AXIS, GAP), picture, options.size)?;
    bar(&right.margin(TITLE, AXIS + 8, 0, 6), picture.range())?;
    root.present()?;
    Ok(())
}

fn style(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// The field, row 0 at the top.
fn map(area: &Area<'_>, picture: &Picture, size: usize) -> Result<()> {
    let mut chart = ChartBuilder::on(area)
        .x_label_area_size(AXIS)
        .y_label_area_size(AXIS)
        .build_cartesian_2d(0.0..size as f64, size as f64..0.0)?;
    let (low, high) = picture.range();
    let (width, height) = chart.plotting_area().dim_in_pixel();
    let mut colors = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let cell = |pixel: u32, pixels: u32| pixel as usize * picture.side / pixels as usize;
            let value = picture.cells[cell(y, height) * picture.side + cell(x, width)];
            colors.extend(color((value - low) / (high - low)));
        }
    }
    let element =
        BitMapElement::with_owned_buffer((0.0, 0.0), (width, height), colors).context("a bitmap of another size")?;
    chart.plotting_area().draw(&element)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc("column")
        .y_desc("row")
        .x_labels(9)
        .y_labels(9)
        .x_label_formatter(&|&value| grouped(value as usize))
        .y_label_formatter(&|&value| grouped(value as usize))
        .label_style(style(17))
        .axis_desc_style(style(19))
        .axis_style(INK)
        .draw()?;
    Ok(())
}

/// The colours and their temperatures.
fn bar(area: &Area<'_>, (low, high): (f64, f64)) -> Result<()> {
    let (width, _) = area.dim_in_pixel();
    let mut chart = ChartBuilder::on(area)
        .set_label_area_size(LabelAreaPosition::Right, width - BAR)
        .build_cartesian_2d(0.0..1.0, low..high)?;
    let (width, height) = chart.plotting_area().dim_in_pixel();
    let colors = (0..height).flat_map(|y| color(1.0 - f64::from(y) / f64::from(height - 1)).repeat(width as usize));
    let element = BitMapElement::with_owned_buffer((0.0, high), (width, height), colors.collect())
        .context("a bitmap of another size")?;
    chart.plotting_area().draw(&element)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_x_axis()
        .set_tick_mark_size(LabelAreaPosition::Right, 8)
        .y_desc("temperature")
        .y_labels(9)
        .y_label_formatter(&|value| format!("{value:.0}"))
        .label_style(style(17))
        .axis_desc_style(style(19))
        .axis_style(INK)
        .draw()?;
    Ok(())
}

/// Red, green and blue of a part of the range: equal steps look equal.
fn color(part: f64) -> [u8; 3] {
    // 256 steps look continuous and keep the file small.
    let colorous::Color { r, g, b } = colorous::INFERNO.eval_rational((part.clamp(0.0, 1.0) * 255.0) as usize, 256);
    [r, g, b]
}

/// A number with its thousands apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
