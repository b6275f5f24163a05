//! Running a command under a watchdog: its end, its output, and nothing left of it afterwards.

use crate::traces::{self, MARK};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long what is left of a command may take to go.
const AFTERMATH: Duration = Duration::from_secs(3);

/// A command to be run.
pub struct Run {
    command: Command,
    input: Option<Vec<u8>>,
    limit: Duration,
    rival: bool,
}

/// A command that runs.
pub struct Running {
    child: Child,
    what: String,
    mark: String,
    stdout: File,
    stderr: File,
    ends: Instant,
    shared_memory: BTreeSet<String>,
    rival: bool,
}

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit status, unless a signal killed it.
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    what: String,
}

impl Run {
    /// Runs `program` with a limit of 60 seconds and /dev/null as input.
    pub fn new(program: impl AsRef<OsStr>) -> Run {
        Run { command: Command::new(program), input: None, limit: Duration::from_secs(60), rival: false }
    }

    /// `pip-mpiexec` with the words of `args`.
    pub fn pip(args: &str) -> Run {
        Run::new(crate::places::built("pip-mpiexec")).words(args)
    }

    /// Stock MPICH's launcher with the words of `args`. What a rival leaves behind is removed, not reported.
    pub fn stock(args: &str) -> Run {
        Run::rival("mpiexec.mpich").words(args).env("HWLOC_COMPONENTS", "-gl")
    }

    /// The launcher of another MPI library. What it leaves behind is removed, not reported.
    pub fn rival(launcher: &str) -> Run {
        Run { rival: true, ..Run::new(launcher) }
    }

    /// `program` as `count` tasks.
    pub fn tasks(count: usize, program: impl AsRef<OsStr>) -> Run {
        Run::new(crate::places::built("examples/pip-run")).arg(count.to_string()).arg(program)
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Run {
        self.command.arg(arg);
        self
    }

    /// Several arguments, separated by spaces.
    pub fn words(mut self, args: &str) -> Run {
        self.command.args(args.split_whitespace());
        self
    }

    /// An environment variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Run {
        self.command.env(name, value);
        self
    }

    /// The working directory.
    pub fn folder(mut self, folder: &Path) -> Run {
        self.command.current_dir(folder);
        self
    }

    /// Standard input: these bytes through a pipe.
    pub fn input(mut self, bytes: Vec<u8>) -> Run {
        self.input = Some(bytes);
        self
    }

    /// Seconds until the watchdog ends it.
    pub fn limit(mut self, seconds: u64) -> Run {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// Runs it to its end.
    pub fn end(self) -> Result<Outcome> {
        self.start()?.end()
    }

    /// Starts it.
    pub fn start(mut self) -> Result<Running> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mark = format!("{}.{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let what = describe(&self.command);
        let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
        self.command.env(MARK, &mark).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
        self.command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        // A session of its own: the terminal's signals are the runner's, and what it starts can be found.
        // SAFETY: both calls are async-signal-safe and touch no memory.
        unsafe {
            self.command.pre_exec(|| {
                libc::setsid();
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM); // an interrupted suite leaves nothing behind
                Ok(())
            })
        };
        let shared_memory = traces::shared_memory();
        let mut child = self.command.spawn().with_context(|| format!("{what} cannot be started"))?;
        if let (Some(bytes), Some(mut pipe)) = (self.input, child.stdin.take()) {
            // It may end before it has read all.
            std::thread::spawn(move || _ = pipe.write_all(&bytes));
        }
        let ends = Instant::now() + self.limit;
        Ok(Running { child, what, mark, stdout, stderr, ends, shared_memory, rival: self.rival })
    }
}

impl Running {
    /// Its PID, which is also its process group and session.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        // SAFETY: kill touches no memory; the child has not been waited for.
        unsafe { libc::kill(self.pid(), signal) };
    }

    /// Waits until its standard output has `count` lines that contain `text`, and returns the whole output.
    pub fn await_lines(&mut self, count: usize, text: &str) -> Result<String> {
        loop {
            let output = String::from_utf8_lossy(&contents(&self.stdout)).into_owned();
            if output.lines().filter(|line| line.contains(text)).count() >= count {
                return Ok(output);
            }
            if self.child.try_wait()?.is_some() || Instant::now() > self.ends {
                let outcome = self.kill();
                bail!("{count} lines with {text:?} did not come\n{outcome}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether it ends within this time.
    pub fn ends_within(&mut self, time: Duration) -> Result<bool> {
        let until = Instant::now() + time;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > until {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(true)
    }

    /// Waits for its end, and that nothing is left of it.
    pub fn end(mut self) -> Result<Outcome> {
        let mut pause = Duration::from_millis(1);
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if Instant::now() > self.ends {
                let alive: Vec<String> = self.processes().into_iter().map(traces::describe).collect();
                let outcome = self.kill();
                bail!("the watchdog ended it; alive were: {}\n{outcome}", alive.join("; "));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let left = self.aftermath();
        let outcome = Outcome { code: status.code(), signal: status.signal(), ..self.outcome() };
        ensure!(left.is_empty() || self.rival, "left behind: {}\n{outcome}", left.join("; "));
        let panicked = outcome.err().contains("panicked at");
        ensure!(!panicked || self.rival, "a panic\n{outcome}");
        Ok(outcome)
    }

    fn processes(&self) -> Vec<i32> {
        traces::processes(&self.mark, self.pid())
    }

    /// Waits until nothing is left, and removes and returns what is.
    fn aftermath(&self) -> Vec<String> {
        let until = Instant::now() + AFTERMATH;
        loop {
            let processes = self.processes();
            let memory = traces::shared_memory();
            let memory: Vec<_> = memory.difference(&self.shared_memory).cloned().collect();
            if processes.is_empty() && memory.is_empty() {
                return memory;
            }
            if Instant::now() > until || self.rival {
                let names: Vec<String> =
                    processes.iter().map(|&pid| format!("process {}", traces::describe(pid))).collect();
                // SAFETY: kill touches no memory; the PIDs carry this command's mark.
                processes.iter().for_each(|&pid| _ = unsafe { libc::kill(pid, libc::SIGKILL) });
                memory.iter().filter(|name| name.starts_with('/')).for_each(|file| _ = std::fs::remove_file(file));
                return names.into_iter().chain(memory).collect();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn kill(&mut self) -> Outcome {
        let mut pids = self.processes();
        pids.push(-self.pid());
        // SAFETY: as in `aftermath`; the group is the child's, which has not been waited for.
        pids.into_iter().for_each(|pid| _ = unsafe { libc::kill(pid, libc::SIGKILL) });
        let _ = self.child.wait();
        self.outcome()
    }

    fn outcome(&self) -> Outcome {
        let (stdout, stderr) = (contents(&self.stdout), contents(&self.stderr));
        Outcome { code: None, signal: None, stdout, stderr, what: self.what.clone() }
    }
}

impl Outcome {
    /// Standard output as text.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The lines of standard output, sorted: ranks write in any order.
    pub fn sorted(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.out().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Fails unless it exited with this status.
    pub fn expect_code(&self, code: i32) -> Result<&Outcome> {
        ensure!(self.code == Some(code), "exit status {code} was expected\n{self}");
        Ok(self)
    }

    /// Fails unless standard output is exactly this, line order aside.
    pub fn expect_lines(&self, lines: &[&str]) -> Result<&Outcome> {
        let mut wanted = lines.to_vec();
        wanted.sort_unstable();
        ensure!(self.sorted() == wanted, "these lines were expected: {wanted:?}\n{self}");
        Ok(self)
    }

    /// Fails unless standard error contains each of these.
    pub fn expect_err(&self, texts: &[&str]) -> Result<&Outcome> {
        let error = self.err();
        for text in texts {
            ensure!(error.contains(text), "standard error should say {text:?}\n{self}");
        }
        Ok(self)
    }

    /// Fails unless standard error is empty.
    pub fn expect_quiet(&self) -> Result<&Outcome> {
        ensure!(self.stderr.is_empty(), "standard error should be empty\n{self}");
        Ok(self)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = match (self.code, self.signal) {
            (Some(code), _) => format!("exit status {code}"),
            (_, Some(signal)) => format!("signal {signal}"),
            _ => "ended by the runner".to_owned(),
        };
        write!(f, "$ {}\n{end}\n--- stdout\n{}\n--- stderr\n{}", self.what, clip(&self.stdout), clip(&self.stderr))
    }
}

/// The beginning and the end of a long text.
fn clip(text: &[u8]) -> String {
    const MOST: usize = 3000;
    let lossy = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    if text.len() <= 2 * MOST {
        return lossy(text);
    }
    format!("{}\n... {} bytes ...\n{}", lossy(&text[..MOST]), text.len() - 2 * MOST, lossy(&text[text.len() - MOST..]))
}

/// What a file holds, without moving the offset that it shares with the writer.
fn contents(file: &File) -> Vec<u8> {
    let mut bytes = vec![0; file.metadata().map_or(0, |data| data.len() as usize)];
    let length = file.read_at(&mut bytes, 0).unwrap_or(0);
    bytes.truncate(length);
    bytes
}

fn describe(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let variables = variables.map(|(name, value)| format!("{}={} ", name.display(), clip(value.as_encoded_bytes())));
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(|word| {
        let word = word.to_string_lossy();
        if word.is_empty() || word.contains(|c: char| " \"'$;\n".contains(c)) {
            format!("{word:?}")
        } else {
            word.into_owned()
        }
    });
    variables.collect::<String>() + &words.collect::<Vec<_>>().join(" ")
}
