//! Against a model that keeps two plain lists in order and searches them from the front.

use super::*;
use proptest::prelude::*;

#[derive(Default)]
struct Model {
    posted: Vec<(Pattern, u32)>,
    unexpected: Vec<(u32, i32, u32)>,
}

impl Model {
    fn accepts(pattern: &Pattern, source: u32, tag: i32) -> bool {
        pattern.source.is_none_or(|s| s == source) && pattern.tag.is_none_or(|t| t == tag)
    }

    fn message(&mut self, source: u32, tag: i32, id: u32) -> Option<u32> {
        match self.posted.iter().position(|(pattern, _)| Model::accepts(pattern, source, tag)) {
            Some(at) => Some(self.posted.remove(at).1),
            None => {
                self.unexpected.push((source, tag, id));
                None
            }
        }
    }

    fn receive(&mut self, pattern: Pattern, id: u32) -> Option<(u32, i32, u32)> {
        match self.unexpected.iter().position(|&(source, tag, _)| Model::accepts(&pattern, source, tag)) {
            Some(at) => Some(self.unexpected.remove(at)),
            None => {
                self.posted.push((pattern, id));
                None
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Message(u32, i32),
    Receive(Option<u32>, Option<i32>),
    Probe(Option<u32>, Option<i32>),
    /// Cancels the n-th receive ever posted, if it still waits.
    Cancel(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (source, tag) = (0u32..4, 0i32..3);
    prop_oneof![
        4 => (source.clone(), tag.clone()).prop_map(|(s, t)| Step::Message(s, t)),
        4 => (prop::option::weighted(0.7, source.clone()), prop::option::weighted(0.7, tag.clone()))
            .prop_map(|(s, t)| Step::Receive(s, t)),
        1 => (prop::option::of(source), prop::option::of(tag)).prop_map(|(s, t)| Step::Probe(s, t)),
        1 => (0usize..100).prop_map(Step::Cancel),
    ]
}

proptest! {
    #[test]
    fn every_match_is_the_one_the_standard_prescribes(steps in prop::collection::vec(step(), 1..200)) {
        let (mut queues, mut model) = (Queues::<u32, u32>::default(), Model::default());
        let mut receives: Vec<Pattern> = Vec::new();
        for (id, step) in steps.into_iter().enumerate() {
            let id = id as u32;
            match step {
                Step::Message(source, tag) => {
                    let matched = queues.match_message(source, tag);
                    if matched.is_none() {
                        queues.keep(source, tag, id);
                    }
                    prop_assert_eq!(matched, model.message(source, tag, id));
                }
                Step::Receive(source, tag) => {
                    let pattern = Pattern { source, tag };
                    receives.push(pattern);
                    let number = receives.len() as u32 - 1;
                    let taken = queues.take_message(pattern);
                    if taken.is_none() {
                        queues.post(pattern, number);
                    }
                    prop_assert_eq!(taken, model.receive(pattern, number));
                }
                Step::Probe(source, tag) => {
                    let pattern = Pattern { source, tag };
                    let expected = model.unexpected.iter().find(|&&(s, t, _)| Model::accepts(&pattern, s, t));
                    prop_assert_eq!(queues.find_message(pattern).map(|(s, t, &m)| (s, t, m)), expected.copied());
                }
                Step::Cancel(number) => {
                    let number = number as u32;
                    let Some(&pattern) = receives.get(number as usize) else { continue };
                    let at = model.posted.iter().position(|&(_, n)| n == number);
                    prop_assert_eq!(queues.cancel(pattern, |&n| n == number).is_some(), at.is_some());
                    at.map(|at| model.posted.remove(at));
                }
            }
            prop_assert_eq!(queues.posted_count(), model.posted.len());
            prop_assert_eq!(queues.unexpected_count(), model.unexpected.len());
        }
    }
}
