//! `-c`: data that names its sender's position and iteration, checked byte by byte by the receiver.

/// The byte at `position` of the message of `iteration`: the period 251 is prime, so that a message shifted by any
/// power of two, or left over from an earlier iteration, differs.
fn expected(position: usize, iteration: usize) -> u8 {
    ((position + 7 * iteration) % 251) as u8
}

/// Writes the pattern of `iteration` to an outgoing message and its complement to the buffer of the incoming one.
pub fn stamp(outgoing: &mut [u8], incoming: &mut [u8], iteration: usize) {
    for (position, byte) in outgoing.iter_mut().enumerate() {
        *byte = expected(position, iteration);
    }
    for (position, byte) in incoming.iter_mut().enumerate() {
        *byte = !expected(position, iteration);
    }
}

/// Counts the bytes that are not those of `iteration`, in the part of a message that begins at `start`.
pub fn count_errors(part: &[u8], start: usize, iteration: usize) -> i32 {
    count(part, start, |position, byte| byte != expected(position, iteration))
}

/// Counts the bytes that are not as [`stamp`] left them, in the part of a receive buffer that begins at `start`.
pub fn count_written(part: &[u8], start: usize, iteration: usize) -> i32 {
    count(part, start, |position, byte| byte != !expected(position, iteration))
}

fn count(part: &[u8], start: usize, wrong: impl Fn(usize, u8) -> bool) -> i32 {
    let wrong = part.iter().enumerate().filter(|&(position, &byte)| wrong(start + position, byte)).count();
    i32::try_from(wrong).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamped_message_is_right_and_an_untouched_receive_buffer_all_wrong() {
        let (mut out, mut inc) = (vec![0; 1000], vec![0; 1000]);
        stamp(&mut out, &mut inc, 3);
        assert_eq!(count_errors(&out, 0, 3), 0);
        assert_eq!(count_errors(&inc, 0, 3), 1000);
        assert_eq!(count_errors(&out, 0, 4), 1000);
        assert_eq!(count_errors(&out[100..], 100, 3), 0);
        assert_eq!((count_written(&inc, 0, 3), count_written(&out, 0, 3)), (0, 1000));
        out[17] ^= 1;
        assert_eq!(count_errors(&out, 0, 3), 1);
    }
}
