//! The command line of the analysis.

use insitu::command_line::bounded;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Where frames and the plot go.
    pub frames: Option<PathBuf>,
    /// The value of v at which the isoline runs.
    pub level: f64,
    /// How long to be idle before the first look.
    pub delay: Duration,
    /// How long to be idle after each step.
    pub pause: Duration,
    /// Whether to print each step.
    pub verbose: bool,
}

/// The text of `-h`.
pub const HELP: &str = "\
Usage: pip-mpiexec -n RANKS simulation [options] : -no-rank analysis [options]
Looks at the newest step of the simulation as often as it can: mean, minimum, maximum and standard deviation of both
substances, the length of an isoline, and with --frames a picture of each step and a plot over time.
Options:
  --frames DIR        write frame-STEP.png and over-time.svg there; the folder is made
  --level X           the isoline runs where v has this value (default 0.2)
  --delay SECONDS     begin so late
  --pause SECONDS     be so slow: idle after each step
  --verbose           a line for each step, not one per second
  -h, --help          print this help
";

/// Parses a command line without the program's name; None asks for help.
///
/// # Errors
/// What is wrong, with the value.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let (delay, pause) = (Duration::ZERO, Duration::ZERO);
    let mut options = Options { frames: None, level: 0.2, delay, pause, verbose: false };
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("frames") => options.frames = Some(parser.value()?.into()),
            Long("level") => options.level = bounded(&mut parser, "--level", 0.0, 1.0)?,
            Long("delay") => options.delay = Duration::from_secs_f64(bounded(&mut parser, "--delay", 0.0, 1e6)?),
            Long("pause") => options.pause = Duration::from_secs_f64(bounded(&mut parser, "--pause", 0.0, 1e6)?),
            Long("verbose") => options.verbose = true,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Option<Options>, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|why| why.to_string())
    }

    #[test]
    fn wrong_values_are_refused() {
        let options = of("--frames x --level 0.5 --delay 2 --pause 0.25 --verbose").unwrap().unwrap();
        assert_eq!((options.level, options.pause.as_millis(), options.verbose), (0.5, 250, true));
        assert_eq!(of("--help"), Ok(None));
        for wrong in ["--level 2", "--level nan", "--pause -1", "--delay x", "--frames", "x"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
