//! Order, contents and growth against a queue as model; under loom, every interleaving of a short run.

use super::*;

/// Both ends of a new ring.
fn pair(lines: usize, bytes: usize, most_bytes: usize) -> (Sender, Receiver) {
    let sender = Sender::new(lines, bytes, most_bytes);
    // SAFETY: a ring with nothing in it, and its only receiver.
    let receiver = unsafe { Receiver::new(sender.ring()) };
    (sender, receiver)
}

/// Sends message `number` of `len` bytes, whose contents follow from the two.
fn send(sender: &mut Sender, number: u32, len: usize) -> Result<(), Full> {
    let envelope = Envelope { context: number, source: number % 7, tag: number as i32 };
    // SAFETY: there is room for `len` bytes.
    let fill = |to: *mut u8| (0..len).for_each(|i| unsafe { to.add(i).write((number as usize + i) as u8) });
    match len {
        0..=INLINE_MAX => sender.send_inline(envelope, len, fill),
        // Not everywhere is room for it.
        49..=LINES_MAX if sender.send_lines(envelope, len, fill).is_ok() => Ok(()),
        _ => sender.send_cell(envelope, len, fill),
    }
}

/// The next message as (number, length) after checking its contents.
fn receive(receiver: &mut Receiver) -> Option<(u32, usize)> {
    let arrival = receiver.peek()?;
    let number = arrival.envelope.context;
    assert_eq!((arrival.envelope.source, arrival.envelope.tag), (number % 7, number as i32));
    let len = match arrival.payload {
        Payload::Inline(len) | Payload::Cell(_, len) => len,
        Payload::Offer(_) => panic!("nothing was offered"),
    };
    // SAFETY: the payload lies there until `advance`.
    (0..len).for_each(|i| assert_eq!(unsafe { arrival.data.add(i).read() }, (number as usize + i) as u8));
    receiver.advance(arrival.payload);
    Some((number, len))
}

#[cfg(not(loom))]
mod model {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn messages_arrive_once_in_order_and_whole(
            steps in prop::collection::vec(prop_oneof![
                (0usize..=INLINE_MAX).prop_map(Some), (0usize..700).prop_map(Some), Just(None), Just(None)], 1..400),
        ) {
            let (mut sender, mut receiver) = pair(4, 64, 1024);
            let mut model = VecDeque::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Some(len) => {
                        while send(&mut sender, number as u32, len) == Err(Full) {
                            sender.extend(len);
                        }
                        model.push_back((number as u32, len));
                    }
                    None => prop_assert_eq!(receive(&mut receiver), model.pop_front()),
                }
            }
            while let Some(expected) = model.pop_front() {
                prop_assert_eq!(receive(&mut receiver), Some(expected));
            }
            prop_assert_eq!(receive(&mut receiver), None);
        }
    }

    #[test]
    fn drained_rings_are_used_again() {
        let (mut sender, mut receiver) = pair(4, 64, 256);
        let mut rings = std::collections::HashSet::new();
        for round in 0..1000u32 {
            for i in 0..5 {
                while send(&mut sender, round * 5 + i, 8) == Err(Full) {
                    sender.extend(8);
                }
                rings.insert(sender.ring() as usize);
            }
            for i in 0..5 {
                assert_eq!(receive(&mut receiver), Some((round * 5 + i, 8)));
            }
        }
        assert!(rings.len() <= 4, "{} rings for a backlog of 5 lines", rings.len());
    }

    #[test]
    fn two_threads_exchange_a_million_messages() {
        const COUNT: u32 = 1_000_000;
        let (mut sender, mut receiver) = pair(64, 4096, 65536);
        let writer = std::thread::spawn(move || {
            for number in 0..COUNT {
                let len = (number as usize * 37) % 200;
                while send(&mut sender, number, len) == Err(Full) {
                    sender.extend(len);
                }
            }
        });
        for number in 0..COUNT {
            let (got, len) = loop {
                match receive(&mut receiver) {
                    Some(message) => break message,
                    None => std::thread::yield_now(),
                }
            };
            assert_eq!((got, len), (number, (number as usize * 37) % 200));
        }
        writer.join().unwrap();
    }
}

#[cfg(loom)]
fn whole_and_in_order(lines: usize, lens: &'static [usize]) {
    loom::model(move || {
        let (mut sender, mut receiver) = pair(lines, 64, 64);
        let writer = loom::thread::spawn(move || {
            for (number, &len) in lens.iter().enumerate() {
                while send(&mut sender, number as u32, len) == Err(Full) {
                    sender.extend(len);
                }
            }
        });
        for (number, &len) in lens.iter().enumerate() {
            let got = loop {
                match receive(&mut receiver) {
                    Some(message) => break message,
                    None => loom::thread::yield_now(),
                }
            };
            assert_eq!(got, (number as u32, len));
        }
        writer.join().unwrap();
    });
}

#[cfg(loom)]
#[test]
fn loom_a_reader_sees_whole_messages_in_order() {
    whole_and_in_order(4, &[8; 5]);
}

#[cfg(loom)]
#[test]
fn loom_messages_of_several_lines_are_whole() {
    whole_and_in_order(8, &[100, 8, 60, 200]);
}
