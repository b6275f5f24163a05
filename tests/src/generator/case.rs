//! What a case is before anything is decided about order: plain data, every part of which can be left out or made simpler.
//! Raw numbers mean something only modulo what there is (a rank modulo the size of its communicator), so that any case that
//! is changed in any way is still a legal program.

use super::communicators::Derivation;
use super::types::Blueprint;

/// A program.
#[derive(Debug, Clone)]
pub struct Case {
    /// From which it was drawn.
    pub seed: u64,
    /// Ranks of MPI_COMM_WORLD.
    pub ranks: usize,
    /// Whether it needs MPI_THREAD_MULTIPLE.
    pub threaded: bool,
    /// Whether stock MPICH plays it right, so that results can be compared.
    pub stock: bool,
    /// Communicators beyond MPI_COMM_WORLD and MPI_COMM_SELF.
    pub communicators: Vec<Derivation>,
    /// Datatypes beyond the basic ones.
    pub types: Vec<Blueprint>,
    /// What the ranks do, one step after the other.
    pub steps: Vec<Step>,
}

/// Messages that are under way together.
#[derive(Debug, Clone)]
pub struct Step {
    /// How they travel.
    pub kind: Kind,
    /// Seed of all that is decided about order and completion.
    pub order: u64,
    /// The messages.
    pub messages: Vec<Message>,
    /// What happens beside them.
    pub extras: Extras,
    /// Steps of each thread, for [`Kind::Threads`].
    pub inner: Vec<Vec<Step>>,
}

/// How the messages of a step travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All are posted in any order, then completed in any way.
    Exchange,
    /// Everybody plays them in the same order, mostly with blocking calls.
    Ordered,
    /// A permutation of ranks, by MPI_Sendrecv and its relatives.
    Ring,
    /// All go to one rank, which takes them from MPI_ANY_SOURCE.
    Sink,
    /// Receives are cancelled while their messages are on the way.
    CancelReceive,
    /// Sends are cancelled, and may have been matched already.
    CancelSend,
    /// Threads play steps of their own; true: all on one communicator, told apart by tags.
    Threads(bool),
}

/// What a step has beside its messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras {
    /// In which order receives and sends are posted.
    pub posting: Posting,
    /// A barrier between receives and sends (which may then be ready sends), or behind all.
    pub barrier: bool,
    /// How often the messages are sent beyond the first time; persistent requests are started again.
    pub repeats: usize,
    /// Receives without a message, which are cancelled.
    pub phantoms: usize,
    /// Sends to and receives from MPI_PROC_NULL.
    pub nulls: usize,
    /// Nonblocking collectives among the requests.
    pub collectives: usize,
    /// Communicator that is freed while its requests are pending.
    pub temporary: bool,
    /// Sends whose requests are freed at once.
    pub frees: bool,
    /// Pauses of up to so many microseconds.
    pub pauses: usize,
}

/// In which order a rank posts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Posting {
    /// Receives, then sends, which may block.
    ReceivesFirst,
    /// Sends, then receives, which may block.
    SendsFirst,
    /// Anyhow; nothing blocks.
    #[default]
    Mixed,
}

/// One message; numbers are raw.
#[derive(Debug, Clone, Copy, Default)]
pub struct Message {
    /// The communicator.
    pub communicator: u32,
    /// Which of the communicators that a split made.
    pub part: u32,
    /// The sender.
    pub source: u32,
    /// The receiver.
    pub dest: u32,
    /// The tag.
    pub tag: u32,
    /// The sender's type.
    pub send_type: u32,
    /// The receiver's type.
    pub receive_type: u32,
    /// About how long it is.
    pub bytes: u32,
    /// Elements the receiver expects beyond that.
    pub spare: u32,
    /// Send mode.
    pub mode: Mode,
    /// Form of the send.
    pub form: Form,
    /// Form of the receive.
    pub receive: Receive,
    /// Received from MPI_ANY_SOURCE, where that is unambiguous.
    pub any_source: bool,
    /// Received with MPI_ANY_TAG, likewise.
    pub any_tag: bool,
    /// Through the functions with MPI_Count: bit 0 the send, bit 1 the receive.
    pub large: u32,
    /// The receive is too small.
    pub truncated: bool,
}

/// Send modes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// MPI_Send.
    #[default]
    Standard,
    /// MPI_Bsend.
    Buffered,
    /// MPI_Ssend.
    Synchronous,
    /// MPI_Rsend where the receive is known to be posted, else MPI_Ssend.
    Ready,
}

/// Forms of a send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// Returns when the buffer can be used again; elsewhere nonblocking.
    Blocking,
    /// A request.
    #[default]
    Nonblocking,
    /// A persistent request.
    Persistent,
}

/// Forms of a receive; those that block become nonblocking where they may not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Receive {
    /// MPI_Recv.
    Blocking,
    /// MPI_Irecv.
    #[default]
    Nonblocking,
    /// MPI_Recv_init.
    Persistent,
    /// MPI_Probe or the call of that name, then a receive.
    Probing(&'static str),
}
