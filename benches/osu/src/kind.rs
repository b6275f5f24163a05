//! The benchmarks: their names, titles, and what distinguishes them.

use bench_harness::Operation;

/// How a collective operation is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// MPI_Allreduce
    Blocking,
    /// MPI_Iallreduce
    NonBlocking,
    /// MPI_Allreduce_init
    Persistent,
}

/// Which benchmark is running. It selects its options, defaults and title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// osu_latency
    Latency,
    /// osu_latency_persistent
    LatencyPersistent,
    /// osu_multi_lat
    MultiLatency,
    /// osu_latency_mt
    ThreadsLatency,
    /// osu_latency_mp
    ProcessesLatency,
    /// osu_bw
    Bandwidth,
    /// osu_bw_persistent
    BandwidthPersistent,
    /// osu_bibw
    BiBandwidth,
    /// osu_bibw_persistent
    BiBandwidthPersistent,
    /// osu_mbw_mr
    MultiPair,
    /// osu_put_latency
    PutLatency,
    /// osu_get_latency
    GetLatency,
    /// osu_acc_latency
    AccumulateLatency,
    /// osu_get_acc_latency
    GetAccumulateLatency,
    /// osu_fop_latency
    FetchAndOpLatency,
    /// osu_cas_latency
    CompareAndSwapLatency,
    /// osu_put_bw
    PutBandwidth,
    /// osu_get_bw
    GetBandwidth,
    /// osu_put_bibw
    PutBiBandwidth,
    /// osu_allreduce and its like
    Collective(Operation, Form),
    /// osu_init
    Init,
    /// osu_hello
    Hello,
}

/// (the program's name, what its title says between "OSU" and "Test"); collectives have a table of their own.
const NAMES: [(Kind, &str, &str); 21] = [
    (Kind::Latency, "osu_latency", "MPI Latency"),
    (Kind::LatencyPersistent, "osu_latency_persistent", "MPI Latency Persistent"),
    (Kind::MultiLatency, "osu_multi_lat", "MPI Multi Latency"),
    (Kind::ThreadsLatency, "osu_latency_mt", "MPI Multi-threaded Latency"),
    (Kind::ProcessesLatency, "osu_latency_mp", "MPI Multi-process Latency"),
    (Kind::Bandwidth, "osu_bw", "MPI Bandwidth"),
    (Kind::BandwidthPersistent, "osu_bw_persistent", "MPI Bandwidth Persistent"),
    (Kind::BiBandwidth, "osu_bibw", "MPI Bi-Directional Bandwidth"),
    (Kind::BiBandwidthPersistent, "osu_bibw_persistent", "MPI Bi-Directional Bandwidth Persistent"),
    (Kind::MultiPair, "osu_mbw_mr", "MPI Multiple Bandwidth / Message Rate"),
    (Kind::PutLatency, "osu_put_latency", "MPI_Put Latency"),
    (Kind::GetLatency, "osu_get_latency", "MPI_Get latency"),
    (Kind::AccumulateLatency, "osu_acc_latency", "MPI_Accumulate latency"),
    (Kind::GetAccumulateLatency, "osu_get_acc_latency", "MPI_Get_accumulate latency"),
    (Kind::FetchAndOpLatency, "osu_fop_latency", "MPI_Fetch_and_op latency"),
    (Kind::CompareAndSwapLatency, "osu_cas_latency", "MPI_Compare_and_swap latency"),
    (Kind::PutBandwidth, "osu_put_bw", "MPI_Put Bandwidth"),
    (Kind::GetBandwidth, "osu_get_bw", "MPI_Get Bandwidth"),
    (Kind::PutBiBandwidth, "osu_put_bibw", "MPI_Put Bi-directional Bandwidth"),
    (Kind::Init, "osu_init", "MPI Init"),
    (Kind::Hello, "osu_hello", "MPI Hello World"),
];

/// (the operation, how programs call it, how the titles of the blocking, the non-blocking and the persistent program do).
/// The titles of the originals follow no rule.
const COLLECTIVES: [(Operation, &str, &str, &str, &str); 20] = [
    (Operation::Allgather, "allgather", "Allgather", "Allgather", "Allgather"),
    (Operation::Allgatherv, "allgatherv", "Allgatherv", "Allgatherv", "Allgatherv"),
    (Operation::Allreduce, "allreduce", "Allreduce", "Allreduce", "Allreduce"),
    (
        Operation::Alltoall,
        "alltoall",
        "All-to-All Personalized Exchange",
        "All-to-All",
        "All-to-All Personalized Exchange",
    ),
    (
        Operation::Alltoallv,
        "alltoallv",
        "All-to-Allv Personalized Exchange",
        "All-to-Allv Personalized Exchange",
        "All-to-Allv Personalized Exchange",
    ),
    (
        Operation::Alltoallw,
        "alltoallw",
        "All-to-Allw Personalized Exchange",
        "All-to-Allw Personalized Exchange",
        "All-to-Allw Personalized Exchange",
    ),
    (Operation::Barrier, "barrier", "Barrier", "Barrier", "Barrier"),
    (Operation::Bcast, "bcast", "Broadcast", "Broadcast", "Broadcast"),
    (Operation::Gather, "gather", "Gather", "Gather", "Gather"),
    (Operation::Gatherv, "gatherv", "Gatherv", "Gatherv", "Gatherv"),
    (Operation::NeighborAllgather, "neighbor_allgather", "Neighborhood Allgather", "Neighborhood Allgather", ""),
    (Operation::NeighborAllgatherv, "neighbor_allgatherv", "Neighborhood Allgatherv", "Neighborhood Allgatherv", ""),
    (Operation::NeighborAlltoall, "neighbor_alltoall", "Neighborhood Alltoall", "Neighborhood Alltoall", ""),
    (Operation::NeighborAlltoallv, "neighbor_alltoallv", "Neighborhood All-to-Allv", "Neighborhood Alltoallv", ""),
    (
        Operation::NeighborAlltoallw,
        "neighbor_alltoallw",
        "All-to-Allw Personalized Exchange",
        "Neighborhood Alltoallw",
        "",
    ),
    (Operation::Reduce, "reduce", "Reduce", "Reduce", "Reduce"),
    (Operation::ReduceScatter, "reduce_scatter", "Reduce_scatter", "Reduce_scatter", "Reduce_scatter"),
    (Operation::ReduceScatterBlock, "reduce_scatter_block", "Reduce_scatter_block", "Reduce_scatter_block", ""),
    (Operation::Scatter, "scatter", "Scatter", "Scatter", "Scatter"),
    (Operation::Scatterv, "scatterv", "Scatterv", "Scatterv", "Scatterv"),
];

impl Kind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Kind> {
        let forms = [Form::Blocking, Form::NonBlocking, Form::Persistent];
        let collectives = COLLECTIVES.iter().flat_map(move |&(operation, .., persistent)| {
            let known = forms.into_iter().filter(move |&form| form != Form::Persistent || !persistent.is_empty());
            known.map(move |form| Kind::Collective(operation, form))
        });
        NAMES.iter().map(|&(kind, ..)| kind).chain(collectives)
    }

    /// The program's name, and what its title says between "OSU" and "Latency Test" or "Test".
    fn names(self) -> (String, String) {
        let Kind::Collective(operation, form) = self else {
            let names = NAMES.iter().find(|(kind, ..)| *kind == self);
            return names.map_or_else(Default::default, |&(_, program, title)| (program.into(), title.into()));
        };
        let Some((_, name, blocking, starting, persistent)) = COLLECTIVES.iter().find(|row| row.0 == operation) else {
            return Default::default();
        };
        let capital = if operation == Operation::Bcast { "B" } else { "b" };
        match form {
            Form::Blocking => (format!("osu_{name}"), format!("MPI {blocking} Latency")),
            Form::NonBlocking => (format!("osu_i{name}"), format!("MPI Non-{capital}locking {starting} Latency")),
            Form::Persistent => (format!("osu_{name}_persistent"), format!("MPI {persistent} Persistent Latency")),
        }
    }

    /// The program's name.
    pub fn program(self) -> String {
        self.names().0
    }

    /// The line that names the benchmark: what `-v` prints.
    pub fn title(self) -> String {
        format!("# OSU {} Test v{}\n", self.names().1, env!("CARGO_PKG_VERSION"))
    }

    /// Whether it measures MB/s.
    pub fn is_bandwidth(self) -> bool {
        use Kind::*;
        matches!(
            self,
            Bandwidth
                | BandwidthPersistent
                | BiBandwidth
                | BiBandwidthPersistent
                | MultiPair
                | PutBandwidth
                | GetBandwidth
                | PutBiBandwidth
        )
    }

    /// Whether data moves both ways at once.
    pub fn is_both_ways(self) -> bool {
        matches!(self, Kind::BiBandwidth | Kind::BiBandwidthPersistent | Kind::PutBiBandwidth)
    }

    /// Whether it has a window.
    pub fn is_one_sided(self) -> bool {
        use Kind::*;
        self.is_computing() || matches!(self, PutLatency | GetLatency | PutBandwidth | GetBandwidth | PutBiBandwidth)
    }

    /// Whether it has a window in which the target's memory is computed with.
    pub fn is_computing(self) -> bool {
        use Kind::*;
        matches!(self, AccumulateLatency | GetAccumulateLatency | FetchAndOpLatency | CompareAndSwapLatency)
    }

    /// Whether it is a collective operation, in whichever form.
    pub fn is_collective(self) -> bool {
        matches!(self, Kind::Collective(..))
    }

    /// The collective operation.
    pub fn operation(self) -> Option<Operation> {
        match self {
            Kind::Collective(operation, _) => Some(operation),
            _ => None,
        }
    }

    /// Whether it is a non-blocking collective operation.
    pub fn is_non_blocking(self) -> bool {
        matches!(self, Kind::Collective(_, Form::NonBlocking))
    }

    /// Whether it is about MPI_Init only.
    pub fn is_startup(self) -> bool {
        matches!(self, Kind::Init | Kind::Hello)
    }

    /// Whether it has messages between two ranks.
    pub fn is_two_sided(self) -> bool {
        !self.is_one_sided() && !self.is_collective() && !self.is_startup()
    }

    /// Whether its rows begin with a size.
    pub fn has_size(self) -> bool {
        self.operation() != Some(Operation::Barrier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_program_of_its_own() {
        let mut programs: Vec<_> = Kind::all().map(Kind::program).collect();
        let all = programs.len();
        programs.sort_unstable();
        programs.dedup();
        assert_eq!((programs.len(), all), (75, 75));
        assert!(programs.iter().all(|program| program.starts_with("osu_")));
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .expect("the programs")
            .map(|file| file.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned())
            .collect();
        files.sort_unstable();
        assert_eq!(files, programs);
    }

    #[test]
    fn titles_are_those_of_the_originals() {
        let title = |operation, form| Kind::Collective(operation, form).names().1;
        assert_eq!(title(Operation::Allreduce, Form::Blocking), "MPI Allreduce Latency");
        assert_eq!(title(Operation::Alltoall, Form::Blocking), "MPI All-to-All Personalized Exchange Latency");
        assert_eq!(title(Operation::Alltoall, Form::NonBlocking), "MPI Non-blocking All-to-All Latency");
        assert_eq!(title(Operation::Bcast, Form::NonBlocking), "MPI Non-Blocking Broadcast Latency");
        assert_eq!(title(Operation::Barrier, Form::Persistent), "MPI Barrier Persistent Latency");
        assert_eq!(
            Kind::Collective(Operation::ReduceScatterBlock, Form::NonBlocking).program(),
            "osu_ireduce_scatter_block"
        );
    }

    #[test]
    fn every_kind_is_of_one_sort() {
        for kind in Kind::all() {
            let sorts = [kind.is_one_sided(), kind.is_two_sided(), kind.is_collective(), kind.is_startup()];
            assert_eq!(sorts.iter().filter(|&&sort| sort).count(), 1, "{kind:?}");
            assert!(!kind.is_bandwidth() || kind.program().contains("bw"), "{kind:?}");
        }
    }
}
