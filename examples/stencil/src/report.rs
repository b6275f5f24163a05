//! What rank 0 prints.

use std::time::Duration;

use crate::cart::Cart;
use crate::limit::BYTES;
use crate::options::{Options, Variant};
use crate::usage::{AddressSpaces, PageTables};

/// What was measured of a variant.
pub struct Row {
    pub variant: Variant,
    /// All iterations, from a barrier to a barrier.
    pub seconds: f64,
    /// Minor page faults of all ranks, from allocating to the last iteration.
    pub faults: u64,
    pub page_tables: PageTables,
    /// Points that differ from the serial run's, if there was one.
    pub differing: Option<u64>,
    pub checksum: u64,
}

/// The printer.
pub struct Report<'a> {
    pub options: &'a Options,
    /// Only rank 0 prints.
    pub shown: bool,
}

impl Report<'_> {
    fn print(&self, text: &str) {
        if self.shown {
            println!("{text}");
        }
    }

    /// What will be computed, and by whom.
    pub fn problem(&self, cart: &Cart, spaces: &AddressSpaces) {
        let Options { size, iterations, .. } = self.options;
        let [rows, columns] = cart.dims;
        let count = spaces.count;
        let address_spaces = match (spaces.known, count) {
            (false, _) => format!("{count} address spaces assumed, as the kernel refuses kcmp"),
            (true, 1) => "1 address space".to_owned(),
            (true, _) => format!("{count} address spaces"),
        };
        self.print(&format!(
            "{size} x {size} points, {iterations} iterations, {rows} x {columns} ranks in {address_spaces}"
        ));
    }

    /// That the shared variant does not run.
    pub fn left_out(&self, together: i32, all: i32) {
        self.print(&format!("shared is left out: only {together} of {all} ranks can share memory with rank 0"));
    }

    /// How long the serial run took.
    pub fn serial(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let each = seconds / self.options.iterations as f64;
        self.print(&format!("serial run on rank 0: {seconds:.3} s, {} ms an iteration", digits(each * 1e3)));
    }

    /// The table, and how its limit was measured.
    pub fn table(&self, rows: &[Row], rates: &[f64]) {
        let limit = rates.iter().copied().fold(0.0, f64::max);
        let least = rates.iter().copied().fold(limit, f64::min);
        let bytes = (self.options.points() * BYTES) as f64;
        self.print("");
        self.print("variant       time s   ms/iteration      GB/s   of limit   minor faults   VmPTE KiB");
        for row in rows {
            let iteration = row.seconds / self.options.iterations as f64;
            let rate = bytes / iteration / 1e9;
            self.print(&format!(
                "{:<9}{:>11.3}{:>15}{:>10.2}{:>9.0} %{:>15}{:>12}",
                row.variant.name(),
                row.seconds,
                digits(iteration * 1e3),
                rate,
                100.0 * rate / limit,
                row.faults,
                row.page_tables.kilobytes.map_or("unknown".to_owned(), |number| number.to_string()),
            ));
        }
        self.print(&format!("{:<9}{:>36.2}\n", "limit", limit));
        self.print(&format!(
            "GB/s: {BYTES} bytes a point, 8 read, 8 written and 8 fetched before they are written.\n\
             limit: all ranks read one array and write another of their parts' sizes; best of {}, the worst is {least:.2}.\n\
             minor faults: all ranks, from allocation to the last iteration. VmPTE: each address space counted once.",
            rates.len()
        ));
    }

    /// What was compared with what, all of it being equal.
    pub fn verdict(&self, rows: &[Row]) {
        let points = self.options.points();
        let names: Vec<_> = rows.iter().map(|row| row.variant.name()).collect();
        let names = names.join(", ");
        let compared = match (self.options.check, rows.len()) {
            (true, _) => format!("{names}: all {points} points equal the serial run's to the last bit"),
            (false, 1) => format!("{names}: compared with nothing"),
            (false, _) => format!("{names}: compared by checksum with each other only, and equal"),
        };
        self.print(&format!("{compared}.\nchecksum {:016x}", rows.first().map_or(0, |row| row.checksum)));
    }
}

/// Four significant digits.
fn digits(number: f64) -> String {
    let places = (3 - number.max(1e-6).log10().floor() as i32).clamp(0, 6);
    format!("{number:.*}", places as usize)
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn numbers_keep_four_digits() {
        for (number, text) in [(61.234_56, "61.23"), (0.012_345, "0.01235"), (12_345.6, "12346"), (0.0, "0.000000")] {
            assert_eq!(digits(number), text);
        }
    }
}
