//! Values that stay.

use crate::kind::Kind;
use std::net::{IpAddr, Ipv4Addr};

/// A list of values that stay: texts with `*` for any characters, networks, and
/// names of groups of addresses.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    patterns: Vec<Vec<u8>>,
    networks: Vec<(IpAddr, u32)>,
}

/// The groups of addresses: IANA's registries of special-purpose addresses.
const GROUPS: &[(&str, &[&str])] = &[
    ("loopback", &["127.0.0.0/8", "::1/128"]),
    ("private", &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]),
    ("link-local", &["169.254.0.0/16", "fe80::/10"]),
    ("unspecified", &["0.0.0.0/32", "::/128"]),
    ("multicast", &["224.0.0.0/4", "ff00::/8"]),
    ("documentation", &["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"]),
];

impl Allowed {
    /// Parses a list: one entry a line, or several with commas between them.
    /// Lines that begin with `#` are comments.
    ///
    /// # Errors
    /// If an entry looks like a network and is none.
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let mut allowed = Self::default();
        let lines = list.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        for entry in lines.flat_map(|line| line.split(',')).map(str::trim).filter(|entry| !entry.is_empty()) {
            if let Some((_, networks)) = GROUPS.iter().find(|(name, _)| *name == entry) {
                for network in *networks {
                    allowed.networks.push(network_of(network)?);
                }
            } else if entry == "netmask" {
                allowed.networks.extend((0..=32).map(|bits| (netmask(bits).into(), 32)));
            } else if entry.contains('/')
                && entry.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':' | b'/'))
            {
                allowed.networks.push(network_of(entry)?);
            } else {
                allowed.patterns.push(entry.to_ascii_lowercase().into_bytes());
            }
        }
        Ok(allowed)
    }

    /// Whether the list has no entries.
    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.networks.is_empty()
    }

    /// Whether a plain value stays. A pattern without `@` also stands for the
    /// domain of an address.
    pub(crate) fn has(&self, kind: Kind, plain: &[u8]) -> bool {
        let lower = plain.to_ascii_lowercase();
        let domain = (kind == Kind::Email)
            .then(|| lower.iter().rposition(|&byte| byte == b'@').map(|at| &lower[at + 1..]))
            .flatten();
        let has_pattern = self
            .patterns
            .iter()
            .any(|pattern| matches(pattern, &lower) || domain.is_some_and(|domain| matches(pattern, domain)));
        has_pattern || matches!(kind, Kind::Ipv4 | Kind::Ipv6) && self.has_address(&lower)
    }

    fn has_address(&self, plain: &[u8]) -> bool {
        let normal = runner_values::normalize(runner_values::Kind::Ipv4, plain);
        let Some(address) = str::from_utf8(&normal).ok().and_then(|text| text.parse::<IpAddr>().ok()) else {
            return false;
        };
        self.networks.iter().any(|&(network, bits)| match (network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - bits;
                u32::from(network).checked_shr(shift).unwrap_or(0)
                    == u32::from(address).checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - bits;
                u128::from(network).checked_shr(shift).unwrap_or(0)
                    == u128::from(address).checked_shr(shift).unwrap_or(0)
            }
            _ => false,
        })
    }
}

/// Parses `10.0.0.0/8` or `fc00::/7`.
fn network_of(entry: &str) -> Result<(IpAddr, u32), String> {
    let error = || format!("`allow` has `{entry}`, which is no network such as 10.0.0.0/8");
    let (address, bits) = entry.split_once('/').ok_or_else(error)?;
    let address: IpAddr = address.parse().map_err(|_| error())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.parse().ok().filter(|&bits: &u32| bits <= most).ok_or_else(error)?;
    Ok((address, bits))
}

/// The netmask with this many bits: 255.255.255.0 has 24.
fn netmask(bits: u32) -> Ipv4Addr {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0).into()
}

/// Whether a text matches a pattern in which `*` stands for any characters.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut parts = pattern.split(|&byte| byte == b'*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(place) = memchr::memmem::find(rest, part) else { return false };
        rest = &rest[place + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    fn has(list: &str, kind: Kind, value: &str) -> bool {
        Allowed::parse(list).expect("a list").has(kind, value.as_bytes())
    }

    #[test]
    fn entries_match() {
        for (list, kind, value, expected) in [
            ("bob@example.com", Kind::Email, "Bob@Example.com", true),
            ("*.example.com", Kind::Email, "bob@mail.example.com", true),
            ("*.example.com", Kind::Email, "bob@example.org", false),
            ("*@example.com, x", Kind::Email, "bob@example.com", true),
            ("example.com", Kind::Email, "bob@example.com", true),
            ("# c\n10.0.0.0/8\n", Kind::Ipv4, "10.1.2.3", true),
            ("10.0.0.0/8", Kind::Ipv4, "11.1.2.3", false),
            ("0.0.0.0/0", Kind::Ipv4, "11.1.2.3", true),
            ("loopback", Kind::Ipv6, "::1", true),
            ("loopback,netmask", Kind::Ipv4, "255.255.255.0", true),
            ("netmask", Kind::Ipv4, "255.255.255.1", false),
            ("private", Kind::Ipv4, "192.168.001.002", true),
            ("4111*", Kind::Card, "4111111111111111", true),
        ] {
            assert_eq!(has(list, kind, value), expected, "{list} {value}");
        }
        assert!(Allowed::parse("10.0.0/8").is_err());
    }

    #[test]
    fn unspecified_is_one_address() {
        assert!(has("unspecified", Kind::Ipv6, &Ipv6Addr::UNSPECIFIED.to_string()));
        assert!(!has("unspecified", Kind::Ipv4, "0.0.0.1"));
    }
}
