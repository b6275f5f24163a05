//! The machine in words: processor, cores, kernel, memory.

use limits::allowed_cores;
use serde::{Deserialize, Serialize};

/// Where something was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Cores that may be used.
    pub cores: usize,
    /// The kernel's release.
    pub kernel: String,
    /// The distribution.
    pub system: String,
    /// Whether a hypervisor runs it.
    pub is_virtual: bool,
    /// Memory in MiB.
    pub memory_mib: u64,
}

impl Machine {
    /// This one. What /proc does not tell stays empty.
    pub fn this() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo");
        let field = |name: &str| {
            let line = processor.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
            line.map_or("", |(_, value)| value.trim())
        };
        let release = read("/etc/os-release");
        let system = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or_default();
        let memory = read("/proc/meminfo");
        let memory =
            memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
        Self {
            processor: field("model name").to_owned(),
            cores: allowed_cores().map_or(0, |cores| cores.len()),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            system: system.trim_matches('"').to_owned(),
            is_virtual: field("flags").split_whitespace().any(|flag| flag == "hypervisor"),
            memory_mib: memory.map_or(0, |kib: u64| kib / 1024),
        }
    }

    /// In a line.
    pub fn line(&self) -> String {
        let kind = if self.is_virtual { "virtual machine, " } else { "" };
        let cores = if self.cores == 1 { "1 core".to_owned() } else { format!("{} cores", self.cores) };
        format!(
            "{}, {kind}{cores}, {} GiB, {}, Linux {}",
            self.processor,
            self.memory_mib.div_ceil(1024),
            self.system,
            self.kernel
        )
    }
}

/// The time now, in UTC, to the second.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string().replace('T', " ").replace('Z', " UTC")
}

/// The command line of this process, as a shell wants it.
pub fn command_line() -> String {
    let words = std::env::args_os().map(|word| crate::rivals::quoted(&word.to_string_lossy()));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_kernel_and_cores() {
        let machine = Machine::this();
        assert!(machine.cores > 0 && machine.line().contains(&machine.kernel) && !machine.kernel.is_empty());
        assert!(now().ends_with(" UTC") && now().len() == 23, "{}", now());
    }
}
