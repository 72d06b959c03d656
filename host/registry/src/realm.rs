//! Where a login may be sent: to the registry itself, and to the server of tokens
//! that belongs to it. A registry that names any other server gets nothing.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

use crate::origin::Origin;

/// Registries whose tokens come from another server, and its address.
const KNOWN: [(&str, &str); 2] = [
    ("registry-1.docker.io", "https://auth.docker.io/token"),
    ("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
];
/// Maximum number of characters that are shown of an address.
const URL_CHARS: usize = 200;

/// What a server wants before it answers (RFC 9110, section 11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// Name and password.
    Basic,
    /// A token.
    Bearer {
        /// The address of the server of tokens.
        realm: String,
        /// What the token is for.
        service: Option<String>,
        /// What the token is to allow.
        scope: Option<String>,
    },
}

impl Challenge {
    /// Reads the header `WWW-Authenticate`; `None` if it asks for something else.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service, mut scope) = (None, None, None);
        let mut rest = rest.trim_start();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find(',').unwrap_or(after.len())),
            };
            match name.trim() {
                "realm" => realm = Some(value.to_owned()),
                "service" => service = Some(value.to_owned()),
                "scope" => scope = Some(value.to_owned()),
                _ => {}
            }
            rest = after.trim_start().strip_prefix(',').unwrap_or_default().trim_start();
        }
        Some(Self::Bearer { realm: realm?, service, scope })
    }
}

/// Checks whether tokens for a registry may be asked for at `realm`; `allowed` are
/// addresses that the user's configuration names for this registry.
///
/// # Errors
/// [`Kind::Refused`] if not.
pub fn check(registry: &Origin, realm: &str, allowed: &[String]) -> Result<(Origin, String)> {
    let refused = |why: &str| {
        let realm = shown(realm).cut(URL_CHARS);
        Error::new(Kind::Refused, format!("{registry} wants the login to be sent to {realm}"))
            .because(why.to_owned())
            .hint(
                "nothing was sent; if this server belongs to the registry, name its address for it in the table \
                 [realms] of registries.toml",
            )
    };
    let (origin, path) = Origin::of_url(realm).map_err(|why| refused(&why))?;
    let known = KNOWN.iter().filter(|(host, _)| *registry.to_string() == **host).map(|(_, url)| *url);
    let is_allowed = |url: &str| {
        let parsed = Origin::of_url(url).ok();
        parsed.is_some_and(|(other, path_of_other)| other == origin && path_of_other == path)
    };
    if origin == *registry || known.chain(allowed.iter().map(String::as_str)).any(is_allowed) {
        return Ok((origin, path));
    }
    Err(refused("it is another server"))
}

/// The addresses that belong to a registry without being named by the user.
pub(crate) fn known(registry: &Origin) -> Vec<String> {
    let of = |(host, _): &&(&str, &str)| registry.to_string() == *host;
    KNOWN.iter().filter(of).map(|(_, url)| (*url).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            Some(Challenge::Bearer { realm: realm.to_owned(), service: owned(service), scope: owned(scope) })
        };
        for (header, wanted) in [
            ("Basic realm=\"x, y\"", Some(Challenge::Basic)),
            ("bearer realm=\"https://a/t\"", bearer("https://a/t", None, None)),
            (
                "Bearer realm=\"https://a/t\",service=\"a\", scope=\"repository:x:pull,push\"",
                bearer("https://a/t", Some("a"), Some("repository:x:pull,push")),
            ),
            ("Bearer realm=https://a/t,service=a", bearer("https://a/t", Some("a"), None)),
            ("Bearer service=\"a\"", None),
            ("Bearer realm=\"open", None),
            ("Negotiate", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(header), wanted, "{header}");
        }
    }

    #[test]
    fn a_login_goes_to_the_registry_and_to_servers_that_belong_to_it() {
        let may = |registry: &str, realm: &str| {
            let allowed = ["https://login.example.com/token".to_owned()];
            check(&registry.parse().unwrap(), realm, &allowed).map_err(|error| error.kind())
        };
        for (registry, realm) in [
            ("a.example.com:5000", "https://a.example.com:5000/any?x"),
            ("a.example.com", "https://login.example.com/token"),
            ("registry-1.docker.io", "https://auth.docker.io/token"),
            ("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
        ] {
            assert!(may(registry, realm).is_ok(), "{realm}");
        }
        for (registry, realm) in [
            ("a.example.com:5000", "https://a.example.com/token"),
            ("a.example.com", "http://a.example.com/token"),
            ("a.example.com", "https://a.example.com.evil.example/token"),
            ("a.example.com", "https://a.example.com@evil.example/token"),
            ("a.example.com", "https://login.example.com/other"),
            ("a.example.com", "https://auth.docker.io/token"),
            ("a.example.com", "/token"),
            ("registry-1.docker.io:444", "https://auth.docker.io/token"),
        ] {
            assert_eq!(may(registry, realm), Err(Kind::Refused), "{realm}");
        }
    }
}
