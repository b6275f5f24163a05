//! An MPI program in Rust: vectors of unknown length, matched probes, sub-communicators, derived types, packed data.

use mpi::datatype::{MutView, UserDatatype, View};
use mpi::topology::Color;
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Equivalence, MatchedReceiveVec, Source};

fn main() {
    let (universe, _) = mpi::initialize_with_threading(mpi::Threading::Multiple).expect("MPI is not initialised yet");
    let world = universe.world();
    let (rank, size) = (world.rank(), world.size());
    let next = world.process_at_rank((rank + 1) % size);
    let previous_rank = (rank + size - 1) % size;
    let previous = world.process_at_rank(previous_rank);

    // The receiver learns the length from the message.
    for length in [0usize, 1, 100, 5_000, 200_000] {
        let data = vec![f64::from(rank); length];
        let (received, status) = mpi::request::scope(|scope| {
            let request = next.immediate_send_with_tag(scope, &data[..], 7);
            let received = if length % 2 == 0 {
                previous.receive_vec_with_tag::<f64>(7)
            } else {
                world.any_process().matched_probe_with_tag(7).matched_receive_vec()
            };
            request.wait();
            received
        });
        assert_eq!((received.len(), status.source_rank(), status.tag()), (length, previous_rank, 7));
        assert!(received.iter().all(|&value| value == f64::from(previous_rank)));
    }

    // Every third number of a row, into a vector that lies close.
    let every_third = UserDatatype::vector(1000, 1, 3, &i32::equivalent_datatype());
    let numbers: Vec<i32> = (0..3000).map(|i| i + rank).collect();
    let mut close = vec![0i32; 1000];
    // SAFETY: 1000 numbers, 3 apart, lie within the 3000.
    let view = unsafe { View::with_count_and_datatype(&numbers[..], 1, &every_third) };
    mpi::point_to_point::send_receive_into(&view, &next, &mut close[..], &previous);
    assert!(close.iter().zip(0..).all(|(&value, i)| value == 3 * i + previous_rank));
    let mut apart = vec![-1i32; 3000];
    // SAFETY: as above.
    let mut view = unsafe { MutView::with_count_and_datatype(&mut apart[..], 1, &every_third) };
    mpi::point_to_point::send_receive_into(&close[..], &next, &mut view, &previous);
    assert!(apart[1] == -1 && apart[2997] == 3 * 999 + (previous_rank + size - 1) % size);

    // Messages of the same tag in a half of the world and in its copy do not mix.
    let half = world.split_by_color(Color::with_value(rank % 2)).expect("every rank has a colour");
    let copy = half.duplicate();
    let (own, count) = (half.rank(), half.size());
    let (after, before) = ((own + 1) % count, (own + count - 1) % count);
    let (one, two) = ([own; 10], [own + 100; 10]);
    mpi::request::scope(|scope| {
        let first = half.process_at_rank(after).immediate_send(scope, &one[..]);
        let second = copy.process_at_rank(after).immediate_send(scope, &two[..]);
        let (of_copy, _) = copy.process_at_rank(before).receive_vec::<i32>();
        let (of_half, _) = half.process_at_rank(before).receive_vec::<i32>();
        assert!(of_copy == [before + 100; 10] && of_half == [before; 10]);
        first.wait();
        second.wait();
    });

    let packed = world.pack(&numbers[..]);
    let bytes = mpi::request::scope(|scope| {
        let request = next.immediate_send(scope, &packed[..]);
        let (bytes, _) = previous.receive_vec::<u8>();
        request.wait();
        bytes
    });
    let mut unpacked = vec![0i32; 3000];
    // SAFETY: the bytes are 3000 packed numbers.
    unsafe { world.unpack_into(&bytes, &mut unpacked[..], 0) };
    assert_eq!(unpacked[2999], 2999 + previous_rank);
    world.barrier();
    println!("rank {rank} of {size}: passed");
}
