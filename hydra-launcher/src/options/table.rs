//! The table of options. `-help`, the manual page and the parser come from it.

use super::OptionId as Id;
use super::{Group, OptionSpec};

const NONE: &[&str] = &[];

/// A row; environment variables may follow the help text.
macro_rules! row {
    ($group:ident, $id:ident, [$($name:literal),+], [$($value:literal),*], $help:literal $(, $variable:literal)*) => {
        OptionSpec {
            id: Id::$id,
            names: &[$($name),+],
            values: &[$($value),*],
            group: Group::$group,
            variables: { const VARIABLES: &[&str] = &[$($variable),*]; if VARIABLES.is_empty() { NONE } else { VARIABLES } },
            help: $help,
        }
    };
}

/// All options, in the order of the help text.
pub const OPTIONS: &[OptionSpec] = &[
    row!(
        Segment,
        Count,
        ["n", "np"],
        ["COUNT"],
        "number of ranks that run the program (default: a rank for each of the host list, 1 without one)"
    ),
    row!(Segment, Env, ["env"], ["NAME", "VALUE"], "environment variable for these ranks; also -env NAME=VALUE"),
    row!(Segment, EnvList, ["envlist"], ["NAME,..."], "pass only these variables of the caller to these ranks"),
    row!(Segment, EnvNone, ["envnone"], [], "pass no variable of the caller to these ranks"),
    row!(Segment, EnvAll, ["envall"], [], "pass all variables of the caller to these ranks (default)"),
    row!(Segment, WorkDir, ["wdir"], ["DIR"], "working directory of these ranks; a relative program path starts there"),
    row!(Segment, Path, ["path"], ["DIR:..."], "folders to look for the program in, before those of PATH"),
    row!(
        Segment,
        NoRank,
        ["no-rank"],
        [],
        "tasks of the same address space that are no ranks of MPI_COMM_WORLD; the job survives their failure"
    ),
    row!(
        Segment,
        ConfigFile,
        ["configfile"],
        ["FILE"],
        "take the programs from a file: one per line, with its options and arguments; '#' begins a comment, quotes mean nothing"
    ),
    row!(Environment, GlobalEnv, ["genv"], ["NAME", "VALUE"], "environment variable for all ranks; -env overrides it"),
    row!(Environment, GlobalEnvList, ["genvlist"], ["NAME,..."], "pass only these variables of the caller"),
    row!(Environment, GlobalEnvNone, ["genvnone"], [], "pass no variable of the caller (also HYDRA_ENV=none)"),
    row!(Environment, GlobalEnvAll, ["genvall"], [], "pass all variables of the caller (default)"),
    row!(
        Environment,
        GpusPerRank,
        ["gpus-per-proc", "g"],
        ["COUNT"],
        "give each rank of a host so many GPUs of its own, by CUDA_VISIBLE_DEVICES; auto leaves the variable alone"
    ),
    row!(
        Hosts,
        Hosts,
        ["hosts", "host", "hostlist", "machine", "machines", "machinelist"],
        ["HOST[:COUNT],..."],
        "hosts to run on, each with the ranks it takes before the next one gets some (default 1)"
    ),
    row!(
        Hosts,
        HostFile,
        ["f", "hostfile", "machinefile"],
        ["FILE"],
        "file with a line HOST[:COUNT] [user=NAME] [binding=UNIT] for each host",
        "HYDRA_HOST_FILE"
    ),
    row!(Hosts, PerNode, ["ppn"], ["COUNT"], "ranks each host takes before the next one, whatever the host list says"),
    row!(
        Hosts,
        OrderNodes,
        ["order-nodes"],
        ["ascending|descending"],
        "take hosts with few ranks first, or those with many; also up and down"
    ),
    row!(Hosts, SkipLaunchNode, ["skip-launch-node"], [], "leave this machine out of the host list"),
    row!(
        Hosts,
        Launcher,
        ["launcher", "bootstrap"],
        ["ssh|rsh|slurm|lsf|sge|fork|manual"],
        "how to reach the other hosts",
        "HYDRA_LAUNCHER",
        "HYDRA_BOOTSTRAP"
    ),
    row!(
        Hosts,
        LauncherExec,
        ["launcher-exec", "bootstrap-exec"],
        ["PROGRAM"],
        "program to reach the other hosts with, in place of ssh, rsh or srun",
        "HYDRA_LAUNCHER_EXEC",
        "HYDRA_BOOTSTRAP_EXEC"
    ),
    row!(
        Hosts,
        ResourceManager,
        ["rmk"],
        ["user|slurm|ll|lsf|sge|pbs|cobalt"],
        "whose host list to use if none is given; user: nobody's",
        "HYDRA_RMK"
    ),
    row!(Hosts, EnableX, ["enable-x"], [], "let ssh forward X11 from the other hosts"),
    row!(Hosts, DisableX, ["disable-x"], [], "do not (default)"),
    row!(Hosts, Interface, ["iface"], ["NAME"], "network interface for messages between hosts", "HYDRA_IFACE"),
    row!(Hosts, LocalHost, ["localhost"], ["NAME"], "name or address by which other hosts reach this machine"),
    row!(
        Hosts,
        DisableHostnamePropagation,
        ["disable-hostname-propagation"],
        [],
        "do not tell the MPI library the name of its host (also HYDRA_HOSTNAME_PROPAGATION=0)"
    ),
    row!(Hosts, EnableHostnamePropagation, ["enable-hostname-propagation"], [], "tell it (default)"),
    row!(
        Binding,
        BindTo,
        ["bind-to", "binding"],
        ["UNIT[:COUNT]"],
        "bind each rank to machine, numa, socket, core, hwthread or l1cache to l5cache, to COUNT of them; \
         rr: one hwthread each; user:0,2+3: CPU numbers of each rank of a host; none (default)",
        "HYDRA_BINDING"
    ),
    row!(
        Binding,
        MapBy,
        ["map-by"],
        ["UNIT[:COUNT]"],
        "from one rank to the next go on by this unit (default: that of -bind-to)",
        "HYDRA_MAPPING"
    ),
    row!(
        Binding,
        MemoryBinding,
        ["membind"],
        ["POLICY"],
        "where memory comes from: none, firsttouch, bind:NODE,... or interleave:NODE,... (NUMA nodes)",
        "HYDRA_MEMBIND"
    ),
    row!(Binding, TopologyLibrary, ["topolib"], ["hwloc"], "accepted for Hydra's sake", "HYDRA_TOPOLIB"),
    row!(Streams, StandardInput, ["s"], ["RANK|all|none"], "which ranks read standard input (default 0)"),
    row!(Streams, PrependRank, ["prepend-rank", "l"], [], "begin each line of output with [rank]"),
    row!(
        Streams,
        PrependPattern,
        ["prepend-pattern"],
        ["PATTERN"],
        "begin each line of output with text, in which %r is the rank, %h its host, %p the number of that, \
         %g the process group, %t the seconds since the start, %% a percent sign"
    ),
    row!(
        Streams,
        OutFile,
        ["outfile-pattern", "outfile"],
        ["PATTERN"],
        "write standard output to files named by such a pattern, which are begun anew"
    ),
    row!(Streams, ErrFile, ["errfile-pattern", "errfile"], ["PATTERN"], "the same for standard error"),
    row!(Streams, OutputFrom, ["output-from"], ["RANK"], "drop the output of all other ranks"),
    row!(
        Ending,
        Timeout,
        ["timeout"],
        ["SECONDS"],
        "end the job after so much time, with exit status 255; 0: never",
        "MPIEXEC_TIMEOUT"
    ),
    row!(Ending, PrintExitCodes, ["print-all-exitcodes"], [], "print the raw wait status of each rank at the end"),
    row!(
        Ending,
        DisableAutoCleanup,
        ["disable-auto-cleanup", "dac"],
        [],
        "let the other ranks go on when one is killed or exits without MPI_Finalize"
    ),
    row!(Ending, EnableAutoCleanup, ["enable-auto-cleanup"], [], "end them (default)"),
    row!(
        Running,
        UniverseSize,
        ["usize"],
        ["SYSTEM|INFINITE|COUNT"],
        "MPI_UNIVERSE_SIZE; SYSTEM: ranks of the host list"
    ),
    row!(
        Running,
        NoShim,
        ["no-shim"],
        [],
        "run on the plain MPI library, without libpip_mpi.so (as PIP_MPI_SHIM=off does)"
    ),
    row!(
        Running,
        RequireTasks,
        ["require-tasks"],
        [],
        "refuse a program that cannot be a task, instead of running it as an ordinary process with a warning"
    ),
    row!(
        Running,
        Report,
        ["report"],
        ["FILE"],
        "write a page (HTML) about the run: time in MPI, messages by size and way, who sent to whom (also PIP_MPI_REPORT=FILE)"
    ),
    row!(Running, Verbose, ["verbose", "v", "debug"], [], "say what is started where (also HYDRA_DEBUG=1)"),
    row!(Running, Profile, ["profile"], [], "print how many PMI requests there were"),
    row!(
        Running,
        Gdb,
        ["gdb"],
        [],
        "open pip-gdb on all ranks: set breakpoints there, then 'run'; standard input is gdb's. On several hosts it shows none of \
         them, and says for each host what to type there to see its ranks"
    ),
    row!(Running, TotalView, ["tv"], [], "run the launcher under TotalView (or the debugger that TOTALVIEW names)"),
    row!(Running, Demux, ["demux"], ["poll|select"], "accepted for Hydra's sake: epoll is used"),
    row!(Running, PmiPort, ["pmi-port"], [], "accepted for Hydra's sake: ranks always inherit a PMI connection"),
    row!(
        Running,
        PmiArguments,
        ["pmi_args"],
        ["PORT", "INTERFACE", "KEY", "PID"],
        "serve an MPI program that runs already and waits at this port: a program started without a launcher runs 'mpiexec \
         -pmi_args ...' when it calls MPI_Comm_spawn"
    ),
    row!(Running, NameServer, ["nameserver"], ["HOST:PORT"], "refused: names are published within a job only"),
    row!(About, Help, ["help", "h"], [], "print this text; after an option: about that option"),
    row!(About, Version, ["version"], [], "print the version"),
    row!(
        About,
        Info,
        ["info"],
        [],
        "print the version, the library of the ranks, and every setting with its value and meaning"
    ),
];
