//! The server side of PMI-1, the wire protocol by which MPI libraries of the MPICH family find each other.
//!
//! `wire` turns bytes into requests, `kvs` stores what ranks publish, `server` answers. None of them does I/O.

pub mod kvs;
pub mod server;
pub mod wire;
