//! One rank, or task beside the ranks: its PMI connection, if it has one, and how it ended.

use super::process::Process;
use crate::exit_status::Ended;
use crate::pmi::wire::{Decoder, Request, WireError};
use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Replies a rank may leave unread. A client has one request outstanding, so only a broken one leaves more than a line.
const MAX_UNREAD: usize = 64 << 10;

/// A started rank.
#[derive(Debug)]
pub struct Rank {
    /// What runs it.
    pub task: Process,
    /// What messages call it.
    pub name: String,
    program: PathBuf,
    /// False for a task beside the ranks (`-no-rank`), which has no PMI connection.
    pub is_rank: bool,
    /// How it ended. It stays a zombie until the job ends: its PID names its session, and must not be used again before.
    pub ended: Option<Ended>,
    /// It was spawned in vain, and its end means nothing.
    pub given_up: bool,
    /// When to call it lost, after its PMI connection broke without MPI_Finalize.
    pub lost_at: Option<Instant>,
    connection: Connection,
    decoder: Decoder,
    unsent: Vec<u8>,
}

/// A rank's PMI connection, or what is left of it.
#[derive(Debug)]
enum Connection {
    /// Our end of a socket.
    Socket(OwnedFd),
    /// The agent of its node has it, and sends what comes.
    Forwarded,
    /// There is none, or no more.
    Closed,
}

/// What came through a PMI connection.
#[derive(Debug)]
pub enum Incoming {
    /// A request.
    Request(Request),
    /// Nothing more now.
    NothingNow,
    /// The rank closed its end.
    Closed,
    /// Something that is no PMI.
    Corrupted(WireError),
}

impl Rank {
    /// A rank with what runs it and our end of its PMI socket, which must be non-blocking; without one it is no rank.
    pub fn new(task: Process, socket: Option<OwnedFd>, name: String, program: &Path) -> Rank {
        let is_rank = socket.is_some();
        Rank {
            program: program.to_owned(),
            ..Rank::with(task, name, is_rank, socket.map_or(Connection::Closed, Connection::Socket))
        }
    }

    /// A rank, or task beside the ranks, on another node, which has not started yet.
    pub fn on_node(node: usize, number: usize, is_rank: bool) -> Rank {
        let connection = if is_rank { Connection::Forwarded } else { Connection::Closed };
        let process = Process::Remote { node, pid: 0, program: PathBuf::new() };
        Rank::with(process, Rank::name_of(number, is_rank), is_rank, connection)
    }

    /// A spawned rank on another node, which has not started yet.
    pub fn spawned(node: usize, name: String) -> Rank {
        Rank::with(Process::Remote { node, pid: 0, program: PathBuf::new() }, name, true, Connection::Forwarded)
    }

    fn with(task: Process, name: String, is_rank: bool, connection: Connection) -> Rank {
        let (program, ended, given_up, lost_at, decoder, unsent) = Default::default();
        Rank { task, name, program, is_rank, ended, given_up, lost_at, connection, decoder, unsent }
    }

    /// The path of its program, on its host.
    pub fn program(&self) -> &Path {
        match &self.task {
            Process::Remote { program, .. } => program,
            _ => &self.program,
        }
    }

    /// What messages call the task with this number.
    pub fn name_of(number: usize, is_rank: bool) -> String {
        if is_rank { format!("rank {number}") } else { format!("task {number} beside the ranks") }
    }

    /// Our end of its PMI socket, while that is open.
    pub fn socket(&self) -> Option<&OwnedFd> {
        match &self.connection {
            Connection::Socket(socket) => Some(socket),
            Connection::Forwarded | Connection::Closed => None,
        }
    }

    /// Bytes of its PMI connection that its node's agent sent.
    pub fn forwarded(&mut self, bytes: &[u8]) {
        if matches!(self.connection, Connection::Forwarded) {
            self.decoder.push(bytes);
        }
    }

    /// Reads its PMI socket without looking at what comes: None if nothing is there now, empty at the end.
    pub fn read_raw(&mut self) -> Option<Vec<u8>> {
        let Some(socket) = self.socket() else { return Some(Vec::new()) };
        let mut buffer = [0; 4096];
        match nix::unistd::read(socket, &mut buffer) {
            Ok(count) => Some(buffer[..count].to_vec()),
            Err(Errno::EAGAIN | Errno::EINTR) => None,
            Err(_) => Some(Vec::new()),
        }
    }

    /// The next thing that came through the PMI socket.
    pub fn receive(&mut self) -> Incoming {
        loop {
            match self.decoder.next_request() {
                Ok(Some(request)) => return Incoming::Request(request),
                Ok(None) => {}
                Err(error) => return Incoming::Corrupted(error),
            }
            let socket = match &self.connection {
                Connection::Socket(socket) => socket,
                Connection::Forwarded => return Incoming::NothingNow,
                Connection::Closed => return Incoming::Closed,
            };
            let mut buffer = [0; 4096];
            match nix::unistd::read(socket, &mut buffer) {
                Ok(count @ 1..) => self.decoder.push(&buffer[..count]),
                Err(Errno::EAGAIN | Errno::EINTR) => return Incoming::NothingNow,
                Ok(_) | Err(_) => return Incoming::Closed,
            }
        }
    }

    /// Sends a reply, or keeps what the socket does not take. An error means that the rank does not read its replies.
    pub fn send(&mut self, lines: &[u8]) -> Result<(), &'static str> {
        if self.socket().is_none() {
            return Ok(());
        }
        self.unsent.extend_from_slice(lines);
        self.flush();
        if self.unsent.len() > MAX_UNREAD { Err("does not read the replies to its PMI requests") } else { Ok(()) }
    }

    /// Sends what is unsent, as far as the socket takes it. Errors show when the socket is read.
    pub fn flush(&mut self) {
        if let Connection::Socket(socket) = &self.connection
            && !self.unsent.is_empty()
        {
            let flags = nix::sys::socket::MsgFlags::MSG_NOSIGNAL;
            match nix::sys::socket::send(socket.as_raw_fd(), &self.unsent, flags) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(_) => self.unsent.clear(),
            }
        }
    }

    /// Whether replies wait for room in the socket.
    pub fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Closes the PMI connection.
    pub fn disconnect(&mut self) -> Option<OwnedFd> {
        self.unsent.clear();
        match std::mem::replace(&mut self.connection, Connection::Closed) {
            Connection::Socket(socket) => Some(socket),
            Connection::Forwarded | Connection::Closed => None,
        }
    }

    /// How the task ended, if it has, without reaping it.
    pub fn look(&mut self) -> io::Result<Option<Ended>> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
        Ok(match waitid(Id::Pid(Pid::from_raw(self.task.pid())), flags) {
            Ok(WaitStatus::Exited(_, code)) => Some(Ended::Exited(code)),
            Ok(WaitStatus::Signaled(_, signal, _)) => Some(Ended::Killed(signal as i32)),
            // A task that ends at once may have been reaped by pip-core, which then knows the status.
            Err(Errno::ECHILD) => self.task.try_wait()?.map(Ended::from),
            Ok(_) => None,
            Err(errno) => return Err(errno.into()),
        })
    }
}
