//! Making a case that fails smaller while it still fails.

use super::Program;
use super::case::{Case, Extras, Form, Message, Mode, Receive, Step};
use super::play::Stage;
use anyhow::Result;
use std::time::{Duration, Instant};

/// How hard to try.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// How often a case is played to see whether it fails.
    pub times: usize,
    /// Seconds one launch may take; a hang takes them all.
    pub limit: u64,
    /// When to be content.
    pub until: Instant,
}

impl Effort {
    /// For so many seconds.
    pub fn seconds(seconds: u64) -> Effort {
        Effort { times: 5, limit: 30, until: Instant::now() + Duration::from_secs(seconds) }
    }
}

/// The smallest case found that still fails, and what is then said; None if it does not fail when it is played alone.
pub fn shrink<P: Program>(stage: &Stage<P>, case: &P, effort: Effort) -> Result<Option<(P, String)>> {
    // First with more patience: what fails rarely is made likelier by repetition.
    let Some(mut message) = stage.trouble(case, 20, 4 * effort.limit)? else { return Ok(None) };
    let mut best = case.clone();
    'again: while Instant::now() < effort.until {
        for smaller in best.smaller() {
            if Instant::now() >= effort.until {
                break 'again;
            }
            if let Some(said) = stage.trouble(&smaller, effort.times, effort.limit)? {
                (best, message) = (smaller, said);
                continue 'again;
            }
        }
        break;
    }
    Ok(Some((best, message)))
}

/// Cases with a little less, those with much less first.
pub fn candidates(case: &Case) -> Vec<Case> {
    let mut found = Vec::new();
    for steps in fewer(&case.steps) {
        found.push(Case { steps, ..case.clone() });
    }
    for (index, step) in case.steps.iter().enumerate() {
        for simpler in simpler_steps(step) {
            let mut steps = case.steps.clone();
            steps.splice(index..=index, simpler);
            found.push(Case { steps, ..case.clone() });
        }
    }
    for communicators in fewer(&case.communicators) {
        found.push(Case { communicators, ..case.clone() });
    }
    for types in fewer(&case.types) {
        found.push(Case { types, ..case.clone() });
    }
    if case.ranks > 2 {
        found.push(Case { ranks: 2, ..case.clone() });
        found.push(Case { ranks: case.ranks - 1, ..case.clone() });
    }
    if case.threaded && case.steps.iter().all(|step| step.inner.is_empty()) {
        found.push(Case { threaded: false, ..case.clone() });
    }
    found
}

/// The list without its halves, quarters and so on down to single entries.
pub fn fewer<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    let mut found = Vec::new();
    let mut size = list.len();
    while size > 0 {
        for first in (0..list.len()).step_by(size) {
            let last = (first + size).min(list.len());
            found.push([&list[..first], &list[last..]].concat());
        }
        size /= 2;
    }
    found
}

/// What may stand in place of a step.
fn simpler_steps(step: &Step) -> Vec<Vec<Step>> {
    let mut found: Vec<Vec<Step>> = step.inner.clone(); // one thread's steps without the thread
    for inner in fewer(&step.inner).into_iter().filter(|inner| !inner.is_empty()) {
        found.push(vec![Step { inner, ..step.clone() }]);
    }
    for (thread, steps) in step.inner.iter().enumerate() {
        let with = |steps: Vec<Step>| {
            let mut inner = step.inner.clone();
            inner[thread] = steps;
            vec![Step { inner, ..step.clone() }]
        };
        found.extend(fewer(steps).into_iter().map(with));
        for (index, nested) in steps.iter().enumerate() {
            for simpler in simpler_steps(nested) {
                let mut steps = steps.clone();
                steps.splice(index..=index, simpler);
                found.push(with(steps));
            }
        }
    }
    for messages in fewer(&step.messages).into_iter().filter(|messages| !messages.is_empty()) {
        found.push(vec![Step { messages, ..step.clone() }]);
    }
    for extras in simpler_extras(step.extras) {
        found.push(vec![Step { extras, ..step.clone() }]);
    }
    for (index, message) in step.messages.iter().enumerate() {
        for simpler in simpler_messages(message) {
            let mut messages = step.messages.clone();
            messages[index] = simpler;
            found.push(vec![Step { messages, ..step.clone() }]);
        }
    }
    found
}

fn simpler_extras(extras: Extras) -> Vec<Extras> {
    let mut found = Vec::new();
    let mut offer = |changed: bool, simpler: Extras| {
        if changed {
            found.push(simpler);
        }
    };
    offer(extras.barrier, Extras { barrier: false, ..extras });
    offer(extras.repeats > 0, Extras { repeats: 0, ..extras });
    offer(extras.phantoms > 0, Extras { phantoms: 0, ..extras });
    offer(extras.nulls > 0, Extras { nulls: 0, ..extras });
    offer(extras.collectives > 0, Extras { collectives: extras.collectives - 1, ..extras });
    offer(extras.temporary, Extras { temporary: false, ..extras });
    offer(extras.frees, Extras { frees: false, ..extras });
    offer(extras.pauses > 0, Extras { pauses: 0, ..extras });
    found
}

fn simpler_messages(message: &Message) -> Vec<Message> {
    let plain = Message {
        source: message.source,
        dest: message.dest,
        bytes: message.bytes,
        communicator: message.communicator,
        part: message.part,
        ..Message::default()
    };
    let mut found = Vec::new();
    let mut offer = |changed: bool, simpler: Message| {
        if changed {
            found.push(simpler);
        }
    };
    let m = *message;
    offer(
        m.mode != Mode::Standard
            || m.form != Form::Nonblocking
            || m.receive != Receive::Nonblocking
            || m.send_type != 0,
        plain,
    );
    offer(m.communicator != 0, Message { communicator: 0, part: 0, ..m });
    offer(m.send_type != 0 || m.receive_type != 0, Message { send_type: 0, receive_type: 0, ..m });
    offer(m.mode != Mode::Standard, Message { mode: Mode::Standard, ..m });
    offer(m.form != Form::Nonblocking, Message { form: Form::Nonblocking, ..m });
    offer(m.receive != Receive::Nonblocking, Message { receive: Receive::Nonblocking, ..m });
    offer(m.any_source || m.any_tag, Message { any_source: false, any_tag: false, ..m });
    offer(m.truncated, Message { truncated: false, ..m });
    offer(m.large != 0, Message { large: 0, ..m });
    offer(m.tag != 0, Message { tag: 0, ..m });
    offer(m.spare != 0, Message { spare: 0, ..m });
    offer(m.bytes > 8, Message { bytes: 8, ..m });
    offer(m.bytes > 64, Message { bytes: m.bytes / 2, ..m });
    found
}
