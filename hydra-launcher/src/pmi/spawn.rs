//! What MPI_Comm_spawn and MPI_Comm_spawn_multiple ask for: one block of lines per program, from `mcmd=spawn` to `endcmd`.

use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// The most processes of one request; see `command_line::MAX_RANKS`.
const MAX_PROCESSES: usize = 4096;

/// One program of a spawn request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpawnBlock {
    /// Number of processes, at least 1.
    pub count: usize,
    /// The program as given to MPI_Comm_spawn.
    pub program: OsString,
    /// Its arguments, without argv\[0\].
    pub args: Vec<OsString>,
    /// Keys and values that the new processes find in their store before they start.
    pub preput: Vec<(String, String)>,
    /// MPI_Info keys and values.
    pub info: Vec<(String, OsString)>,
    /// How many programs the whole request has.
    pub programs: usize,
}

impl SpawnBlock {
    /// Reads the lines between `mcmd=spawn` and `endcmd`, as pairs. Keys come in any order: MPICH 4.0 writes arguments before
    /// their number, 5.0 after it. The error is a PMI message (one word).
    pub fn read(pairs: &[(String, Vec<u8>)]) -> Result<SpawnBlock, &'static str> {
        let text = |key: &str| find(pairs, key).and_then(|value| std::str::from_utf8(value).ok());
        let number = |key: &str| text(key).and_then(|value| value.trim().parse::<usize>().ok());
        let bytes = |key: String| find(pairs, &key).map(|value| OsString::from_vec(value.to_vec()));
        let count = number("nprocs").filter(|count| (1..=MAX_PROCESSES).contains(count)).ok_or("bad_nprocs")?;
        let program = bytes("execname".into()).filter(|name| !name.is_empty()).ok_or("no_execname")?;
        // What a count promises must be there, so a false count cannot make this loop long.
        let args = (1..=number("argcnt").unwrap_or(0)).map(|i| bytes(format!("arg{i}")).ok_or("argument_missing"));
        let puts = (0..number("preput_num").unwrap_or(0)).map(|i| {
            let (key, value) = (format!("preput_key_{i}"), format!("preput_val_{i}"));
            Some((text(&key)?.to_owned(), text(&value)?.to_owned()))
        });
        let info = (0..number("info_num").unwrap_or(0))
            .map(|i| Some((text(&format!("info_key_{i}"))?.to_owned(), bytes(format!("info_val_{i}"))?)));
        Ok(SpawnBlock {
            count,
            program,
            args: args.collect::<Result<_, _>>()?,
            preput: puts.collect::<Option<_>>().ok_or("preput_missing")?,
            info: info.collect::<Option<_>>().ok_or("info_missing")?,
            programs: number("totspawns").unwrap_or(1).max(1),
        })
    }

    /// The value of an MPI_Info key.
    pub fn info(&self, key: &str) -> Option<&OsString> {
        self.info.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

fn find<'a>(pairs: &'a [(String, Vec<u8>)], key: &str) -> Option<&'a [u8]> {
    pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, Vec<u8>)> {
        text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.into(), v.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_block_of_a_real_client() {
        let text = "nprocs=3\nexecname=./sp5\ntotspawns=2\nspawnssofar=1\nargcnt=2\narg1=x y\narg2=a=b\npreput_num=1\n\
            preput_key_0=PARENT_ROOT_PORT_NAME\npreput_val_0=tag#0$x$\ninfo_num=1\ninfo_key_0=wdir\ninfo_val_0=/home/user";
        let block = SpawnBlock::read(&pairs(text)).expect("valid");
        assert_eq!((block.count, block.programs, block.program.as_os_str()), (3, 2, "./sp5".as_ref()));
        assert_eq!(block.args, ["x y", "a=b"]);
        assert_eq!(block.preput, [("PARENT_ROOT_PORT_NAME".to_owned(), "tag#0$x$".to_owned())]);
        assert_eq!(block.info("wdir"), Some(&"/home/user".into()));
        assert_eq!(block.info("host"), None);
    }

    #[test]
    fn what_is_missing_or_senseless_is_named() {
        for (text, reason) in [
            ("nprocs=0\nexecname=a", "bad_nprocs"),
            ("nprocs=-1\nexecname=a", "bad_nprocs"),
            ("nprocs=99999\nexecname=a", "bad_nprocs"),
            ("nprocs=1\nexecname=", "no_execname"),
            ("nprocs=1\nexecname=a\nargcnt=18446744073709551615\narg1=x", "argument_missing"),
            ("nprocs=1\nexecname=a\npreput_num=1\npreput_key_0=x", "preput_missing"),
            ("nprocs=1\nexecname=a\ninfo_num=2\ninfo_key_0=x\ninfo_val_0=y", "info_missing"),
        ] {
            assert_eq!(SpawnBlock::read(&pairs(text)), Err(reason), "{text}");
        }
    }
}
