//! Patterns of output lines and file names: `%r` rank, `%h` host, `%p` number of the host, `%g` process group, `%t` seconds
//! since the start, `%%` a percent sign. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Piece {
    Text(Vec<u8>),
    Rank,
    Host,
    Node,
    Group,
    Seconds,
}

/// A pattern with an unknown letter.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0:?} has {1:?} in it; known are %r (rank), %h (host), %p (its number), %g (process group), %t (seconds) and %%"
)]
pub struct PatternError(String, String);

/// Whose line or file it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Writer {
    /// Rank, or number of a task beside the ranks.
    pub rank: usize,
    /// Its host.
    pub host: String,
    /// Number of the host among those of the job.
    pub node: usize,
    /// Number of the process group: 0, unless the ranks were spawned by others.
    pub group: usize,
}

impl Pattern {
    /// Parses a pattern.
    pub fn parse(text: &OsStr) -> Result<Pattern, PatternError> {
        let mut pieces = Vec::new();
        let mut literal = Vec::new();
        let mut bytes = text.as_bytes().iter();
        while let Some(&byte) = bytes.next() {
            if byte != b'%' {
                literal.push(byte);
                continue;
            }
            let letter = bytes.next();
            let piece = match letter {
                Some(b'%') => {
                    literal.push(b'%');
                    continue;
                }
                Some(b'r') => Piece::Rank,
                Some(b'h') => Piece::Host,
                Some(b'p') => Piece::Node,
                Some(b'g') => Piece::Group,
                Some(b't') => Piece::Seconds,
                other => {
                    let odd = format!("%{}", other.map(|&byte| char::from(byte).to_string()).unwrap_or_default());
                    return Err(PatternError(text.to_string_lossy().into_owned(), odd));
                }
            };
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(piece);
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Pattern(pieces))
    }

    /// `[%r] `, the prefix of `-l`.
    pub fn rank() -> Pattern {
        Pattern(vec![Piece::Text(b"[".to_vec()), Piece::Rank, Piece::Text(b"] ".to_vec())])
    }

    /// The text for one writer, `seconds` after the start of the job.
    pub fn render(&self, writer: &Writer, seconds: u64) -> Vec<u8> {
        let mut text = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(literal) => text.extend_from_slice(literal),
                Piece::Rank => text.extend_from_slice(writer.rank.to_string().as_bytes()),
                Piece::Host => text.extend_from_slice(writer.host.as_bytes()),
                Piece::Node => text.extend_from_slice(writer.node.to_string().as_bytes()),
                Piece::Group => text.extend_from_slice(writer.group.to_string().as_bytes()),
                Piece::Seconds => text.extend_from_slice(seconds.to_string().as_bytes()),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn render(text: &str) -> Result<String, PatternError> {
        let writer = Writer { rank: 12, host: "n1".into(), node: 3, group: 0 };
        Pattern::parse(OsStr::new(text))
            .map(|pattern| String::from_utf8_lossy(&pattern.render(&writer, 7)).into_owned())
    }

    #[test]
    fn letters_are_replaced() {
        assert_eq!(render("%r.%g.%p.%h.%t.%%|"), Ok("12.0.3.n1.7.%|".into()));
        assert_eq!(render("plain"), Ok("plain".into()));
        assert_eq!(Pattern::rank(), Pattern::parse(OsStr::new("[%r] ")).expect("good"));
        for (bad, odd) in [("%x", "\"%x\""), ("a%", "\"%\""), ("%rr%R", "\"%R\"")] {
            let message = render(bad).expect_err(bad).to_string();
            assert!(message.contains(odd) && message.contains("%r (rank)"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern_or_refused(text in "[%rhpgtx ]{0,12}") {
            if let Ok(out) = render(&text) {
                let literal = text.matches("%%").count();
                prop_assert!(out.matches('%').count() == literal);
            }
        }

        #[test]
        fn escaped_text_is_itself(text in "\\PC{0,20}") {
            prop_assert_eq!(render(&text.replace('%', "%%")), Ok(text));
        }
    }
}
