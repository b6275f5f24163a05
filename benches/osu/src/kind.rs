//! The benchmarks: their names, titles, and what distinguishes them.

/// Which benchmark is running. It selects its options, defaults and title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// osu_latency
    Latency,
    /// osu_bw
    Bandwidth,
    /// osu_bibw
    BiBandwidth,
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
}

impl Kind {
    /// All of them.
    pub const ALL: &[Kind] = &[
        Kind::Latency,
        Kind::Bandwidth,
        Kind::BiBandwidth,
        Kind::MultiPair,
        Kind::PutLatency,
        Kind::GetLatency,
        Kind::AccumulateLatency,
        Kind::GetAccumulateLatency,
        Kind::FetchAndOpLatency,
        Kind::CompareAndSwapLatency,
        Kind::PutBandwidth,
        Kind::GetBandwidth,
        Kind::PutBiBandwidth,
    ];
    /// Those with sends and receives.
    pub const TWO_SIDED: &[Kind] = Self::ALL.split_at(4).0;
    /// Those with a window.
    pub const ONE_SIDED: &[Kind] = Self::ALL.split_at(4).1;
    /// Those that measure MB/s.
    pub const BANDWIDTHS: &[Kind] = &[
        Kind::Bandwidth,
        Kind::BiBandwidth,
        Kind::MultiPair,
        Kind::PutBandwidth,
        Kind::GetBandwidth,
        Kind::PutBiBandwidth,
    ];

    /// The program's name, and what its title says between "OSU" and "Test".
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Kind::Latency => ("osu_latency", "MPI Latency"),
            Kind::Bandwidth => ("osu_bw", "MPI Bandwidth"),
            Kind::BiBandwidth => ("osu_bibw", "MPI Bi-Directional Bandwidth"),
            Kind::MultiPair => ("osu_mbw_mr", "MPI Multiple Bandwidth / Message Rate"),
            Kind::PutLatency => ("osu_put_latency", "MPI_Put Latency"),
            Kind::GetLatency => ("osu_get_latency", "MPI_Get latency"),
            Kind::AccumulateLatency => ("osu_acc_latency", "MPI_Accumulate latency"),
            Kind::GetAccumulateLatency => ("osu_get_acc_latency", "MPI_Get_accumulate latency"),
            Kind::FetchAndOpLatency => ("osu_fop_latency", "MPI_Fetch_and_op latency"),
            Kind::CompareAndSwapLatency => ("osu_cas_latency", "MPI_Compare_and_swap latency"),
            Kind::PutBandwidth => ("osu_put_bw", "MPI_Put Bandwidth"),
            Kind::GetBandwidth => ("osu_get_bw", "MPI_Get Bandwidth"),
            Kind::PutBiBandwidth => ("osu_put_bibw", "MPI_Put Bi-directional Bandwidth"),
        }
    }

    /// The program's name.
    pub fn program(self) -> &'static str {
        self.names().0
    }

    /// The line that names the benchmark: what `-v` prints.
    pub fn title(self) -> String {
        format!("# OSU {} Test v{}\n", self.names().1, env!("CARGO_PKG_VERSION"))
    }

    /// Whether it measures MB/s.
    pub fn is_bandwidth(self) -> bool {
        Self::BANDWIDTHS.contains(&self)
    }

    /// Whether data moves both ways at once.
    pub fn is_both_ways(self) -> bool {
        matches!(self, Kind::BiBandwidth | Kind::PutBiBandwidth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_of_one_side_or_two() {
        assert!(Kind::TWO_SIDED.iter().all(|kind| !kind.title().contains("MPI_")));
        assert!(Kind::ONE_SIDED.iter().all(|kind| kind.title().contains("MPI_")));
        assert!(Kind::BANDWIDTHS.iter().all(|kind| kind.program().contains("bw")));
    }
}
