//! Servers: a host and a port, always spoken to by https.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The port of https.
pub const HTTPS_PORT: u16 = 443;
/// The greatest length of a host's name, in bytes.
const HOST_BYTES: usize = 253;

/// A server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    /// The host's name in lower case, or its address. One of IPv6 is in brackets.
    host: String,
    port: u16,
}

impl Origin {
    /// The host's name or address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server that a registry's name stands for: Docker Hub's has another name.
    #[must_use]
    pub fn api(&self) -> Self {
        match self.host.as_str() {
            "docker.io" | "index.docker.io" if self.port == HTTPS_PORT => {
                Self { host: "registry-1.docker.io".to_owned(), port: HTTPS_PORT }
            }
            _ => self.clone(),
        }
    }

    /// Splits an address by https into the server and the path with the query.
    ///
    /// # Errors
    /// With the reason, if it is none.
    pub fn of_url(url: &str) -> Result<(Self, String), String> {
        let rest = url.strip_prefix("https://").ok_or("it is not by https")?;
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("it has characters that no address has".to_owned());
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok((host.parse()?, format!("{slash}{path}")))
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "its host is not HOST or HOST:PORT".to_owned();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
                (host, port.parse().ok().filter(|port| is_number && *port > 0).ok_or_else(wrong)?)
            }
            _ => (text, HTTPS_PORT),
        };
        let is_name = |name: &str| {
            let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
            !name.is_empty()
                && name.bytes().all(inside)
                && !name.starts_with(['.', '-'])
                && !name.contains("..")
        };
        let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_address = address.is_some_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok());
        if host.len() > HOST_BYTES || !(is_name(host) || is_address) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if self.port == HTTPS_PORT { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_name_and_a_port() {
        let parse = |text: &str| text.parse::<Origin>().map(|origin| origin.to_string());
        assert_eq!(parse("Example.com:443").unwrap(), "example.com");
        assert_eq!(parse("[::1]:5000").unwrap(), "[::1]:5000");
        for text in
            ["", ":1", "a:", "a:0", "a:+1", "a:70000", "a b", "a/b", "u@a", "-a", "a..b", "[x]", "[::1"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        let split = |url: &str| Origin::of_url(url).map(|(origin, path)| (origin.to_string(), path));
        assert_eq!(split("https://a:1?x=y#z").unwrap(), ("a:1".to_owned(), "/?x=y".to_owned()));
        for url in ["http://a/", "https://u:p@a/", "https://", "//a/b", "https://a/ b", "https://a\\@b/"] {
            assert!(split(url).is_err(), "{url}");
        }
        assert_eq!("docker.io".parse::<Origin>().unwrap().api().to_string(), "registry-1.docker.io");
    }
}
