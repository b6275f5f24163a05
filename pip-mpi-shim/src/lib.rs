#![doc = include_str!("../README.md")]

pub mod layout;
pub mod matching;
mod primitive;
pub mod rendezvous;
pub mod ring;
