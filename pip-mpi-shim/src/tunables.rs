//! Every number and switch a user may set, in one table: environment variable, default, unit, meaning.

use crate::collective::meeting::Rules;
use crate::rendezvous::Sharing;
use core::ffi::c_char;
use std::ffi::CString;
use std::fmt::Write as _;
use std::sync::OnceLock;

/// One setting.
#[derive(Debug)]
pub struct Tunable {
    /// The environment variable.
    pub name: &'static str,
    /// Value when the variable is not set.
    pub default: usize,
    /// Bytes, rounds, ...
    pub unit: &'static str,
    /// One sentence.
    pub help: &'static str,
}

macro_rules! tunables {
    ($($field:ident: $name:literal = $default:expr, $unit:literal, $help:literal;)*) => {
        /// All settings, in the order of [`Values`].
        pub const TABLE: &[Tunable] = &[$(Tunable { name: $name, default: $default, unit: $unit, help: $help }),*];

        /// The settings in force.
        #[derive(Debug, Clone, Copy)]
        pub struct Values {
            $(#[doc = $help] pub $field: usize,)*
        }

        impl Values {
            fn from_environment() -> Values {
                let mut table = TABLE.iter();
                Values { $($field: read({ stringify!($field); table.next() }),)* }
            }
        }
    };
}

tunables! {
    eager_max: "PIP_MPI_EAGER_MAX" = 16 << 10, "bytes",
        "Standard sends up to this size never wait for their receiver; longer ones until it has copied the data. To other address spaces longer data of messages, MPI_Put and MPI_Get move by themselves.";
    copy_max: "PIP_MPI_COPY_MAX" = 512, "bytes",
        "Non-blocking sends up to this size are copied through the mailbox even if the receiver is quick to fetch; up to 528 bytes all are.";
    ring_bytes: "PIP_MPI_RING_BYTES" = 16 << 10, "bytes",
        "First size of the payload ring of a pair of ranks; it grows when it is full.";
    ring_bytes_max: "PIP_MPI_RING_BYTES_MAX" = 256 << 10, "bytes",
        "Size beyond which a payload ring does not grow; further ones are linked behind it.";
    scan_max: "PIP_MPI_SCAN_MAX" = 16, "ranks",
        "A rank looks into the mailboxes of up to this many senders; more have to mark that they have sent.";
    share_min: "PIP_MPI_SHARE_MIN" = 24 << 10, "bytes",
        "Messages of blocking sends are copied by both sides together from this size on (with a core per rank).";
    halve_min: "PIP_MPI_HALVE_MIN" = 32 << 10, "bytes",
        "The same for messages of non-blocking sends to posted receives: the second half is left to the sender.";
    share_chunk: "PIP_MPI_SHARE_CHUNK" = 16 << 10, "bytes",
        "Bytes that sender or receiver take at a time in a shared copy, at least; whole pages.";
    share_lead: "PIP_MPI_SHARE_LEAD" = 4 << 10, "bytes",
        "What the receiver takes of a shared copy beyond half of it, since the sender begins later.";
    huge_min: "PIP_MPI_HUGE_MIN" = 16 << 20, "bytes",
        "Windows whose memory the library allocates get large pages from this size on (info key pip_huge_pages: true or false).";
    spin: "PIP_MPI_SPIN" = 20_000, "rounds",
        "Polls before a waiting rank yields its core; with more ranks than cores it sleeps at once.";
    collectives: "PIP_MPI_COLLECTIVES" = 1, "0 or 1",
        "0 leaves collective operations to MPICH. The same for all ranks.";
    flat_max: "PIP_MPI_FLAT_MAX" = 16, "ranks",
        "In communicators of up to this many ranks each looks at all others in a collective operation (with a core per rank); in larger ones they are counted.";
    card_max: "PIP_MPI_CARD_MAX" = 472, "bytes",
        "Data of collective operations up to this size, at most 472, stands beside the flag that tells of it; peers fetch longer data from its owner's buffer.";
    slice_min: "PIP_MPI_SLICE_MIN" = 512, "bytes",
        "Long data of a reduction is cut into slices of at least this size, one for each rank.";
    node_collectives: "PIP_MPI_NODE_COLLECTIVES" = 2, "0, 1 or 2",
        "In communicators with ranks on several nodes collective operations are left to MPICH by 0, if no two ranks share a node by 1, never by 2. The same for all ranks.";
    node_slice: "PIP_MPI_NODE_SLICE" = 4 << 10, "bytes",
        "Long data of a collective operation on several nodes is cut into slices of at least this size, one for each rank of a node. The same for all ranks.";
    node_block: "PIP_MPI_NODE_BLOCK" = 1 << 10, "bytes",
        "Blocks of an MPI_Alltoall on several nodes of up to this size go together: those of all ranks of a node to one rank. The same for all ranks.";
    node_split: "PIP_MPI_NODE_SPLIT" = 16 << 10, "bytes",
        "With more than two nodes, each node relays a part of a broadcast, and combines a part of a reduction, of at least this size; shorter ones take one step. The same for all ranks.";
    wait: "PIP_MPI_WAIT" = 0, "auto, spin, yield or block",
        "How a rank waits: auto spins while the awake ranks have a core each, then sleeps; the others do one thing only.";
    stats: "PIP_MPI_STATS" = 0, "0 or 1",
        "Print per rank, at MPI_Finalize, how many messages and bytes went which way.";
}

/// All settings with their values in this environment, as lines of text.
pub fn describe() -> String {
    let mut text = "Settings (environment variables; sizes may end in k, m or g):\n".to_owned();
    for tunable in TABLE {
        let value = read(Some(tunable));
        let (shown, default) = (tunable.show(value), tunable.show(tunable.default));
        let origin = if value == tunable.default { String::new() } else { format!(" (default {default})") };
        let unit = if tunable.is_choice() { format!("({})", tunable.unit) } else { tunable.unit.to_owned() };
        let _ = writeln!(text, "  {} = {shown} {unit}{origin}\n      {}", tunable.name, tunable.help);
    }
    text
}

/// The same for other programs, which load this library to ask; the text lives for good.
#[unsafe(no_mangle)]
pub extern "C" fn pip_mpi_settings() -> *const c_char {
    CString::new(describe()).unwrap_or_default().into_raw()
}

fn read(tunable: Option<&'static Tunable>) -> usize {
    let Some(tunable) = tunable else { return 0 };
    let Ok(text) = std::env::var(tunable.name) else { return tunable.default };
    let value = if tunable.is_choice() { choice(&text) } else { parse(&text) };
    match value {
        Some(value) => value,
        None => {
            eprintln!(
                "pip-mpi: {}={text:?} is not {}{}; using {}",
                tunable.name,
                if tunable.is_choice() { "" } else { "a number of " },
                tunable.unit,
                tunable.show(tunable.default)
            );
            tunable.default
        }
    }
}

/// How a rank waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Spins while there is a core per awake rank, then sleeps.
    Auto,
    /// Spins.
    Spin,
    /// Lets others run after each look.
    Yield,
    /// Sleeps at once.
    Block,
}

const WAITS: [(&str, Wait); 4] =
    [("auto", Wait::Auto), ("spin", Wait::Spin), ("yield", Wait::Yield), ("block", Wait::Block)];

/// The setting `PIP_MPI_WAIT`.
#[inline]
pub fn wait() -> Wait {
    WAITS[get().wait].1
}

fn choice(text: &str) -> Option<usize> {
    WAITS.iter().position(|(word, _)| word.eq_ignore_ascii_case(text.trim()))
}

impl Tunable {
    fn is_choice(&self) -> bool {
        self.name == "PIP_MPI_WAIT"
    }

    /// A value as users write it.
    fn show(&self, value: usize) -> String {
        if self.is_choice() { WAITS[value].0.to_owned() } else { value.to_string() }
    }
}

/// A decimal number, with the suffixes k, m and g for powers of 1024.
fn parse(text: &str) -> Option<usize> {
    let text = text.trim();
    let shift = match text.bytes().last()?.to_ascii_lowercase() {
        b'k' => 10,
        b'm' => 20,
        b'g' => 30,
        _ => 0,
    };
    let digits = if shift > 0 { &text[..text.len() - 1] } else { text };
    digits.parse::<usize>().ok()?.checked_mul(1 << shift)
}

impl Values {
    /// How long messages are copied by both sides.
    pub fn sharing(&self) -> Sharing {
        Sharing { least: self.share_min, chunk: self.share_chunk, lead: self.share_lead }
    }

    /// How the ranks of a communicator that this rank makes work together.
    pub fn rules(&self) -> Rules {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let (flat_max, card_max) = (number(self.flat_max), number(self.card_max));
        Rules { flat_max, card_max, slice_min: number(self.slice_min).max(1) }
    }
}

/// The settings of this process, read once.
pub fn get() -> &'static Values {
    static VALUES: OnceLock<Values> = OnceLock::new();
    VALUES.get_or_init(|| {
        let mut values = Values::from_environment();
        values.ring_bytes = values.ring_bytes.clamp(4096, 1 << 30).next_power_of_two();
        values.ring_bytes_max = values.ring_bytes_max.clamp(values.ring_bytes, 1 << 30).next_power_of_two();
        values.eager_max = values.eager_max.min(1 << 24);
        values.copy_max = values.copy_max.min(1 << 24);
        values
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_read_with_their_suffixes() {
        let cases =
            [("0", Some(0)), ("17", Some(17)), ("64k", Some(65536)), ("2M", Some(2 << 20)), (" 1g ", Some(1 << 30))];
        cases.iter().for_each(|&(text, value)| assert_eq!(super::parse(text), value, "{text}"));
        ["", "k", "-1", "x", "1kk", "99999999999999999999"]
            .iter()
            .for_each(|text| assert_eq!(super::parse(text), None));
    }
}
