//! PMI-1 on the wire: from bytes of a rank's socket to [`Request`]s. Pure: it knows neither sockets nor answers.
//!
//! A request is a line of ASCII words `key=value`, one of which is `cmd=name`; only a spawn request has several lines,
//! from `mcmd=spawn` to `endcmd`.

use std::fmt;

/// The longest line taken. The client's buffer has 1024 bytes; the limits announced by get_maxes add up to less than 2048.
pub const MAX_LINE: usize = 4096;
/// The most bytes of one spawn request, arguments included.
const MAX_SPAWN: usize = 1 << 20;
/// How many characters of a bad line an error shows.
const SHOWN: usize = 60;

/// What a rank asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// First request of every client.
    Init,
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
    /// MPI_Comm_spawn, complete.
    Spawn,
    /// The rank has the shim.
    PipJoin,
    /// How many ranks have it.
    PipJoined,
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
    spawn: Option<SpawnLines>,
}

/// What is known of a spawn request that has not ended.
#[derive(Debug, Default)]
struct SpawnLines {
    bytes: usize,
    blocks: usize,
    blocks_done: usize,
    outside: bool,
}

impl Decoder {
    /// Adds bytes as they came from the socket.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete request, `None` if more bytes are needed. After an error the decoder is not used any more.
    pub fn next_request(&mut self) -> Result<Option<Request>, WireError> {
        loop {
            let Some(end) = memchr::memchr(b'\n', &self.buffer) else {
                if self.buffer.len() > MAX_LINE {
                    return Err(WireError::new(format!("a line of more than {MAX_LINE} bytes"), &self.buffer));
                }
                return Ok(None);
            };
            let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
            line.pop();
            if line.len() > MAX_LINE {
                return Err(WireError::new(format!("a line of {} bytes", line.len()), &line));
            }
            if let Some(request) = self.line(&line)? {
                return Ok(Some(request));
            }
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Request>, WireError> {
        if let Some(byte) = line.iter().find(|byte| byte.is_ascii_control()) {
            return Err(WireError::new(format!("the control character {byte:#04x} in a line"), line));
        }
        let text = std::str::from_utf8(line).map_err(|_| WireError::new("a line that is not text", line))?;
        if text.trim() == "mcmd=spawn" {
            self.spawn.get_or_insert_default().outside = false;
            return Ok(None);
        }
        let Some(spawn) = &mut self.spawn else { return parse_line(text).map(Some) };
        spawn.bytes += line.len();
        if spawn.bytes > MAX_SPAWN {
            return Err(WireError::new(format!("a spawn request of more than {MAX_SPAWN} bytes"), line));
        }
        if spawn.outside {
            return Err(WireError::new("a spawn request with a block missing", line));
        }
        if text == "endcmd" {
            spawn.blocks_done += 1;
            spawn.outside = true;
            if spawn.blocks_done >= spawn.blocks {
                self.spawn = None;
                return Ok(Some(Request::Spawn));
            }
        } else if let Some(count) = text.strip_prefix("totspawns=") {
            spawn.blocks = count.trim().parse().map_err(|_| WireError::new("totspawns without a number", line))?;
        }
        Ok(None)
    }
}

/// Parses one line of a request other than spawn.
fn parse_line(text: &str) -> Result<Request, WireError> {
    let bad = |reason: &str| WireError::new(reason, text.as_bytes());
    let words = || text.split(' ').filter(|word| !word.is_empty());
    let find = |wanted: &str| {
        words().filter_map(|word| word.split_once('=')).find(|(key, _)| *key == wanted).map(|(_, value)| value)
    };
    let cmd = find("cmd").ok_or_else(|| bad("a line without cmd="))?;
    // The message of an abort is free text in some clients.
    if cmd != "abort" && words().any(|word| !word.contains('=')) {
        return Err(bad("a word without = in a line"));
    }
    let need = |key: &str| find(key).map(str::to_owned).ok_or_else(|| bad(&format!("a {cmd} request without {key}=")));
    Ok(match cmd {
        "init" => Request::Init,
        "get_maxes" => Request::GetMaxes,
        "get_appnum" => Request::GetAppnum,
        "get_my_kvsname" => Request::GetMyKvsname,
        "get_universe_size" => Request::GetUniverseSize,
        "get" => Request::Get { kvsname: need("kvsname")?, key: need("key")? },
        "put" => Request::Put { kvsname: need("kvsname")?, key: need("key")?, value: need("value")? },
        "barrier_in" => Request::BarrierIn,
        "finalize" => Request::Finalize,
        "pip_join" => Request::PipJoin,
        "pip_joined" => Request::PipJoined,
        "abort" => {
            let code = need("exitcode")?;
            Request::Abort { exit_code: code.parse().map_err(|_| bad("an abort request without a number"))? }
        }
        "publish_name" => Request::Publish { service: need("service")?, port: need("port")? },
        "lookup_name" => Request::Lookup { service: need("service")? },
        "unpublish_name" => Request::Unpublish { service: need("service")? },
        "" => return Err(bad("an empty cmd=")),
        other => Request::Unknown { cmd: other.to_owned() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Result<Vec<Request>, WireError> {
        let mut decoder = Decoder::default();
        let mut requests = Vec::new();
        for piece in pieces {
            decoder.push(piece);
            while let Some(request) = decoder.next_request()? {
                requests.push(request);
            }
        }
        Ok(requests)
    }

    fn reason(bytes: &[u8]) -> String {
        decode(&[bytes]).expect_err("must fail").to_string()
    }

    #[test]
    fn requests_of_a_real_client() {
        let text = b"cmd=init pmi_version=1 pmi_subversion=1\ncmd=get_maxes\nkvsname=k cmd=get key=-bcast-1-0\n\
            cmd=put kvsname=k key=a-seg-1/2 value=\ncmd=abort exitcode=-7\ncmd=getbyidx kvsname=k idx=0\n";
        let requests = decode(&[text]).expect("valid");
        assert_eq!(requests.len(), 6);
        assert_eq!(requests[2], Request::Get { kvsname: "k".into(), key: "-bcast-1-0".into() });
        assert_eq!(requests[3], Request::Put { kvsname: "k".into(), key: "a-seg-1/2".into(), value: String::new() });
        assert_eq!(requests[4], Request::Abort { exit_code: -7 });
        assert_eq!(requests[5], Request::Unknown { cmd: "getbyidx".into() });
    }

    #[test]
    fn partial_reads_are_put_together() {
        assert_eq!(decode(&[b"cmd=bar", b"rier_in", b"\ncmd="]), Ok(vec![Request::BarrierIn]));
    }

    #[test]
    fn values_may_hold_equals_signs() {
        let requests = decode(&[b"cmd=put kvsname=k key=x value=a=b=\n"]).expect("valid");
        assert_eq!(requests[0], Request::Put { kvsname: "k".into(), key: "x".into(), value: "a=b=".into() });
    }

    #[test]
    fn a_spawn_request_ends_with_its_last_block() {
        let block =
            |n: u8| format!("mcmd=spawn\nnprocs=1\nexecname=./a b\ntotspawns=2\nspawnssofar={n}\nargcnt=0\nendcmd\n");
        let text = block(1) + &block(2) + "cmd=barrier_in\n";
        assert_eq!(decode(&[text.as_bytes()]), Ok(vec![Request::Spawn, Request::BarrierIn]));
        assert!(reason((block(1) + "cmd=barrier_in\n").as_bytes()).contains("block missing"));
    }

    #[test]
    fn corrupted_lines_are_named() {
        assert!(reason(b"hello\n").contains("without cmd=: \"hello\""));
        assert!(reason(b"\n").contains("without cmd="));
        assert!(reason(b"cmd=\n").contains("empty cmd="));
        assert!(reason(b"cmd=get_maxes\0\n").contains("\\x00"));
        assert!(reason(b"cmd=get \xff\n").contains("not text"));
        assert!(reason(b"cmd=get key=a\n").contains("without kvsname="));
        assert!(reason(b"cmd=abort exitcode=x\n").contains("number"));
        assert!(reason(b"cmd=init stray\n").contains("without ="));
        let long = vec![b'x'; MAX_LINE + 1];
        let text = reason(&long);
        assert!(text.contains("4096") && text.len() < 200, "{text}");
        assert!(reason(&[&long[..], b"\n"].concat()).contains("4097"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&[&bytes]);
        }

        #[test]
        fn cutting_the_stream_changes_nothing(
            lines in proptest::collection::vec("(cmd=[a-z_]{1,12}( [a-z]{1,5}=[ -~]{0,5})?|mcmd=spawn|endcmd)\n", 0..8),
            cuts in proptest::collection::vec(0usize..200, 0..8),
        ) {
            let text = lines.concat();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &text.as_bytes()[w[0]..w[1]]).collect();
            prop_assert_eq!(decode(&pieces), decode(&[text.as_bytes()]));
        }
    }
}
