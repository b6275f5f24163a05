//! A rank dies in the middle of a message or collective operation while others wait for it: the job ends soon, with one line and the exit
//! status that tells how it died, and nothing is left. Errors that end a job do so with the status they have under Hydra.

use crate::launcher::one_line_of_the_launcher;
use pip_tests::cases::Cases;
use pip_tests::run::Run;
use pip_tests::sources;

/// What the rank is doing.
const WHERE: [&str; 8] = ["send", "recv", "copy", "probe", "waitall", "barrier", "lent", "collectives"];
/// How it dies, and the launcher's exit status.
const HOW: [(&str, i32); 4] = [("kill", 9), ("fault", 11), ("exit", 5), ("abort", 7)];

/// Mistakes of one rank, and the function that stock MPICH names.
const MISTAKES: [(&str, &str); 10] = [
    ("rank", "MPI_Send"),
    ("tag", "MPI_Irecv"),
    ("comm", "MPI_Send"),
    ("recv", "MPI_Recv"),
    ("wait", "MPI_Wait"),
    ("mrecv", "MPI_Mrecv"),
    ("bsend", "MPI_Bsend"),
    ("waitall", "Waitall"),
    ("start", "MPI_Start"),
    ("finalized", "Send"),
];

pub fn add(cases: &mut Cases) {
    for place in WHERE {
        for (how, code) in HOW {
            cases.add(format!("faults::{how}_during_{place}"), move || {
                let die = sources::program("launcher/die.c")?;
                // Shared copies and collective operations are many pieces: death comes at different ones.
                for milliseconds in if ["copy", "collectives"].contains(&place) { vec![3, 20, 41] } else { vec![30] } {
                    let run = Run::pip("-n 5").arg(&die).words(&format!("{place} {how} {milliseconds}")).limit(20);
                    let outcome = run.end()?; // looks for processes and shared memory
                    outcome.expect_code(code)?.expect_err(&["rank 4"])?;
                    one_line_of_the_launcher(&outcome)?;
                }
                Ok(())
            });
        }
    }
    for (mistake, function) in MISTAKES {
        cases.add(format!("faults::fatal_error_as_under_stock::{mistake}"), move || {
            let fatal = sources::program("launcher/fatal.c")?;
            let stock = Run::stock("-n 2").arg(&fatal).arg(mistake).limit(20).end()?;
            let pip = Run::pip("-n 2").arg(&fatal).arg(mistake).limit(20).end()?;
            pip.expect_code(stock.code.unwrap_or(-1))?.expect_err(&[function]).map(drop)
        });
    }
    cases.add("faults::a_program_of_another_abi_says_so", || {
        let program = sources::program("launcher/another_abi.c")?;
        Run::pip("-n 2").arg(&program).end()?.expect_code(1)?.expect_err(&["Open MPI", "-no-shim"])?;
        Run::pip("-no-shim -n 2").arg(&program).end()?.expect_code(0).map(drop)
    });
}
