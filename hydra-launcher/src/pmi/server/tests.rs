use super::super::group::one_node;
use super::*;
use proptest::prelude::*;

fn one(server: &mut Server, rank: usize, request: Request) -> String {
    match server.handle(rank, &request).pop() {
        Some(Action::Reply(to, line)) if to == rank => line,
        other => panic!("{request:?}: {other:?}"),
    }
}

fn spec(name: &str, ranks: usize) -> GroupSpec {
    GroupSpec { kvsname: name.into(), appnums: (0..ranks).collect(), mapping: one_node(ranks), preput: Vec::new() }
}

fn server(ranks: usize) -> Server {
    Server::new(spec("kvs_1", ranks), None).expect("valid")
}

fn init() -> Request {
    Request::Init { version: Some((1, 1)) }
}

fn get(key: &str) -> Request {
    Request::Get { kvsname: "kvs_1".into(), key: key.into() }
}

fn put(key: &str, value: &str) -> Request {
    Request::Put { kvsname: "kvs_1".into(), key: key.into(), value: value.into() }
}

fn by_index(index: usize) -> Request {
    Request::GetByIndex { kvsname: "kvs_1".into(), index }
}

#[test]
fn replies_are_hydras() {
    let mut s = server(4);
    assert_eq!(one(&mut s, 0, init()), "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0\n");
    assert_eq!(one(&mut s, 0, Request::GetMaxes), "cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=1024\n");
    assert_eq!(one(&mut s, 3, Request::GetAppnum), "cmd=appnum appnum=3\n");
    assert_eq!(one(&mut s, 0, Request::GetMyKvsname), "cmd=my_kvsname kvsname=kvs_1\n");
    assert_eq!(one(&mut s, 0, Request::GetUniverseSize), "cmd=universe_size size=-1\n");
    let mut sized = Server::new(spec("kvs_1", 1), Some(8)).expect("valid");
    assert_eq!(one(&mut sized, 0, Request::GetUniverseSize), "cmd=universe_size size=8\n");
    let mapping = one(&mut s, 0, get("PMI_process_mapping"));
    assert_eq!(mapping, "cmd=get_result rc=0 msg=success value=(vector,(0,1,4))\n");
    assert_eq!(one(&mut s, 1, put("k", "v")), "cmd=put_result rc=0 msg=success\n");
    assert_eq!(one(&mut s, 2, get("k")), "cmd=get_result rc=0 msg=success value=v\n");
    assert_eq!(one(&mut s, 2, get("x")), "cmd=get_result rc=-1 msg=key_x_not_found value=unknown\n");
    assert_eq!(one(&mut s, 2, by_index(0)), "cmd=getbyidx_results rc=0 nextidx=1 key=k val=v\n");
    assert_eq!(one(&mut s, 2, by_index(1)), "cmd=getbyidx_results rc=-2 reason=no_more_keyvals\n");
    assert!(one(&mut s, 2, Request::Spawn(Err("bad_nprocs"))).starts_with("cmd=spawn_result rc=-1"));
    assert!(one(&mut s, 2, Request::Unknown { cmd: "foo".into() }).contains("rc=-1"));
}

#[test]
fn another_version_of_pmi_is_refused_and_said() {
    let mut s = server(1);
    let actions = s.handle(0, &Request::Init { version: Some((2, 0)) });
    assert_eq!(actions[0], Action::OtherVersion("2.0".into()));
    assert!(matches!(&actions[1], Action::Reply(0, line) if line.ends_with("rc=-1\n")));
    assert_eq!(s.phase(0), Phase::Silent);
}

#[test]
fn a_barrier_opens_when_all_ranks_came() {
    let mut s = server(3);
    assert_eq!(s.handle(2, &Request::BarrierIn), []);
    assert_eq!(s.handle(2, &Request::BarrierIn), []);
    assert_eq!(s.waits_for(1), Some(2));
    assert_eq!(s.handle(0, &Request::BarrierIn), []);
    assert_eq!((s.waits_for(1), s.waits_for(0)), (Some(0), None));
    assert_eq!(s.handle(1, &Request::BarrierIn).len(), 3);
    assert_eq!(s.waits_for(1), None);
    assert_eq!(s.handle(0, &Request::BarrierIn), []);
}

#[test]
fn phases_follow_init_and_finalize() {
    let mut s = server(1);
    assert_eq!(s.phase(0), Phase::Silent);
    assert_eq!(one(&mut s, 0, Request::PipJoin), "cmd=pip_join_result rc=0\n");
    assert_eq!(s.phase(0), Phase::Silent);
    one(&mut s, 0, init());
    assert_eq!(s.phase(0), Phase::Active);
    assert_eq!(one(&mut s, 0, Request::Finalize), "cmd=finalize_ack\n");
    assert_eq!(s.phase(0), Phase::Finalized);
    assert_eq!(s.handle(0, &Request::Abort { exit_code: 7 }), [Action::Abort(7)]);
    assert_eq!(s.handle(5, &Request::GetMaxes), [], "no such rank");
}

#[test]
fn services_are_published_once() {
    let mut s = server(2);
    let publish = || Request::Publish { service: "s".into(), port: "p".into() };
    assert!(one(&mut s, 0, publish()).contains("rc=0"));
    assert!(one(&mut s, 1, publish()).contains("rc=1"));
    assert!(one(&mut s, 1, Request::Lookup { service: "s".into() }).contains("port=p"));
    assert!(one(&mut s, 1, Request::Unpublish { service: "s".into() }).contains("rc=0"));
    assert!(one(&mut s, 1, Request::Lookup { service: "s".into() }).contains("rc=1"));
}

#[test]
fn joins_are_counted_once_per_rank() {
    let mut s = server(3);
    for rank in [0, 2, 2] {
        one(&mut s, rank, Request::PipJoin);
    }
    assert_eq!(one(&mut s, 1, Request::PipJoined), "cmd=pip_joined_result rc=0 count=2 size=3\n");
    let part = |part, value: &str| Request::PipReport { part, parts: 2, value: value.into() };
    assert_eq!(one(&mut s, 1, part(0, "a")), "cmd=pip_report_result rc=0\n");
    assert_eq!(one(&mut s, 1, part(1, "b")), "cmd=pip_report_result rc=0\n");
    assert!(one(&mut s, 1, part(2, "c")).contains("rc=-1"));
    assert_eq!((s.report_of(1).as_deref(), s.report_of(0)), (Some("ab"), None));
}

#[test]
fn spawned_groups_have_a_store_and_a_barrier_of_their_own() {
    let mut s = server(2);
    // Two tasks beside the ranks have the indices 2 and 3.
    let preput = vec![("PARENT_ROOT_PORT_NAME".to_owned(), "p".to_owned())];
    s.add_group(4, GroupSpec { preput, ..spec("kvs_2", 2) }).expect("valid");
    assert_eq!(one(&mut s, 5, Request::GetMyKvsname), "cmd=my_kvsname kvsname=kvs_2\n");
    assert_eq!(one(&mut s, 5, Request::GetAppnum), "cmd=appnum appnum=1\n");
    let parent = Request::Get { kvsname: "kvs_2".into(), key: "PARENT_ROOT_PORT_NAME".into() };
    assert!(one(&mut s, 4, parent.clone()).ends_with("value=p\n"));
    assert!(one(&mut s, 0, parent).contains("rc=-1"));
    assert_eq!(s.handle(0, &Request::BarrierIn), []);
    assert_eq!(s.handle(4, &Request::BarrierIn), []);
    assert_eq!((s.waits_for(1), s.waits_for(5), s.waits_for(2)), (Some(0), Some(4), None));
    let out = |index| Action::Reply(index, "cmd=barrier_out\n".to_owned());
    assert_eq!(s.handle(5, &Request::BarrierIn), [out(4), out(5)]);
    assert_eq!(s.handle(1, &Request::BarrierIn), [out(0), out(1)]);
    assert_eq!(s.handle(2, &Request::GetMaxes), [], "a task beside the ranks");
}

#[test]
fn shared_memory_files_are_learnt() {
    let hex = "2F6465762F73686D2F6D706963685F736861725F746D70433735736347";
    let path = PathBuf::from("/dev/shm/mpich_shar_tmpC75scG");
    assert_eq!(shared_memory_file(hex), Some(path.clone()));
    assert_eq!(shared_memory_file(&format!("{hex}00")), Some(path.clone()));
    let actions = server(1).handle(0, &put("-bcast-1-0", hex));
    assert!(actions.contains(&Action::SharedMemory(path)));
    // /dev/shm/, /dev/shm/.. , odd digits, other places
    for bad in ["2F6465762F73686D2F", "2F6465762F73686D2F2E2E", &hex[..27], "2F746D702F78", "", "ü2F6465762F73686D2F"]
    {
        assert_eq!(shared_memory_file(bad), None, "{bad}");
    }
    assert_eq!(shared_memory_file("2F6465762F73686D2F2E2E2F78"), None); // /dev/shm/../x
}

const RANKS: usize = 4;

/// Any request, of keys and values that often meet, and of the longest that are announced.
fn any_request() -> impl Strategy<Value = Request> {
    let word = || prop_oneof!["[abc]", "[a-c]{0,3}", "k{64}", "k{65}", Just("PMI_process_mapping".to_owned())];
    let value =
        || prop_oneof!["[xyz]", Just(String::new()), Just("v".repeat(VALUE_MAX)), Just("v".repeat(VALUE_MAX + 1))];
    let store = || prop_oneof![4 => Just("kvs_1".to_owned()), 1 => Just("kvs_2".to_owned())];
    prop_oneof![
        Just(Request::GetMaxes),
        (0u32..4, 0u32..3).prop_map(|version| Request::Init { version: Some(version) }),
        Just(Request::Init { version: None }),
        (store(), word()).prop_map(|(kvsname, key)| Request::Get { kvsname, key }),
        (store(), word(), value()).prop_map(|(kvsname, key, value)| Request::Put { kvsname, key, value }),
        (store(), 0usize..6).prop_map(|(kvsname, index)| Request::GetByIndex { kvsname, index }),
        Just(Request::BarrierIn),
        Just(Request::BarrierIn),
        Just(Request::BarrierIn),
        Just(Request::Finalize),
        Just(Request::PipJoin),
        Just(Request::PipJoined),
        (0usize..3, 0usize..3).prop_map(|(part, parts)| Request::PipReport { part, parts, value: "v".into() }),
        word().prop_map(|service| Request::Publish { service, port: "p".into() }),
        word().prop_map(|service| Request::Lookup { service }),
        word().prop_map(|service| Request::Unpublish { service }),
        "[a-z]{1,9}".prop_map(|cmd| Request::Unknown { cmd }),
    ]
}

proptest! {
    /// A model of barriers and of the store beside the server: whatever ranks ask for in whatever order, each request gets one line as an
    /// answer, at once or when the barrier opens; it opens for all ranks once all of them wait, and for nobody before.
    #[test]
    fn any_requests_in_any_order_are_answered_rightly(
        requests in proptest::collection::vec((0..RANKS, any_request()), 0..200),
    ) {
        let mut s = server(RANKS);
        let mut waiting = [false; RANKS];
        let mut store: Vec<(String, String)> = Vec::new();
        let mut joined = [false; RANKS];
        for (rank, request) in requests {
            let actions = s.handle(rank, &request);
            let replies: Vec<_> = actions.into_iter().filter_map(|action| match action {
                Action::Reply(to, line) => Some((to, line)),
                _ => None,
            }).collect();
            prop_assert!(replies.iter().all(|(_, line)| line.ends_with('\n') && line.matches('\n').count() == 1));
            if request == Request::BarrierIn {
                waiting[rank] = true;
                if waiting.iter().all(|&waits| waits) {
                    waiting = [false; RANKS];
                    let all: Vec<_> = (0..RANKS).map(|rank| (rank, "cmd=barrier_out\n".to_owned())).collect();
                    prop_assert_eq!(replies, all);
                } else {
                    prop_assert!(replies.is_empty());
                }
                continue;
            }
            prop_assert_eq!(replies.len(), 1);
            let (to, line) = &replies[0];
            prop_assert_eq!(*to, rank);
            match request {
                Request::Put { kvsname, key, value } => {
                    let fits = (1..=KEY_MAX).contains(&key.len()) && value.len() <= VALUE_MAX && kvsname == "kvs_1";
                    prop_assert_eq!(line.contains(" rc=0 "), fits);
                    match store.iter_mut().find(|(known, _)| *known == key) {
                        Some(pair) if fits => pair.1 = value,
                        None if fits => store.push((key, value)),
                        _ => {}
                    }
                }
                Request::Get { kvsname, key } if kvsname == "kvs_1" && key != "PMI_process_mapping" => {
                    let known = store.iter().find(|(known, _)| *known == key);
                    let expected = known.map(|(_, value)| format!("cmd=get_result rc=0 msg=success value={value}\n"));
                    prop_assert_eq!(Some(line).filter(|line| line.contains("rc=0")), expected.as_ref());
                }
                Request::Get { kvsname, .. } => prop_assert_eq!(line.contains("(vector,"), kvsname == "kvs_1"),
                Request::GetByIndex { kvsname, index } => {
                    let known = store.get(index).filter(|_| kvsname == "kvs_1");
                    let key = known.map(|(key, value)| format!(" key={key} val={value}\n"));
                    prop_assert_eq!(line.contains("rc=0"), key.as_ref().is_some_and(|end| line.ends_with(end)));
                }
                Request::PipJoin => joined[rank] = true,
                Request::PipJoined => {
                    let count = joined.iter().filter(|&&has| has).count();
                    prop_assert_eq!(line.clone(), format!("cmd=pip_joined_result rc=0 count={count} size={RANKS}\n"));
                }
                Request::Init { version } => {
                    prop_assert_eq!(line.contains("rc=0"), matches!(version, Some((1, _))));
                }
                _ => {}
            }
        }
    }
}
