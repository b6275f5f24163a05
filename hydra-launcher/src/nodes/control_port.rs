//! The port that agents connect to. Whoever does not prove the job's secret in a short time is sent away unheard: such a
//! connection costs a bounded number of bytes, and there is a bounded number of them.

use super::secret::{ANSWER_LENGTH, Challenge, Identity, Secret};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How long a connection may take to prove the secret.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections in the middle of the handshake, beside those of the agents that are expected.
const STRANGERS: usize = 16;

/// The listening sockets and what has not proved itself yet.
#[derive(Debug)]
pub struct ControlPort {
    listeners: Vec<TcpListener>,
    /// The first one of those that were opened last.
    newest: usize,
    secret: Secret,
    pending: VecDeque<Pending>,
    limit: usize,
    /// Numbers of pending connections.
    next: usize,
}

#[derive(Debug)]
struct Pending {
    number: usize,
    stream: TcpStream,
    challenge: Challenge,
    answer: [u8; ANSWER_LENGTH],
    received: usize,
    until: Instant,
}

/// What became of a connection.
#[derive(Debug)]
pub enum Outcome {
    /// More bytes are needed, or it was sent away already.
    Nothing,
    /// An agent.
    Agent(Identity, TcpStream),
}

impl ControlPort {
    /// Listens to these addresses. `ports` limits the choice of a port.
    pub fn new(
        secret: Secret,
        agents: usize,
        addresses: &[SocketAddr],
        ports: Option<(u16, u16)>,
    ) -> io::Result<ControlPort> {
        let (listeners, newest, pending) = Default::default();
        let mut port = ControlPort { listeners, newest, secret, pending, limit: agents + STRANGERS, next: 0 };
        port.listen(addresses, ports)?;
        Ok(port)
    }

    /// Listens to more addresses, at one port; from now on that is where agents are to come. Addresses that are not to be had
    /// there are left out, unless that goes for all.
    pub fn listen(&mut self, addresses: &[SocketAddr], ports: Option<(u16, u16)>) -> io::Result<()> {
        let (first, last) = ports.unwrap_or((0, 0));
        let before = self.listeners.len();
        let mut failure = io::Error::from(ErrorKind::AddrNotAvailable);
        for mut port in first..=last {
            for &address in addresses {
                let mut address = address;
                address.set_port(port);
                match TcpListener::bind(address) {
                    Ok(listener) => {
                        listener.set_nonblocking(true)?;
                        port = listener.local_addr()?.port();
                        self.listeners.push(listener);
                    }
                    Err(error) => failure = error,
                }
            }
            if self.listeners.len() > before {
                self.newest = before;
                return Ok(());
            }
        }
        Err(failure)
    }

    /// The sockets of the addresses that were given last.
    pub fn newest(&self) -> &[TcpListener] {
        &self.listeners[self.newest..]
    }

    /// The number of the port that agents are to come to.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listeners[self.newest].local_addr()?.port())
    }

    /// By which addresses agents of this machine can come.
    pub fn addresses_here(&self) -> Vec<IpAddr> {
        let known: Vec<IpAddr> =
            self.newest().iter().flat_map(TcpListener::local_addr).map(|address| address.ip()).collect();
        if known.iter().any(IpAddr::is_unspecified) {
            return super::addresses::loopback().iter().map(SocketAddr::ip).collect();
        }
        known
    }

    /// Whether only this machine's agents can come.
    pub fn is_loopback(&self) -> bool {
        self.newest().iter().all(|listener| listener.local_addr().is_ok_and(|address| address.ip().is_loopback()))
    }

    /// Accepts what waits and sends each a challenge. The numbers are to be watched until [`ControlPort::read`].
    pub fn accept(&mut self) -> Vec<usize> {
        let mut numbers = Vec::new();
        // An error such as too many descriptors passes, or the agents' patience ends.
        while numbers.len() < self.limit
            && let Some(stream) = self.listeners.iter().find_map(|listener| Some(listener.accept().ok()?.0))
        {
            if let Some(pending) = self.begin(stream) {
                numbers.push(pending.number);
                self.pending.push_back(pending);
            }
            if self.pending.len() > self.limit {
                self.pending.pop_front(); // agents come again
            }
        }
        numbers
    }

    fn begin(&mut self, mut stream: TcpStream) -> Option<Pending> {
        stream.set_nonblocking(true).ok()?;
        let challenge = Challenge::new().ok()?;
        // Always fits into the buffer of a new connection.
        stream.write_all(&challenge.bytes()).ok()?;
        self.next += 1;
        let until = Instant::now() + PATIENCE;
        Some(Pending { number: self.next, stream, challenge, answer: [0; ANSWER_LENGTH], received: 0, until })
    }

    /// The socket of a pending connection.
    pub fn pending(&self, number: usize) -> Option<BorrowedFd<'_>> {
        self.pending.iter().find(|pending| pending.number == number).map(|pending| pending.stream.as_fd())
    }

    /// A pending connection is readable.
    pub fn read(&mut self, number: usize) -> Outcome {
        let Some(index) = self.pending.iter().position(|pending| pending.number == number) else {
            return Outcome::Nothing;
        };
        let pending = &mut self.pending[index];
        match pending.stream.read(&mut pending.answer[pending.received..]) {
            Ok(count @ 1..) => pending.received += count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Ok(_) | Err(_) => {
                self.pending.remove(index);
                return Outcome::Nothing;
            }
        }
        if self.pending[index].received < ANSWER_LENGTH {
            return Outcome::Nothing;
        }
        let Some(mut pending) = self.pending.remove(index) else { return Outcome::Nothing };
        match self.secret.check(&pending.challenge, &pending.answer) {
            Ok((identity, proof)) if pending.stream.write_all(&proof).is_ok() => {
                Outcome::Agent(identity, pending.stream)
            }
            _ => Outcome::Nothing,
        }
    }

    /// Sends away who took too long; returns when the next one will have.
    pub fn expire(&mut self, now: Instant) -> Option<Instant> {
        self.pending.retain(|pending| pending.until > now);
        self.pending.iter().map(|pending| pending.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::addresses;
    use crate::nodes::secret::{CHALLENGE_LENGTH, PROOF_LENGTH};
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::thread::sleep;

    fn port(agents: usize) -> (ControlPort, Secret) {
        let secret = Secret::new().expect("random");
        let port = ControlPort::new(secret.clone(), agents, &addresses::loopback(), None);
        (port.expect("a port"), secret)
    }

    fn connect(port: &ControlPort) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port.port().expect("bound"))).expect("connected")
    }

    /// Until the port has seen `count` new connections.
    fn accept(port: &mut ControlPort, count: usize) -> Vec<usize> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            numbers.extend(port.accept());
            sleep(Duration::from_millis(1));
        }
        numbers
    }

    fn outcome(port: &mut ControlPort, number: usize) -> Option<Identity> {
        while port.pending(number).is_some() {
            if let Outcome::Agent(identity, _) = port.read(number) {
                return Some(identity);
            }
            sleep(Duration::from_millis(1));
        }
        None
    }

    fn challenged(stream: &mut TcpStream) -> [u8; CHALLENGE_LENGTH] {
        let mut challenge = [0; CHALLENGE_LENGTH];
        stream.read_exact(&mut challenge).expect("a challenge");
        challenge
    }

    #[test]
    fn an_agent_is_let_in_however_its_answer_is_cut() {
        let (mut port, secret) = port(1);
        let mut stream = connect(&port);
        let number = accept(&mut port, 1)[0];
        let identity = Identity { node: Some(1), name: String::new() };
        let answer = secret.answer(&challenged(&mut stream), &identity).expect("random");
        for piece in answer.bytes.chunks(50) {
            stream.write_all(piece).expect("connected");
            sleep(Duration::from_millis(2));
            if let Outcome::Agent(who, _) = port.read(number) {
                assert_eq!(who, identity);
            }
        }
        let mut proof = [0; PROOF_LENGTH];
        stream.read_exact(&mut proof).expect("a proof");
        assert_eq!(answer.check(&proof), Ok(()));
    }

    #[test]
    fn strangers_hear_nothing_but_the_challenge() {
        let (mut port, _) = port(1);
        let (mut silent, mut loud) = (connect(&port), connect(&port));
        let numbers = accept(&mut port, 2);
        challenged(&mut silent);
        challenged(&mut loud);
        loud.write_all(&[b'x'; 4 * ANSWER_LENGTH]).expect("connected");
        assert_eq!(outcome(&mut port, numbers[1]), None);
        assert!(loud.read(&mut [0; 9]).map_or(true, |count| count == 0));
        assert_eq!(port.expire(Instant::now() + PATIENCE), None);
        assert_eq!(silent.read(&mut [0; 9]).expect("closed"), 0);
    }

    #[test]
    fn agents_come_by_either_protocol_and_later_by_more() {
        let (mut port, _) = port(3);
        assert!(port.is_loopback() && !port.newest().is_empty());
        let number = port.port().expect("bound");
        connect(&port);
        if port.newest().len() > 1 {
            TcpStream::connect((Ipv6Addr::LOCALHOST, number)).expect("the same port");
            accept(&mut port, 1);
        }
        port.listen(&addresses::any(), None).expect("a port");
        assert!(!port.is_loopback() && port.port().expect("bound") != number);
        connect(&port);
        TcpStream::connect((Ipv4Addr::LOCALHOST, number)).expect("still open");
        accept(&mut port, 2);
        let taken = ControlPort::new(Secret::new().expect("random"), 1, &addresses::loopback(), Some((number, number)));
        assert!(taken.is_err());
    }

    #[test]
    fn only_so_many_may_try_at_once() {
        let (mut port, _) = port(2);
        let streams: Vec<TcpStream> = (0..2 * STRANGERS).map(|_| connect(&port)).collect();
        accept(&mut port, streams.len());
        assert_eq!(port.pending.len(), STRANGERS + 2);
        assert!(port.pending.iter().all(|pending| pending.number > STRANGERS - 2));
    }
}
