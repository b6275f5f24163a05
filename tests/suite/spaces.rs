//! Jobs with several address spaces, or what looks like it to the ranks: programs of `programs/mpi` behave as in one space,
//! whoever shares one with whom.

use crate::launcher::one_line_of_the_launcher;
use crate::shim::play;
use anyhow::{Result, ensure};
use pip_tests::cases::{Cases, needs_compiler};
use pip_tests::generator::case::Case;
use pip_tests::generator::play::Stage;
use pip_tests::generator::random::mixed;
use pip_tests::generator::{Program, collective, one_sided};
use pip_tests::places;
use pip_tests::run::Run;
use pip_tests::sources::{self, Directives};
use pip_tests::spread::Spread::{self, Alternating, Blocks, FirstAlone};
use std::time::SystemTime;

/// Programs, ranks, and who is where. Not among them: `containers` and `error_handler_jumps`, whose error handlers jump out of
/// MPICH, which does not survive that in a program with threads.
const PROGRAMS: [(&str, usize, Spread); 34] = [
    ("any_source.c", 4, Blocks(2)),
    ("order.c", 2, Blocks(2)),
    ("probes.c", 3, Alternating(2)),
    ("matched_probe.c", 2, Blocks(2)),
    ("cancel.c", 2, Blocks(2)),
    ("cancel_sends.c", 2, Blocks(2)),
    ("cancel_then_barrier.c", 3, FirstAlone),
    ("truncation.c", 2, Blocks(2)),
    ("truncation_long.c", 2, Blocks(2)),
    ("errors_of_truncation.c", 2, Blocks(2)),
    ("synchronous.c", 2, Blocks(2)),
    ("persistent.c", 3, Alternating(3)),
    ("buffered.c", 2, Blocks(2)),
    ("free_pending.c", 2, Blocks(2)),
    ("both_send_first.c", 4, Alternating(2)),
    ("unexpected_flood.c", 2, Blocks(2)),
    ("datatypes.c", 2, Blocks(2)),
    ("datatypes_long.c", 2, Blocks(2)),
    ("imrecv_type_freed.c", 2, Blocks(2)),
    ("intercommunicator_all.c", 4, Alternating(2)),
    ("communicators_many.c", 2, Blocks(2)),
    ("communicators_rare.c", 4, Blocks(2)),
    ("replace.c", 5, Alternating(2)),
    ("isendrecv.c", 3, FirstAlone),
    ("send_into_barrier.c", 4, Alternating(2)),
    ("half_received.c", 2, Blocks(2)),
    ("progress.c", 4, Blocks(2)),
    ("finalize_delivers.c", 2, Blocks(2)),
    ("finalize_callback.c", 4, Alternating(2)),
    ("mixed_requests.c", 4, Alternating(4)),
    ("threads_share.c", 2, Blocks(2)),
    ("large_message.c", 2, Blocks(2)),
    ("sessions_and_world.c", 2, Blocks(2)),
    ("fortran08.f90", 3, Alternating(2)),
];

/// The same about windows. Not among them are those whose target does not call MPI while others work on its memory, and those about
/// shared memory.
const WINDOWS: [(&str, usize, Spread); 32] = [
    ("accumulate_contention.c", 4, Alternating(2)),
    ("accumulate_order.c", 2, Blocks(2)),
    ("accumulate_types.c", 2, Blocks(2)),
    ("attributes.c", 3, FirstAlone),
    ("communicators.c", 4, Alternating(2)),
    ("compare_and_swap_types.c", 2, Blocks(2)),
    ("contended_everywhere.c", 4, Blocks(2)),
    ("created_memory.c", 4, Alternating(2)),
    ("derived_types.c", 2, Blocks(2)),
    ("dynamic_regions.c", 4, Blocks(2)),
    ("epochs_of_windows.c", 2, Blocks(2)),
    ("error_handlers.c", 2, Blocks(2)),
    ("errors_of_epochs.c", 2, Blocks(2)),
    ("errors_of_operations.c", 2, Blocks(2)),
    ("errors_of_range.c", 2, Blocks(2)),
    ("exclusive_locks.c", 4, Blocks(2)),
    ("fences.c", 4, Blocks(3)),
    ("flush_ping_pong.c", 2, Blocks(2)),
    ("free_waits.c", 4, Alternating(2)),
    ("large_count_calls.c", 2, Blocks(2)),
    ("lock_against_lock_all.c", 4, Alternating(2)),
    ("long_transfers.c", 3, FirstAlone),
    ("pointers_across.c", 4, Alternating(2)),
    ("post_start.c", 4, Blocks(2)),
    ("progress_in_calls.c", 4, Blocks(2)),
    ("put_then_notify.c", 4, Alternating(2)),
    ("requests.c", 3, FirstAlone),
    ("threads.c", 3, FirstAlone),
    ("types_freed.c", 2, Blocks(2)),
    ("fortran08.f90", 3, FirstAlone),
    ("names_info_groups.c", 4, Alternating(2)),
    ("user_attributes.c", 2, Blocks(2)),
];

/// Programs of collective operations.
const COLLECTIVES: [(&str, usize, Spread); 13] = [
    ("every_call.c", 4, Blocks(2)),
    ("every_call.c", 5, Alternating(2)),
    ("every_call.c", 3, FirstAlone),
    ("operations.c", 5, Blocks(3)),
    ("derived_types.c", 4, Alternating(2)),
    ("under_way.c", 5, Alternating(3)),
    ("ranks_that_disagree.c", 4, Blocks(2)),
    ("errors_of_collectives.c", 3, FirstAlone),
    ("threads.c", 3, FirstAlone),
    ("asleep.c", 4, Blocks(2)),
    ("fortran08.f90", 3, FirstAlone),
    ("neighbors.c", 4, Alternating(2)),
    ("neighbors_of_grids.c", 6, Blocks(3)),
];

/// Settings with which collective operations take every way that there is.
const SETTINGS: [&str; 3] =
    ["PIP_MPI_NODE_COLLECTIVES=0", "PIP_MPI_NODE_BLOCK=0", "PIP_MPI_NODE_SLICE=64 PIP_MPI_NODE_SPLIT=64"];

/// What the last rank does when it dies, and how it dies, with the launcher's exit status.
const DEATHS: [(&str, &str, i32); 6] = [
    ("send", "kill", 9),
    ("recv", "fault", 11),
    ("probe", "exit", 5),
    ("barrier", "kill", 9),
    ("lent", "kill", 9),
    ("collectives", "kill", 9),
];

pub fn add(cases: &mut Cases) {
    for (folder, programs) in [("mpi", &PROGRAMS[..]), ("windows", &WINDOWS[..]), ("collectives", &COLLECTIVES[..])] {
        for &(name, ranks, spread) in programs {
            let source = places::programs().join(folder).join(name);
            let directives = Directives::read(&source).unwrap_or_default();
            let stem = name.split('.').next().unwrap_or(name);
            cases.add_if(format!("spaces::{folder}::{stem}::{ranks}_ranks"), needs_compiler(&source), move || {
                play(&source, &directives, ranks, Some(spread))
            });
        }
    }
    let new = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    for (ranks, spaces, count) in [(2, 2, 30), (4, 2, 20), (5, 3, 5)] {
        cases.add(format!("spaces::new_seed_{new}::{count}_programs_of_{ranks}_ranks"), move || {
            generated::<Case>(new, ranks, spaces, count)
        });
    }
    for (seed, ranks, spaces, count) in
        [(1, 2, 2, 30), (1, 4, 2, 20), (new, 2, 2, 30), (new, 4, 2, 20), (new, 5, 3, 10)]
    {
        cases.add(format!("spaces::windows::seed_{seed}::{count}_programs_of_{ranks}_ranks"), move || {
            generated::<one_sided::Case>(seed, ranks, spaces, count)
        });
    }
    for (ranks, spaces, count) in [(2, 2, 15), (4, 2, 20), (5, 3, 15), (8, 3, 5)] {
        cases.add(format!("spaces::new_seed_{new}::{count}_programs_of_collectives_of_{ranks}_ranks"), move || {
            generated::<collective::Case>(new, ranks, spaces, count)
        });
    }
    for settings in SETTINGS {
        cases.add(format!("spaces::collectives::every_call_with_{}", settings.replace(' ', "_")), move || {
            every_call(settings)
        });
    }
    cases.add("spaces::collectives::one_result_on_all_ranks_each_time", || {
        let command = [sources::program("collectives/same_result.c")?];
        let runs = [0; 3].map(|_| Alternating(2).run(5, &command).end());
        let lines = runs.into_iter().map(|run| Ok(run?.expect_code(0)?.out())).collect::<Result<Vec<String>>>()?;
        ensure!(lines[0].contains("sums") && lines.iter().all(|line| *line == lines[0]), "{lines:?}");
        Ok(())
    });
    for (place, how, code) in DEATHS {
        cases.add(format!("spaces::{how}_during_{place}"), move || {
            let command = [sources::program("launcher/die.c")?.into_os_string(), place.into(), how.into(), "30".into()];
            let outcome = Alternating(2).run(4, &command).limit(20).end()?;
            outcome.expect_code(code)?.expect_err(&["rank 3"])?;
            one_line_of_the_launcher(&outcome)
        });
    }
    cases.add("spaces::statistics_count_messages_to_other_spaces", statistics);
    cases.add("spaces::an_ordinary_process_is_a_space_of_its_own", ordinary);
    cases.add("spaces::windows::of_an_ordinary_process_and_tasks", windows_of_an_ordinary_process);
    cases.add("spaces::without_the_shim_in_one_rank_all_messages_are_stocks", || {
        refused("-env PIP_MPI_SHIM off", "not every rank has this library")
    });
    cases.add("spaces::a_rank_that_misses_another_leaves_all_messages_to_stock", || {
        refused("-env PIP_MPI_LOCAL_RANKS 0-1", "rank 0 and the others do not agree on who shares its address space")
    });
}

fn generated<P: Program>(seed: u64, ranks: usize, spaces: usize, count: u64) -> Result<()> {
    let stage = Stage::<P>::new(true)?.spread(spaces);
    let draw = |index| P::draw(mixed(seed ^ index << 32 ^ (ranks as u64) << 56) >> 16, ranks);
    let (threaded, plain): (Vec<P>, Vec<P>) = (0..count).map(draw).partition(P::threaded);
    for programs in [plain, threaded] {
        if let Some(failure) = stage.play(&programs)?.iter().find(|failure| !failure.of_stock) {
            let seed = programs[failure.index].seed();
            anyhow::bail!(
                "again: generate-traffic{} --spaces {spaces} --case {seed} --ranks {ranks}\n{}",
                P::OPTION,
                failure.message
            );
        }
    }
    Ok(())
}

/// Programs that make every collective call, on two and three spaces. MPICH's persistent ones fail.
fn every_call(settings: &str) -> Result<()> {
    let (program, ranks, spread) =
        if settings == SETTINGS[0] { ("fortran08.f90", 4, Blocks(2)) } else { ("every_call.c", 5, Blocks(3)) };
    let command = [sources::program(places::programs().join("collectives").join(program))?];
    let run = settings.split(' ').filter_map(|setting| setting.split_once('='));
    let run = run.fold(spread.run(ranks, &command), |run, (name, value)| run.env(name, value)).limit(40).end()?;
    run.expect_code(0)?.expect_lines(&["done"]).map(drop)
}

/// Rank 0 sends a short and a long message.
fn statistics() -> Result<()> {
    let command = [sources::program("launcher/two_messages.c")?];
    let outcome = Blocks(2).run(2, &command).env("PIP_MPI_STATS", "1").end()?;
    let error = outcome.expect_code(0)?.err();
    let line = error.lines().find(|line| line.contains("rank 0:")).unwrap_or_default();
    let counts = ["eager ", "rendezvous ", "with their headers ", "behind headers "]
        .map(|way| line.split_once(way).and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<u64>().ok()));
    ensure!(counts == [0, 0, 1, 1].map(Some), "rank 0 sent {counts:?}\n{outcome}");
    Ok(())
}

/// Rank 0 leaves the address space by exec; the others are tasks.
fn ordinary() -> Result<()> {
    let program = sources::program("random_traffic.c")?;
    let stock = Run::stock("-n 3").arg(&program).words("78 15").end()?;
    let run = Run::pip("-n 1 -env PIP_MPI_LOCAL_RANKS 0 env").arg(&program).words("78 15");
    let run = run.words(": -n 2 -env PIP_MPI_LOCAL_RANKS 1-2").arg(&program).words("78 15");
    let outcome = run.env("PIP_MPI_STATS", "1").end()?;
    outcome.expect_code(0)?.expect_lines(&[stock.expect_code(0)?.out().trim()])?;
    let error = outcome.err();
    let sent = |rank: usize| {
        error.lines().any(|line| line.contains(&format!("rank {rank}: sent")) && line.contains("behind headers"))
    };
    ensure!((0..3).all(sent), "every rank should send through the shim\n{outcome}");
    Ok(())
}

/// The same with windows: who is in which space makes no difference to what is counted.
fn windows_of_an_ordinary_process() -> Result<()> {
    let program = sources::program("windows/contended_everywhere.c")?;
    let run = Run::pip("-n 1 -env PIP_MPI_LOCAL_RANKS 0 env").arg(&program);
    let run = run.words(": -n 2 -env PIP_MPI_LOCAL_RANKS 1-2").arg(&program);
    let outcome = run.env("PIP_MPI_STATS", "1").env("WITHOUT_SHARED_WINDOWS", "1").limit(60).end()?;
    outcome.expect_code(0)?.expect_lines(&["created: right", "allocated: right", "shared: right", "dynamic: right"])?;
    let error = outcome.err();
    let away = |line: &str| line.split_once("one-sided ")?.1.split_whitespace().next()?.parse::<u64>().ok();
    let counted = (0..3).all(|rank| {
        let line = error.lines().find(|line| line.contains(&format!("rank {rank}: sent")));
        line.and_then(away).is_some_and(|count| count > 0)
    });
    ensure!(counted, "every rank should work on targets in the other space\n{outcome}");
    Ok(())
}

/// Rank 0 of three has something else in its environment.
fn refused(environment: &str, reason: &str) -> Result<()> {
    let program = sources::program("random_traffic.c")?;
    let stock = Run::stock("-n 3").arg(&program).words("79 10").end()?;
    let run = Run::pip("-n 1 -env PIP_MPI_LOCAL_RANKS 0").words(environment).arg(&program).words("79 10");
    let run = run.words(": -n 2 -env PIP_MPI_LOCAL_RANKS 1-2").arg(&program).words("79 10");
    let outcome = run.env("PIP_MPI_STATS", "1").end()?;
    outcome.expect_code(0)?.expect_err(&[reason])?.expect_lines(&[stock.expect_code(0)?.out().trim()])?;
    ensure!(!outcome.err().contains("sent"), "nobody should send through the shim\n{outcome}");
    Ok(())
}
