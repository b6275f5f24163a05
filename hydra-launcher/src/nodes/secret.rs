//! How launcher and agent know each other: both prove that they have the job's secret, without showing it. Pure but for the
//! kernel's random numbers.
//!
//! The launcher sends a magic number and 32 random bytes; the agent answers with who it is, 32 random bytes of its own and an HMAC
//! over all of it; the launcher answers with another HMAC. What is not so is not answered.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The first bytes of both sides: a name, and the version of the protocol, which changes whenever a message does.
const MAGIC: &[u8; 8] = b"PIPMPI\x00\x02";
/// Build of both sides, which must be the same.
const BUILD: &str = env!("CARGO_PKG_VERSION");
/// Bytes of a secret, a challenge and a proof.
const SIZE: usize = 32;
/// Longest name that an agent may have from its resource manager.
const NAME: usize = 64;

/// Bytes of what the launcher sends first.
pub const CHALLENGE_LENGTH: usize = 8 + SIZE;
/// Bytes of the agent's answer.
pub const ANSWER_LENGTH: usize = 8 + 4 + NAME + SIZE + SIZE;
/// Bytes of the launcher's own proof.
pub const PROOF_LENGTH: usize = SIZE;

/// A job's secret.
#[derive(Clone)]
pub struct Secret([u8; SIZE]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Who an agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its number among the nodes, if whoever started it could say.
    pub node: Option<u32>,
    /// Its name to the resource manager, else empty; what is longer than 64 bytes is cut.
    pub name: String,
}

/// The launcher's challenge to one connection.
#[derive(Debug)]
pub struct Challenge([u8; SIZE]);

/// Why an agent cannot work with a launcher.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HandshakeError {
    /// Another program, or another version of this one.
    #[error("no pip-mpiexec of the version {BUILD} answers")]
    Magic,
    /// It has another secret, or none.
    #[error("whoever answers does not know the job's secret")]
    Proof,
}

impl Secret {
    /// A new secret.
    pub fn new() -> Result<Secret, getrandom::Error> {
        random().map(Secret)
    }

    /// In hexadecimal, for the pipe to the agent.
    pub fn text(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What [`Secret::text`] wrote.
    pub fn parse(text: &str) -> Option<Secret> {
        let bytes = text.as_bytes();
        if bytes.len() != 2 * SIZE || !text.is_ascii() {
            return None;
        }
        let mut secret = [0; SIZE];
        for (byte, digits) in secret.iter_mut().zip(bytes.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Secret(secret))
    }

    /// A proof of knowing the secret, by one of two roles.
    fn proof(&self, role: u8, challenge: &[u8], answer: &[u8]) -> Hmac<Sha256> {
        // Cannot fail: HMAC takes keys of every length.
        let mut mac = Hmac::<Sha256>::new(&hmac::digest::Key::<Hmac<Sha256>>::default());
        if let Ok(keyed) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac = keyed;
        }
        mac.update(&[role]);
        mac.update(BUILD.as_bytes());
        mac.update(challenge);
        mac.update(answer);
        mac
    }

    /// Agent: the answer to what the launcher sent first, and what to check the launcher's proof with.
    pub fn answer(&self, sent: &[u8; CHALLENGE_LENGTH], identity: &Identity) -> Result<Answer, AnswerError> {
        if &sent[..8] != MAGIC {
            return Err(HandshakeError::Magic.into());
        }
        let mut name = [0; NAME];
        let length = identity.name.len().min(NAME);
        name[..length].copy_from_slice(&identity.name.as_bytes()[..length]);
        let mut bytes = MAGIC.to_vec();
        bytes.extend(identity.node.unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(name);
        bytes.extend(random()?);
        let mac = self.proof(b'a', &sent[8..], &bytes).finalize().into_bytes();
        let expected = self.proof(b'l', &sent[8..], &bytes);
        bytes.extend(mac);
        Ok(Answer { bytes, expected })
    }

    /// Launcher: who answered, and the proof to send back.
    pub fn check(
        &self,
        challenge: &Challenge,
        answer: &[u8; ANSWER_LENGTH],
    ) -> Result<(Identity, [u8; PROOF_LENGTH]), HandshakeError> {
        let (signed, proof) = answer.split_at(ANSWER_LENGTH - SIZE);
        self.proof(b'a', &challenge.0, signed).verify_slice(proof).map_err(|_| HandshakeError::Proof)?;
        if &signed[..8] != MAGIC {
            return Err(HandshakeError::Magic);
        }
        let node = u32::from_le_bytes([signed[8], signed[9], signed[10], signed[11]]);
        let name = String::from_utf8_lossy(&signed[12..12 + NAME]).trim_end_matches('\0').to_owned();
        let own = self.proof(b'l', &challenge.0, signed).finalize().into_bytes();
        Ok((Identity { node: (node != u32::MAX).then_some(node), name }, own.into()))
    }
}

/// An agent's answer.
pub struct Answer {
    /// The bytes to send.
    pub bytes: Vec<u8>,
    expected: Hmac<Sha256>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The other side is none of us.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The kernel has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl Answer {
    /// Whether the launcher's proof is right.
    pub fn check(self, proof: &[u8; PROOF_LENGTH]) -> Result<(), HandshakeError> {
        self.expected.verify_slice(proof).map_err(|_| HandshakeError::Proof)
    }
}

impl Challenge {
    /// A new one.
    pub fn new() -> Result<Challenge, getrandom::Error> {
        random().map(Challenge)
    }

    /// What to send.
    pub fn bytes(&self) -> [u8; CHALLENGE_LENGTH] {
        let mut bytes = [0; CHALLENGE_LENGTH];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..].copy_from_slice(&self.0);
        bytes
    }
}

fn random() -> Result<[u8; SIZE], getrandom::Error> {
    let mut bytes = [0; SIZE];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn identity() -> Identity {
        Identity { node: Some(3), name: "node007".into() }
    }

    fn answered(secret: &Secret, challenge: &Challenge) -> ([u8; ANSWER_LENGTH], Answer) {
        let answer = secret.answer(&challenge.bytes(), &identity()).expect("random numbers");
        (answer.bytes.clone().try_into().expect("its length"), answer)
    }

    #[test]
    fn both_sides_prove_the_secret() {
        let (secret, challenge) = (Secret::new().expect("random"), Challenge::new().expect("random"));
        let agent = Secret::parse(&secret.text()).expect("its own text");
        let (bytes, answer) = answered(&agent, &challenge);
        let (who, proof) = secret.check(&challenge, &bytes).expect("the same secret");
        assert_eq!(who, identity());
        assert_eq!(answer.check(&proof), Ok(()));
    }

    #[test]
    fn another_secret_challenge_or_role_is_refused() {
        let (secret, challenge) = (Secret::new().expect("random"), Challenge::new().expect("random"));
        let (bytes, answer) = answered(&secret, &challenge);
        let others = [
            Secret::new().expect("random").check(&challenge, &bytes),
            secret.check(&Challenge::new().expect("random"), &bytes),
        ];
        assert!(others.iter().all(|result| *result == Err(HandshakeError::Proof)));
        let reflected: [u8; PROOF_LENGTH] = bytes[ANSWER_LENGTH - SIZE..].try_into().expect("its length");
        assert_eq!(answer.check(&reflected), Err(HandshakeError::Proof));
        let mut other_version = challenge.bytes();
        other_version[7] += 1;
        assert!(secret.answer(&other_version, &identity()).is_err());
    }

    proptest! {
        #[test]
        fn no_flipped_bit_passes(bit in 0..ANSWER_LENGTH * 8) {
            let (secret, challenge) = (Secret([7; SIZE]), Challenge([9; SIZE]));
            let (mut bytes, _) = answered(&secret, &challenge);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(secret.check(&challenge, &bytes), Err(HandshakeError::Proof));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,70}|[0-9a-fA-F+]{64}") {
            if let Some(secret) = Secret::parse(&text) {
                prop_assert_eq!(secret.text(), text.to_lowercase());
            }
        }
    }
}
