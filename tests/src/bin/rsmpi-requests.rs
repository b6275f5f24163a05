//! An MPI program in Rust: collections of requests among the ranks of a ring, completed in every way rsmpi knows.

use mpi::request::{multiple_scope, scope};
use mpi::traits::{Communicator, Destination, Source};

/// Messages in each direction at a time.
const COUNT: usize = 60;
/// Numbers in a message: through the mailbox, by one copy, by a shared copy.
const LENGTHS: [usize; 3] = [1, 300, 20_000];

fn main() {
    let universe = mpi::initialize().expect("MPI is not initialised yet");
    let world = universe.world();
    let (rank, size) = (world.rank(), world.size());
    let next = world.process_at_rank((rank + 1) % size);
    let previous = world.process_at_rank((rank + size - 1) % size);
    for length in LENGTHS {
        let out: Vec<Vec<i64>> = (0..COUNT as i64).map(|i| vec![i64::from(rank) * 1000 + i; length]).collect();
        for way in 0..5 {
            let mut into = vec![vec![0i64; length]; COUNT];
            multiple_scope(2 * COUNT, |scope, requests| {
                for data in &mut into {
                    requests.add(previous.immediate_receive_into(scope, &mut data[..]));
                }
                for data in &out {
                    let request = if way % 2 == 0 {
                        next.immediate_send(scope, &data[..])
                    } else {
                        next.immediate_synchronous_send(scope, &data[..])
                    };
                    requests.add(request);
                }
                let (mut done, mut finished) = (0, Vec::new());
                while requests.incomplete() > 0 {
                    match way {
                        0 => requests.wait_all(&mut finished),
                        1 => requests.wait_some(&mut finished),
                        2 => finished.extend(requests.wait_any()),
                        3 => _ = requests.test_all(&mut finished),
                        _ => requests.test_some(&mut finished),
                    }
                    done += finished.drain(..).count();
                }
                assert_eq!(done, 2 * COUNT);
            });
            for (i, data) in into.iter().enumerate() {
                let sent = i64::from(previous_rank(rank, size)) * 1000 + i as i64;
                assert!(data.iter().all(|&value| value == sent), "way {way}, message {i}");
            }
        }
    }
    // A receive that nobody sends to can be cancelled, and then waiting ends.
    let mut never = [0u8; 8];
    scope(|scope| {
        let request = previous.immediate_receive_into_with_tag(scope, &mut never[..], 99);
        request.cancel();
        request.wait();
    });
    println!("rank {rank} of {size}: passed");
}

fn previous_rank(rank: i32, size: i32) -> i32 {
    (rank + size - 1) % size
}
