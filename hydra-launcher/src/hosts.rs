//! Host lists: of `-hosts`, and of a host file with a line `host[:slots] [user=name] [binding=kind]` per host.

use std::path::{Path, PathBuf};

/// One entry of a host list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Host {
    /// Name or address.
    pub name: String,
    /// Ranks it takes before the next host gets some, at least 1.
    pub slots: usize,
    /// Whom to log in as, if another than the caller.
    pub user: Option<String>,
    /// Binding of its ranks, in place of `-bind-to`.
    pub binding: Option<String>,
}

impl Host {
    /// An entry without extras.
    pub fn new(name: &str, slots: usize) -> Host {
        Host { name: name.to_owned(), slots, user: None, binding: None }
    }
}

/// A host list that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HostError {
    /// Something else than a number of ranks after the colon.
    #[error("{0:?}: {1:?} is not a number of ranks; write HOST:COUNT with a whole number from 1 to {MAX_SLOTS}")]
    BadSlots(String, String),
    /// A colon without a host, or a name that a remote shell would take for an option.
    #[error("{0:?} is not the name of a host; write HOST or HOST:COUNT")]
    BadName(String),
    /// An unknown word after the host.
    #[error("{0:?}: {1:?} is not understood; after the host there may be user=NAME and binding=KIND")]
    BadToken(String, String),
    /// A line of a file.
    #[error("host file {}, line {}: {}", .0.display(), .1, .2)]
    Line(PathBuf, usize, Box<HostError>),
    /// A file that cannot be read.
    #[error("host file {} cannot be read: {}; give the path of a file with one host per line", .0.display(), .1)]
    Unreadable(PathBuf, String),
}

/// The most ranks one entry may ask for.
const MAX_SLOTS: usize = 1 << 20;

/// Parses the value of `-hosts`: `a:2,b`. Empty entries are left out.
pub fn parse_list(text: &str) -> Result<Vec<Host>, HostError> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let hosts = entries.map(parse_host).collect::<Result<_, _>>()?;
    Ok(accumulated(hosts))
}

/// Reads a host file.
pub fn read_file(path: &Path) -> Result<Vec<Host>, HostError> {
    let bytes = std::fs::read(path).map_err(|error| HostError::Unreadable(path.to_owned(), error.to_string()))?;
    parse_file(&String::from_utf8_lossy(&bytes), path)
}

/// Parses the text of a host file; `path` stands in error messages.
pub fn parse_file(text: &str, path: &Path) -> Result<Vec<Host>, HostError> {
    let mut hosts = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = |error| HostError::Line(path.to_owned(), index + 1, Box::new(error));
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(first) = words.next() else { continue };
        let mut host = parse_host(first).map_err(place)?;
        for word in words {
            match word.split_once('=') {
                Some(("user", name)) if is_name(name) => host.user = Some(name.to_owned()),
                Some(("binding", kind)) if !kind.is_empty() => host.binding = Some(kind.to_owned()),
                _ => return Err(place(HostError::BadToken(first.to_owned(), word.to_owned()))),
            }
        }
        hosts.push(host);
    }
    Ok(accumulated(hosts))
}

/// `host` or `host:slots`; an IPv6 address with slots stands in brackets.
fn parse_host(text: &str) -> Result<Host, HostError> {
    let (name, slots) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, rest)) => (address, Some(rest.strip_prefix(':').unwrap_or(rest))),
        None if is_ipv6(text) => (text, None),
        None => text.split_once(':').map_or((text, None), |(name, slots)| (name, Some(slots))),
    };
    if !is_name(name) {
        return Err(HostError::BadName(text.to_owned()));
    }
    let slots = match slots {
        None => 1,
        Some(slots) => slots
            .parse()
            .ok()
            .filter(|count| (1..=MAX_SLOTS).contains(count))
            .ok_or_else(|| HostError::BadSlots(text.to_owned(), slots.to_owned()))?,
    };
    Ok(Host::new(name, slots))
}

/// An IPv6 address, perhaps with the network interface of a link-local one.
fn is_ipv6(text: &str) -> bool {
    let (address, interface) = text.split_once('%').unwrap_or((text, "-"));
    address.parse::<std::net::Ipv6Addr>().is_ok() && !interface.is_empty() && !interface.contains(':')
}

/// What a remote shell takes for a name: no option, no white space, none of our own separators.
fn is_name(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "[],@#/".contains(c);
    !text.is_empty() && !text.starts_with('-') && !text.contains(odd)
}

/// Adjacent entries of one host count together.
fn accumulated(hosts: Vec<Host>) -> Vec<Host> {
    let mut result: Vec<Host> = Vec::with_capacity(hosts.len());
    for host in hosts {
        match result.last_mut().filter(|last| last.name == host.name && last.user == host.user) {
            Some(last) => {
                last.slots += host.slots;
                last.binding = host.binding.or(last.binding.take());
            }
            None => result.push(host),
        }
    }
    result
}

/// Whether a name means this machine: `localhost`, its own name, long or short, or one of its addresses.
pub fn is_local(name: &str, hostname: &str) -> bool {
    let short = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    if name.eq_ignore_ascii_case("localhost") || name.eq_ignore_ascii_case(hostname) {
        return true;
    }
    let address = if is_ipv6(name) { name.split('%').next().unwrap_or(name) } else { name };
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => is_own(address),
        // a.b.example and a.c.example differ; a name without domain is short for ours.
        Err(_) => (!name.contains('.') || !hostname.contains('.')) && short(name) == short(hostname),
    }
}

/// Whether an address is a loopback address or that of an interface of this machine.
fn is_own(address: std::net::IpAddr) -> bool {
    use std::net::IpAddr;
    let of_interface = |interface: nix::ifaddrs::InterfaceAddress| {
        let found = interface.address?;
        let v4 = found.as_sockaddr_in().map(|found| IpAddr::V4(found.ip()));
        v4.or_else(|| found.as_sockaddr_in6().map(|found| IpAddr::V6(found.ip())))
    };
    address.is_loopback()
        || nix::ifaddrs::getifaddrs().is_ok_and(|mut all| all.any(|one| of_interface(one) == Some(address)))
}

impl std::fmt::Display for Host {
    /// As a line of a host file.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]", self.name)?
        } else {
            f.write_str(&self.name)?
        }
        write!(f, ":{}", self.slots)?;
        self.user.iter().try_for_each(|user| write!(f, " user={user}"))?;
        self.binding.iter().try_for_each(|binding| write!(f, " binding={binding}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(text: &str) -> Result<Vec<Host>, HostError> {
        parse_file(text, Path::new("hf"))
    }

    #[test]
    fn a_host_file_has_comments_slots_users_and_bindings() {
        let hosts =
            file("# all of it\na:2 # here\n\n  b\nb:2\nc:1 binding=user:0 user=joe\n::1\n[fe80::1]:4\nfe80::1%eth0\n[fe80::2%eth0]:2").expect("good");
        assert_eq!(hosts[..2], [Host::new("a", 2), Host::new("b", 3)]);
        let c = Host { user: Some("joe".into()), binding: Some("user:0".into()), ..Host::new("c", 1) };
        let link_local = [Host::new("fe80::1", 4), Host::new("fe80::1%eth0", 1), Host::new("fe80::2%eth0", 2)];
        assert_eq!(hosts[2..4], [c, Host::new("::1", 1)]);
        assert_eq!(hosts[4..], link_local);
        assert_eq!(file(" \n# nothing\n"), Ok(Vec::new()));
    }

    #[test]
    fn only_neighbours_accumulate() {
        assert_eq!(parse_list("a,a,b,a:3"), Ok(vec![Host::new("a", 2), Host::new("b", 1), Host::new("a", 3)]));
        assert_eq!(parse_list("a:2,,b:2,"), Ok(vec![Host::new("a", 2), Host::new("b", 2)]));
        assert_eq!(file("a user=x\na user=y\na user=y").expect("good").len(), 2);
    }

    #[test]
    fn wrong_entries_are_named() {
        for (text, parts) in [
            ("a:0", ["line 1", "\"0\"", "1 to"]),
            ("a\nb:x", ["line 2", "\"x\"", "COUNT"]),
            ("a:2:3", ["\"a:2:3\"", "\"2:3\"", "COUNT"]),
            ("a:99999999999999999999", ["hf", "99999999999999999999", "whole number"]),
            (":3", ["\":3\"", "host", "line 1"]),
            ("fe80::1%eth0:4", ["fe80::1%eth0:4", ":1%eth0:4", "COUNT"]),
            ("[::1]:x", ["[::1]:x", "\"x\"", "line 1"]),
            ("-oProxyCommand=x", ["-oProxyCommand", "not the name", "line 1"]),
            ("a foo=bar", ["\"a\"", "\"foo=bar\"", "user="]),
            ("a user=", ["\"user=\"", "binding=", "line 1"]),
            ("a user=-x", ["\"user=-x\"", "binding=", "line 1"]),
        ] {
            let message = file(text).expect_err(text).to_string();
            assert!(parts.iter().all(|part| message.contains(part)), "{text}: {message}");
        }
        assert!(read_file(Path::new("/nowhere")).expect_err("none").to_string().contains("/nowhere"));
    }

    #[test]
    fn this_machine_has_many_names() {
        for name in ["localhost", "LOCALHOST", "n1", "N1.Cluster.org", "127.0.0.1", "127.1.2.3", "::1", "::1%lo"] {
            assert!(is_local(name, "n1.cluster.org"), "{name}");
        }
        assert!(is_local("n1.cluster.org", "n1"));
        for name in ["n2", "n1.other.org", "n11", "192.0.2.1", "2001:db8::1", ""] {
            assert!(!is_local(name, "n1.cluster.org"), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "[ -~\n\té]{0,80}") {
            let _ = (file(&text), parse_list(&text));
        }

        #[test]
        fn what_looks_like_a_host_file_reads_back(
            text in "([a-c]{1,2}(:[0-9]{1,3})?( user=[a-z]{1,2})?( binding=[a-z:]{1,5})?( ?#[a-z ]*)?\n){0,8}"
        ) {
            if let Ok(hosts) = file(&text) {
                let again: String = hosts.iter().map(|host| format!("{host}\n")).collect();
                prop_assert_eq!(file(&again), Ok(hosts));
            }
        }
    }
}
