//! Parses the original's spelling, `-name value` with one dash (two are accepted), and prints `-help` and `-list`.

use std::ffi::OsString;

use super::Options;
use super::table::{OPTIONS, Opt};
use super::values::named;
use crate::benchmark::Suite;

/// The outcome of a correct command line.
pub enum Parsed {
    /// Measure.
    Run(Box<Options>),
    /// Print this and end.
    Show(String),
}

fn find(name: &str) -> Option<&'static Opt> {
    OPTIONS.iter().find(|opt| opt.name == name)
}

/// Parses a command line without the program's name.
///
/// # Errors
/// One sentence with what is wrong.
pub fn parse(suite: &'static Suite, args: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
    let args: Vec<String> = args.into_iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let mut options = Options::new(suite);
    options.calling_sequence =
        std::iter::once(suite.name).chain(args.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let mut names = Vec::new();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix('-') else {
            names.extend(named(suite, word)?);
            continue;
        };
        match name.strip_prefix('-').unwrap_or(name) {
            "help" | "h" => {
                return match words.next() {
                    None => Ok(Parsed::Show(help(suite))),
                    Some(about) => {
                        let opt = find(about.trim_start_matches('-'));
                        let opt = opt.ok_or_else(|| format!("Invalid option {about}; -help lists the options."))?;
                        Ok(Parsed::Show(format!("{}\n{}", banner(), explained(suite, opt))))
                    }
                };
            }
            "list" => return Ok(Parsed::Show(list(suite))),
            name => {
                let opt = find(name).ok_or_else(|| format!("Invalid option {word}; -help lists the options."))?;
                let value = words.next().ok_or_else(|| format!("Option {word} needs a value: {}.", opt.value))?;
                let help = opt.help[0];
                (opt.set)(&mut options, value)
                    .ok_or_else(|| format!("Invalid value {value} of option {word}: {}, {help}.", opt.value))?;
            }
        }
    }
    if !names.is_empty() || options.input.is_some() {
        options.benchmarks = names;
    }
    options.benchmarks.append(&mut options.included);
    let excluded = std::mem::take(&mut options.excluded);
    options.benchmarks.retain(|test| excluded.iter().all(|other| other.name != test.name));
    Ok(Parsed::Run(Box::new(options)))
}

/// The heading of every text.
pub fn banner() -> String {
    format!("PiP MPI Benchmarks {}, in the format of IMB 2021.11", env!("CARGO_PKG_VERSION"))
}

fn list(suite: &Suite) -> String {
    let mut tests: Vec<_> = suite.benchmarks.iter().collect();
    tests.sort_unstable_by_key(|test| test.name);
    let mut names = String::new();
    for test in tests {
        names += &format!("    {}{}\n", test.name, if test.by_default { "" } else { " (non-default)" });
        names.extend(test.notes.iter().map(|note| format!("        {note}\n")));
    }
    format!("{}\nList of benchmarks:\n{}:\n{names}", banner(), suite.name)
}

fn explained(suite: &Suite, opt: &Opt) -> String {
    let lines: String = opt.help.iter().map(|line| format!("{line}\n")).collect();
    format!("Option: [-{} {}]\nGroup: {}\n\n{lines}", opt.name, opt.value, suite.name)
}

fn help(suite: &Suite) -> String {
    let (name, indent) = (suite.name, " ".repeat(suite.name.len() + 8));
    let mut text = format!("{}\nUsage: {name} [-help]\n{indent}[-help option]\n{indent}[-list]\n", banner());
    for opt in OPTIONS {
        text += &format!("{indent}[-{} {}]\n", opt.name, opt.value);
        text.extend(opt.help.iter().map(|line| format!("{indent}    {line}\n")));
    }
    text + &format!("{indent}[benchmark[,benchmark,[...]]]\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Multi, Policy};
    use bench_harness::Element;

    fn run_of(suite: &'static Suite, line: &str) -> Result<Options, String> {
        match parse(suite, line.split_whitespace().map(OsString::from))? {
            Parsed::Run(options) => Ok(*options),
            Parsed::Show(text) => Err(text),
        }
    }

    fn run(line: &str) -> Result<Options, String> {
        run_of(&crate::MPI1, line)
    }

    fn names(line: &str) -> Vec<&'static str> {
        run(line).map(|options| options.benchmarks.iter().map(|test| test.name).collect()).unwrap_or_default()
    }

    #[test]
    fn options_are_spelled_as_in_the_original() {
        let line = "-iter 50,10,7 -msglog 3:5 pingpong -npmin 4 -time 2.5 -multi 1 -map 2x3 -mem 0.5 -iter_policy auto";
        let options = run(line).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((options.repetitions, options.volume_mib, options.single_repetitions), (50, 10, Some(7)));
        assert_eq!((options.msglog, options.npmin, options.multi), ((3, 5), 4, Multi::EachGroup));
        assert_eq!((options.seconds, options.memory_gb, options.map), (2.5, 0.5, Some((2, 3))));
        assert_eq!(options.policy, Policy::Auto);
        assert_eq!(options.calling_sequence, format!("IMB-MPI1 {line}"));
        assert_eq!(run("-msglog 4").map(|o| o.msglog).ok(), Some((0, 4)));
        let options = run("-off_cache 2,32 -root_shift yes -sync 0 -data_type int -red_data_type double -msgsize 5,9");
        let options = options.unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((options.off_cache, options.root_shift, options.sync), (Some((2 << 20, 32)), true, false));
        assert_eq!((options.element.0, options.reduction.1), (Element::Int, "MPI_DOUBLE"));
        assert_eq!(options.lengths, Some(vec![5, 9]));
        assert_eq!(run("-off_cache -1").map(|o| o.off_cache).ok(), Some(Some((8 << 20, 64))));
    }

    #[test]
    fn benchmarks_are_chosen_by_name_whatever_the_case() {
        assert_eq!(names("pingpong SENDRECV"), ["PingPong", "Sendrecv"]);
        assert_eq!(names("PingPong,PingPing"), ["PingPong", "PingPing"]);
        assert_eq!(names("").len(), 19);
        assert_eq!(names("")[..3], ["PingPong", "PingPing", "Sendrecv"]);
        assert!(!names("-exclude PingPing").contains(&"PingPing"));
        assert_eq!(names("Barrier -include Uniband"), ["Barrier", "Uniband"]);
        let rma = run_of(&crate::RMA, "").unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((rma.benchmarks.len(), rma.benchmarks[0].name), (17, "Unidir_put"));
        let ext = run_of(&crate::EXT, "").unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((ext.benchmarks.len(), ext.benchmarks[0].name), (6, "Window"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, part) in [
            ("Nonsense", "Invalid benchmark name Nonsense"),
            ("Unidir_put", "-list shows the names of IMB-MPI1"),
            ("-nonsense", "Invalid option -nonsense"),
            ("-iter", "needs a value"),
            ("-iter 0", "Invalid value 0"),
            ("-iter 1,x", "Invalid value 1,x"),
            ("-msglog 5:3", "Invalid value 5:3"),
            ("-msglog 31", "Invalid value 31"),
            ("-multi 2", "Invalid value 2"),
            ("-msglen /nonexistent", "Invalid value /nonexistent"),
            ("-red_data_type byte", "Invalid value byte"),
            ("-help nonsense", "Invalid option nonsense"),
        ] {
            let why = run(line).err().unwrap_or_default();
            assert!(why.contains(part), "{line}: {why}");
        }
    }

    #[test]
    fn lists_look_like_the_originals() {
        let text = run_of(&crate::RMA, "-list").err().unwrap_or_default();
        assert!(text.contains("\nList of benchmarks:\nIMB-RMA:\n    Accumulate\n    All_get_all\n"), "{text}");
        assert!(text.contains("\n    Compare_and_swap\n        Uses MPI_INT data type\n"));
        assert!(text.contains("\n    Get_local (non-default)\n"));
        let text = run("-help iter").err().unwrap_or_default();
        assert!(text.contains("\nOption: [-iter msgspersample[,overall_vol[,msgs_nonaggr]]]\nGroup: IMB-MPI1\n\n"));
        assert!(
            run("-help")
                .err()
                .unwrap_or_default()
                .contains("\nUsage: IMB-MPI1 [-help]\n                [-help option]\n")
        );
    }
}
