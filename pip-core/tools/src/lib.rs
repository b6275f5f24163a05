//! The command-line tools of Process-in-Process, one module each; a program in `src/bin` only calls its module's `main`.
//!
//! A module describes its tool in a [`manual::Tool`]: the options as a clap `Command` and the rest of its man page. Both
//! `--help` and the page are made of that.

pub mod check;
pub mod compiler;
pub mod exec;
pub mod gdb;
pub mod linked;
pub mod man;
pub mod manual;
pub mod messages;
pub mod mode;
pub mod pips;
pub mod places;
pub mod print_mode;
pub mod python;
pub mod signals;
pub mod tgkill;

/// The version of the PiP interface that these tools and libpip.so offer.
pub const API_VERSION: &str = "2.4.1";
