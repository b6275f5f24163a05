use super::*;
use proptest::prelude::*;

fn decode(pieces: &[&[u8]]) -> Result<Vec<Request>, WireError> {
    let mut decoder = Decoder::default();
    let mut requests = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Some(request) = decoder.next_request()? {
            requests.push(request);
        }
    }
    Ok(requests)
}

fn reason(bytes: &[u8]) -> String {
    decode(&[bytes]).expect_err("must fail").to_string()
}

#[test]
fn requests_of_a_real_client() {
    let text = b"cmd=init pmi_version=1 pmi_subversion=1\ncmd=get_maxes\nkvsname=k cmd=get key=-bcast-1-0\n\
        cmd=put kvsname=k key=a-seg-1/2 value=\ncmd=abort exitcode=-7\ncmd=getbyidx kvsname=k idx=0\ncmd=foo\n\
        cmd=pip_join\ncmd=pip_joined\ncmd=pip_report part=1 parts=3 value=a,b\n";
    let requests = decode(&[text]).expect("valid");
    let wanted = [
        Request::Init { version: Some((1, 1)) },
        Request::GetMaxes,
        Request::Get { kvsname: "k".into(), key: "-bcast-1-0".into() },
        Request::Put { kvsname: "k".into(), key: "a-seg-1/2".into(), value: String::new() },
        Request::Abort { exit_code: -7 },
        Request::GetByIndex { kvsname: "k".into(), index: 0 },
        Request::Unknown { cmd: "foo".into() },
        Request::PipJoin,
        Request::PipJoined,
        Request::PipReport { part: 1, parts: 3, value: "a,b".into() },
    ];
    assert_eq!(requests, wanted);
}

#[test]
fn partial_reads_are_put_together() {
    assert_eq!(decode(&[b"cmd=bar", b"rier_in", b"\ncmd="]), Ok(vec![Request::BarrierIn]));
}

#[test]
fn values_may_hold_equals_signs() {
    let requests = decode(&[b"cmd=put kvsname=k key=x value=a=b=\n"]).expect("valid");
    assert_eq!(requests[0], Request::Put { kvsname: "k".into(), key: "x".into(), value: "a=b=".into() });
}

#[test]
fn requests_may_have_several_lines() {
    let text = b"mcmd=put\nkvsname=k\nkey=x\nvalue=with spaces\nendcmd\nmcmd=get_maxes\nendcmd\n";
    let put = Request::Put { kvsname: "k".into(), key: "x".into(), value: "with spaces".into() };
    assert_eq!(decode(&[text]), Ok(vec![put, Request::GetMaxes]));
    assert!(reason(b"mcmd=put\nkey=x\nendcmd\n").contains("without kvsname="));
    assert!(reason(b"mcmd=put\nstray\n").contains("without ="));
}

#[test]
fn a_spawn_request_ends_with_its_last_block() {
    let block =
        |n: u8| format!("mcmd=spawn\nnprocs=1\nexecname=./a b\ntotspawns=2\nspawnssofar={n}\nargcnt=0\nendcmd\n");
    let text = block(1) + &block(2) + "cmd=barrier_in\n";
    let one = SpawnBlock { count: 1, program: "./a b".into(), programs: 2, ..SpawnBlock::default() };
    let both = Request::Spawn(Ok(vec![one.clone(), one]));
    assert_eq!(decode(&[text.as_bytes()]), Ok(vec![both, Request::BarrierIn]));
    assert!(reason((block(1) + "cmd=barrier_in\n").as_bytes()).contains("block missing"));
    assert_eq!(decode(&[b"mcmd=spawn\nnprocs=-1\nendcmd\n"]), Ok(vec![Request::Spawn(Err("bad_nprocs"))]));
}

#[test]
fn arguments_of_a_spawn_may_be_long_and_hold_any_byte_of_a_line() {
    let long = "x".repeat(MAX_LINE * 10);
    let text = format!("mcmd=spawn\nnprocs=1\nexecname=a\nargcnt=2\narg1={long}\narg2=\t\u{1}ü\nendcmd\n");
    match &decode(&[text.as_bytes()]).expect("valid")[..] {
        [Request::Spawn(Ok(blocks))] => assert_eq!(blocks[0].args, [long.as_str(), "\t\u{1}ü"]),
        other => panic!("{other:?}"),
    }
    assert!(reason(&[&b"mcmd=spawn\n"[..], &vec![b'x'; MAX_LINES + 1]].concat()).contains("a line of more than"));
}

#[test]
fn corrupted_lines_are_named() {
    assert!(reason(b"hello\n").contains("without cmd=: \"hello\""));
    assert!(reason(b"\n").contains("without cmd="));
    assert!(reason(b"cmd=\n").contains("empty cmd="));
    assert!(reason(b"cmd=get_maxes\0\n").contains("\\x00"));
    assert!(reason(b"cmd=get \xff\n").contains("not text"));
    assert!(reason(b"cmd=get key=a\n").contains("without kvsname="));
    assert!(reason(b"cmd=abort exitcode=x\n").contains("number"));
    assert!(reason(b"cmd=getbyidx kvsname=k idx=-1\n").contains("number"));
    assert!(reason(b"cmd=init stray\n").contains("without ="));
    assert!(reason(b"    56cmd=fullinit;pmijobid=1;pmirank=0;").contains("PMI-2"));
    let long = vec![b'x'; MAX_LINE + 1];
    let text = reason(&long);
    assert!(text.contains("4096") && text.len() < 200, "{text}");
    assert!(reason(&[&long[..], b"\n"].concat()).contains("4097"));
}

fn pieces<'a>(text: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|&cut| cut.min(text.len())).chain([0, text.len()]).collect();
    cuts.sort_unstable();
    cuts.windows(2).map(|w| &text[w[0]..w[1]]).collect()
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&[&bytes]);
    }

    #[test]
    fn nothing_that_looks_like_lines_makes_it_panic(
        lines in proptest::collection::vec(
            "((m?cmd|nprocs|execname|totspawns|argcnt|arg[0-9]|preput_num|info_num|key|idx|part)=)?\
             (spawn|put|get|init|pip_report|[0-9]{1,20}|-1|.{0,9})\n|endcmd\n", 0..30),
    ) {
        let _ = decode(&[lines.concat().as_bytes()]);
    }

    #[test]
    fn long_lines_are_refused_and_not_kept(length in 0usize..3 * MAX_LINE, cut in 1usize..MAX_LINE) {
        let line = [b"cmd=x y=".to_vec(), vec![b'z'; length], b"\n".to_vec()].concat();
        let answer = decode(&pieces(&line, &[cut]));
        prop_assert_eq!(answer.is_ok(), line.len() - 1 <= MAX_LINE);
    }

    #[test]
    fn cutting_the_stream_changes_nothing(
        lines in proptest::collection::vec(
            "(cmd=[a-z_]{1,12}( [a-z]{1,5}=[ -~]{0,5})?|m?cmd=(spawn|put)|endcmd|nprocs=[0-9]|totspawns=[0-9])\n", 0..12),
        cuts in proptest::collection::vec(0usize..200, 0..8),
    ) {
        let text = lines.concat();
        prop_assert_eq!(decode(&pieces(text.as_bytes(), &cuts)), decode(&[text.as_bytes()]));
    }
}
