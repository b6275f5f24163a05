//! A frame: the concentration of v in colours, with the isoline drawn over it.

use crate::statistics::Piece;
use anyhow::{Context, Result};
use plotters::style::RGBColor;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// The value of v that gets the last colour.
const BRIGHTEST: f32 = 0.4;
/// The colour of the line, after those of values.
const LINE: u8 = 255;

/// An image being made.
pub struct Picture {
    width: usize,
    /// One byte per point: the number of a colour.
    pixels: Vec<u8>,
    /// Red, green and blue of all colours.
    palette: Vec<u8>,
}

impl Picture {
    /// With the colours made once.
    pub fn new() -> Picture {
        let colour = |value| {
            let RGBColor(red, green, blue) =
                ViridisRGB.get_color_normalized(f32::from(value), 0.0, f32::from(LINE - 1));
            [red, green, blue]
        };
        Picture { width: 0, pixels: Vec::new(), palette: (0..LINE).flat_map(colour).chain([255; 3]).collect() }
    }

    /// Colours all points.
    pub fn fill(&mut self, rows: &[&[f64]]) {
        self.width = rows.first().map_or(0, |row| row.len());
        self.pixels.clear();
        let colour =
            |value: &f64| (*value as f32 / BRIGHTEST * f32::from(LINE - 1)).clamp(0.0, f32::from(LINE - 1)) as u8;
        self.pixels.extend(rows.iter().copied().flatten().map(colour));
    }

    /// Draws a piece of a line, which is shorter than two points.
    pub fn draw(&mut self, [(x0, y0), (x1, y1)]: Piece) {
        let pixel = ((y0 + y1) / 2.0).round() as usize * self.width + ((x0 + x1) / 2.0).round() as usize;
        if let Some(pixel) = self.pixels.get_mut(pixel) {
            *pixel = LINE;
        }
    }

    /// Writes it as a PNG file.
    pub fn save(&self, path: &Path) -> Result<()> {
        let cannot = || format!("{} cannot be written", path.display());
        let file = File::create(path).with_context(cannot)?;
        let height = self.pixels.len().checked_div(self.width).unwrap_or(0);
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width as u32, height as u32);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(&self.palette);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().with_context(cannot)?;
        writer.write_image_data(&self.pixels).with_context(cannot)?;
        writer.finish().with_context(cannot)
    }
}
