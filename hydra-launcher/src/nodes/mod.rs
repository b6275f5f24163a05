//! Jobs on several hosts: one agent per host, which is that node's PiP root.
//!
//! `resource_manager` finds the hosts, `settings` and `launchers` say how to start agents there, `starter` runs one launcher command.
//! An agent learns by its `invitation` where the launcher listens (`control_port`, `addresses`); both prove the job's `secret`.
//! From then on orders and reports (`protocol`) travel over a `link`. `fleet` is the launcher's side of all of it; what an agent
//! does with its orders is in `agent::worker`.

pub mod addresses;
pub mod control_port;
pub mod fleet;
pub mod invitation;
pub mod launchers;
pub mod link;
pub mod protocol;
pub mod resource_manager;
pub mod secret;
pub mod settings;
pub mod starter;
