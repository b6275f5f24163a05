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

/// Counts the bytes of `message` that are not those of `iteration`.
pub fn count_errors(message: &[u8], iteration: usize) -> i32 {
    let wrong = message.iter().enumerate().filter(|&(position, &byte)| byte != expected(position, iteration)).count();
    i32::try_from(wrong).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamped_message_is_right_and_an_untouched_receive_buffer_all_wrong() {
        let (mut out, mut inc) = (vec![0; 1000], vec![0; 1000]);
        stamp(&mut out, &mut inc, 3);
        assert_eq!(count_errors(&out, 3), 0);
        assert_eq!(count_errors(&inc, 3), 1000);
        assert_eq!(count_errors(&out, 4), 1000);
        out[17] ^= 1;
        assert_eq!(count_errors(&out, 3), 1);
    }
}
