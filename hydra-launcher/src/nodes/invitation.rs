//! The line by which a new agent learns where its launcher is: it comes through standard input, so that nobody else sees it.

use super::addresses;
use super::secret::{CHALLENGE_LENGTH, HandshakeError, Identity, PROOF_LENGTH, Secret};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

/// First word of the line.
const WORD: &str = "pip-agent";
/// Longest line.
const MAX_LINE: u64 = 16 << 10;
/// How long to wait for one address to answer.
const CONNECT: Duration = Duration::from_secs(4);
/// How long to wait for the launcher's part of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How often to try all addresses again, and the pause before the second try, which then doubles.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// What an agent is told when it starts.
#[derive(Debug)]
pub struct Invitation {
    /// The job's secret.
    pub secret: Secret,
    /// The agent's number among the nodes, if each agent has a line of its own.
    pub node: Option<u32>,
    /// Where the launcher listens.
    pub port: u16,
    /// Names or addresses of the launcher's host, the best first.
    pub hosts: Vec<String>,
}

/// Why an agent cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// Standard input ended, or holds something else.
    #[error("this is the agent of a job and is started by pip-mpiexec, which gives it an invitation on standard input")]
    NoInvitation,
    /// Nothing answers.
    #[error("cannot connect to the launcher at {0}")]
    Unreachable(String),
    /// Something answers, but it is not the launcher.
    #[error("{0} is not the launcher: {1}")]
    Stranger(String, HandshakeError),
}

impl Invitation {
    /// The line.
    pub fn line(&self) -> String {
        let node = self.node.map_or("-".to_owned(), |node| node.to_string());
        format!("{WORD} {node} {} {} {}\n", self.secret.text(), self.port, self.hosts.join(","))
    }

    /// Reads the line; what follows it stays unread.
    pub fn read(input: impl Read) -> Result<Invitation, InvitationError> {
        let (mut input, mut line, mut byte) = (input.take(MAX_LINE), Vec::new(), [0]);
        // One at a time: the rest is not ours.
        while input.read_exact(&mut byte).is_ok() && byte != *b"\n" {
            line.push(byte[0]);
        }
        std::str::from_utf8(&line).ok().and_then(Invitation::parse).ok_or(InvitationError::NoInvitation)
    }

    fn parse(line: &str) -> Option<Invitation> {
        let mut words = line.split_ascii_whitespace();
        words.next().filter(|&word| word == WORD)?;
        let node = match words.next()? {
            "-" => None,
            number => Some(number.parse().ok()?),
        };
        let secret = Secret::parse(words.next()?)?;
        let port = words.next()?.parse().ok()?;
        let hosts: Vec<String> = words.next()?.split(',').map(str::to_owned).collect();
        words.next().is_none().then_some(Invitation { secret, node, port, hosts })
    }

    /// Connects to the launcher: both sides prove the secret.
    pub fn accept(&self) -> Result<TcpStream, InvitationError> {
        let mut hosts = self.hosts.clone();
        // Where an ssh server saw the launcher's host come from: names of a private network may lead nowhere here.
        hosts.extend(std::env::var("SSH_CONNECTION").ok().and_then(|v| Some(v.split(' ').next()?.to_owned())));
        let mut failure = InvitationError::Unreachable(format!("{}, port {}", hosts.join(", "), self.port));
        let mut pause = PAUSE;
        for attempt in 0..TRIES {
            if attempt > 0 {
                sleep(pause);
                pause *= 2;
            }
            for host in &hosts {
                for address in addresses::resolve(host, self.port) {
                    match self.shake_hands(address) {
                        Ok(stream) => return Ok(stream),
                        Err(Some(error)) => failure = InvitationError::Stranger(address.to_string(), error),
                        Err(None) => {}
                    }
                }
            }
        }
        Err(failure)
    }

    /// None stands for an error of the network, or of somebody who hangs up.
    fn shake_hands(&self, address: SocketAddr) -> Result<TcpStream, Option<HandshakeError>> {
        fn quiet<T>(result: io::Result<T>) -> Result<T, Option<HandshakeError>> {
            result.map_err(|_| None)
        }
        let mut stream = quiet(TcpStream::connect_timeout(&address, CONNECT))?;
        quiet(stream.set_read_timeout(Some(HANDSHAKE)))?;
        let mut challenge = [0; CHALLENGE_LENGTH];
        quiet(stream.read_exact(&mut challenge))?;
        let name = std::env::var("SLURMD_NODENAME").unwrap_or_default();
        let identity = Identity { node: self.node, name };
        let answer = self.secret.answer(&challenge, &identity).map_err(|error| match error {
            super::secret::AnswerError::Handshake(error) => Some(error),
            super::secret::AnswerError::Random(_) => None,
        })?;
        quiet(stream.write_all(&answer.bytes))?;
        let mut proof = [0; PROOF_LENGTH];
        quiet(stream.read_exact(&mut proof))?;
        answer.check(&proof).map_err(Some)?;
        quiet(stream.set_read_timeout(None))?;
        Ok(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_reads_back_and_no_further() {
        let secret = Secret::new().expect("random");
        let text = secret.text();
        let hosts = vec!["10.0.0.1".to_owned(), "fe80::1".to_owned(), "n1".to_owned()];
        let line = Invitation { secret, node: Some(7), port: 4711, hosts: hosts.clone() }.line() + "rest";
        let mut input = line.as_bytes();
        let read = Invitation::read(&mut input).expect("its own line");
        assert_eq!((read.secret.text(), read.node, read.port, read.hosts), (text, Some(7), 4711, hosts));
        assert_eq!(input, b"rest");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Invitation::read(&bytes[..]).is_err());
        }
    }
}
