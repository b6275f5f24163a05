//! Under which addresses agents find the launcher.

use nix::ifaddrs::getifaddrs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// Addresses of a network interface (`-iface`), IPv4 first.
pub fn of_interface(name: &str) -> Result<Vec<IpAddr>, InterfaceError> {
    let all: Vec<(String, IpAddr)> = all();
    let mut found: Vec<IpAddr> = all.iter().filter(|(interface, _)| interface == name).map(|&(_, ip)| ip).collect();
    found.sort_by_key(IpAddr::is_ipv6);
    if found.is_empty() {
        let mut names: Vec<String> = all.into_iter().map(|(interface, _)| interface).collect();
        names.sort();
        names.dedup();
        return Err(InterfaceError(name.to_owned(), names.join(", ")));
    }
    Ok(found)
}

/// `-iface` with an interface that has no address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("-iface {0}: no network interface of this name has an address; there are {1}")]
pub struct InterfaceError(String, String);

/// The address by which packets to `host` leave this machine; nothing is sent. None if the name is known to the remote shell
/// only.
pub fn towards(host: &str) -> Option<IpAddr> {
    let target = (host, 9).to_socket_addrs().ok()?.next()?;
    let any: SocketAddr = if target.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" }.parse().ok()?;
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(target).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// All addresses of this machine that another one may use: the interfaces' without loopback and link-local ones.
pub fn of_machine() -> Vec<IpAddr> {
    let link_local = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    let mut found: Vec<IpAddr> = all().into_iter().map(|(_, ip)| ip).collect();
    found.retain(|ip| !ip.is_loopback() && !link_local(ip));
    found
}

/// The interfaces and their addresses.
fn all() -> Vec<(String, IpAddr)> {
    let Ok(interfaces) = getifaddrs() else { return Vec::new() };
    let with_address = interfaces.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        let ip = v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))?;
        Some((interface.interface_name, ip))
    });
    with_address.collect()
}

/// The loopback address, for agents on the launcher's own machine.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_found_by_name() {
        assert!(of_interface("lo").expect("there is one").contains(&LOOPBACK));
        let message = of_interface("no-such").expect_err("none").to_string();
        assert!(message.contains("-iface no-such") && message.contains("lo"), "{message}");
        assert!(!of_machine().iter().any(IpAddr::is_loopback));
    }

    #[test]
    fn packets_to_this_machine_come_from_itself() {
        assert_eq!(towards("127.0.0.1"), Some(LOOPBACK));
        assert_eq!(towards("name..of.nobody"), None);
    }
}
