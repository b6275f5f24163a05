//! An authenticated connection between launcher and agent: messages in both directions, nothing that waits.

use super::protocol::{Frames, ProtocolError, encode};
use nix::sys::socket::{setsockopt, sockopt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// Bytes of one read.
const READ: usize = 128 << 10;
/// Sent bytes are taken out of the buffer once they are so many, lest each send move the rest.
const COMPACT: usize = 1 << 20;

/// One side's end of a connection, which receives messages of type `M`.
#[derive(Debug)]
pub struct Link<M> {
    stream: TcpStream,
    frames: Frames<M>,
    out: Vec<u8>,
    sent: usize,
    scratch: Vec<u8>,
}

/// Why a connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The other side closed it, or ended.
    #[error("the connection was closed")]
    Closed,
    /// The network.
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    /// The other side sent something else than messages.
    #[error("the connection carries {0}")]
    Protocol(#[from] ProtocolError),
}

impl<M: DeserializeOwned> Link<M> {
    /// Takes over a connection after the handshake.
    pub fn new(stream: TcpStream) -> io::Result<Link<M>> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Link { stream, frames: Frames::default(), out: Vec::new(), sent: 0, scratch: vec![0; READ] })
    }

    /// Makes a peer whose kernel does not answer for so long break the connection; zero stands for the kernel's own patience.
    pub fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        if !timeout.is_zero() {
            // A silent connection is probed after a third of the time, three times; one with data on its way is given up when
            // they are not acknowledged in time.
            let third = (timeout.as_secs() as u32 / 3).max(1);
            setsockopt(&self.stream, sockopt::KeepAlive, &true)?;
            setsockopt(&self.stream, sockopt::TcpKeepIdle, &third)?;
            setsockopt(&self.stream, sockopt::TcpKeepInterval, &third.div_ceil(2))?;
            setsockopt(&self.stream, sockopt::TcpKeepCount, &3)?;
            setsockopt(&self.stream, sockopt::TcpUserTimeout, &(timeout.as_millis() as u32))?;
        }
        Ok(())
    }

    /// Puts a message behind those to be sent.
    pub fn push(&mut self, message: &impl Serialize) -> Result<(), LinkError> {
        if self.sent > COMPACT {
            self.out.drain(..self.sent);
            self.sent = 0;
        }
        self.out = encode(message, std::mem::take(&mut self.out))?;
        Ok(())
    }

    /// Puts frames behind those to be sent.
    pub fn push_frames(&mut self, frames: &[u8]) {
        self.out.extend_from_slice(frames);
    }

    /// Sends as much as the connection takes now.
    pub fn flush(&mut self) -> Result<(), LinkError> {
        while self.pending() > 0 {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(broken(error)),
            }
        }
        self.out.clear();
        self.sent = 0;
        Ok(())
    }

    /// Bytes that wait to be sent.
    pub fn pending(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Reads once; true if something came.
    pub fn fill(&mut self) -> Result<bool, LinkError> {
        match self.stream.read(&mut self.scratch) {
            Ok(0) => Err(LinkError::Closed),
            Ok(count) => {
                self.frames.push(&self.scratch[..count]);
                Ok(true)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(false),
            Err(error) => Err(broken(error)),
        }
    }

    /// Sends what is left, says that nothing more will come, and waits for the other side to do the same.
    pub fn close(&mut self, until: Instant) {
        let left = || until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let _ = self.stream.set_nonblocking(false);
        let _ = self.stream.set_write_timeout(Some(left()));
        let sent = self.stream.write_all(&self.out[self.sent..]);
        if sent.and_then(|()| self.stream.shutdown(Shutdown::Write)).is_ok() {
            let _ = self.stream.set_read_timeout(Some(left()));
            while let Ok(1..) = self.stream.read(&mut self.scratch) {}
        }
    }

    /// The next message that came.
    pub fn next(&mut self) -> Result<Option<M>, LinkError> {
        Ok(self.frames.next()?)
    }
}

/// A process that ends with bytes unread resets its connections.
fn broken(error: io::Error) -> LinkError {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => LinkError::Closed,
        _ => LinkError::Broken(error),
    }
}

impl<M> AsFd for Link<M> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
