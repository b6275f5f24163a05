//! Cuts a byte stream that arrives in arbitrary pieces into chunks of whole lines. Pure.

/// A line longer than this is passed on in pieces, so that memory stays bounded.
pub const MAX_LINE: usize = 256 << 10;

/// The beginning of a line whose end has not come yet.
#[derive(Debug, Default)]
pub struct LineBuffer {
    partial: Vec<u8>,
}

impl LineBuffer {
    /// Adds data and returns what is complete: one or more whole lines, or a piece of an overlong line.
    pub fn push(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        let complete = memchr::memrchr(b'\n', data).map_or(0, |end| end + 1);
        let (lines, rest) = data.split_at(complete);
        let mut chunk = Vec::new();
        if !lines.is_empty() {
            chunk = std::mem::take(&mut self.partial);
            chunk.extend_from_slice(lines);
        }
        self.partial.extend_from_slice(rest);
        if self.partial.len() > MAX_LINE {
            chunk.append(&mut self.partial);
        }
        (!chunk.is_empty()).then_some(chunk)
    }

    /// The partial line, for a stream that ended or fell silent.
    pub fn take_partial(&mut self) -> Option<Vec<u8>> {
        (!self.partial.is_empty()).then(|| std::mem::take(&mut self.partial))
    }

    /// Whether the last line is incomplete.
    pub fn has_partial(&self) -> bool {
        !self.partial.is_empty()
    }
}

/// The text with `prefix` before each line; before the first one only if `at_line_start`.
pub fn prefixed(text: &[u8], prefix: &[u8], at_line_start: bool) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len() + text.len() / 4 + prefix.len());
    let mut start = at_line_start;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        if start {
            result.extend_from_slice(prefix);
        }
        result.extend_from_slice(line);
        start = true;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_put_together() {
        let mut buffer = LineBuffer::default();
        assert_eq!(buffer.push(b"a"), None);
        assert!(buffer.has_partial());
        assert_eq!(buffer.push(b"b\nc\nd"), Some(b"ab\nc\n".to_vec()));
        assert_eq!(buffer.take_partial(), Some(b"d".to_vec()));
        assert_eq!(buffer.take_partial(), None);
        assert_eq!(buffer.push(b"\n"), Some(b"\n".to_vec()));
    }

    #[test]
    fn an_overlong_line_comes_in_pieces() {
        let mut buffer = LineBuffer::default();
        let mut received = 0;
        for _ in 0..100 {
            received += buffer.push(&[b'x'; 10_000]).map_or(0, |chunk| chunk.len());
            assert!(buffer.partial.len() <= MAX_LINE);
        }
        assert!(received > 500_000);
    }

    #[test]
    fn prefixes_stand_at_line_starts() {
        assert_eq!(prefixed(b"a\n\nb", b"[0] ", true), b"[0] a\n[0] \n[0] b");
        assert_eq!(prefixed(b"tail\nb\n", b"[0] ", false), b"tail\n[0] b\n");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_chunks_end_lines(pieces in proptest::collection::vec("[ab\n]{0,6}", 0..30)) {
            let mut buffer = LineBuffer::default();
            let mut all = Vec::new();
            for piece in &pieces {
                if let Some(chunk) = buffer.push(piece.as_bytes()) {
                    prop_assert_eq!(chunk.last(), Some(&b'\n'));
                    all.extend(chunk);
                }
            }
            all.extend(buffer.take_partial().unwrap_or_default());
            prop_assert_eq!(all, pieces.concat().into_bytes());
        }
    }
}
