//! What both programs do with their command lines.

use std::fmt::Display;
use std::str::FromStr;

/// The options of this process as `parse` reads them. For help, which is what it calls None, and for wrong ones the process ends.
pub fn options_or_exit<O>(
    program: &str,
    help: &str,
    parse: impl FnOnce(std::iter::Skip<std::env::ArgsOs>) -> Result<Option<O>, lexopt::Error>,
) -> O {
    match parse(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{help}");
            std::process::exit(0)
        }
        Err(why) => {
            eprintln!("{program}: {why}; -h lists the options.");
            std::process::exit(2)
        }
    }
}

/// The value of option `name`, a number from `least` to `most`.
///
/// # Errors
/// If it is no number, or another.
pub fn bounded<N>(parser: &mut lexopt::Parser, name: &str, least: N, most: N) -> Result<N, lexopt::Error>
where
    N: FromStr + PartialOrd + Display,
    N::Err: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    use lexopt::prelude::*;
    let value: N = parser.value()?.parse()?;
    if (&least..=&most).contains(&&value) {
        Ok(value)
    } else {
        Err(format!("{name} {value}: give a number from {least} to {most}").into())
    }
}
