//! Under which addresses agents find the launcher.
//!
//! They are socket addresses with port 0: a link-local IPv6 address means nothing without its network interface.

use nix::ifaddrs::getifaddrs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs, UdpSocket};

/// Addresses of a network interface (`-iface`): IPv4 first, link-local ones last.
pub fn of_interface(name: &str) -> Result<Vec<SocketAddr>, InterfaceError> {
    let all = all();
    let mut found: Vec<SocketAddr> =
        all.iter().filter(|(interface, _)| interface == name).map(|&(_, address)| address).collect();
    found.sort_by_key(|address| (is_link_local(address.ip()), address.is_ipv6()));
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
    let mut found: Vec<IpAddr> = all().into_iter().map(|(_, address)| address.ip()).collect();
    found.retain(|&ip| !ip.is_loopback() && !is_link_local(ip));
    found
}

/// Where a name or address leads to. A link-local address without an interface may be on the network of any.
pub fn resolve(host: &str, port: u16) -> Vec<SocketAddr> {
    match host.parse::<Ipv6Addr>() {
        Ok(ip) if is_link_local(ip.into()) => {
            let mut scopes: Vec<u32> = all().into_iter().filter_map(|(_, address)| scope_of(address)).collect();
            scopes.sort_unstable();
            scopes.dedup();
            scopes.into_iter().map(|scope| SocketAddrV6::new(ip, port, 0, scope).into()).collect()
        }
        _ => (host, port).to_socket_addrs().into_iter().flatten().collect(),
    }
}

/// The loopback addresses, for agents on the launcher's own machine.
pub fn loopback() -> Vec<SocketAddr> {
    [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()].map(|ip| SocketAddr::new(ip, 0)).to_vec()
}

/// All addresses of all interfaces. On Linux a socket of all IPv6 addresses takes IPv4 connections too; there may be no IPv6.
pub fn any() -> Vec<SocketAddr> {
    [IpAddr::from(Ipv6Addr::UNSPECIFIED), Ipv4Addr::UNSPECIFIED.into()].map(|ip| SocketAddr::new(ip, 0)).to_vec()
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// The interface of a link-local address.
fn scope_of(address: SocketAddr) -> Option<u32> {
    match address {
        SocketAddr::V6(v6) => Some(v6.scope_id()).filter(|&scope| scope > 0),
        SocketAddr::V4(_) => None,
    }
}

/// The interfaces and their addresses.
fn all() -> Vec<(String, SocketAddr)> {
    let Ok(interfaces) = getifaddrs() else { return Vec::new() };
    let with_address = interfaces.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::new(v4.ip().into(), 0));
        let v6 =
            || Some(SocketAddrV6::new(address.as_sockaddr_in6()?.ip(), 0, 0, address.as_sockaddr_in6()?.scope_id()));
        Some((interface.interface_name, v4.or_else(|| v6().map(SocketAddr::from))?))
    });
    with_address.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_found_by_name() {
        assert!(of_interface("lo").expect("there is one").contains(&loopback()[0]));
        let message = of_interface("no-such").expect_err("none").to_string();
        assert!(message.contains("-iface no-such") && message.contains("lo"), "{message}");
        assert!(!of_machine().iter().any(IpAddr::is_loopback));
    }

    #[test]
    fn packets_to_this_machine_come_from_itself() {
        assert_eq!(towards("127.0.0.1"), Some(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(towards("name..of.nobody"), None);
    }

    #[test]
    fn a_link_local_address_is_looked_for_on_all_interfaces() {
        assert_eq!(resolve("::1", 7), [SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 7)]);
        assert!(resolve("fe80::1", 7).iter().all(|address| scope_of(*address).is_some()));
        assert!(resolve("name..of.nobody", 7).is_empty());
    }
}
