//! The options, as one table: it parses, and it prints `-help`.

use super::Options;
use super::values::*;

pub(super) struct Opt {
    pub name: &'static str,
    pub value: &'static str,
    pub help: &'static [&'static str],
    pub set: fn(&mut Options, &str) -> Option<()>,
}

/// Sets what is on or off.
macro_rules! switch {
    ($field:ident) => {
        |options, text| {
            options.$field = flag(text)?;
            Some(())
        }
    };
}

pub(super) const OPTIONS: &[Opt] = &[
    Opt {
        name: "thread_level",
        value: "single|funneled|serialized|multiple",
        help: &["the level MPI is initialised with (default single)"],
        set: thread_level,
    },
    Opt { name: "input", value: "filename", help: &["a file with names of benchmarks, one a line"], set: input },
    Opt {
        name: "include",
        value: "benchmark[,benchmark,[...]]",
        help: &["benchmarks to run besides the default ones or the named ones"],
        set: include,
    },
    Opt { name: "exclude", value: "benchmark[,benchmark,[...]]", help: &["benchmarks not to run"], set: exclude },
    Opt {
        name: "npmin",
        value: "NPmin",
        help: &["the smallest number of processes (default 2): it is doubled until all run"],
        set: npmin,
    },
    Opt {
        name: "multi",
        value: "MultiMode",
        help: &[
            "0 or 1: all groups of so many processes run at once (default: one, the others wait)",
            "0: one row for all groups; 1: a row for each",
        ],
        set: multi,
    },
    Opt {
        name: "window_size",
        value: "WindowSize",
        help: &["messages of a window of Uniband and Biband (default 256)"],
        set: window_size,
    },
    Opt {
        name: "off_cache",
        value: "cache_size[,cache_line_size]",
        help: &[
            "every repetition uses another part of buffers of twice this size in MBytes, two lines apart",
            "-1: 8 MBytes and 64 bytes",
        ],
        set: off_cache,
    },
    Opt {
        name: "iter",
        value: "msgspersample[,overall_vol[,msgs_nonaggr]]",
        help: &[
            "repetitions, and MBytes per sample, at most (default 1000,40)",
            "third: repetitions at most where each operation completes alone (default: as the first)",
        ],
        set: iter,
    },
    Opt {
        name: "iter_policy",
        value: "iter_policy",
        help: &[
            "dynamic: not longer than -time (default); multiple_np: a multiple of the processes;",
            "auto: multiple_np for benchmarks with a root, dynamic for others; off: as -iter says",
        ],
        set: policy,
    },
    Opt { name: "time", value: "max_runtime per sample", help: &["in seconds (default 10)"], set: time },
    Opt {
        name: "mem",
        value: "max. per process memory for overall message buffers",
        help: &["in GBytes (default 1)"],
        set: memory,
    },
    Opt { name: "msglen", value: "Lengths_file", help: &["a file with message lengths, one a line"], set: msglen },
    Opt { name: "msgsize", value: "Lengths list", help: &["message lengths, with commas"], set: msgsize },
    Opt {
        name: "map",
        value: "PxQ",
        help: &["numbers the first P*Q processes column by column of a grid, Q of them by one of P"],
        set: map,
    },
    Opt {
        name: "msglog",
        value: "min_msglog:max_msglog",
        help: &["message lengths 2^min to 2^max and 0, or only max (default 0:22)"],
        set: msglog,
    },
    Opt {
        name: "root_shift",
        value: "on or off",
        help: &["whether every repetition of a collective operation has another root (default off)"],
        set: switch!(root_shift),
    },
    Opt {
        name: "sync",
        value: "on or off",
        help: &["whether the processes start each repetition of a collective operation together (default on)"],
        set: switch!(sync),
    },
    Opt {
        name: "imb_barrier",
        value: "on or off",
        help: &["whether they do so by a barrier of messages instead of MPI_Barrier (default off)"],
        set: switch!(own_barrier),
    },
    Opt {
        name: "data_type",
        value: "data type",
        help: &["byte, char, int, float or double (default byte)"],
        set: data_type,
    },
    Opt {
        name: "red_data_type",
        value: "data type for reductions",
        help: &["char, int, float or double (default float)"],
        set: reduction_type,
    },
    Opt {
        name: "zero_size",
        value: "on or off",
        help: &["whether size 0 is measured (default on)"],
        set: switch!(zero_size),
    },
    Opt {
        name: "warm_up",
        value: "on or off",
        help: &["whether there are repetitions before the clock starts (default on)"],
        set: switch!(warm_up),
    },
    Opt {
        name: "check",
        value: "on or off",
        help: &["checks the data of a repetition of each sample, and adds the column defects (default off)"],
        set: switch!(check),
    },
];
