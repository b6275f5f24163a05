//! What ends a job before its time, and the one message about it. The rules are Hydra's where Hydra has one.

use super::Agent;
use super::poller::Channel;
use crate::exit_status::{Ended, signal_text};
use crate::mappings;
use crate::mpir;
use crate::pmi::group::Phase;
use crate::pmi::wire::WireError;
use crate::stdio::writer::Failure;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

/// After a forwarded signal ended one rank, how long the others may take for their own clean-up.
const GRACE: Duration = Duration::from_millis(500);

/// Another signal so soon is the same wish: timeout(1) and batch systems send one to the process and one to its group.
const SAME_SIGNAL: Duration = Duration::from_millis(200);

/// Why a job is ended.
#[derive(Debug)]
pub enum Cause {
    /// Not all ranks could be started, and the exit status that says so.
    Launch(String, u8),
    /// A host is lost: its name, and why.
    Lost(String, String),
    /// A signal killed a rank.
    Killed(usize, i32),
    /// A rank exited between MPI_Init and MPI_Finalize.
    NoFinalize(usize, i32),
    /// The program that was started alone ended between MPI_Init and MPI_Finalize, nobody knows how.
    Vanished(usize),
    /// A rank gave up its PMI connection between MPI_Init and MPI_Finalize, but lives.
    Disconnected(usize),
    /// A rank exited without MPI_Init while another waits for it.
    NoInit(usize, i32, usize),
    /// A rank called MPI_Abort.
    Abort(usize, i32),
    /// A rank sent something that is no PMI.
    CorruptedPmi(usize, WireError),
    /// A rank broke the protocol otherwise.
    Misbehaved(usize, &'static str),
    /// The user sent a second signal.
    Insisted(Signal),
    /// Ranks outlived a signal that ended others.
    GraceOver,
    /// The time of `-timeout` is over.
    TimedOut(Duration),
    /// Nobody reads the job's output any more.
    NoReader,
}

impl Cause {
    /// The rank that caused it.
    fn culprit(&self) -> Option<usize> {
        match *self {
            Cause::Killed(rank, _)
            | Cause::NoFinalize(rank, _)
            | Cause::Vanished(rank)
            | Cause::Disconnected(rank)
            | Cause::NoInit(rank, ..)
            | Cause::Abort(rank, _)
            | Cause::CorruptedPmi(rank, _)
            | Cause::Misbehaved(rank, _) => Some(rank),
            Cause::Launch(..)
            | Cause::Lost(..)
            | Cause::Insisted(_)
            | Cause::TimedOut(_)
            | Cause::GraceOver
            | Cause::NoReader => None,
        }
    }

    /// Whether `-disable-auto-cleanup` lets the other ranks go on.
    fn is_survivable(&self) -> bool {
        matches!(self, Cause::Killed(..) | Cause::NoFinalize(..) | Cause::Disconnected(_))
    }

    /// What happened, without the name of the culprit.
    fn event(&self, name_of: impl Fn(usize) -> String) -> Option<String> {
        Some(match self {
            Cause::Launch(error, _) => error.clone(),
            Cause::Lost(host, why) => format!("host {host}: {why}; the job is ended"),
            Cause::Killed(_, signal) => Ended::Killed(*signal).to_string(),
            Cause::NoFinalize(_, status) => {
                format!("exited with status {status} after MPI_Init and without MPI_Finalize")
            }
            Cause::Vanished(_) => "has ended without MPI_Finalize".to_owned(),
            Cause::Disconnected(_) => "closed its PMI connection after MPI_Init and without MPI_Finalize".to_owned(),
            Cause::NoInit(_, status, waiting) => {
                format!("exited with status {status} and without MPI_Init, for which {} waits", name_of(*waiting))
            }
            Cause::Abort(_, code) => format!("called MPI_Abort with code {code}"),
            Cause::CorruptedPmi(_, error) => format!("sent {error} instead of a PMI request"),
            Cause::Misbehaved(_, what) => (*what).to_owned(),
            Cause::Insisted(signal) => format!("second signal ({}); the ranks are killed", signal.as_str()),
            Cause::TimedOut(limit) => format!("APPLICATION TIMED OUT, TIMEOUT = {}s", limit.as_secs()),
            Cause::GraceOver | Cause::NoReader => return None,
        })
    }

    /// The launcher's exit status, where the ranks' own statuses do not give it.
    fn exit_code(&self) -> Option<u8> {
        match *self {
            Cause::Launch(_, code) => Some(code),
            Cause::Lost(..) => Some(1),
            Cause::Abort(_, code) => Some((code & 0xff) as u8),
            Cause::NoFinalize(_, 0) | Cause::NoInit(_, 0, _) => Some(1),
            Cause::Vanished(_) | Cause::Disconnected(_) | Cause::CorruptedPmi(..) | Cause::Misbehaved(..) => Some(1),
            Cause::Insisted(signal) => Some(signal as u8),
            // Hydra's.
            Cause::TimedOut(_) => Some(255),
            // As if the launcher had died of it, in Hydra's way to say so.
            Cause::NoReader => Some(libc::SIGPIPE as u8),
            Cause::Killed(..) | Cause::NoFinalize(..) | Cause::NoInit(..) | Cause::GraceOver => None,
        }
    }
}

impl Agent {
    /// Ends the job: kills all ranks and says why. Only the first cause counts.
    pub(super) fn fail(&mut self, cause: Cause) {
        let goes_on = self.no_cleanup && cause.is_survivable() && !self.ending;
        if goes_on {
            if let Some(code) = cause.exit_code() {
                self.exit.at_least(code);
            }
            return self.report(&cause, "the other ranks go on");
        }
        if std::mem::replace(&mut self.ending, true) {
            return;
        }
        for rank in &self.ranks {
            rank.task.kill_group();
        }
        self.kill_nodes();
        if let Some(code) = cause.exit_code() {
            self.exit.decide(code);
        }
        if let Some(event) = cause.event(|index| self.ranks[index].name.clone()) {
            mpir::aborting(&event);
        }
        self.report(&cause, "the job is ended");
        // The mappings of killed ranks are still there.
        let here = |rank: &usize| self.ranks[*rank].task.node().is_none();
        if let Some(advice) = cause.culprit().filter(here).and_then(|_| mappings::exhausted()) {
            self.say(&advice);
        }
    }

    /// Says what happened and what comes of it.
    fn report(&mut self, cause: &Cause, consequence: &str) {
        let Some(event) = cause.event(|index| self.ranks[index].name.clone()) else { return };
        match cause.culprit() {
            Some(rank) => {
                // What it wrote itself explains more, so that goes first.
                self.outputs.iter_mut().for_each(|output| _ = output.drain(rank));
                self.say(&format!("{} ({}) {event}; {consequence}", self.ranks[rank].name, self.whereabouts(rank)));
            }
            None => self.say(&event),
        }
    }

    /// A message of the launcher on standard error.
    pub(super) fn say(&mut self, text: &str) {
        self.outputs[Channel::Err as usize].say(text);
    }

    /// A rank ended.
    pub(super) fn on_ended(&mut self, index: usize) -> anyhow::Result<()> {
        // It may have been released a moment ago, because its connection was closed.
        if self.ranks[index].ended.is_some() {
            return Ok(());
        }
        let Some(ended) = self.ranks[index].look()? else { return Ok(()) };
        if let Some(pidfd) = self.ranks[index].task.pidfd() {
            self.poller.remove(pidfd);
        }
        self.take_end(index, ended)
    }

    /// A rank ended, here or on another node.
    pub(super) fn take_end(&mut self, index: usize, ended: Ended) -> anyhow::Result<()> {
        self.ranks[index].ended = Some(ended);
        self.alive -= 1;
        if self.ranks[index].given_up {
            return Ok(());
        }
        if !self.ranks[index].is_rank {
            self.on_outsider_ended(index, ended);
            return Ok(());
        }
        // Its last requests may still be unread: MPI_Finalize or MPI_Abort.
        self.on_pmi(index)?;
        self.ranks[index].lost_at = None;
        if self.ending {
            return Ok(());
        }
        self.exit.add(ended);
        let unfinished = self.server.phase(index) == Phase::Active;
        match ended {
            Ended::Killed(signal) if self.forwarded.is_some_and(|(sent, _)| sent as i32 == signal) => {
                self.start_grace()
            }
            Ended::Exited(_) if self.forwarded.is_some() && unfinished => self.start_grace(),
            Ended::Exited(_) if unfinished && self.ranks[index].task.is_foreign() => self.fail(Cause::Vanished(index)),
            Ended::Killed(signal) => self.fail(Cause::Killed(index, signal)),
            Ended::Exited(status) if unfinished => self.fail(Cause::NoFinalize(index, status)),
            Ended::Exited(_) => self.check_barrier(),
        }
        Ok(())
    }

    /// A task beside the ranks ended: the ranks go on, and the exit status tells.
    fn on_outsider_ended(&mut self, index: usize, ended: Ended) {
        if self.ending {
            return;
        }
        self.exit.add(ended);
        let expected = matches!(ended, Ended::Exited(_))
            || matches!((ended, self.forwarded), (Ended::Killed(signal), Some((sent, _))) if sent as i32 == signal);
        if !expected {
            self.outputs.iter_mut().for_each(|output| _ = output.drain(index));
            let text = format!("{} ({}) {ended}; the ranks go on", self.ranks[index].name, self.whereabouts(index));
            self.say(&text);
        }
    }

    /// A barrier that waits for a rank that ended without MPI_Init waits for ever.
    pub(super) fn check_barrier(&mut self) {
        if self.ending || self.alive == self.ranks.len() {
            return;
        }
        let lacking = self.ranks.iter().enumerate().find_map(|(index, rank)| match rank.ended {
            Some(Ended::Exited(status)) if self.server.phase(index) == Phase::Silent => {
                self.server.waits_for(index).map(|waiting| Cause::NoInit(index, status, waiting))
            }
            _ => None,
        });
        if let Some(cause) = lacking {
            self.fail(cause);
        }
    }

    /// A signal that usually ends a job: the first goes to the ranks, the second kills them.
    pub(super) fn on_ending_signal(&mut self, signal: Signal) {
        match self.forwarded {
            Some((_, when)) if when.elapsed() < SAME_SIGNAL => return,
            Some(_) if self.ending || self.alive == 0 => return self.impatient = true,
            Some(_) => {
                self.forwarded = Some((signal, Instant::now()));
                return self.fail(Cause::Insisted(signal));
            }
            None => self.forwarded = Some((signal, Instant::now())),
        }
        if self.ending {
            return;
        }
        self.signal(signal as i32);
        // A rank that was stopped would not notice.
        self.signal(libc::SIGCONT);
        let (name, text) = (signal.as_str(), signal_text(signal as i32));
        self.say(&format!("{name} ({text}) sent to the ranks; a second one kills them"));
    }

    fn start_grace(&mut self) {
        self.grace_ends.get_or_insert_with(|| Instant::now() + GRACE);
    }

    /// A stream cannot be written to any more; what still comes for it is dropped.
    pub(super) fn on_output_error(&mut self, channel: Channel, failure: Failure) {
        let what = match (&failure.file, channel) {
            // `| head` has seen enough.
            (None, Channel::Out) if failure.errno == Errno::EPIPE => return self.fail(Cause::NoReader),
            (None, Channel::Err) => return,
            (None, Channel::Out) => "standard output".to_owned(),
            (Some(path), _) => path.display().to_string(),
        };
        // A full disk must not cost a long run its results elsewhere: the job goes on, the status tells.
        if !std::mem::replace(&mut self.output_lost, true) {
            self.say(&format!("{what} cannot be written ({}); the rest of it is lost", failure.errno.desc()));
        }
    }

    /// Handles what is due; returns when the next thing will be.
    pub(super) fn handle_timers(&mut self, now: Instant) -> Option<Instant> {
        let mut next = self.look_at_outputs(now);
        if self.ending {
            return next;
        }
        if let Some((limit, _)) = self.timeout.filter(|(_, when)| *when <= now && self.alive > 0) {
            self.fail(Cause::TimedOut(limit));
        }
        if self.grace_ends.is_some_and(|when| when <= now) {
            self.fail(Cause::GraceOver);
        }
        let lost = self.ranks.iter().position(|rank| rank.lost_at.is_some_and(|when| when <= now));
        if let Some(index) = lost {
            self.ranks[index].lost_at = None;
            self.fail(Cause::Disconnected(index));
        }
        if !self.ending {
            let timeout = self.timeout.filter(|_| self.alive > 0).map(|(_, when)| when);
            let dues = self.ranks.iter().filter_map(|rank| rank.lost_at).chain(self.grace_ends).chain(timeout);
            next = dues.chain(next).min();
        }
        next
    }
}
