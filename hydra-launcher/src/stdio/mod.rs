//! Standard input, output and error of the ranks.
//!
//! `lines` cuts a stream into whole lines and `pattern` names lines and files (both pure), `writer` is the thread that writes to
//! the launcher's own stream and to `files`, `sink` decides what goes where, `output` connects the ranks' pipes with it,
//! or with the `outbox` for a launcher on another host, `stdin` feeds one rank, `broadcast` all of them.

pub mod broadcast;
pub mod files;
pub mod lines;
pub mod outbox;
pub mod output;
pub mod pattern;
pub mod sink;
pub mod stdin;
pub mod turns;
pub mod writer;
