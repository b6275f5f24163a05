//! Singleton init: an MPI program that was started alone runs `mpiexec -pmi_args PORT INTERFACE KEY PID` when it needs a launcher,
//! to spawn others. The launcher connects to the program's port, and serves it from then on as the one rank of a job.
//!
//! The program is nobody's child here. How it ends is not known, only that it does; it is the only one whose process group
//! gets no signals, since the launcher belongs to that itself.

use super::process::Process;
use super::rank::Rank;
use crate::command_line::Singleton;
use crate::stdio::stdin::set_nonblocking;
use anyhow::Context;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// How long to wait for the program to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest line of the handshake.
const MAX_LINE: u64 = 1024;
/// What MPICH writes for the interface: it has no other to offer.
const ANY_INTERFACE: &str = "default_interface";

/// A process that somebody else has started.
#[derive(Debug)]
pub struct Foreign {
    pid: i32,
    pidfd: OwnedFd,
}

impl Foreign {
    fn find(pid: i32) -> std::io::Result<Foreign> {
        // SAFETY: no memory is touched.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as i32;
        if fd < 0 {
            return Err(std::io::Error::last_os_error());
        }
        // SAFETY: a new descriptor, close-on-exec, that only we know.
        Ok(Foreign { pid, pidfd: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    /// Its PID.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// A descriptor that becomes readable when it has ended.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Kills it alone.
    pub fn kill(&self) {
        let (fd, none) = (std::os::fd::AsRawFd::as_raw_fd(&self.pidfd), std::ptr::null::<libc::siginfo_t>());
        // SAFETY: the descriptor means this process even if another one has its PID by now; no signal data is given.
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, libc::SIGKILL, none, 0) };
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        poll(&mut [PollFd::new(self.pidfd(), PollFlags::POLLIN)], PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }
}

/// Connects to a program that waits for a launcher, whose store has this name.
pub fn join(singleton: &Singleton, kvsname: &str) -> anyhow::Result<Rank> {
    let Singleton { port, pid, .. } = singleton;
    // What the program has open is not for its children.
    // SAFETY: sets a flag of descriptors, none of which anybody of this process wants to pass on.
    unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    let process = Foreign::find(*pid).with_context(|| format!("-pmi_args: there is no process {pid}"))?;
    let stream = connect(singleton)?;
    let said = greet(&stream, kvsname).with_context(|| format!("-pmi_args: port {port} is no MPI program's"))?;
    anyhow::ensure!(
        said.split_ascii_whitespace().any(|word| word == "cmd=singinit"),
        "-pmi_args: port {port} is no MPI program's: it says {said:?}"
    );
    stream.set_nodelay(true)?;
    let socket = OwnedFd::from(stream);
    set_nonblocking(&socket)?;
    let name = "the program that was started alone".to_owned();
    Ok(Rank::new(Process::Foreign(process), Some(socket), name, std::path::Path::new("")))
}

fn connect(singleton: &Singleton) -> anyhow::Result<TcpStream> {
    let Singleton { port, interface, .. } = singleton;
    let hosts = match interface.as_str() {
        ANY_INTERFACE | "" => vec!["127.0.0.1", "::1"],
        other => vec![other],
    };
    let mut failure = None;
    for address in hosts.iter().flat_map(|host| (*host, *port).to_socket_addrs().into_iter().flatten()) {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    let why = failure.map_or("no such host".to_owned(), |error| error.to_string());
    anyhow::bail!("-pmi_args: cannot connect to port {port} of {} ({why})", hosts[0])
}

/// The handshake; returns what the program said.
fn greet(mut stream: &TcpStream, kvsname: &str) -> anyhow::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"cmd=singinit authtype=none\n")?;
    let (mut said, mut byte) = (Vec::new(), [0]);
    let mut input = stream.take(MAX_LINE);
    // One at a time: what follows is a request.
    loop {
        input.read_exact(&mut byte).context("it closed the connection or said nothing")?;
        if byte == *b"\n" {
            break;
        }
        said.push(byte[0]);
    }
    // Output goes where the program's own goes, without us.
    stream.write_all(format!("cmd=singinit_info versionok=yes stdio=no kvsname={kvsname}\n").as_bytes())?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::TcpListener;

    /// What becomes of a launcher that meets a program which sends these bytes and hangs up.
    fn meet(bytes: Vec<u8>) -> (anyhow::Result<Rank>, String) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let program = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("the launcher");
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut heard = String::new();
            let _ = stream.read_to_string(&mut heard);
            heard
        });
        let pid = std::process::id() as i32;
        let rank = join(&Singleton { port, interface: ANY_INTERFACE.into(), pid }, "kvs");
        let failed = rank.is_err();
        let rank = rank.inspect_err(|_| ());
        if failed {
            return (rank, program.join().expect("program"));
        }
        let rank = rank.map(|mut rank| {
            rank.disconnect();
            rank
        });
        (rank, program.join().expect("program"))
    }

    #[test]
    fn a_program_is_greeted() {
        let said = b"cmd=singinit pmi_version=1 pmi_subversion=1 stdio=yes authtype=none\n".to_vec();
        let (rank, heard) = meet(said);
        assert!(rank.is_ok_and(|rank| rank.task.pid() == std::process::id() as i32 && rank.is_rank));
        assert_eq!(heard, "cmd=singinit authtype=none\ncmd=singinit_info versionok=yes stdio=no kvsname=kvs\n");
    }

    #[test]
    fn who_is_no_program_is_named() {
        let error = meet(b"HTTP/1.1 400\r\n".to_vec()).0.expect_err("no program").to_string();
        assert!(error.contains("HTTP/1.1 400"), "{error}");
        let error = format!("{:#}", meet(Vec::new()).0.expect_err("nothing"));
        assert!(error.contains("closed"), "{error}");
        let nobody = Singleton { port: 1, interface: ANY_INTERFACE.into(), pid: 1 << 30 };
        assert!(join(&nobody, "k").expect_err("nobody").to_string().contains("no process 1073741824"));
        let closed = Singleton { port: 1, interface: ANY_INTERFACE.into(), pid: std::process::id() as i32 };
        assert!(join(&closed, "k").expect_err("closed").to_string().contains("port 1 of 127.0.0.1"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
            let _ = meet(bytes);
        }
    }
}
