//! How many cores the control groups of this process allow at a time: a container may have less than it can see.

use std::fs;
use std::path::Path;

/// Cores that the groups' quotas allow, rounded up; as many as one can count if there is no quota.
pub fn cores() -> u32 {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    groups.lines().filter_map(in_group).min().unwrap_or(u32::MAX)
}

/// A line of /proc/self/cgroup: number, controllers (none in version 2), path.
fn in_group(line: &str) -> Option<u32> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, path) = (fields.next()?, fields.next()?);
    let version_2 = controllers.is_empty();
    if !version_2 && !controllers.split(',').any(|controller| controller == "cpu") {
        return None;
    }
    let mounts: &[&str] = if version_2 { &["/sys/fs/cgroup"] } else { &["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"] };
    // Inside a container the path may be the host's, and the group is the root of what is mounted.
    let inside = Path::new(path.trim_start_matches('/'));
    let folders = inside.ancestors().flat_map(|group| mounts.iter().map(move |mount| Path::new(mount).join(group)));
    let read = |folder: std::path::PathBuf| if version_2 { version_2_quota(&folder) } else { version_1_quota(&folder) };
    folders.filter_map(read).min()
}

fn version_2_quota(folder: &Path) -> Option<u32> {
    parse(&fs::read_to_string(folder.join("cpu.max")).ok()?)
}

fn version_1_quota(folder: &Path) -> Option<u32> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok();
    parse(&format!("{} {}", number("cpu.cfs_quota_us")?.trim(), number("cpu.cfs_period_us")?.trim()))
}

/// Quota and period in microseconds; the quota is `max` or -1 if there is none.
fn parse(text: &str) -> Option<u32> {
    let (quota, period) = text.trim().split_once(' ')?;
    let (quota, period) = (quota.parse::<u64>().ok()?, period.parse::<u64>().ok().filter(|&period| period > 0)?);
    u32::try_from(quota.div_ceil(period)).ok().map(|cores| cores.max(1))
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotas_are_rounded_up() {
        let cases = [
            ("200000 100000", Some(2)),
            ("150000 100000", Some(2)),
            ("1000 100000", Some(1)),
            ("max 100000", None),
            ("-1 100000", None),
            ("50000 0", None),
            ("", None),
        ];
        cases.iter().for_each(|&(text, cores)| assert_eq!(super::parse(text), cores, "{text}"));
    }
}
