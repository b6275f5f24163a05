//! The server side of PMI-1, the wire protocol by which MPI libraries of the MPICH family find each other.
//!
//! `wire` turns bytes into requests (`spawn` those of MPI_Comm_spawn), `kvs` stores what ranks publish, `group` is a world of
//! ranks with its store and barrier, `server` answers. None of them does I/O.

pub mod group;
pub mod kvs;
pub mod server;
pub mod spawn;
pub mod wire;
