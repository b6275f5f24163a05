//! Samples by row and column, and the table of their medians.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use std::collections::BTreeMap;

/// A part of the table.
pub struct Section {
    title: &'static str,
    columns: &'static [&'static str],
    rows: Vec<String>,
    samples: BTreeMap<(usize, usize), Vec<f64>>,
}

impl Section {
    /// An empty one. Columns whose name begins with `ratio` are printed as factors.
    pub fn new(title: &'static str, columns: &'static [&'static str]) -> Section {
        Section { title, columns, rows: Vec::new(), samples: BTreeMap::new() }
    }

    /// Adds a sample; rows come in the order in which they were first seen.
    pub fn add(&mut self, row: &str, column: &str, value: f64) {
        let row = self.rows.iter().position(|known| known == row).unwrap_or_else(|| {
            self.rows.push(row.to_owned());
            self.rows.len() - 1
        });
        if let Some(column) = self.columns.iter().position(|known| *known == column) {
            self.samples.entry((row, column)).or_default().push(value);
        }
    }

    /// The median of what was added.
    pub fn median(&self, row: &str, column: &str) -> Option<f64> {
        let row = self.rows.iter().position(|known| known == row)?;
        let column = self.columns.iter().position(|known| *known == column)?;
        median(self.samples.get(&(row, column))?)
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table of medians.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(NOTHING);
        table.set_header([self.title].iter().chain(self.columns));
        for row in &self.rows {
            let cells = self.columns.iter().map(|column| match self.median(row, column) {
                None => "-".to_owned(),
                Some(value) if column.starts_with("ratio") => format!("{} x", number(value)),
                Some(value) => number(value),
            });
            table.add_row([row.clone()].into_iter().chain(cells));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.trim_fmt()
    }
}

/// The middle one; of an even number, the mean of the middle two. None of none.
pub fn median(samples: &[f64]) -> Option<f64> {
    quantile(samples, 0.5)
}

/// What this part of the samples is below, interpolated between two of them. None of none.
pub fn quantile(samples: &[f64], part: f64) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = part * sorted.len().checked_sub(1)? as f64;
    let (lower, upper) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(lower + (upper - lower) * place.fract())
}

/// Three significant digits, but whole numbers from 100 on.
pub fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 99.95 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
