use super::*;
use crate::binding::{BindTo, Memory, Unit};
use crate::command_line::{Debugger, HostSource, Inherited, InputTarget, MAX_RANKS, Order, Universe};
use crate::hosts::Host;
use crate::stdio::pattern::Pattern;
use proptest::prelude::*;
use std::time::Duration;

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn parse(line: &str) -> Result<Request, UsageError> {
    super::parse(words(line), None, &|_| None)
}

fn run(line: &str) -> Job {
    with(line, "", &[])
}

/// With a default configuration file and environment variables.
fn with(line: &str, defaults: &str, variables: &[(&str, &str)]) -> Job {
    match try_with(line, defaults, variables) {
        Ok(Request::Run(job)) => *job,
        other => panic!("{line}: {other:?}"),
    }
}

fn try_with(line: &str, defaults: &str, variables: &[(&str, &str)]) -> Result<Request, UsageError> {
    let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
    let file = (!defaults.is_empty()).then(|| ConfigFile { path: "defaults".into(), text: defaults.into() });
    super::parse(words(line), file, &variable)
}

fn message(line: &str) -> String {
    parse(line).expect_err(line).to_string()
}

#[test]
fn spellings_of_hydra_are_understood() {
    for line in ["-n 3 a b", "-np 3 a b", "--NP=3 a b", "-n=3 a b", "-n 1 -n 3 a b", "-n 3 -- a b"] {
        let job = run(line);
        assert_eq!((job.segments[0].count, job.segments[0].args.len()), (Some(3), 1), "{line}");
        assert_eq!(job.segments[0].program, "a");
    }
    assert_eq!(run("a -n 3").segments[0].args, words("-n 3"));
    let prefix = |line: &str| run(line).output.prefix == Some(Pattern::rank());
    assert!(prefix("-l a") && prefix("-Prepend-Rank a") && run("--no-shim a").no_shim);
    assert_eq!(parse("-n 2 -h"), Ok(Request::Help));
    assert_eq!(parse("--version a"), Ok(Request::Version));
    let option = options::find("wdir").expect("a row");
    for line in ["-wdir -help", "--WDIR -h", "-n 2 -wdir --help a"] {
        assert_eq!(parse(line), Ok(Request::HelpOf(option)), "{line}");
    }
}

#[test]
fn segments_keep_their_options() {
    let job = run("-genv G 1 -wdir /tmp -n 2 -env A 1 x : -n 3 -env B=2=3 y z : -wdir=/ -path p w");
    let counts: Vec<_> = job.segments.iter().map(|s| s.count).collect();
    assert_eq!(counts, [Some(2), Some(3), None]);
    assert!(job.segments.iter().all(|segment| !segment.no_rank));
    let beside: Vec<_> = run("-no-rank a : -n 2 b : --No-Rank -n 3 c").segments.iter().map(|s| s.no_rank).collect();
    assert_eq!(beside, [true, false, true]);
    assert_eq!(job.env, [("G".into(), "1".into())]);
    assert_eq!(job.segments[0].env, [("A".into(), "1".into())]);
    assert_eq!(job.segments[1].env, [("B".into(), "2=3".into())]);
    let dirs: Vec<_> = job.segments.iter().map(|s| s.wdir.clone().unwrap_or_default()).collect();
    assert_eq!(dirs, [PathBuf::from("/tmp"), "".into(), "/".into()]);
    assert_eq!(job.segments[2].path, Some("p".into()));
}

#[test]
fn what_is_inherited_is_said_once_for_all_and_once_for_each() {
    let listed = |names: &[&str]| Some(Inherited::Listed(names.iter().map(OsString::from).collect()));
    let job = run("-genvlist A,,B -envnone a : -envlist=C b : -envall c : d");
    assert_eq!(job.inherited, listed(&["A", "B"]));
    let each: Vec<_> = job.segments.iter().map(|segment| segment.inherited.clone()).collect();
    assert_eq!(each, [Some(Inherited::Nothing), listed(&["C"]), Some(Inherited::All), None]);
}

#[test]
fn every_option_reaches_the_job() {
    assert_eq!(run("-s 1 -n 2 a").input, Some(InputTarget::Rank(1)));
    assert_eq!((run("-s all a").input, run("-s NONE a").input), (Some(InputTarget::All), Some(InputTarget::Nobody)));
    assert_eq!(run("a").input, None);
    assert_eq!(run("-usize SYSTEM a").universe, Universe::System);
    assert_eq!(
        (run("-usize 7 a").universe, run("-usize INFINITE a").universe),
        (Universe::Size(7), Universe::Infinite)
    );
    assert_eq!(run("-timeout 3 a").timeout, Some(Duration::from_secs(3)));
    assert_eq!((run("-timeout 0 a").timeout, run("-timeout -1 a").timeout), (None, None));
    assert_eq!(run("-order-nodes up a").order, Some(Order::Ascending));
    assert_eq!((run("-g 2 a").gpus_per_rank, run("-gpus-per-proc auto a").gpus_per_rank), (Some(2), None));
    let job = run("-bind-to core:2 -map-by socket -membind bind:0 a");
    assert_eq!(job.binding.bind_to, Unit::parse_binding("core:2").expect("good"));
    assert_eq!(
        (job.binding.map_by, job.binding.memory),
        (Unit::parse_mapping("socket").ok(), Memory::Bind([0].into()))
    );
    let job = run("-n 1 -outfile-pattern o.%r -errfile e -output-from 0 -prepend-pattern %h: a");
    assert_eq!(job.output.only_from, Some(0));
    assert!(job.output.files.iter().all(Option::is_some) && job.output.prefix.is_some());
    let job = run("-launcher SSH -launcher-exec x -rmk user -enable-x -iface lo -localhost n a");
    assert_eq!((job.reach.launcher.as_deref(), job.reach.program), (Some("ssh"), Some("x".into())));
    assert_eq!((job.reach.resource_manager.as_deref(), job.reach.forward_x), (Some("user"), true));
    assert_eq!((job.reach.interface.as_deref(), job.reach.local_name.as_deref()), (Some("lo"), Some("n")));
    assert!(run("-dac a").no_cleanup && !run("-dac -enable-auto-cleanup a").no_cleanup);
    assert!(run("-disable-hostname-propagation a").reach.hide_hostname);
    assert!(run("-print-all-exitcodes a").print_exit_codes && run("-profile a").profile && run("-debug a").verbose);
    assert_eq!((run("-gdb a").debugger, run("-tv a").debugger), (Some(Debugger::Gdb), Some(Debugger::TotalView)));
    assert_eq!(run("-topolib hwloc -demux poll -pmi-port a"), run("a"));
}

#[test]
fn host_lists_are_for_the_whole_job() {
    let job = run("-n 2 a : -Hosts b:2,c -ppn 3 -skip-launch-node d");
    assert_eq!(job.hosts, Some(HostSource::List(vec![Host::new("b", 2), Host::new("c", 1)])));
    assert_eq!((job.per_node, job.skip_launch_node), (Some(3), true));
    for line in ["-f hf a", "-hostfile hf a", "--machinefile=hf a"] {
        assert_eq!(run(line).hosts, Some(HostSource::File("hf".into())), "{line}");
    }
    for line in ["-host b a", "-hostlist b a", "-machine b a", "-machines b a", "-machinelist b a"] {
        assert_eq!(run(line).hosts, Some(HostSource::List(vec![Host::new("b", 1)])), "{line}");
    }
}

#[test]
fn the_command_line_comes_before_the_file_and_that_before_variables() {
    let variables =
        [("HYDRA_HOST_FILE", "v"), ("MPIEXEC_TIMEOUT", "5"), ("HYDRA_BINDING", "core"), ("HYDRA_DEBUG", "1")];
    let job = with("-l a", "-genv A 1 # comment\n-hosts f -timeout 4\n", &variables);
    assert_eq!(job.hosts, Some(HostSource::List(vec![Host::new("f", 1)])));
    assert_eq!((job.timeout, job.env.len(), job.verbose), (Some(Duration::from_secs(4)), 1, true));
    assert!(matches!(job.binding.bind_to, BindTo::Units(_)));
    let job = with("-bind-to none -f c -genv A 2 a", "-genv A 1 -hosts f", &variables);
    assert_eq!((job.hosts, job.binding.bind_to), (Some(HostSource::File("c".into())), BindTo::Nothing));
    // The later one counts.
    assert_eq!(job.env, [("A".into(), "1".into()), ("A".into(), "2".into())]);
    assert_eq!(with("a", "", &variables).hosts, Some(HostSource::File("v".into())));
    assert_eq!(with("a", "", &[("HYDRA_ENV", "none")]).inherited, Some(Inherited::Nothing));
    assert_eq!(with("-genvall a", "", &[("HYDRA_ENV", "none")]).inherited, Some(Inherited::All));
    let hidden = |line: &str, value| with(line, "", &[("HYDRA_HOSTNAME_PROPAGATION", value)]).reach.hide_hostname;
    assert!(hidden("a", "0") && !hidden("a", "1") && !hidden("-enable-hostname-propagation a", "no"));
    for (defaults, variables, parts) in [
        ("a", &[][..], ["defaults", "\"a\"", "-configfile"]),
        ("-wdir /tmp", &[], ["defaults", "-wdir", "one program"]),
        ("-bogus", &[], ["defaults", "-bogus", "nearest"]),
        ("", &[("MPIEXEC_TIMEOUT", "x")], ["MPIEXEC_TIMEOUT", "\"x\"", "seconds"]),
        ("", &[("HYDRA_DEBUG", "x")], ["HYDRA_DEBUG", "\"x\"", "1 or 0"]),
    ] {
        let text = try_with("a", defaults, variables).expect_err(defaults).to_string();
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }
}

#[test]
fn a_configuration_file_holds_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("c");
    let line = |rest: &str| format!("{} -configfile {}", rest, path.display());
    std::fs::write(&path, "-n 1 a b # c\n\n-n 2 -env X 5 'd e' : f\n").expect("a file");
    let job = run(&line("-l"));
    let programs: Vec<_> = job.segments.iter().map(|segment| segment.program.clone()).collect();
    assert_eq!(programs, ["a", "'d", "f"]);
    assert_eq!((job.segments[1].count, &job.segments[1].args), (Some(2), &words("e'")));
    assert_eq!(job.output.prefix, Some(Pattern::rank()));
    assert_eq!(run(&(line("") + " -l")), job);
    for (text, line, parts) in [
        ("a", line("-n 2"), ["-configfile", "-n", "leave"]),
        ("a", line("") + " b", ["-configfile", "\"b\"", "leave"].map(|part| part.trim_matches('"'))),
        ("a", line("b :"), ["-configfile", "':'", "leave"]),
        ("-n x a", line(""), ["configuration file", "\"x\"", "/c"]),
        ("-n 2", line(""), ["/c", "no program", "COUNT"]),
        ("#\n", line(""), ["/c", "no program", "COUNT"]),
        ("-configfile x", line(""), ["/c", "-configfile", "no other"]),
    ] {
        std::fs::write(&path, text).expect("a file");
        let message = message(&line);
        assert!(parts.iter().all(|part| message.contains(part)), "{text}: {message}");
    }
    assert!(message("-configfile /nowhere").contains("/nowhere cannot be read"));
}

#[test]
fn without_a_number_there_is_a_rank_for_each_slot() {
    let counts = |line: &str, slots| {
        let mut job = run(line);
        job.count_ranks(slots).map(|()| job.segments.iter().map(|segment| segment.count).collect::<Vec<_>>())
    };
    assert_eq!(counts("a : -n 1 b : -no-rank c", 3), Ok(vec![Some(3), Some(1), Some(1)]));
    assert_eq!(counts("a", 0), Ok(vec![Some(1)]));
    assert_eq!(counts("a", MAX_RANKS + 1), Err(UsageError::TooManyRanks(MAX_RANKS + 1)));
    assert_eq!(counts("-s 3 a", 3), Err(UsageError::NoSuchRank("-s", 3, 2)));
    assert_eq!(counts("-output-from 2 a", 3), Ok(vec![Some(3)]));
}

#[test]
fn wrong_lines_name_the_value_and_the_way_out() {
    for (line, parts) in [
        ("-n 0 a", ["\"0\"", "1 to"]),
        ("-n x a", ["\"x\"", "whole number"]),
        ("-n -1 a", ["\"-1\"", "whole number"]),
        ("-n 99999999999999999999 a", ["99999999999999999999", "1 to"]),
        ("-n", ["-n", "COUNT"]),
        ("-n 2", ["no program", "PROGRAM"]),
        ("", ["no program", "-help"]),
        ("-env X", ["-env", "VALUE"]),
        ("-env", ["-env", "NAME"]),
        ("-env =x a", ["\"=x\"", "NAME"]),
        ("-wdri /tmp a", ["-wdri", "-wdir"]),
        ("-output x a", ["-output", "-output-from"]),
        ("-l=3 a", ["-l", "\"3\""]),
        ("-hosts a:x b", ["-hosts", "\"x\""]),
        ("-hosts a -f b c", ["-f contradicts", "-hosts"]),
        ("-hosts a -hosts b c", ["-hosts contradicts", "-hosts"]),
        ("-envall -envnone a", ["-envnone contradicts", "-envall"]),
        ("-genvlist A a : -genvall b", ["-genvall contradicts", "-genvlist"]),
        ("-l -prepend-pattern %r a", ["-prepend-pattern contradicts", "-prepend-rank"]),
        ("-ppn 0 a", ["-ppn", "\"0\""]),
        ("-usize 0 a", ["-usize", "INFINITE"]),
        ("-order-nodes x a", ["\"x\"", "ascending"]),
        ("-launcher x a", ["\"x\"", "ssh"]),
        ("-rmk x a", ["\"x\"", "slurm"]),
        ("-topolib x a", ["\"x\"", "hwloc"]),
        ("-demux x a", ["\"x\"", "poll"]),
        ("-g x a", ["\"x\"", "auto"]),
        ("-s x a", ["\"x\"", "none"]),
        ("-s 2 -n 2 a", ["-s names rank 2", "0 to 1"]),
        ("-output-from 1 -n 1 a : -no-rank b", ["-output-from names rank 1", "0 to 0"]),
        ("-timeout x a", ["\"x\"", "seconds"]),
        ("-prepend-pattern %x a", ["\"%x\"", "%r"]),
        ("-bind-to x a", ["-bind-to", "hwthread"]),
        ("-map-by rr a", ["-map-by", "\"rr\""]),
        ("-membind x a", ["-membind", "interleave"]),
        ("-nameserver h:1 a", ["-nameserver", "MPI_Publish_name"]),
        ("a : -n 2", ["segment 2", "':'"]),
        (": a", ["segment 1", "':'"]),
        ("-no-rank a : -no-rank b", ["-no-rank", "MPI ranks"]),
        ("a : : b", ["segment 2", "':'"]),
        ("-n 3000 a : -n 3000 b", ["6000", "-n"]),
    ] {
        let text = message(line);
        assert!(parts.iter().all(|part| text.contains(part)), "{line}: {text}");
    }
}

/// Command lines made of real options, values and programs.
fn lines() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = options::OPTIONS.iter().flat_map(|option| option.names).copied().collect();
    let words = prop_oneof![
        4 => proptest::sample::select(names).prop_map(|name| format!("-{name}")),
        4 => "[0-9]{1,2}|all|none|core|a:2,b|%r|A=1|x|--|-|:|-n=3|-help",
        1 => "[ -~]{0,6}",
    ];
    proptest::collection::vec(words, 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn any_line_is_understood_or_refused(line in lines(), defaults in lines(), value in "[ -~]{0,4}") {
        let file = ConfigFile { path: "defaults".into(), text: defaults.into_bytes() };
        if let Err(error) = super::parse(words(&line), Some(file), &|_| Some(OsString::from(&value))) {
            prop_assert!(!error.to_string().is_empty());
        }
        if let Ok(Request::Run(job)) = parse(&line) {
            prop_assert!(!job.segments.is_empty());
            prop_assert!(job.segments.iter().all(|segment| segment.count != Some(0) && !segment.program.is_empty()));
        }
    }
}
