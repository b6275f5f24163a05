//! The options of the launcher: `table` holds them, `help` prints them, the parser in `command_line` obeys them.
//!
//! Names match as Hydra's do: one or two dashes, any case, `-name value` or `-name=value`.

mod help;
mod table;

pub use help::{help, help_of, manual};
pub use table::OPTIONS;

/// What an option means to the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OptionId {
    /// Number of ranks of a segment.
    Count,
    /// Folders to look for the program in.
    Path,
    /// Working directory.
    WorkDir,
    /// Tasks beside the ranks.
    NoRank,
    /// File with the segments.
    ConfigFile,
    /// Environment variable of one segment.
    Env,
    /// Variables of the caller that one segment gets.
    EnvList,
    /// One segment gets no variables of the caller.
    EnvNone,
    /// One segment gets all variables of the caller.
    EnvAll,
    /// Environment variable of all segments.
    GlobalEnv,
    /// Variables of the caller that all segments get.
    GlobalEnvList,
    /// No segment gets variables of the caller.
    GlobalEnvNone,
    /// All segments get all variables of the caller.
    GlobalEnvAll,
    /// Number of GPUs of each rank.
    GpusPerRank,
    /// Host list on the command line.
    Hosts,
    /// Host list in a file.
    HostFile,
    /// Ranks per host.
    PerNode,
    /// Order of the hosts.
    OrderNodes,
    /// No ranks on this machine.
    SkipLaunchNode,
    /// How agents are started on other hosts.
    Launcher,
    /// The program for that.
    LauncherExec,
    /// Who gives the host list.
    ResourceManager,
    /// Forward X11 to other hosts.
    EnableX,
    /// Do not.
    DisableX,
    /// Network interface.
    Interface,
    /// Name of this machine for other hosts.
    LocalHost,
    /// Tell MPI libraries the name of their host.
    EnableHostnamePropagation,
    /// Do not.
    DisableHostnamePropagation,
    /// Processors of each rank.
    BindTo,
    /// Order in which ranks get them.
    MapBy,
    /// Where the ranks' memory is.
    MemoryBinding,
    /// Topology library.
    TopologyLibrary,
    /// Which ranks read standard input.
    StandardInput,
    /// Prefix output lines with the rank.
    PrependRank,
    /// Prefix output lines with a pattern.
    PrependPattern,
    /// Files for standard output.
    OutFile,
    /// Files for standard error.
    ErrFile,
    /// Only the output of one rank.
    OutputFrom,
    /// Seconds until the job is ended.
    Timeout,
    /// The ranks' exit statuses at the end.
    PrintExitCodes,
    /// The failure of a rank is not the end of the others.
    DisableAutoCleanup,
    /// It is.
    EnableAutoCleanup,
    /// MPI_UNIVERSE_SIZE.
    UniverseSize,
    /// Run on the plain MPI library.
    NoShim,
    /// Refuse what cannot be a task.
    RequireTasks,
    /// Write a page about the run.
    Report,
    /// Say what is started.
    Verbose,
    /// Count PMI requests.
    Profile,
    /// Open gdb on all ranks.
    Gdb,
    /// Run under TotalView.
    TotalView,
    /// Event engine.
    Demux,
    /// A program that was started alone wants a launcher.
    PmiArguments,
    /// PMI over TCP.
    PmiPort,
    /// Name service.
    NameServer,
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
    /// Print the version, the libraries and the settings in force.
    Info,
}

/// Whom an option concerns, and where it stands in the help text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The ranks of the segment it stands in.
    Segment,
    /// All ranks, as the following ones.
    Environment,
    /// Hosts and how they are reached.
    Hosts,
    /// Processors and memory.
    Binding,
    /// Standard streams.
    Streams,
    /// How the job ends.
    Ending,
    /// The MPI library and debugging.
    Running,
    /// Texts about the launcher.
    About,
}

/// The groups in the order of the help text, with their titles.
pub const GROUPS: [(Group, &str); 8] = [
    (Group::Segment, "Options of one program"),
    (Group::Environment, "Environment of all ranks"),
    (Group::Hosts, "Hosts"),
    (Group::Binding, "Processors and memory"),
    (Group::Streams, "Standard input and output"),
    (Group::Ending, "End of the job"),
    (Group::Running, "Running and debugging"),
    (Group::About, "About the launcher"),
];

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
    pub group: Group,
    /// Environment variables that mean the same, if the option is not given.
    pub variables: &'static [&'static str],
    /// Help text, one sentence or several.
    pub help: &'static str,
}

impl PartialEq for OptionSpec {
    fn eq(&self, other: &OptionSpec) -> bool {
        self.id == other.id
    }
}

/// The option of this name (without dashes), in any case.
pub fn find(name: &str) -> Option<&'static OptionSpec> {
    OPTIONS.iter().find(|option| option.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// The row with this meaning.
pub fn row(id: OptionId) -> Option<&'static OptionSpec> {
    OPTIONS.iter().find(|option| option.id == id)
}

/// The known names that take the fewest edits to reach from `name`, up to three, as a phrase.
pub fn nearest(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let distance = |known: &str| {
        let edits = edit_distance(&name, known);
        // What begins alike is nearer than it looks: output for output-from.
        if known.starts_with(&name) && name.len() > 2 { edits.min(1) } else { edits }
    };
    let names = || OPTIONS.iter().flat_map(|option| option.names);
    let least = names().map(|known| distance(known)).min().unwrap_or(0);
    let near: Vec<String> = names().filter(|known| distance(known) == least).take(3).map(|n| format!("-{n}")).collect();
    near.join(" or ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_in_any_case() {
        let names: Vec<_> = OPTIONS.iter().flat_map(|option| option.names).collect();
        for name in &names {
            assert_eq!(names.iter().filter(|other| other == &name).count(), 1, "{name}");
            assert!(find(&name.to_uppercase()).is_some());
        }
        for option in OPTIONS {
            assert_eq!(row(option.id).map(|row| row.names), Some(option.names));
        }
    }

    #[test]
    fn nearest_finds_the_typo() {
        assert_eq!(nearest("wdri"), "-wdir");
        assert_eq!(nearest("GENVV"), "-genv");
        assert_eq!(nearest("prepend_rank"), "-prepend-rank");
        assert_eq!(nearest("output"), "-output-from");
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }
}
