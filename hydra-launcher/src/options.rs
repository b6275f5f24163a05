//! The table of options: names, values, scope and help text. `-help` and the parser both come from it.
//!
//! Names match as Hydra's do: one or two dashes, any case, `-name value` or `-name=value`.

use std::fmt::Write as _;

/// What an option means to the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionId {
    /// Number of ranks of a segment.
    Count,
    /// Environment variable of one segment.
    Env,
    /// Environment variable of all segments.
    GlobalEnv,
    /// Working directory.
    WorkDir,
    /// Host list on the command line.
    Hosts,
    /// Host list in a file.
    HostFile,
    /// Ranks per host.
    PerNode,
    /// Tasks beside the ranks.
    NoRank,
    /// Prefix output lines with the rank.
    PrependRank,
    /// Run on the plain MPI library.
    NoShim,
    /// Refuse what cannot be a task.
    RequireTasks,
    /// Write a page about the run.
    Report,
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
    /// Print the version, the libraries and the settings in force.
    Info,
}

/// Which ranks an option holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All ranks, wherever it stands.
    Global,
    /// The ranks of the segment it stands in.
    Local,
}

/// One row of the table.
#[derive(Debug)]
pub struct OptionSpec {
    /// Its meaning.
    pub id: OptionId,
    /// Names without dashes, the first one is shown in messages.
    pub names: &'static [&'static str],
    /// Placeholders of its values; the length is its arity.
    pub values: &'static [&'static str],
    /// Whom it concerns.
    pub scope: Scope,
    /// Help text, one line or several.
    pub help: &'static str,
}

/// All options, in the order of the help text.
pub const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        id: OptionId::Count,
        names: &["n", "np"],
        values: &["COUNT"],
        scope: Scope::Local,
        help: "number of ranks that run the program (default 1)",
    },
    OptionSpec {
        id: OptionId::Env,
        names: &["env"],
        values: &["NAME", "VALUE"],
        scope: Scope::Local,
        help: "environment variable for these ranks; also -env NAME=VALUE",
    },
    OptionSpec {
        id: OptionId::GlobalEnv,
        names: &["genv"],
        values: &["NAME", "VALUE"],
        scope: Scope::Global,
        help: "environment variable for all ranks; -env overrides it",
    },
    OptionSpec {
        id: OptionId::WorkDir,
        names: &["wdir"],
        values: &["DIR"],
        scope: Scope::Local,
        help: "working directory, from this segment on; a relative program path starts there",
    },
    OptionSpec {
        id: OptionId::NoRank,
        names: &["no-rank"],
        values: &[],
        scope: Scope::Local,
        help: "tasks of the same address space that are no ranks of MPI_COMM_WORLD; the job survives their failure",
    },
    OptionSpec {
        id: OptionId::Hosts,
        names: &["hosts", "host", "hostlist"],
        values: &["HOST[:COUNT],..."],
        scope: Scope::Global,
        help: "hosts to run on, each with the ranks it takes before the next one gets some (default 1)",
    },
    OptionSpec {
        id: OptionId::HostFile,
        names: &["f", "hostfile", "machinefile", "machine", "machines", "machinelist"],
        values: &["FILE"],
        scope: Scope::Global,
        help: "file with a line HOST[:COUNT] [user=NAME] [binding=KIND] per host (also HYDRA_HOST_FILE)",
    },
    OptionSpec {
        id: OptionId::PerNode,
        names: &["ppn"],
        values: &["COUNT"],
        scope: Scope::Global,
        help: "ranks each host takes before the next one gets some, whatever the host list says",
    },
    OptionSpec {
        id: OptionId::PrependRank,
        names: &["prepend-rank", "l"],
        values: &[],
        scope: Scope::Global,
        help: "begin each line of output with [rank]",
    },
    OptionSpec {
        id: OptionId::NoShim,
        names: &["no-shim"],
        values: &[],
        scope: Scope::Global,
        help: "run on the plain MPI library, without libpip_mpi.so (as PIP_MPI_SHIM=off does)",
    },
    OptionSpec {
        id: OptionId::RequireTasks,
        names: &["require-tasks"],
        values: &[],
        scope: Scope::Global,
        help: "refuse a program that cannot be a task, instead of running it as an ordinary process with a warning",
    },
    OptionSpec {
        id: OptionId::Report,
        names: &["report"],
        values: &["FILE"],
        scope: Scope::Global,
        help: "write a page (HTML) about the run: time in MPI, messages by size and way, who sent to whom",
    },
    OptionSpec {
        id: OptionId::Help,
        names: &["help", "h"],
        values: &[],
        scope: Scope::Global,
        help: "print this text",
    },
    OptionSpec {
        id: OptionId::Version,
        names: &["version"],
        values: &[],
        scope: Scope::Global,
        help: "print the version",
    },
    OptionSpec {
        id: OptionId::Info,
        names: &["info"],
        values: &[],
        scope: Scope::Global,
        help: "print the version, the library of the ranks, and every setting with its value and meaning",
    },
];

/// The option of this name (without dashes), in any case.
pub fn find(name: &str) -> Option<&'static OptionSpec> {
    OPTIONS.iter().find(|option| option.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// The known name that takes the fewest edits to reach from `name`; of equals the first of the table.
pub fn nearest(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    OPTIONS
        .iter()
        .flat_map(|option| option.names)
        .min_by_key(|known| edit_distance(&name, known))
        .copied()
        .unwrap_or("help")
}

/// Levenshtein distance in bytes.
fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The text of `-help`, generated from the table.
pub fn help() -> String {
    let mut text = String::from(
        "Usage: pip-mpiexec [options] program [arguments] [: [options] program [arguments]] ...\n\n\
         Runs MPI programs as tasks of one address space. A ':' separates the programs of an MPMD job.\n",
    );
    for (scope, title) in [(Scope::Local, "Options of one segment"), (Scope::Global, "Options for all ranks")] {
        let _ = write!(text, "\n{title}:\n");
        for option in OPTIONS.iter().filter(|option| option.scope == scope) {
            let names: Vec<String> = option.names.iter().map(|name| format!("-{name}")).collect();
            let left = format!("{} {}", names.join(", "), option.values.join(" "));
            let _ = writeln!(text, "  {left:<26} {}", option.help);
        }
    }
    text.push_str(
        "\nNames may have two dashes and any case; -name=value is the same as -name value.\n\
         Environment: PIP_MPI_SHIM=off (as -no-shim), PIP_MPI_LIB (path of libpip_mpi.so),\n\
         PIP_MPI_REPORT=FILE (as -report FILE).\n\
         Exit status: that of the ranks (OR of all; a signal's number if one was killed), 2 wrong usage,\n\
         126 the program cannot be run, 127 no such program.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_in_any_case() {
        let names: Vec<_> = OPTIONS.iter().flat_map(|option| option.names).collect();
        for name in &names {
            assert_eq!(names.iter().filter(|other| other == &name).count(), 1);
            assert!(find(&name.to_uppercase()).is_some());
        }
    }

    #[test]
    fn nearest_finds_the_typo() {
        assert_eq!(nearest("wdri"), "wdir");
        assert_eq!(nearest("GENVV"), "genv");
        assert_eq!(nearest("prepend_rank"), "prepend-rank");
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }

    #[test]
    fn help_names_every_option() {
        let text = help();
        for option in OPTIONS {
            assert!(option.names.iter().all(|name| text.contains(&format!("-{name}"))));
            assert!(text.contains(option.help));
        }
    }
}
