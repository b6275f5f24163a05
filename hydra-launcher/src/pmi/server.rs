//! The answers of PMI-1: the state of all ranks' connections and what each request leads to. Pure: the agent sends.

use super::kvs::{KEY_MAX, KeyValueStore, NAME_MAX, VALUE_MAX};
use super::wire::Request;
use std::collections::HashMap;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Where a rank stands between its first request and MPI_Finalize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// It has sent nothing: perhaps no MPI program. It may exit freely.
    #[default]
    Silent,
    /// Between MPI_Init and MPI_Finalize: its end is the job's end.
    Active,
    /// After MPI_Finalize.
    Finalized,
}

/// What the agent must do for a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a line (with its newline) to a rank.
    Reply(usize, String),
    /// End the job with this code of MPI_Abort.
    Abort(i32),
    /// A rank told its peers of this shared-memory file.
    SharedMemory(PathBuf),
}

/// The server of one job.
#[derive(Debug)]
pub struct Server {
    kvs: KeyValueStore,
    /// The value of PMI_process_mapping.
    mapping: String,
    /// MPI_UNIVERSE_SIZE, if it is set.
    universe: Option<usize>,
    services: HashMap<String, String>,
    appnums: Vec<usize>,
    phases: Vec<Phase>,
    in_barrier: Vec<bool>,
    waiting: usize,
}

impl Server {
    /// A server for `appnums.len()` ranks; `appnums` holds each rank's MPMD segment, `mapping` says which node it is on.
    pub fn new(kvsname: String, appnums: Vec<usize>, mapping: String) -> Server {
        let ranks = appnums.len();
        Server {
            kvs: KeyValueStore::new(kvsname),
            mapping,
            universe: None,
            services: HashMap::new(),
            appnums,
            phases: vec![Phase::Silent; ranks],
            in_barrier: vec![false; ranks],
            waiting: 0,
        }
    }

    /// The same with this MPI_UNIVERSE_SIZE.
    pub fn with_universe(mut self, size: Option<usize>) -> Server {
        self.universe = size;
        self
    }

    /// Where a rank stands.
    pub fn phase(&self, rank: usize) -> Phase {
        self.phases[rank]
    }

    /// The lowest rank that waits in a barrier, if any does.
    pub fn first_waiting(&self) -> Option<usize> {
        self.in_barrier.iter().position(|&waits| waits)
    }

    /// Handles one request of a rank.
    pub fn handle(&mut self, rank: usize, request: &Request) -> Vec<Action> {
        if self.phases[rank] != Phase::Active {
            self.phases[rank] = Phase::Active;
        }
        let mut actions = Vec::new();
        let reply = match request {
            Request::Init => "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0".to_owned(),
            Request::GetMaxes => {
                format!("cmd=maxes kvsname_max={NAME_MAX} keylen_max={KEY_MAX} vallen_max={VALUE_MAX}")
            }
            Request::GetAppnum => format!("cmd=appnum appnum={}", self.appnums[rank]),
            Request::GetMyKvsname => format!("cmd=my_kvsname kvsname={}", self.kvs.name()),
            // -1 is infinite, Hydra's default: MPI_UNIVERSE_SIZE stays unset.
            Request::GetUniverseSize => match self.universe {
                Some(size) => format!("cmd=universe_size size={size}"),
                None => "cmd=universe_size size=-1".to_owned(),
            },
            Request::Get { kvsname, key } => self.get(kvsname, key),
            Request::Put { kvsname, key, value } => {
                actions.extend(shared_memory_file(value).map(Action::SharedMemory));
                match self.own(kvsname).and_then(|()| self.kvs.put(key, value).map_err(str::to_owned)) {
                    Ok(()) => "cmd=put_result rc=0 msg=success".to_owned(),
                    Err(reason) => format!("cmd=put_result rc=-1 msg={reason}"),
                }
            }
            Request::BarrierIn => return self.barrier_in(rank),
            Request::Finalize => {
                self.phases[rank] = Phase::Finalized;
                "cmd=finalize_ack".to_owned()
            }
            // No reply: the client waits to be killed.
            Request::Abort { exit_code } => return vec![Action::Abort(*exit_code)],
            Request::Publish { service, port } => {
                if self.services.contains_key(service) {
                    "cmd=publish_result info=ok rc=1 msg=key_already_present".to_owned()
                } else {
                    self.services.insert(service.clone(), port.clone());
                    "cmd=publish_result info=ok rc=0 msg=success".to_owned()
                }
            }
            Request::Lookup { service } => match self.services.get(service) {
                Some(port) => format!("cmd=lookup_result port={port} info=ok rc=0 msg=success"),
                None => "cmd=lookup_result rc=1 msg=service_not_found".to_owned(),
            },
            Request::Unpublish { service } => match self.services.remove(service) {
                Some(_) => "cmd=unpublish_result info=ok rc=0 msg=success".to_owned(),
                None => "cmd=unpublish_result rc=1 msg=service_not_found".to_owned(),
            },
            Request::Spawn => "cmd=spawn_result rc=-1 msg=spawn_not_supported_by_pip-mpiexec".to_owned(),
            Request::Unknown { cmd } => match cmd.as_str() {
                // The reply names of these differ from the request's (simple_pmi.c of MPICH).
                "getbyidx" => "cmd=getbyidx_results rc=-1 reason=not_supported".to_owned(),
                "create_kvs" => "cmd=newkvs rc=-1 msg=not_supported".to_owned(),
                "destroy_kvs" => "cmd=kvs_destroyed rc=-1 msg=not_supported".to_owned(),
                other => format!("cmd={other}_result rc=-1 msg=unknown_command"),
            },
        };
        actions.push(Action::Reply(rank, reply + "\n"));
        actions
    }

    fn get(&self, kvsname: &str, key: &str) -> String {
        if let Err(reason) = self.own(kvsname) {
            return format!("cmd=get_result rc=-1 msg={reason} value=unknown");
        }
        // Kept out of the store, so that no rank can overwrite it. Readers without it compare host names.
        let is_mapping = key == "PMI_process_mapping" && self.mapping.len() <= VALUE_MAX;
        match is_mapping.then_some(self.mapping.as_str()).or_else(|| self.kvs.get(key)) {
            Some(value) => format!("cmd=get_result rc=0 msg=success value={value}"),
            None => {
                let key: String = key.chars().take(KEY_MAX).collect();
                format!("cmd=get_result rc=-1 msg=key_{key}_not_found value=unknown")
            }
        }
    }

    fn own(&self, kvsname: &str) -> Result<(), String> {
        if kvsname == self.kvs.name() { Ok(()) } else { Err("kvs_not_found".to_owned()) }
    }

    fn barrier_in(&mut self, rank: usize) -> Vec<Action> {
        if !std::mem::replace(&mut self.in_barrier[rank], true) {
            self.waiting += 1;
        }
        if self.waiting < self.in_barrier.len() {
            return Vec::new();
        }
        self.waiting = 0;
        self.in_barrier.fill(false);
        (0..self.in_barrier.len()).map(|rank| Action::Reply(rank, "cmd=barrier_out\n".to_owned())).collect()
    }
}

/// The file below /dev/shm whose path `value` holds in hexadecimal, as MPICH's rank 0 tells its peers.
fn shared_memory_file(value: &str) -> Option<PathBuf> {
    // "/dev/shm/" in hexadecimal, looked at first because most values are long addresses.
    if value.len() > 512 || !value.get(..18)?.eq_ignore_ascii_case("2f6465762f73686d2f") {
        return None;
    }
    let mut bytes = Vec::with_capacity(value.len() / 2);
    for pair in value.as_bytes().chunks(2) {
        bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok()?);
    }
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    let path = PathBuf::from(std::ffi::OsString::from_vec(bytes));
    let name = path.file_name()?;
    (path.parent() == Some(Path::new("/dev/shm")) && !name.is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(server: &mut Server, rank: usize, request: Request) -> String {
        match server.handle(rank, &request).pop() {
            Some(Action::Reply(to, line)) if to == rank => line,
            other => panic!("{request:?}: {other:?}"),
        }
    }

    fn server(ranks: usize) -> Server {
        Server::new("kvs_1".into(), (0..ranks).collect(), format!("(vector,(0,1,{ranks}))"))
    }

    fn get(key: &str) -> Request {
        Request::Get { kvsname: "kvs_1".into(), key: key.into() }
    }

    fn put(key: &str, value: &str) -> Request {
        Request::Put { kvsname: "kvs_1".into(), key: key.into(), value: value.into() }
    }

    #[test]
    fn replies_are_hydras() {
        let mut s = server(4);
        assert_eq!(one(&mut s, 0, Request::Init), "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0\n");
        assert_eq!(one(&mut s, 0, Request::GetMaxes), "cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=1024\n");
        assert_eq!(one(&mut s, 3, Request::GetAppnum), "cmd=appnum appnum=3\n");
        assert_eq!(one(&mut s, 0, Request::GetMyKvsname), "cmd=my_kvsname kvsname=kvs_1\n");
        assert_eq!(one(&mut s, 0, Request::GetUniverseSize), "cmd=universe_size size=-1\n");
        let mapping = one(&mut s, 0, get("PMI_process_mapping"));
        assert_eq!(mapping, "cmd=get_result rc=0 msg=success value=(vector,(0,1,4))\n");
        assert_eq!(one(&mut s, 1, put("k", "v")), "cmd=put_result rc=0 msg=success\n");
        assert_eq!(one(&mut s, 2, get("k")), "cmd=get_result rc=0 msg=success value=v\n");
        assert_eq!(one(&mut s, 2, get("x")), "cmd=get_result rc=-1 msg=key_x_not_found value=unknown\n");
        assert!(one(&mut s, 2, Request::Spawn).starts_with("cmd=spawn_result rc=-1"));
        assert!(one(&mut s, 2, Request::Unknown { cmd: "foo".into() }).contains("rc=-1"));
    }

    #[test]
    fn a_barrier_opens_when_all_ranks_came() {
        let mut s = server(3);
        assert_eq!(s.handle(2, &Request::BarrierIn), []);
        assert_eq!(s.handle(2, &Request::BarrierIn), []);
        assert_eq!(s.handle(0, &Request::BarrierIn), []);
        assert_eq!(s.first_waiting(), Some(0));
        assert_eq!(s.handle(1, &Request::BarrierIn).len(), 3);
        assert_eq!(s.first_waiting(), None);
        assert_eq!(s.handle(0, &Request::BarrierIn), []);
    }

    #[test]
    fn phases_follow_init_and_finalize() {
        let mut s = server(1);
        assert_eq!(s.phase(0), Phase::Silent);
        one(&mut s, 0, Request::Init);
        assert_eq!(s.phase(0), Phase::Active);
        assert_eq!(one(&mut s, 0, Request::Finalize), "cmd=finalize_ack\n");
        assert_eq!(s.phase(0), Phase::Finalized);
        assert_eq!(s.handle(0, &Request::Abort { exit_code: 7 }), [Action::Abort(7)]);
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
    fn shared_memory_files_are_learnt() {
        let hex = "2F6465762F73686D2F6D706963685F736861725F746D70433735736347";
        let path = PathBuf::from("/dev/shm/mpich_shar_tmpC75scG");
        assert_eq!(shared_memory_file(hex), Some(path.clone()));
        assert_eq!(shared_memory_file(&format!("{hex}00")), Some(path.clone()));
        let actions = server(1).handle(0, &put("-bcast-1-0", hex));
        assert!(actions.contains(&Action::SharedMemory(path)));
        // /dev/shm/, /dev/shm/.. , odd digits, other places
        for bad in
            ["2F6465762F73686D2F", "2F6465762F73686D2F2E2E", &hex[..27], "2F746D702F78", "", "ü2F6465762F73686D2F"]
        {
            assert_eq!(shared_memory_file(bad), None, "{bad}");
        }
        assert_eq!(shared_memory_file("2F6465762F73686D2F2E2E2F78"), None); // /dev/shm/../x
    }
}
