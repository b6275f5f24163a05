//! Whose turn it is to write to a stream or file, so that lines of different ranks do not mix. Pure: it is told the time.
//!
//! Whole lines are written as they come. The beginning of a line is written when its rank has been silent for a while, as it may
//! be a prompt, and nobody else writes; if others never cease, after a longer while. From then on the others wait until the
//! line is complete, but not for ever: then it is broken by a new line, and the rest of it goes onto one of its own.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The beginning of a line is shown after this much silence of its rank, and of all others.
pub const SILENCE: Duration = Duration::from_millis(200);
/// ... or after this much of its rank, whatever others write.
const INSISTENCE: Duration = Duration::from_secs(2);
/// How long others wait for the end of a line that has been begun.
const PATIENCE: Duration = Duration::from_secs(2);

/// Text of one rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The rank.
    pub rank: usize,
    /// Whole lines, but for the beginning of a line at the end.
    pub text: Vec<u8>,
    /// Nothing more will come of this rank.
    pub is_last: bool,
}

/// What is to be written now.
#[derive(Debug, PartialEq, Eq)]
pub struct Turn {
    /// Of this rank.
    pub rank: usize,
    /// The text.
    pub text: Vec<u8>,
    /// It goes on with the line that was written last.
    pub continues: bool,
    /// That line is another's, and has to be ended first.
    pub breaks: bool,
}

/// The writers of one stream or file.
#[derive(Debug, Default)]
pub struct Turns {
    /// The rank whose unfinished line was written last, and whether more of that may come.
    open: Option<(usize, bool)>,
    /// When something was written last, and by whom.
    latest: Option<(Instant, usize)>,
    /// Who waits for the end of that line.
    held: VecDeque<Piece>,
    held_bytes: usize,
    held_since: Option<Instant>,
}

impl Turns {
    /// Takes text; returns what is to be written.
    pub fn offer(&mut self, piece: Piece, now: Instant) -> Vec<Turn> {
        let mut turns = Vec::new();
        if self.waits_for(piece.rank) {
            self.held_since.get_or_insert(now);
            self.held_bytes += piece.text.len();
            self.held.push_back(piece);
        } else {
            turns.push(self.write(piece, now));
            self.release(now, &mut turns);
        }
        turns
    }

    /// Nothing more will come of a rank: its line is not waited for any more. Returns what is to be written.
    pub fn end(&mut self, rank: usize, now: Instant) -> Vec<Turn> {
        let mut turns = Vec::new();
        if self.open.is_some_and(|(open, _)| open == rank) {
            self.give_up(now, &mut turns);
        }
        turns
    }

    /// Whether the beginning of a line may be shown whose rank has been silent since then; else when to ask again.
    pub fn may_show(&self, rank: usize, silent_since: Instant, now: Instant) -> Result<(), Instant> {
        let due = silent_since + SILENCE;
        let due = match (self.open, self.latest) {
            (Some((open, _)), _) if open == rank => due,
            (Some((_, true)), _) => return Err(now + SILENCE),
            (_, Some((when, other))) if other != rank => due.max((when + SILENCE).min(silent_since + INSISTENCE)),
            _ => due,
        };
        if due <= now { Ok(()) } else { Err(due) }
    }

    /// Breaks a line that others have waited for long enough; returns what is to be written, and when to come again.
    pub fn look_at_clock(&mut self, now: Instant) -> (Vec<Turn>, Option<Instant>) {
        let mut turns = Vec::new();
        while self.held_since.is_some_and(|since| since + PATIENCE <= now) {
            self.give_up(now, &mut turns);
        }
        (turns, self.held_since.map(|since| since + PATIENCE))
    }

    /// Ends all waiting; returns what is to be written, and whether a line is unfinished then.
    pub fn interrupt(&mut self, now: Instant) -> (Vec<Turn>, bool) {
        let mut turns = Vec::new();
        while !self.held.is_empty() {
            self.give_up(now, &mut turns);
        }
        (turns, self.open.take().is_some())
    }

    /// A line of this rank is the last thing written, and stays unfinished.
    pub fn leave_open(&mut self, rank: Option<usize>) {
        self.open = Some((rank.unwrap_or_default(), false));
    }

    /// The rank whose line others wait for, and how many bytes they want to write.
    pub fn waiting(&self) -> Option<(usize, usize)> {
        self.open.filter(|_| !self.held.is_empty()).map(|(rank, _)| (rank, self.held_bytes))
    }

    /// Whether a rank has to wait for another's line.
    fn waits_for(&self, rank: usize) -> bool {
        self.open.is_some_and(|(open, goes_on)| open != rank && goes_on)
    }

    /// The line that others wait for will not be completed in time.
    fn give_up(&mut self, now: Instant, turns: &mut Vec<Turn>) {
        if let Some((_, goes_on)) = &mut self.open {
            *goes_on = false;
        }
        self.release(now, turns);
    }

    /// Writes what waits, as far as it does not wait for anybody any more.
    fn release(&mut self, now: Instant, turns: &mut Vec<Turn>) {
        let before = self.held.len();
        // Whoever has a line begun comes first, then the order of coming counts.
        while let Some(at) = self.held.iter().position(|piece| !self.waits_for(piece.rank)) {
            let Some(piece) = self.held.remove(at) else { break };
            self.held_bytes -= piece.text.len();
            turns.push(self.write(piece, now));
        }
        if self.held.is_empty() {
            self.held_since = None;
        } else if self.held.len() < before {
            self.held_since = Some(now);
        }
    }

    fn write(&mut self, piece: Piece, now: Instant) -> Turn {
        let Piece { rank, text, is_last } = piece;
        let continues = self.open.is_some_and(|(open, _)| open == rank);
        let breaks = self.open.is_some() && !continues;
        self.open = (text.last() != Some(&b'\n')).then_some((rank, !is_last));
        self.latest = Some((now, rank));
        Turn { rank, text, continues, breaks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn piece(rank: usize, text: &str) -> Piece {
        Piece { rank, text: text.into(), is_last: false }
    }

    fn written(turns: &[Turn]) -> String {
        let text = |turn: &Turn| {
            let text = String::from_utf8_lossy(&turn.text).into_owned();
            if turn.breaks { format!("\n{text}") } else { text }
        };
        turns.iter().map(text).collect()
    }

    #[test]
    fn others_wait_for_the_end_of_a_line() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        assert_eq!(written(&turns.offer(piece(0, "a? "), now)), "a? ");
        assert_eq!(turns.offer(piece(1, "one\n"), now), []);
        assert_eq!(turns.offer(piece(2, "two\n"), now), []);
        assert_eq!(turns.waiting(), Some((0, 8)));
        assert_eq!(written(&turns.offer(piece(0, "b\nc\n"), now)), "b\nc\none\ntwo\n");
        assert_eq!(turns.waiting(), None);
    }

    #[test]
    fn they_do_not_wait_for_ever() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        turns.offer(piece(0, "a? "), now);
        turns.offer(piece(1, "one\n"), now);
        let (first, next) = turns.look_at_clock(now);
        assert_eq!((first, next), (Vec::new(), Some(now + PATIENCE)));
        let (then, next) = turns.look_at_clock(now + PATIENCE);
        assert_eq!((written(&then).as_str(), next), ("\none\n", None));
        let rest = turns.offer(piece(0, "b\n"), now);
        assert_eq!((rest[0].continues, written(&rest).as_str()), (false, "b\n"));
    }

    #[test]
    fn nobody_waits_for_who_has_ended() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        turns.offer(Piece { is_last: true, ..piece(0, "end") }, now);
        assert_eq!(written(&turns.offer(piece(1, "one\ntw"), now)), "\none\ntw");
        assert_eq!(turns.offer(piece(0, "more\n"), now), []);
        assert_eq!(turns.end(2, now), []);
        assert_eq!(written(&turns.end(1, now)), "\nmore\n");
    }

    #[test]
    fn a_message_of_the_launcher_comes_after_what_waits() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        turns.offer(piece(0, "a? "), now);
        turns.offer(piece(1, "one\ntw"), now);
        let (before, is_open) = turns.interrupt(now);
        assert_eq!((written(&before).as_str(), is_open), ("\none\ntw", true));
    }

    #[test]
    fn a_prompt_comes_in_time_but_not_into_the_midst_of_others() {
        let (mut turns, start) = (Turns::default(), Instant::now());
        assert_eq!(turns.may_show(0, start, start), Err(start + SILENCE));
        assert_eq!(turns.may_show(0, start, start + SILENCE), Ok(()));
        turns.offer(piece(1, "x\n"), start + SILENCE);
        assert_eq!(turns.may_show(0, start, start + SILENCE), Err(start + 2 * SILENCE));
        turns.offer(piece(1, "x\n"), start + INSISTENCE);
        assert_eq!(turns.may_show(0, start, start + INSISTENCE), Ok(()));
        turns.offer(piece(1, "x"), start + INSISTENCE);
        assert!(turns.may_show(0, start, start + 2 * INSISTENCE).is_err(), "it is another's line");
        assert_eq!(turns.may_show(1, start + INSISTENCE, start + INSISTENCE + SILENCE), Ok(()));
    }

    proptest! {
        /// Ranks write lines of their own letter in pieces; however these come, a line of the output has one letter, and only as
        /// many lines are broken as time has run out for.
        #[test]
        fn lines_are_whole(pieces in proptest::collection::vec((0usize..4, 0usize..4, any::<bool>(), 0u64..400), 0..60)) {
            let (mut turns, start) = (Turns::default(), Instant::now());
            let (mut now, mut out, mut wanted) = (start, String::new(), vec![String::new(); 4]);
            for (rank, letters, ends, pause) in pieces {
                now += Duration::from_millis(pause);
                out += &written(&turns.look_at_clock(now).0);
                let text = "abcd"[rank..=rank].repeat(letters) + if ends { "\n" } else { "" };
                if text.is_empty() {
                    continue;
                }
                wanted[rank] += &text;
                out += &written(&turns.offer(piece(rank, &text), now));
            }
            out += &written(&turns.interrupt(now).0);
            for line in out.lines() {
                prop_assert!(line.chars().all(|letter| line.starts_with(letter)), "{:?}", out);
            }
            for (rank, wanted) in wanted.iter().enumerate() {
                let letter = "abcd".chars().nth(rank).expect("a letter");
                prop_assert_eq!(out.matches(letter).count(), wanted.matches(letter).count());
            }
        }
    }
}
