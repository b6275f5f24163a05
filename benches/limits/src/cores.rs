//! Which cores this process may use, and which two of them are measured.

use anyhow::{Context, Result, bail};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// Two distinct cores: the first is the sender's, the second the receiver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cores(pub usize, pub usize);

/// The cores of this thread's affinity mask, ascending.
///
/// # Errors
/// When the kernel refuses to tell.
pub fn allowed_cores() -> Result<Vec<usize>> {
    let mask = sched_getaffinity(Pid::from_raw(0)).context("cannot read the affinity mask")?;
    Ok((0..CpuSet::count()).filter(|&core| mask.is_set(core).unwrap_or(false)).collect())
}

impl Cores {
    /// The first two cores of the affinity mask.
    ///
    /// # Errors
    /// With one core: a sentence that says that nothing between two cores can be measured.
    pub fn first_two() -> Result<Self> {
        match allowed_cores()?.as_slice() {
            [first, second, ..] => Ok(Self(*first, *second)),
            [only] => bail!(
                "only core {only} may be used, so nothing between two cores can be measured; run with at least two cores in the affinity mask"
            ),
            [] => bail!("the affinity mask is empty"),
        }
    }

    /// Parses `A,B` and checks that both are in the affinity mask.
    ///
    /// # Errors
    /// A sentence that names the wrong value and the cores that may be used.
    pub fn parse(text: &str) -> Result<Self> {
        let allowed = allowed_cores()?;
        let parsed = text.split_once(',').and_then(|(a, b)| Some(Self(a.trim().parse().ok()?, b.trim().parse().ok()?)));
        let Some(Self(a, b)) = parsed else {
            bail!("wrong cores '{text}': give two core numbers as A,B, of {allowed:?}")
        };
        if a == b {
            bail!("wrong cores '{text}': the two have to differ");
        }
        match [a, b].into_iter().find(|core| !allowed.contains(core)) {
            Some(core) => bail!("core {core} is not in the affinity mask; choose of {allowed:?}"),
            None => Ok(Self(a, b)),
        }
    }
}

/// Pins the calling thread to `core`.
pub(crate) fn pin(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core).with_context(|| format!("core {core} is out of range"))?;
    sched_setaffinity(Pid::from_raw(0), &set).with_context(|| format!("cannot pin a thread to core {core}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_cores_are_named() {
        for wrong in ["", "1", "x,y", "0,0", "0,100000", "-1,0"] {
            let why = Cores::parse(wrong).expect_err(wrong).to_string();
            assert!(why.contains("core"), "{why}");
        }
    }

    #[test]
    fn the_affinity_mask_is_not_empty() {
        assert!(!allowed_cores().expect("readable").is_empty());
    }
}
