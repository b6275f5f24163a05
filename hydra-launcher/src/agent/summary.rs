//! What `-print-all-exitcodes` and `-profile` show at the end of a job, in Hydra's words.

use super::Agent;
use super::poller::Channel;
use crate::plan::Plan;
use std::fmt::Write as _;

impl Agent {
    /// Shows what was asked for, behind all that the ranks wrote.
    pub(super) fn summarize(&mut self, plan: &Plan) {
        let mut text = String::new();
        if plan.print_exit_codes {
            text.push_str(&self.exit_codes(plan));
        }
        if plan.profile {
            let (line, host) = ("=".repeat(80), plan.hostname.display());
            let requests = self.requests;
            let _ = write!(
                text,
                "\n{line}\n[mpiexec@{host}] Number of PMI calls seen by the server: {requests}\n{line}\n\n"
            );
        }
        if !text.is_empty() {
            self.outputs[Channel::Out as usize].say_plainly(&text);
        }
    }

    /// The raw wait statuses of the ranks, host by host.
    fn exit_codes(&self, plan: &Plan) -> String {
        let status = |&rank: &usize| match self.ranks.get(rank).and_then(|rank| rank.ended) {
            Some(ended) => ended.raw().to_string(),
            // It was not started.
            None => "-".to_owned(),
        };
        let mut text = format!("[mpiexec@{}] Exit codes: ", plan.hostname.display());
        for node in plan.placement.nodes() {
            let codes: Vec<String> = node.ranks.iter().map(status).collect();
            let _ = writeln!(text, "[{}] {}", node.host.name, codes.join(","));
        }
        text
    }
}
