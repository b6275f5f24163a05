//! One process as root and task: the protocol under racing readers, names, types and ends. Real tasks are in the integration tests.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::Mode;
use crate::registry::Registry;
use crate::sharing::SharingError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const NOW: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(60);

/// The root of a new registry and its task 0, both this process.
fn both() -> (Sharing, Sharing) {
    let registry = Registry::create(2, Mode::Process).unwrap();
    let entry = registry.entry(0).unwrap();
    assert!(entry.claim());
    entry.pid_cell().store(std::process::id() as i32, Ordering::Release);
    entry.set_state(State::Alive);
    (Sharing { registry, id: None }, Sharing { registry, id: Some(0) })
}

fn layout(len: usize) -> Layout {
    Layout::dense(&[len]).unwrap()
}

/// What element `i` of a step is, so that every element of every step is known.
fn value(step: u64, i: usize) -> u64 {
    step.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ i as u64
}

#[test]
fn steps_are_read_in_place() {
    let (root, task) = both();
    let shape = Layout::dense(&[4, 6]).unwrap().window(&[1..3, 1..5]).unwrap();
    let mut field = task.export_field::<f64>("u", &shape, 3).unwrap();
    let reader = root.attach_field::<f64>(Peer::Task(0), "u", NOW).unwrap();
    assert_eq!((reader.reader().layout(), reader.reader().newest()), (&shape, None));
    assert!(matches!(reader.hold(0), Err(FieldError::Gone(..))));
    field.next_buffer().iter_mut().enumerate().for_each(|(i, value)| *value = i as f64);
    let place = field.next_buffer().as_ptr();
    field.publish(0).unwrap();
    let step = reader.next(0, NOW).unwrap();
    assert_eq!((step.row(&[1]), step.buffer().as_ptr()), (&[13.0, 14.0, 15.0, 16.0][..], place));
    let (old, new) = field.both();
    assert!(old[5] == 5.0 && new.as_ptr() != place);
    field.put(7, &[2.0; 24]).unwrap();
    assert_eq!((step.step(), step.buffer()[23]), (0, 23.0), "held");
    assert!(matches!(reader.hold(7), Err(FieldError::Crowded(_, 1))), "one place with three buffers");
    drop(step);
    assert_eq!(reader.next(0, NOW).unwrap().step(), 7);
    for wrong in [0, 7, u64::MAX] {
        assert!(matches!(field.publish(wrong), Err(FieldError::BadStep(..))));
    }
    assert!(matches!(reader.next(8, Duration::from_millis(1)), Err(FieldError::Late(_, 8, _, Some(7)))));
    field.advance();
    assert!(matches!(reader.wait(8, NOW), Err(FieldError::Late(..))), "an advance is no step");
    field.publish(8).unwrap();
    assert_eq!(reader.wait(0, NOW).unwrap(), 8);
}

#[test]
fn older_steps_stay_while_there_is_room() {
    let (root, task) = both();
    let mut field = task.export_field::<u64>("u", &layout(1), 5).unwrap();
    let reader = root.attach_field::<u64>(Peer::Task(0), "u", NOW).unwrap();
    for step in 1..=10 {
        field.put(step, &[step]).unwrap();
        for old in step.saturating_sub(3).max(1)..=step {
            assert_eq!(reader.hold(old).unwrap().buffer(), [old]);
        }
        assert!(matches!(reader.hold(step.saturating_sub(4)), Err(FieldError::Gone(..))));
    }
    let held: Vec<_> = (8..=10).map(|step| reader.hold(step).unwrap()).collect();
    (11..1000).for_each(|step| field.put(step, &[step]).unwrap());
    assert!(held.iter().zip(8..).all(|(step, number)| step.buffer() == [number]));
}

#[test]
fn readers_never_see_a_torn_step_and_the_writer_never_waits() {
    const STEPS: u64 = 200_000;
    for (buffers, readers) in [(3, 1), (3, 3), (4, 2), (6, 4)] {
        let (root, task) = both();
        let mut field = task.export_field::<u64>("u", &layout(64), buffers).unwrap();
        let (over, reads) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for older in 0..readers {
                let reader = root.attach_field::<u64>(Peer::Task(0), "u", NOW).unwrap();
                let (over, reads) = (&over, &reads);
                scope.spawn(move || {
                    let mut last = 0;
                    while !over.load(Ordering::Relaxed) {
                        // Some ask for steps that are about to be overwritten.
                        let Some(newest) = reader.reader().newest() else { continue };
                        let Ok(step) = reader.hold(newest.saturating_sub(older)) else { continue };
                        let number = step.step();
                        assert!(number >= last, "step {number} after {last}");
                        for _ in 0..2 {
                            let wrong = step.buffer().iter().enumerate().find(|(i, x)| **x != value(number, *i));
                            assert!(wrong.is_none(), "step {number} is torn: {wrong:?}");
                        }
                        last = number;
                        reads.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let mut step = 0;
            // Until every number of steps is written and something was read, however the threads are scheduled.
            while step < STEPS || reads.load(Ordering::Relaxed) < 100 {
                step += 1;
                field.next_buffer().iter_mut().enumerate().for_each(|(i, x)| *x = value(step, i));
                field.publish(step).unwrap();
                if step % 3 == 0 {
                    field.next_buffer().fill(u64::MAX);
                    field.advance();
                }
            }
            over.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn who_waits_for_a_step_is_woken() {
    let (root, task) = both();
    let mut field = task.export_field::<u64>("u", &layout(8), 4).unwrap();
    let answers = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let reader = root.attach_field::<u64>(Peer::Task(0), "u", LONG).unwrap();
                for step in 1..=2000 {
                    assert!(reader.next(step, LONG).unwrap().step() >= step);
                    answers.fetch_max(step, Ordering::Release);
                }
            });
        }
        for step in 1..=2000 {
            field.put(step, &[step; 8]).unwrap();
            // The next only when somebody has this one: so they do sleep now and then.
            while answers.load(Ordering::Acquire) < step {
                std::thread::yield_now();
            }
        }
    });
}

#[test]
fn names_types_and_numbers_are_checked() {
    let (root, task) = both();
    let field = task.export_field::<f32>("u", &layout(3), 3).unwrap();
    let again = task.export_field::<f32>("u", &layout(3), 3).unwrap_err().to_string();
    assert!(again.contains("already shares something as \"u\""), "{again}");
    let wrong = root.attach_field::<f64>(Peer::Task(0), "u", NOW).unwrap_err().to_string();
    assert!(["\"u\"", "task 0", "<f4", "<f8"].iter().all(|part| wrong.contains(part)), "{wrong}");
    for buffers in [0, 2, 17, usize::MAX] {
        assert!(matches!(task.export_field::<u8>("v", &layout(1), buffers), Err(FieldError::BadBuffers(_))));
    }
    let huge = layout(isize::MAX as usize / 16);
    assert!(matches!(task.export_field::<u64>("v", &huge, 3), Err(FieldError::NoMemory(..))));
    assert!(matches!(root.attach_field::<u8>(Peer::Task(0), "v", NOW), Err(FieldError::Unknown(..))));
    assert!(matches!(root.field_exporter("v", NOW), Err(FieldError::Unknown(..))));
    assert_eq!(root.field_exporter("u", NOW).unwrap(), Peer::Task(0));
    let second = root.export_field::<f32>("u", &layout(3), 3).unwrap();
    assert!(matches!(root.field_exporter("u", NOW), Err(FieldError::Ambiguous(_, peers)) if peers.len() == 2));
    drop(second);
    drop(field);
    assert_eq!(root.field_exporters("u"), []);
    task.export_field::<u8>("u", &layout(9), 3).unwrap();
}

#[test]
fn a_withdrawn_field_is_noticed_and_what_is_held_stays() {
    let (root, task) = both();
    let mut field = task.export_field::<u32>("u", &layout(1000), 3).unwrap();
    let reader = root.attach_field::<u32>(Peer::Task(0), "u", NOW).unwrap();
    field.put(5, &[5; 1000]).unwrap();
    let held = reader.next(5, NOW).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| reader.next(6, Duration::MAX).map(drop));
        std::thread::sleep(Duration::from_millis(30));
        drop(field);
        assert!(matches!(waiting.join().unwrap(), Err(FieldError::Ended(Peer::Task(0), _, 6, Some(5)))));
    });
    assert!(matches!(reader.next(5, NOW), Err(FieldError::Ended(..))), "the step went with the field");
    assert!(held.buffer().iter().all(|x| *x == 5) && !reader.reader().is_live());
}

#[test]
fn an_ended_exporter_is_noticed_and_its_last_step_stays() {
    let (root, task) = both();
    let mut field = task.export_field::<u32>("u", &layout(4), 3).unwrap();
    let reader = root.attach_field::<u32>(Peer::Task(0), "u", NOW).unwrap();
    field.put(1, &[1; 4]).unwrap();
    field.leave();
    task.registry.entry(0).unwrap().names().close();
    assert_eq!(reader.next(1, NOW).unwrap().buffer(), [1; 4]);
    let ended = reader.next(2, LONG).unwrap_err().to_string();
    assert!(ended.contains("task 0 has ended") && ended.contains("newest was 1"), "{ended}");
    let late = root.attach_field::<u32>(Peer::Task(0), "u", LONG);
    assert!(matches!(late, Err(FieldError::Sharing(SharingError::Cancelled { .. }))));
}

#[test]
fn the_place_of_a_dead_reader_is_taken_over() {
    let (root, task) = both();
    let mut field = root.export_field::<u32>("u", &layout(4), 3).unwrap();
    field.put(1, &[1; 4]).unwrap();
    let dead = task.attach_field::<u32>(Peer::Root, "u", NOW).unwrap();
    core::mem::forget(dead.hold(1).unwrap());
    let reader = root.attach_field::<u32>(Peer::Root, "u", NOW).unwrap();
    assert!(matches!(reader.hold(1), Err(FieldError::Crowded(..))));
    (2..100).for_each(|step| field.put(step, &[step as u32; 4]).unwrap());
    // Another task has the reader's id by now.
    task.registry.entry(0).unwrap().pid_cell().store(1, Ordering::Release);
    assert_eq!(reader.hold(99).unwrap().buffer(), [99; 4]);
}
