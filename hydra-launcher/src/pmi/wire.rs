//! PMI-1 on the wire: from bytes of a rank's socket to [`Request`]s. Pure: it knows neither sockets nor answers.
//!
//! A request is a line of words `key=value`, one of which is `cmd=name`; or several lines, from `mcmd=name` to `endcmd`, each
//! with one key and a value that may hold spaces.

use super::spawn::SpawnBlock;
use std::fmt;

/// The longest line taken. The client's buffer has 1024 bytes; the limits announced by get_maxes add up to less than 2048.
pub const MAX_LINE: usize = 4096;
/// The most bytes of one request of several lines: arguments of a spawn may be long.
const MAX_LINES: usize = 1 << 20;
/// How many characters of a bad line an error shows.
const SHOWN: usize = 60;
/// A request of PMI-2 begins with its length in so many characters.
const PMI2_LENGTH: usize = 6;

/// What a rank asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// First request of every client.
    Init {
        /// The version and subversion of PMI that it speaks, where it gives numbers.
        version: Option<(u32, u32)>,
    },
    /// Length limits of names, keys and values.
    GetMaxes,
    /// Index of the rank's MPMD segment.
    GetAppnum,
    /// Name of the job's key-value store.
    GetMyKvsname,
    /// Number of ranks that could run in all.
    GetUniverseSize,
    /// Reads a value.
    Get {
        /// Name of the store.
        kvsname: String,
        /// The key.
        key: String,
    },
    /// Reads a key and its value by their place in the store.
    GetByIndex {
        /// Name of the store.
        kvsname: String,
        /// The place, from 0.
        index: usize,
    },
    /// Stores a value.
    Put {
        /// Name of the store.
        kvsname: String,
        /// The key.
        key: String,
        /// The value, possibly empty.
        value: String,
    },
    /// Waits for all ranks.
    BarrierIn,
    /// Last request.
    Finalize,
    /// Ends the job.
    Abort {
        /// The code given to MPI_Abort.
        exit_code: i32,
    },
    /// MPI_Publish_name.
    Publish {
        /// The service's name.
        service: String,
        /// The port's name.
        port: String,
    },
    /// MPI_Lookup_name.
    Lookup {
        /// The service's name.
        service: String,
    },
    /// MPI_Unpublish_name.
    Unpublish {
        /// The service's name.
        service: String,
    },
    /// MPI_Comm_spawn, complete; or a PMI message (one word) that says what it lacks.
    Spawn(Result<Vec<SpawnBlock>, &'static str>),
    /// The shim is loaded in this rank.
    PipJoin,
    /// How many ranks have the shim.
    PipJoined,
    /// A piece of the rank's report.
    PipReport {
        /// Which piece, from 0.
        part: usize,
        /// Number of pieces.
        parts: usize,
        /// The piece.
        value: String,
    },
    /// A well-formed request of another name.
    Unknown {
        /// The name.
        cmd: String,
    },
}

/// A line that is no PMI-1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError {
    /// What is wrong with it.
    pub reason: String,
    /// The line, escaped and shortened.
    pub line: String,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: \"{}\"", self.reason, self.line)
    }
}

impl WireError {
    fn new(reason: impl Into<String>, line: &[u8]) -> WireError {
        let mut shown: String = line.iter().take(SHOWN).flat_map(|byte| byte.escape_ascii()).map(char::from).collect();
        if line.len() > SHOWN {
            shown.push_str("...");
        }
        WireError { reason: reason.into(), line: shown }
    }
}

/// Collects the bytes of one rank and hands out its requests.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes at the start of `buffer` that hold no end of line.
    searched: usize,
    lines: Option<Lines>,
    /// The blocks of a spawn request that has more to come.
    blocks: Vec<Result<SpawnBlock, &'static str>>,
}

/// A request of several lines that has not ended.
#[derive(Debug)]
struct Lines {
    name: String,
    bytes: usize,
    pairs: Vec<(String, Vec<u8>)>,
}

impl Decoder {
    /// Adds bytes as they came from the socket.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete request, `None` if more bytes are needed. After an error the decoder is not used any more.
    pub fn next_request(&mut self) -> Result<Option<Request>, WireError> {
        loop {
            let longest = if self.lines.is_some() { MAX_LINES } else { MAX_LINE };
            let Some(end) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
                self.searched = self.buffer.len();
                if self.buffer.len() > longest {
                    return Err(WireError::new(format!("a line of more than {longest} bytes"), &self.buffer));
                }
                if self.lines.is_none() && is_pmi2(&self.buffer) {
                    let reason = "a request of PMI-2, which this launcher does not speak,";
                    return Err(WireError::new(reason, &self.buffer));
                }
                return Ok(None);
            };
            let mut line: Vec<u8> = self.buffer.drain(..=self.searched + end).collect();
            self.searched = 0;
            line.pop();
            if line.len() > longest {
                return Err(WireError::new(format!("a line of {} bytes", line.len()), &line));
            }
            if let Some(request) = self.line(&line)? {
                return Ok(Some(request));
            }
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Request>, WireError> {
        let Some(lines) = &mut self.lines else { return self.first_line(line) };
        lines.bytes += line.len();
        if lines.bytes > MAX_LINES {
            return Err(WireError::new(format!("a request of more than {MAX_LINES} bytes"), line));
        }
        if line != b"endcmd" {
            let at = memchr::memchr(b'=', line).ok_or_else(|| WireError::new("a line without = in a request", line))?;
            lines.pairs.push((String::from_utf8_lossy(&line[..at]).into_owned(), line[at + 1..].to_vec()));
            return Ok(None);
        }
        let Some(lines) = self.lines.take() else { return Ok(None) };
        if lines.name == "spawn" {
            self.blocks.push(SpawnBlock::read(&lines.pairs));
            let programs = self.blocks.iter().flatten().map(|block| block.programs).max().unwrap_or(0);
            if self.blocks.len() < programs {
                return Ok(None);
            }
            return Ok(Some(Request::Spawn(std::mem::take(&mut self.blocks).into_iter().collect())));
        }
        let find = |wanted: &str| {
            let found = lines.pairs.iter().find(|(key, _)| key == wanted);
            found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        };
        request(&lines.name, find).map(Some).map_err(|reason| WireError::new(reason, lines.name.as_bytes()))
    }

    fn first_line(&mut self, line: &[u8]) -> Result<Option<Request>, WireError> {
        if let Some(byte) = line.iter().find(|byte| byte.is_ascii_control()) {
            return Err(WireError::new(format!("the control character {byte:#04x} in a line"), line));
        }
        let text = std::str::from_utf8(line).map_err(|_| WireError::new("a line that is not text", line))?;
        if let Some(name) = text.strip_prefix("mcmd=") {
            let name = name.trim().to_owned();
            if !self.blocks.is_empty() && name != "spawn" {
                return Err(WireError::new("a spawn request with a block missing", line));
            }
            self.lines = Some(Lines { name, bytes: 0, pairs: Vec::new() });
            return Ok(None);
        }
        if !self.blocks.is_empty() {
            return Err(WireError::new("a spawn request with a block missing", line));
        }
        parse_line(text).map(Some)
    }
}

/// Whether this begins as a request of PMI-2 does: a length in six characters, then `cmd=`.
fn is_pmi2(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_at_checked(PMI2_LENGTH) else { return false };
    rest.starts_with(b"cmd=")
        && length.iter().all(|byte| matches!(byte, b' ' | b'0'..=b'9'))
        && length.iter().any(u8::is_ascii_digit)
}

/// Parses a request of one line.
fn parse_line(text: &str) -> Result<Request, WireError> {
    let bad = |reason: &str| WireError::new(reason, text.as_bytes());
    let words = || text.split(' ').filter(|word| !word.is_empty());
    let find = |wanted: &str| {
        words()
            .filter_map(|word| word.split_once('='))
            .find(|(key, _)| *key == wanted)
            .map(|(_, value)| value.to_owned())
    };
    let cmd = find("cmd").ok_or_else(|| bad("a line without cmd="))?;
    // The message of an abort is free text in some clients.
    if cmd != "abort" && words().any(|word| !word.contains('=')) {
        return Err(bad("a word without = in a line"));
    }
    request(&cmd, find).map_err(|reason| bad(&reason))
}

/// The request of a name and its values; the error says what is wrong.
fn request(cmd: &str, find: impl Fn(&str) -> Option<String>) -> Result<Request, String> {
    let need = |key: &str| find(key).ok_or_else(|| format!("a {cmd} request without {key}="));
    let number = |key: &str| need(key)?.parse().map_err(|_| format!("a {cmd} request without a number in {key}="));
    Ok(match cmd {
        "init" => {
            let part = |key: &str| find(key).and_then(|value| value.parse().ok());
            Request::Init { version: part("pmi_version").zip(part("pmi_subversion")) }
        }
        "get_maxes" => Request::GetMaxes,
        "get_appnum" => Request::GetAppnum,
        "get_my_kvsname" => Request::GetMyKvsname,
        "get_universe_size" => Request::GetUniverseSize,
        "get" => Request::Get { kvsname: need("kvsname")?, key: need("key")? },
        "getbyidx" => Request::GetByIndex { kvsname: need("kvsname")?, index: number("idx")? },
        "put" => Request::Put { kvsname: need("kvsname")?, key: need("key")?, value: need("value")? },
        "barrier_in" => Request::BarrierIn,
        "finalize" => Request::Finalize,
        "abort" => {
            let code = need("exitcode")?.parse().map_err(|_| "an abort request without a number")?;
            Request::Abort { exit_code: code }
        }
        "publish_name" => Request::Publish { service: need("service")?, port: need("port")? },
        "lookup_name" => Request::Lookup { service: need("service")? },
        "unpublish_name" => Request::Unpublish { service: need("service")? },
        "pip_join" => Request::PipJoin,
        "pip_joined" => Request::PipJoined,
        "pip_report" => Request::PipReport { part: number("part")?, parts: number("parts")?, value: need("value")? },
        "" => return Err("an empty cmd=".to_owned()),
        other => Request::Unknown { cmd: other.to_owned() },
    })
}

#[cfg(test)]
#[path = "wire/tests.rs"]
mod tests;
