//! What the ranks occupy: page tables and memory of their own, each address space counted once.

use bench_harness::World;
use bench_harness::memory::share_address_space;

/// Of the whole job on rank 0: KiB of page tables, KiB of memory without a file, address spaces. Nothing elsewhere, and where
/// the kernel does not tell which ranks share an address space. Collective.
pub fn totals(world: &World) -> Vec<(&'static str, f64)> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |key: &str| kibibytes(&status, key).unwrap_or(f64::NAN);
    let process = world.gather_at_root(f64::from(std::process::id()));
    let tables = world.gather_at_root(field("VmPTE:"));
    let anonymous = world.gather_at_root(field("RssAnon:"));
    let Some(first) = first_of_each(&process) else { return Vec::new() };
    let sum = |values: &[f64]| first.iter().map(|&rank| values[rank]).sum::<f64>();
    let found = [("page-tables", sum(&tables)), ("anonymous", sum(&anonymous)), ("address-spaces", first.len() as f64)];
    found.into_iter().filter(|(_, value)| value.is_finite() && *value > 0.0).collect()
}

/// The first rank of each address space; None where the kernel does not tell.
fn first_of_each(processes: &[f64]) -> Option<Vec<usize>> {
    let mut first: Vec<usize> = Vec::new();
    for (rank, process) in processes.iter().enumerate() {
        let known = first.iter().map(|&other| share_address_space(processes[other] as i32, *process as i32));
        if !known.collect::<Option<Vec<bool>>>()?.contains(&true) {
            first.push(rank);
        }
    }
    Some(first)
}

/// The number behind `key` in lines like `VmPTE:      132 kB`.
fn kibibytes(lines: &str, key: &str) -> Option<f64> {
    let value = lines.lines().find_map(|line| line.strip_prefix(key))?;
    value.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_is_one_address_space() {
        let myself = f64::from(std::process::id());
        assert_eq!(first_of_each(&[myself, myself]), Some(vec![0]));
        assert_eq!(kibibytes("VmPTE:\t     132 kB\n", "VmPTE:"), Some(132.0));
    }
}
