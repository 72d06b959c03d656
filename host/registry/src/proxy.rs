//! The proxy between this machine and the servers, as the environment names it.
//!
//! A proxy is only ever asked for a connection (`CONNECT`, RFC 9110, section 9.3.6), through
//! which the registry is spoken to by TLS: it sees names of hosts, and no content. Its login
//! is never shown.

use std::env;
use std::fmt;

use runner_pipeline::error::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use ureq::ProxyProtocol;

use crate::origin::Origin;

/// The variables that name a proxy for https, in the order in which they count: as `curl`
/// reads them. `HTTP_PROXY` is for what is never spoken here.
const NAMES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// Those with the hosts that are reached without one.
const EXCEPT: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// A proxy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proxy {
    /// Its address, which may hold a login.
    url: String,
    /// Patterns of hosts that are reached without it.
    except: Vec<String>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxy(..)")
    }
}

impl Proxy {
    /// The proxy that the environment names; `None` if it names none.
    ///
    /// # Errors
    /// As for [`Proxy::new`].
    pub(crate) fn of_environment() -> Result<Option<Self>> {
        let read = |name: &&str| env::var(name).ok().filter(|value| !value.is_empty());
        let found = NAMES.iter().find_map(|name| Some((*name, read(name)?)));
        let except = EXCEPT.iter().find_map(read).unwrap_or_default();
        found
            .map(|(name, url)| {
                Self::new(&url, &except).map_err(|error| error.within(format!("cannot use {name}")))
            })
            .transpose()
    }

    /// A proxy by its address, and the hosts that are reached without it.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it cannot be asked for connections. No error holds the address.
    fn new(url: &str, except: &str) -> Result<Self> {
        let patterns = except.split([',', ' ']).filter(|pattern| !pattern.is_empty());
        let proxy = Self { url: url.to_owned(), except: patterns.map(str::to_ascii_lowercase).collect() };
        proxy.client().map(|_| proxy)
    }

    /// The same for the HTTP client.
    ///
    /// # Errors
    /// As for [`Proxy::new`].
    pub(crate) fn client(&self) -> Result<ureq::Proxy> {
        let wrong = || {
            Error::new(Kind::Usage, "the proxy is not one that can be asked for connections")
                .hint("its address is http://[USER:PASSWORD@]HOST:PORT, or the same with https")
        };
        let proxy = ureq::Proxy::new(&self.url).map_err(|_| wrong())?;
        match proxy.protocol() {
            ProxyProtocol::Http | ProxyProtocol::Https if !proxy.host().is_empty() => Ok(proxy),
            _ => Err(wrong()),
        }
    }

    /// Whether a server is reached through it. A pattern is a host, which stands for those
    /// below it, too; `*` stands for all. It may have a port.
    pub(crate) fn is_for(&self, server: &Origin) -> bool {
        let host = server.host().trim_matches(['[', ']']);
        let is_below = |pattern: &str| {
            host == pattern || host.strip_suffix(pattern).is_some_and(|rest| rest.ends_with('.'))
        };
        let is_except = |pattern: &String| {
            let (name, port) = match pattern.rsplit_once(':') {
                Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, port.parse().ok()),
                _ => (pattern.as_str(), None),
            };
            let name = name.trim_start_matches('*').trim_start_matches('.').trim_matches(['[', ']']);
            let is_port = port.is_none_or(|port: u16| port == server.port());
            pattern == "*" || (is_port && !name.is_empty() && is_below(name))
        };
        !self.except.iter().any(is_except)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_for_connections_is_used_and_its_login_is_not_shown() {
        for url in ["http://proxy:3128", "http://user:secret@proxy:3128", "https://proxy", "proxy:3128"] {
            let proxy = Proxy::new(url, "").unwrap();
            assert_eq!(format!("{proxy:?}"), "Proxy(..)");
        }
        for url in
            ["socks5://user:secret@proxy:1080", "ftp://secret@proxy", "http://", "http://user:secret@", ":"]
        {
            let error = Proxy::new(url, "").unwrap_err();
            assert_eq!(error.kind(), Kind::Usage);
            let said = format!(
                "{error}{:?}{:?}",
                error.hints(),
                error.causes().map(ToString::to_string).collect::<Vec<_>>()
            );
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn some_hosts_are_reached_without_it() {
        let is_for = |except: &str, server: &str| {
            Proxy::new("http://proxy:1", except).unwrap().is_for(&server.parse().unwrap())
        };
        for (except, server) in [
            ("*", "a.example.com"),
            ("example.com", "example.com"),
            ("x, Example.com", "a.example.com:5000"),
            (".example.com", "a.example.com"),
            ("*.example.com", "a.example.com"),
            ("a.example.com:5000", "a.example.com:5000"),
            ("127.0.0.1", "127.0.0.1:5000"),
            ("::1", "[::1]:5000"),
            ("[::1]:5000", "[::1]:5000"),
        ] {
            assert!(!is_for(except, server), "{except} {server}");
        }
        for (except, server) in [
            ("", "example.com"),
            ("example.com", "notexample.com"),
            ("example.com", "example.com.evil.example"),
            ("a.example.com:5000", "a.example.com"),
            (".", "example.com"),
            ("127.0.0.1", "127.0.0.11"),
        ] {
            assert!(is_for(except, server), "{except} {server}");
        }
    }
}
