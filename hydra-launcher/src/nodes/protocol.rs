//! What launcher and agents tell each other, and the frames it travels in. Pure.
//!
//! A frame is four bytes of length, least significant first, and a message in postcard's format. Both sides are the same build,
//! which the handshake makes sure of, so that the messages need no versions of their own. A task is named by its id, which for
//! ranks is the rank in MPI_COMM_WORLD.

use crate::command_line::{Job, Variable};
use crate::placement::Placement;
use crate::pmi::spawn::SpawnBlock;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

/// The largest frame. An assignment holds a job's arguments and environment, of which the kernel takes 6 MiB at most.
const MAX_FRAME: usize = 16 << 20;

/// Bytes of output that an agent may send ahead on each of the two streams, and of input that the launcher may.
pub const WINDOW: usize = 512 << 10;

/// What the launcher tells an agent.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum Order {
    /// The node's part of the job: the first order.
    Start(Box<Assignment>),
    /// Replies for a rank's PMI connection.
    Pmi {
        /// The rank.
        task: usize,
        /// One or more lines.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// Close a rank's PMI connection.
    ClosePmi(usize),
    /// What all ranks have put since the last barrier, which `get` may be answered from: name of the store, key and value.
    Values(Vec<(String, String, String)>),
    /// Standard input for the node's readers; nothing at the end.
    Input(#[serde(with = "serde_bytes")] Vec<u8>),
    /// So much more output may be sent on standard output (0) or standard error (1).
    Credit(u8, usize),
    /// Ranks told each other of this file below /dev/shm.
    SharedMemory(PathBuf),
    /// Send a signal to the process group of each task.
    Signal(i32),
    /// Stop all tasks as Ctrl-Z does.
    Stop,
    /// Kill all tasks.
    Kill,
    /// Start processes that a rank has asked for.
    Spawn(Spawn),
    /// Kill the tasks from the first id up to the second, which are not wanted after all.
    KillTasks(usize, usize),
    /// Say that you are there.
    Ping,
    /// The job is over: clean up and exit.
    Leave,
}

/// What an agent tells the launcher.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The agent's PID, first of all.
    Agent(i32),
    /// A task runs.
    Started {
        /// Its id.
        task: usize,
        /// Its PID on the agent's host.
        pid: i32,
        /// The program's path there.
        program: PathBuf,
    },
    /// Not all tasks could be started; those that were are killed.
    NotStarted {
        /// Why, as a sentence.
        reason: String,
        /// The launcher's exit status.
        code: u8,
    },
    /// Bytes of a rank's PMI connection.
    Pmi {
        /// The rank.
        task: usize,
        /// As they came.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// A rank closed its PMI connection.
    PmiClosed(usize),
    /// A rank does not read its PMI replies.
    PmiUnread(usize),
    /// Output of a task: whole lines where possible.
    Output {
        /// 0 for standard output, 1 for standard error.
        channel: u8,
        /// The task.
        task: usize,
        /// What it wrote.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// A task ended; all its output and PMI requests so far have been sent, the output as far as the window allows.
    Ended {
        /// The task.
        task: usize,
        /// How it ended: an exit status, or the negated number of the signal.
        status: i32,
    },
    /// So many bytes of the input are with their reader.
    InputTaken(usize),
    /// Nobody reads the input any more.
    InputClosed,
    /// Something the user should know about this host.
    Advice(String),
    /// The processes of this spawned group that belong on the node have started.
    Spawned(usize),
    /// None of them has.
    NotSpawned(usize, String),
    /// All tasks have ended, nothing of theirs runs any more, and all output has been sent; those of so many spawn orders
    /// included.
    Done(usize),
    /// The agent has to end before its tasks.
    Ending(String),
    /// The agent is there.
    Pong,
}

/// One node's part of a group of spawned ranks.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spawn {
    /// Index of the group among those spawned.
    pub group: usize,
    /// Id of the group's rank 0.
    pub first: usize,
    /// Number of its ranks, on all nodes.
    pub size: usize,
    /// The programs to start.
    pub parts: Vec<Part>,
}

/// One program of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The program, its arguments and info keys.
    pub block: SpawnBlock,
    /// The ranks in the group that run it, ascending.
    pub ranks: Vec<usize>,
}

impl Spawn {
    /// The node's ranks in the group, ascending.
    pub fn ranks(&self) -> impl Iterator<Item = usize> + '_ {
        self.parts.iter().flat_map(|part| part.ranks.iter().copied())
    }
}

/// One node's part of a job.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// The node's index among those of the placement; beyond them if only spawned ranks go there.
    pub node: usize,
    /// What the user calls the node, unless it is the launcher's machine.
    pub name: Option<String>,
    /// The whole job.
    pub job: Job,
    /// Where all its ranks are.
    pub placement: Placement,
    /// The launcher's environment.
    pub environment: Vec<Variable>,
    /// The launcher's working directory.
    pub directory: PathBuf,
    /// After how much silence of the other side's kernel a connection is given up.
    pub timeout: Duration,
}

/// Bytes that are no message.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProtocolError {
    /// More than a message can have.
    #[error("a message of {0} bytes")]
    TooLong(usize),
    /// Not what [`Order`] or [`Report`] look like.
    #[error("a message that cannot be read: {0}")]
    Unreadable(#[from] postcard::Error),
}

/// Appends the frame of a message.
pub fn encode<M: Serialize>(message: &M, buffer: Vec<u8>) -> Result<Vec<u8>, ProtocolError> {
    let start = buffer.len();
    let mut buffer = buffer;
    buffer.extend_from_slice(&[0; 4]);
    let mut buffer = postcard::to_extend(message, buffer)?;
    let length = buffer.len() - start - 4;
    if length > MAX_FRAME {
        return Err(ProtocolError::TooLong(length));
    }
    buffer[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(buffer)
}

/// Collects bytes and hands out messages.
#[derive(Debug)]
pub struct Frames<M> {
    buffer: Vec<u8>,
    /// Where the next frame begins.
    start: usize,
    message: PhantomData<M>,
}

impl<M> Default for Frames<M> {
    fn default() -> Frames<M> {
        Frames { buffer: Vec::new(), start: 0, message: PhantomData }
    }
}

impl<M: DeserializeOwned> Frames<M> {
    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, `None` if more bytes are needed. After an error the connection is of no use.
    pub fn next(&mut self) -> Result<Option<M>, ProtocolError> {
        let rest = &self.buffer[self.start..];
        let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if length > MAX_FRAME {
            return Err(ProtocolError::TooLong(length));
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        let message = postcard::from_bytes(payload)?;
        self.start += 4 + length;
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Result<Vec<Report>, ProtocolError> {
        let (mut frames, mut all) = (Frames::default(), Vec::new());
        for piece in pieces {
            frames.push(piece);
            while let Some(message) = frames.next()? {
                all.push(message);
            }
        }
        Ok(all)
    }

    fn report() -> impl Strategy<Value = Report> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
        prop_oneof![
            (any::<usize>(), any::<i32>(), "[a-z/]{0,9}").prop_map(|(task, pid, program)| Report::Started {
                task,
                pid,
                program: program.into()
            }),
            (any::<usize>(), bytes()).prop_map(|(task, bytes)| Report::Pmi { task, bytes }),
            (0..2u8, any::<usize>(), bytes()).prop_map(|(channel, task, bytes)| Report::Output {
                channel,
                task,
                bytes
            }),
            (any::<usize>(), any::<i32>()).prop_map(|(task, status)| Report::Ended { task, status }),
            ("\\PC{0,20}", any::<u8>()).prop_map(|(reason, code)| Report::NotStarted { reason, code }),
            (any::<usize>(), "\\PC{0,20}").prop_map(|(group, why)| Report::NotSpawned(group, why)),
            any::<usize>().prop_map(Report::InputTaken),
            any::<i32>().prop_map(Report::Agent),
            Just(()).prop_map(|()| Report::Pong),
        ]
    }

    #[test]
    fn a_whole_job_travels() {
        let job = Job { no_shim: true, ..Job::default() };
        let assignment = Assignment {
            job,
            node: 0,
            name: Some("a".to_owned()),
            placement: Placement::local(3, "a"),
            environment: vec![("A".into(), "1".into())],
            directory: "/tmp".into(),
            timeout: Duration::from_secs(3),
        };
        let order = Order::Start(Box::new(assignment));
        let mut frames = Frames::default();
        frames.push(&encode(&order, Vec::new()).expect("small"));
        assert_eq!(frames.next(), Ok(Some(order)));
        assert_eq!(frames.next(), Ok(None));
    }

    #[test]
    fn too_long_and_unreadable_frames_are_refused() {
        assert_eq!(decode(&[&u32::MAX.to_le_bytes()]), Err(ProtocolError::TooLong(u32::MAX as usize)));
        assert!(matches!(decode(&[&[1, 0, 0, 0, 0xff]]), Err(ProtocolError::Unreadable(_))));
        assert!(matches!(decode(&[&[0; 4]]), Err(ProtocolError::Unreadable(_))));
        let huge = Report::Advice("x".repeat(MAX_FRAME));
        assert!(matches!(encode(&huge, Vec::new()), Err(ProtocolError::TooLong(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), length in 0..40u8) {
            let _ = decode(&[&bytes]);
            let _ = decode(&[&[length, 0, 0, 0], &bytes]);
            let mut frames = Frames::<Order>::default();
            frames.push(&[length, 0, 0, 0]);
            frames.push(&bytes);
            while let Ok(Some(_)) = frames.next() {}
        }

        #[test]
        fn messages_survive_however_the_stream_is_cut(
            reports in proptest::collection::vec(report(), 0..8),
            cuts in proptest::collection::vec(0usize..400, 0..8),
        ) {
            let encoded = reports.iter().try_fold(Vec::new(), |buffer, report| encode(report, buffer));
            let encoded = encoded.expect("short");
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(encoded.len())).collect();
            cuts.extend([0, encoded.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &encoded[w[0]..w[1]]).collect();
            prop_assert_eq!(decode(&pieces), Ok(reports));
        }
    }
}
