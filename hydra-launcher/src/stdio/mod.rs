//! Standard input, output and error of the ranks.
//!
//! `lines` cuts a stream into whole lines (pure), `writer` is the thread that writes to the launcher's own stream, `output`
//! connects the ranks' pipes with it, or with the `outbox` for a launcher on another host, `stdin` feeds rank 0.

pub mod lines;
pub mod outbox;
pub mod output;
pub mod stdin;
pub mod writer;
