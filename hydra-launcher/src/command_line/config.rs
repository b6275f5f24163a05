//! Files with words for the command line: a default one with options, and that of `-configfile` with whole programs.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Where a machine's administrator puts defaults.
const OF_THE_MACHINE: &str = "/etc/mpich/mpiexec.hydra.conf";

/// A file that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub text: Vec<u8>,
}

impl ConfigFile {
    /// The words of each line that has any. A '#' begins a comment, wherever it stands; quotes are ordinary characters.
    pub fn lines(&self) -> Vec<Vec<OsString>> {
        let lines = self.text.split(|&byte| byte == b'\n').map(|line| {
            let line = line.split(|&byte| byte == b'#').next().unwrap_or_default();
            let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            words.map(|word| OsStr::from_bytes(word).to_owned()).collect::<Vec<_>>()
        });
        lines.filter(|words| !words.is_empty()).collect()
    }
}

/// The default file: the one of HYDRA_CONFIG_FILE, the user's, or the machine's; the first that can be read.
pub fn default_file() -> Option<ConfigFile> {
    let named = std::env::var_os("HYDRA_CONFIG_FILE").map(PathBuf::from);
    let of_user = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".mpiexec.hydra.conf"));
    let paths = named.into_iter().chain(of_user).chain([PathBuf::from(OF_THE_MACHINE)]);
    paths.into_iter().find_map(|path| Some(ConfigFile { text: std::fs::read(&path).ok()?, path }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str) -> Vec<Vec<OsString>> {
        ConfigFile { path: "c".into(), text: text.into() }.lines()
    }

    #[test]
    fn words_are_separated_by_blanks_only() {
        let expected: Vec<Vec<OsString>> =
            vec![vec!["-n".into(), "1".into(), "'a".into(), "b'".into()], vec!["c".into()]];
        assert_eq!(lines("# x\n-n  1 'a b'\n\n \t\nc# d\n"), expected);
    }

    proptest! {
        #[test]
        fn words_survive(words in proptest::collection::vec(proptest::collection::vec("[!-\"$-~é]{1,6}", 1..4), 0..5)) {
            let text: String = words.iter().map(|line| format!(" {} # {{}}\n", line.join("\t"))).collect();
            let wanted: Vec<Vec<OsString>> =
                words.iter().map(|line| line.iter().map(OsString::from).collect()).collect();
            prop_assert_eq!(lines(&text), wanted);
        }
    }
}
