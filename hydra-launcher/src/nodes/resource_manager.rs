//! Which hosts a resource manager has given to the job, from the environment that it starts jobs in.

use super::launchers::Launcher;
use crate::hosts::Host;
use std::path::{Path, PathBuf};

/// A resource manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceManager {
    /// Slurm.
    Slurm,
    /// PBS and Torque.
    Pbs,
    /// IBM Spectrum LSF.
    Lsf,
    /// Grid Engine.
    Sge,
    /// LoadLeveler.
    LoadLeveler,
    /// Cobalt.
    Cobalt,
}

/// Names for `-rmk` and HYDRA_RMK, in the order in which they are looked for.
const NAMES: [(&str, ResourceManager); 6] = [
    ("slurm", ResourceManager::Slurm),
    ("pbs", ResourceManager::Pbs),
    ("lsf", ResourceManager::Lsf),
    ("sge", ResourceManager::Sge),
    ("ll", ResourceManager::LoadLeveler),
    ("cobalt", ResourceManager::Cobalt),
];

/// The most hosts or slots of a list: what is larger is a mistake that would take all memory.
const MAX: usize = 1 << 20;

/// Host lists that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ManagerError {
    /// `-rmk` with another name.
    #[error("no resource manager {0:?}; there are slurm, pbs, lsf, sge, ll and cobalt, and user for none")]
    Unknown(String),
    /// `-rmk` where there is none.
    #[error("-rmk {0}: {1} is not set, so this is no job of it; leave -rmk out, or give -hosts or -f")]
    Absent(&'static str, &'static str),
    /// A variable.
    #[error("{0}={1:?}: {2}")]
    BadVariable(&'static str, String, &'static str),
    /// A file that a variable names.
    #[error("{}={}: {}", .0, .1.display(), .2)]
    BadFile(&'static str, PathBuf, String),
}

/// The value of an environment variable.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl ResourceManager {
    /// The resource manager to use: the one of this name, else the one whose job this is. "user" stands for none.
    pub fn find(wish: Option<&str>, lookup: Lookup<'_>) -> Result<Option<ResourceManager>, ManagerError> {
        match wish {
            Some(name) if name.eq_ignore_ascii_case("user") || name.eq_ignore_ascii_case("none") => Ok(None),
            Some(name) => {
                let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                let &(name, manager) = known.ok_or_else(|| ManagerError::Unknown(name.to_owned()))?;
                if manager.variable(lookup).is_none() {
                    return Err(ManagerError::Absent(name, manager.variables()[0]));
                }
                Ok(Some(manager))
            }
            None => Ok(NAMES.iter().map(|&(_, manager)| manager).find(|manager| manager.variable(lookup).is_some())),
        }
    }

    /// The variables that hold its host list; the first that is set counts.
    fn variables(self) -> &'static [&'static str] {
        match self {
            ResourceManager::Slurm => &["SLURM_JOB_NODELIST", "SLURM_NODELIST"],
            ResourceManager::Pbs => &["PBS_NODEFILE"],
            ResourceManager::Lsf => &["LSB_MCPU_HOSTS", "LSB_HOSTS"],
            ResourceManager::Sge => &["PE_HOSTFILE"],
            ResourceManager::LoadLeveler => &["LOADL_HOSTFILE", "LOADL_PROCESSOR_LIST"],
            ResourceManager::Cobalt => &["COBALT_NODEFILE"],
        }
    }

    fn variable(self, lookup: Lookup<'_>) -> Option<(&'static str, String)> {
        let set = |name: &&'static str| Some((*name, lookup(name).filter(|value| !value.trim().is_empty())?));
        self.variables().iter().find_map(set)
    }

    /// The launcher that belongs to it, if it is more than ssh.
    pub fn launcher(self) -> Option<Launcher> {
        match self {
            ResourceManager::Slurm => Some(Launcher::Slurm),
            ResourceManager::Lsf => Some(Launcher::Lsf),
            ResourceManager::Sge => Some(Launcher::Sge),
            ResourceManager::Pbs | ResourceManager::LoadLeveler | ResourceManager::Cobalt => None,
        }
    }

    /// The hosts of the job, in its order.
    pub fn hosts(self, lookup: Lookup<'_>) -> Result<Vec<Host>, ManagerError> {
        let Some((name, value)) = self.variable(lookup) else { return Ok(Vec::new()) };
        let bad = |what| ManagerError::BadVariable(name, value.clone(), what);
        let hosts = match (self, name) {
            (ResourceManager::Slurm, _) => {
                let names = slurm_hosts(&value).ok_or_else(|| bad("this is no list of hosts as Slurm writes it"))?;
                let slots = match lookup("SLURM_TASKS_PER_NODE").filter(|text| !text.is_empty()) {
                    None => vec![1; names.len()],
                    Some(text) => slurm_counts(&text).ok_or(ManagerError::BadVariable(
                        "SLURM_TASKS_PER_NODE",
                        text,
                        "this is no list of numbers as Slurm writes it",
                    ))?,
                };
                let last = slots.last().copied().unwrap_or(1);
                let slots = slots.into_iter().chain(std::iter::repeat(last));
                names.into_iter().zip(slots).collect()
            }
            (_, "LSB_MCPU_HOSTS") => pairs(&value).ok_or_else(|| bad("this is no list of hosts and numbers"))?,
            (_, "LSB_HOSTS" | "LOADL_PROCESSOR_LIST") => counted(value.split_whitespace()),
            (ResourceManager::Sge, _) => from_file(name, &value, sge_hosts)?,
            _ => from_file(name, &value, |text| Some(counted(text.lines().map(str::trim))))?,
        };
        let usable = |name: &str| !name.starts_with('-') && !name.contains(|c: char| c.is_control() || c == ',');
        if hosts.is_empty() || !hosts.iter().all(|(name, _)| usable(name)) {
            return Err(bad("there is no host in it, or one that cannot be a host"));
        }
        Ok(hosts.into_iter().map(|(name, slots)| Host::new(&name, slots)).collect())
    }
}

/// A host and its slots.
type Entry = (String, usize);

fn from_file(
    name: &'static str,
    path: &str,
    parse: impl Fn(&str) -> Option<Vec<Entry>>,
) -> Result<Vec<Entry>, ManagerError> {
    let failed = |why: String| ManagerError::BadFile(name, PathBuf::from(path), why);
    let text = std::fs::read_to_string(Path::new(path)).map_err(|error| failed(error.to_string()))?;
    parse(&text).ok_or_else(|| failed("this is not a file of hosts as the resource manager writes it".to_owned()))
}

/// One slot for each time a host is named, at the place of the first time.
fn counted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Entry> {
    let mut hosts: Vec<Entry> = Vec::new();
    for name in names.filter(|name| !name.is_empty()) {
        match hosts.iter_mut().find(|(known, _)| known == name) {
            Some((_, slots)) => *slots += 1,
            None => hosts.push((name.to_owned(), 1)),
        }
    }
    hosts
}

/// `hostA 2 hostB 4`.
fn pairs(text: &str) -> Option<Vec<Entry>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.chunks(2).map(|pair| Some((pair[0].to_owned(), slots(pair.get(1)?)?))).collect()
}

/// `host slots queue processors` in each line.
fn sge_hosts(text: &str) -> Option<Vec<Entry>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), slots(words.next()?)?))
        })
        .collect()
}

fn slots(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| (1..=MAX).contains(count))
}

/// `2(x3),1` as 2, 2, 2, 1.
fn slurm_counts(text: &str) -> Option<Vec<usize>> {
    let mut counts = Vec::new();
    for part in text.split(',') {
        let (count, times) = match part.split_once("(x") {
            Some((count, times)) => (count, slots(times.strip_suffix(')')?)?),
            None => (part, 1),
        };
        if counts.len() + times > MAX {
            return None;
        }
        counts.extend(std::iter::repeat_n(slots(count.trim())?, times));
    }
    Some(counts)
}

/// `node[001-003,7],login1,r[1-2]n[1-2]` as all its names, in order.
pub fn slurm_hosts(text: &str) -> Option<Vec<String>> {
    let mut hosts = Vec::new();
    for pattern in top_level_parts(text.trim())? {
        let mut names = vec![String::new()];
        let mut rest = pattern;
        while let Some(open) = rest.find('[') {
            let close = rest.find(']')?;
            let values = range_values(rest.get(open + 1..close)?)?;
            if names.len().checked_mul(values.len())? > MAX {
                return None;
            }
            let prefix = &rest[..open];
            let each = |name: &String| values.iter().map(|value| format!("{name}{prefix}{value}")).collect::<Vec<_>>();
            names = names.iter().flat_map(each).collect();
            rest = &rest[close + 1..];
        }
        if pattern.is_empty() || hosts.len() + names.len() > MAX {
            return None;
        }
        names.iter_mut().for_each(|name| name.push_str(rest));
        hosts.append(&mut names);
    }
    Some(hosts)
}

/// Parts between the commas outside of brackets.
fn top_level_parts(text: &str) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut inside) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' if !inside => inside = true,
            b']' if inside => inside = false,
            b'[' | b']' => return None,
            b',' if !inside => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!inside).then_some(parts)
}

/// `001-003,7` as 001, 002, 003, 7: a range's numbers are as long as its first one.
fn range_values(text: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if ![first, last].iter().all(|n| !n.is_empty() && n.len() <= 18 && n.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return None;
        }
        let (low, high): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if low > high || high - low >= MAX - values.len() {
            return None;
        }
        values.extend((low..=high).map(|number| format!("{number:0width$}", width = first.len())));
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hosts(variables: &[(&str, &str)]) -> Result<Vec<Entry>, String> {
        let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, v)| v.to_string());
        let manager = ResourceManager::find(None, &lookup).map_err(|error| error.to_string())?;
        let hosts = manager.expect("a resource manager").hosts(&lookup).map_err(|error| error.to_string())?;
        Ok(hosts.into_iter().map(|host| (host.name, host.slots)).collect())
    }

    fn entries(text: &str) -> Vec<Entry> {
        pairs(text).expect("pairs")
    }

    #[test]
    fn slurm_lists_are_expanded() {
        let list = ("SLURM_JOB_NODELIST", "node[001-003,7],login1");
        assert_eq!(hosts(&[list]), Ok(entries("node001 1 node002 1 node003 1 node7 1 login1 1")));
        let counts = ("SLURM_TASKS_PER_NODE", "2(x3),1");
        assert_eq!(hosts(&[list, counts]), Ok(entries("node001 2 node002 2 node003 2 node7 1 login1 1")));
        assert_eq!(
            slurm_hosts("r[1-2]n[08-10]x").expect("good").join(" "),
            "r1n08x r1n09x r1n10x r2n08x r2n09x r2n10x"
        );
        assert_eq!(hosts(&[("SLURM_NODELIST", "one"), ("SLURM_TASKS_PER_NODE", "4")]), Ok(entries("one 4")));
    }

    #[test]
    fn wrong_lists_are_named() {
        for list in ["n[1-", "n[2-1]", "n[]", "n]1[", "a,,b", "n[a-b]", "n[[1]]", "n[1-99999999]", "-x", "n[1-2"] {
            let error = hosts(&[("SLURM_JOB_NODELIST", list)]).expect_err(list);
            assert!(error.contains("SLURM_JOB_NODELIST") && error.contains(list), "{error}");
        }
        for counts in ["x", "2(x", "2(x)", "0", "2(x99999999)"] {
            let error = hosts(&[("SLURM_JOB_NODELIST", "a"), ("SLURM_TASKS_PER_NODE", counts)]).expect_err(counts);
            assert!(error.contains("SLURM_TASKS_PER_NODE"), "{error}");
        }
        assert!(hosts(&[("LSB_MCPU_HOSTS", "a 2 b")]).expect_err("odd").contains("LSB_MCPU_HOSTS"));
        assert!(hosts(&[("PBS_NODEFILE", "/no/such")]).expect_err("no file").contains("/no/such"));
    }

    #[test]
    fn other_managers_count_and_keep_the_order() {
        let file = std::env::temp_dir().join(format!("pip-hosts-{}", std::process::id()));
        let path = file.to_str().expect("text");
        std::fs::write(&file, "b\na\nb\n\n").expect("writable");
        assert_eq!(hosts(&[("PBS_NODEFILE", path)]), Ok(entries("b 2 a 1")));
        assert_eq!(hosts(&[("COBALT_NODEFILE", path)]), Ok(entries("b 2 a 1")));
        std::fs::write(&file, "b 4 all.q@b UNDEFINED\na 2 all.q@a UNDEFINED\n").expect("writable");
        assert_eq!(hosts(&[("PE_HOSTFILE", path)]), Ok(entries("b 4 a 2")));
        std::fs::remove_file(&file).expect("there");
        assert_eq!(hosts(&[("LSB_HOSTS", "b a b"), ("LSB_MCPU_HOSTS", "c 2 d 3")]), Ok(entries("c 2 d 3")));
        assert_eq!(hosts(&[("LSB_HOSTS", "b a b")]), Ok(entries("b 2 a 1")));
        assert_eq!(hosts(&[("LOADL_PROCESSOR_LIST", "b a b ")]), Ok(entries("b 2 a 1")));
    }

    #[test]
    fn a_wish_must_be_true() {
        let nothing = |_: &str| None;
        assert_eq!(ResourceManager::find(None, &nothing), Ok(None));
        assert_eq!(ResourceManager::find(Some("user"), &|_| Some("a".into())), Ok(None));
        assert!(ResourceManager::find(Some("pbs"), &nothing).expect_err("none").to_string().contains("PBS_NODEFILE"));
        assert!(ResourceManager::find(Some("foo"), &nothing).expect_err("none").to_string().contains("\"foo\""));
    }

    proptest! {
        #[test]
        fn any_text_is_expanded_or_refused(text in "[ -~]{0,40}|(n?\\[[0-9,-]{0,6}\\],?){0,4}") {
            let _ = (slurm_hosts(&text), slurm_counts(&text), pairs(&text), sge_hosts(&text));
        }

        #[test]
        fn ranges_hold_each_number_once(first in 0usize..2000, count in 1usize..50) {
            let hosts = slurm_hosts(&format!("n[{first:04}-{:04}]", first + count - 1)).expect("good");
            let wanted: Vec<_> = (first..first + count).map(|n| format!("n{n:04}")).collect();
            prop_assert_eq!(hosts, wanted);
        }
    }
}
