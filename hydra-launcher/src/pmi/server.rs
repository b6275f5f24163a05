//! The answers of PMI-1: what each request of a rank leads to. Pure: the agent sends.

use super::group::{Group, GroupSpec, Member, Phase};
use super::kvs::{KEY_MAX, NAME_MAX, VALUE_MAX};
use super::spawn::SpawnBlock;
use super::wire::Request;
use std::collections::HashMap;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// What the agent must do for a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a line (with its newline) to a rank.
    Reply(usize, String),
    /// End the job with this code of MPI_Abort.
    Abort(i32),
    /// A rank told its peers of this shared-memory file.
    SharedMemory(PathBuf),
    /// Start processes, then answer with [`spawn_result`].
    Spawn(Vec<SpawnBlock>),
    /// A rank speaks this version of PMI, which the launcher does not.
    OtherVersion(String),
}

/// The server of one job. Ranks are known by the agent's index: a group has consecutive ones.
#[derive(Debug)]
pub struct Server {
    /// With the index of each group's rank 0, in order.
    groups: Vec<(usize, Group)>,
    services: HashMap<String, String>,
    universe_size: Option<usize>,
}

/// The reply to a spawn request: whether the processes run, else why not (one word).
pub fn spawn_result(result: Result<(), &str>) -> String {
    match result {
        Ok(()) => "cmd=spawn_result rc=0\n".to_owned(),
        Err(reason) => format!("cmd=spawn_result rc=-1 msg={reason}\n"),
    }
}

impl Server {
    /// A server for the ranks of the command line, who have the indices from 0. `universe_size` is how many processes could run in
    /// all, if that is known.
    pub fn new(world: GroupSpec, universe_size: Option<usize>) -> Result<Server, &'static str> {
        let mut server = Server { groups: Vec::new(), services: HashMap::new(), universe_size };
        server.add_group(0, world)?;
        Ok(server)
    }

    /// A group whose rank 0 has this index, which is above those of all earlier groups. The error is a PMI message (one word).
    pub fn add_group(&mut self, first: usize, spec: GroupSpec) -> Result<(), &'static str> {
        self.groups.push((first, Group::new(spec)?));
        Ok(())
    }

    /// Where a rank stands.
    pub fn phase(&self, index: usize) -> Phase {
        self.find(index).map_or(Phase::Silent, |(group, rank)| self.groups[group].1.members[rank].phase)
    }

    /// The lowest rank that waits for this one in a barrier of its group, if any does.
    pub fn waits_for(&self, index: usize) -> Option<usize> {
        let (group, rank) = self.find(index)?;
        let (first, group) = &self.groups[group];
        group.first_waiting().filter(|_| !group.members[rank].waits).map(|waiting| first + waiting)
    }

    /// A rank's report, if it has sent a whole one.
    pub fn report_of(&self, index: usize) -> Option<String> {
        let (group, rank) = self.find(index)?;
        self.groups[group].1.report_of(rank)
    }

    /// The group of an index, and the rank in it.
    fn find(&self, index: usize) -> Option<(usize, usize)> {
        let group = self.groups.partition_point(|(first, _)| *first <= index).checked_sub(1)?;
        let (first, members) = (self.groups[group].0, self.groups[group].1.members.len());
        Some((group, index - first)).filter(|&(_, rank)| rank < members)
    }

    /// Handles one request of a rank.
    pub fn handle(&mut self, index: usize, request: &Request) -> Vec<Action> {
        let Some((number, rank)) = self.find(index) else { return Vec::new() };
        let (first, group) = &mut self.groups[number];
        enter(&mut group.members[rank], request);
        let mut actions = Vec::new();
        let reply = match request {
            Request::Init { version: Some((1, _)) } => {
                "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0".to_owned()
            }
            Request::Init { version } => {
                let version = version.map_or("?".to_owned(), |(major, minor)| format!("{major}.{minor}"));
                actions.push(Action::OtherVersion(version));
                "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=-1".to_owned()
            }
            Request::GetMaxes => {
                format!("cmd=maxes kvsname_max={NAME_MAX} keylen_max={KEY_MAX} vallen_max={VALUE_MAX}")
            }
            Request::GetAppnum => format!("cmd=appnum appnum={}", group.members[rank].appnum),
            Request::GetMyKvsname => format!("cmd=my_kvsname kvsname={}", group.kvs.name()),
            Request::GetUniverseSize => {
                // -1 is infinite, Hydra's default: MPI_UNIVERSE_SIZE stays unset.
                let size = self.universe_size.map_or("-1".to_owned(), |size| size.to_string());
                format!("cmd=universe_size size={size}")
            }
            Request::Get { kvsname, key } => get(group, kvsname, key),
            Request::GetByIndex { kvsname, index } => get_by_index(group, kvsname, *index),
            Request::Put { kvsname, key, value } => {
                actions.extend(shared_memory_file(value).map(Action::SharedMemory));
                match own(group, kvsname).and_then(|()| group.kvs.put(key, value)) {
                    Ok(()) => "cmd=put_result rc=0 msg=success".to_owned(),
                    Err(reason) => format!("cmd=put_result rc=-1 msg={reason}"),
                }
            }
            Request::BarrierIn if group.enter_barrier(rank) => {
                let all = *first..*first + group.members.len();
                return all.map(|index| Action::Reply(index, "cmd=barrier_out\n".to_owned())).collect();
            }
            Request::BarrierIn => return Vec::new(),
            Request::Finalize => "cmd=finalize_ack".to_owned(),
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
                None => "cmd=unpublish_result info=ok rc=1 msg=service_not_found".to_owned(),
            },
            Request::Spawn(Ok(blocks)) => return vec![Action::Spawn(blocks.clone())],
            Request::Spawn(Err(reason)) => return vec![Action::Reply(index, spawn_result(Err(reason)))],
            Request::PipJoin => {
                group.members[rank].joined = true;
                "cmd=pip_join_result rc=0".to_owned()
            }
            Request::PipJoined => {
                format!("cmd=pip_joined_result rc=0 count={} size={}", group.joined(), group.members.len())
            }
            Request::PipReport { part, parts, value } => match group.report(rank, *part, *parts, value) {
                Ok(()) => "cmd=pip_report_result rc=0".to_owned(),
                Err(reason) => format!("cmd=pip_report_result rc=-1 msg={reason}"),
            },
            Request::Unknown { cmd } => match cmd.as_str() {
                // The reply names of these differ from the request's (simple_pmi.c of MPICH).
                "create_kvs" => "cmd=newkvs rc=-1 msg=not_supported".to_owned(),
                "destroy_kvs" => "cmd=kvs_destroyed rc=-1 msg=not_supported".to_owned(),
                other => format!("cmd={other}_result rc=-1 msg=unknown_command"),
            },
        };
        actions.push(Action::Reply(index, reply + "\n"));
        actions
    }
}

/// What a request says about where its rank stands. The shim's own requests say nothing: they may come before MPI_Init, and a
/// version that is not spoken here makes no MPI program.
fn enter(member: &mut Member, request: &Request) {
    member.phase = match request {
        Request::PipJoin | Request::PipJoined | Request::PipReport { .. } => return,
        Request::Init { version } if !matches!(version, Some((1, _))) => return,
        Request::Finalize => Phase::Finalized,
        _ => Phase::Active,
    };
}

fn get(group: &Group, kvsname: &str, key: &str) -> String {
    if let Err(reason) = own(group, kvsname) {
        return format!("cmd=get_result rc=-1 msg={reason} value=unknown");
    }
    match group.get(key) {
        Some(value) => format!("cmd=get_result rc=0 msg=success value={value}"),
        None => {
            let key: String = key.chars().take(KEY_MAX).collect();
            format!("cmd=get_result rc=-1 msg=key_{key}_not_found value=unknown")
        }
    }
}

/// Hydra does not have this one; the replies are those that MPICH's client reads (PMI_KVS_Iter_first in simple_pmi.c).
fn get_by_index(group: &Group, kvsname: &str, index: usize) -> String {
    match own(group, kvsname).map(|()| group.kvs.at(index)) {
        Ok(Some((key, value))) => format!("cmd=getbyidx_results rc=0 nextidx={} key={key} val={value}", index + 1),
        Ok(None) => "cmd=getbyidx_results rc=-2 reason=no_more_keyvals".to_owned(),
        Err(reason) => format!("cmd=getbyidx_results rc=-1 reason={reason}"),
    }
}

fn own(group: &Group, kvsname: &str) -> Result<(), &'static str> {
    if kvsname == group.kvs.name() { Ok(()) } else { Err("kvs_not_found") }
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
#[path = "server/tests.rs"]
mod tests;
