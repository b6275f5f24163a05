//! Collective operations of communicators with ranks in several address spaces, called *nodes* here.
//!
//! Three calls at the meeting of a node's ranks make one of these. At the first each says what it calls, as within a node. The first
//! rank of each node tells the others' the cards of its node, with all short data on them (`telling`), and at the second call
//! shows all ranks of its node the cards of the whole communicator. So everybody knows whether all agree, and short operations
//! end as within a node: with the same code on the same data, and the same results to the last bit. Long data goes from its owner's
//! buffer to where it is wanted in messages in which all ranks of a node take part, each reading and writing the buffers of its
//! neighbours (`moving`, `exchanging`, `reducing`). The third call is for what a node's ranks have received for each other.
//!
//! | module | what it is |
//! |---|---|
//! | `nodes` | who is where and works on what. Pure |
//! | `records` | cards as they travel. Pure |
//! | `messages` | sends and receives in a context of their own |
//! | `telling` | first ranks exchange cards |
//! | `verdict` | what follows from all cards |
//! | `passage` | one call of one rank, which never blocks |
//! | `moving`, `exchanging`, `reducing`, `prefix`, `neighbors` | long data |

mod exchanging;
mod haul;
mod messages;
mod moving;
mod neighbors;
mod nodes;
mod passage;
mod prefix;
mod records;
mod reducing;
mod telling;
mod verdict;

pub use haul::Far;
pub use nodes::Nodes;
pub use passage::Passage;

use super::circle::Circle;
use super::meeting::{BODY, Meeting};
use crate::abi;
use crate::engine::{Lane, lane_of};
use crate::job::Job;
use crate::layout::View;
use crate::request::Operation;
use crate::spaces;
use crate::tunables;

/// What this rank knows of a communicator with ranks in several address spaces.
#[derive(Debug)]
pub struct Between {
    /// This rank in the communicator.
    pub rank: u32,
    pub nodes: Nodes,
    /// Ranks in MPI_COMM_WORLD.
    world: Box<[u32]>,
    /// Of the messages of collective operations.
    context: u32,
    lane: Lane,
}

/// Bytes of cards that the first ranks of all nodes exchange in a call, at most.
const CARDS: usize = 64 << 10;

/// The value of `PIP_MPI_NODE_COLLECTIVES` for all communicators.
const ALWAYS: usize = 2;

impl Between {
    /// Ranks of this node.
    pub fn here(&self) -> &[u32] {
        self.nodes.members(self.nodes.own())
    }

    /// The rank in MPI_COMM_WORLD of a rank.
    pub fn world(&self, rank: u32) -> u32 {
        self.world[rank as usize]
    }

    /// The most bytes that are put on a card: less in large communicators, since all cards travel to all nodes.
    pub fn room(&self) -> usize {
        const LEAST: usize = 32;
        (CARDS / self.nodes.size() as usize).clamp(LEAST, BODY) / 8 * 8
    }

    /// A message to or from rank `peer`.
    fn operation(&self, peer: u32, tag: i32, view: View) -> Operation {
        Operation {
            comm: abi::COMM_NULL,
            context: self.context,
            lane: self.lane,
            own_rank: self.rank,
            peer: Some(peer),
            peer_world: self.world(peer),
            tag: Some(tag),
            view,
            layout: None,
        }
    }
}

/// This rank's part in the collective operations of an intracommunicator with ranks in several address spaces, which has this
/// context; each of its ranks asks once. None if they are the MPI library's.
pub fn circle(job: &'static Job, context: u32, rank: u32, world: Box<[u32]>) -> Option<Circle> {
    let settings = tunables::get();
    if settings.node_collectives == 0 || settings.collectives == 0 {
        return None;
    }
    let spaces: Vec<u32> = world.iter().map(|&rank| job.space(rank)).collect();
    let nodes = Nodes::new(&spaces, rank);
    // Ranks that all are on different nodes have nothing to share; the library knows the way between nodes.
    if settings.node_collectives < ALWAYS && nodes.count() == nodes.size() && nodes.count() > 1 {
        return None;
    }
    let here = nodes.members(nodes.own()).len() as u32;
    let make = || core::ptr::from_ref(Meeting::of_part(here, settings.rules(), nodes.size())) as usize;
    let (meeting, made) = job.contexts().of_part(context, here, make);
    // SAFETY: the first rank of this node that asked made it for this communicator.
    let meeting = unsafe { Meeting::at(meeting, here) }?;
    if nodes.count() == 1 {
        return Some(Circle::new(job, meeting, made, rank, world)); // the job has no other
    }
    let (lane, context) = (lane_of(context, job.lanes), spaces::collective(context));
    Some(Circle::spanning(job, meeting, made, Between { rank, nodes, world, context, lane }))
}
