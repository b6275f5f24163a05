//! Standard output in whole lines, so that a launcher that forwards lines shows rows as they are measured.

use std::io::Write;

/// Writes `text` to standard output and flushes it.
///
/// When the reader went away (`osu_latency | head`) nobody is left to measure for: the program ends with code 1, and
/// the launcher ends its peers.
pub fn emit(text: &str) {
    let mut out = std::io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}
