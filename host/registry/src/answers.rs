//! What the client makes of addresses and errors.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{escape, shown};
use ureq::Body;
use ureq::http::{HeaderMap, Response};

use crate::origin::Origin;

/// Maximum number of characters that are shown of an address or a reason.
const TEXT_CHARS: usize = 200;
/// The greatest length of an address of a next page, in bytes.
const LINK_BYTES: usize = 4096;

/// A header of an answer, if it is text.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// Where a redirect leads to.
pub(crate) fn redirect(response: &Response<Body>, from: &Origin) -> Result<Option<(Origin, String)>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = header(response.headers(), "location") else { return Ok(None) };
    resolve(&location, from).map(Some)
}

/// An address that a server has named, which may be a path on it.
///
/// # Errors
/// [`Kind::Refused`] if it is not by https.
pub(crate) fn resolve(location: &str, from: &Origin) -> Result<(Origin, String)> {
    if location.starts_with('/') && !location.starts_with("//") && location.is_ascii() {
        return Ok((from.clone(), location.to_owned()));
    }
    Origin::of_url(location).map_err(|why| {
        let to = shown(location).cut(TEXT_CHARS);
        Error::new(Kind::Refused, format!("{from} redirects to {to}"))
            .because(why)
            .hint("only addresses by https are followed")
    })
}

/// A value in a query (RFC 3986, section 2.1).
pub(crate) fn percent(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b',' => {
                text.push(byte.into());
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// The error for a server that takes too long.
pub(crate) fn late(origin: &Origin) -> Error {
    Error::new(Kind::Interrupted, format!("{origin} has not answered in time"))
        .hint("try again, or give it more time with --network-timeout")
}

/// By which way a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Direct,
    /// Through the proxy that the environment names.
    Proxy,
}

/// The address of the next page, if a header `Link` names one (RFC 8288, section 3). It was
/// not looked at.
pub(crate) fn next_page(link: &str) -> Option<String> {
    let mut rest = link;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let (parameters, after) = after.split_once(',').unwrap_or((after, ""));
        let is_next = |parameter: &str| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
        };
        if parameters.split(';').any(is_next) {
            return Some(target.to_owned()).filter(|target| target.len() <= LINK_BYTES);
        }
        rest = after;
    }
    None
}

/// The error for a request that has failed.
pub(crate) fn failure(origin: &Origin, error: ureq::Error, way: Way) -> Error {
    let failed = plain_failure(origin, error);
    match way {
        Way::Direct => failed,
        Way::Proxy => failed.hint("it is reached through the proxy in HTTPS_PROXY; NO_PROXY names hosts that are reached without it"),
    }
}

fn plain_failure(origin: &Origin, error: ureq::Error) -> Error {
    let why = escape(&error.to_string(), TEXT_CHARS);
    let cannot = |kind| Error::new(kind, format!("cannot speak to {origin}"));
    match error {
        ureq::Error::Timeout(_) => late(origin),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => late(origin),
        ureq::Error::Io(error) if is_certificate(&error) => untrusted(origin, why),
        ureq::Error::Rustls(rustls::Error::InvalidCertificate(_)) => untrusted(origin, why),
        // Its reason has only the status with which the proxy has answered.
        ureq::Error::ConnectProxyFailed(_) => cannot(Kind::Io).because(why),
        ureq::Error::HostNotFound => cannot(Kind::Io).because("there is no host of this name"),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            cannot(Kind::Io).because(why).hint(
                "only the port of the registry and port 443 may be connected to; is there a redirect to another?",
            )
        }
        _ => cannot(Kind::Io).because(why),
    }
}

fn is_certificate(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

fn untrusted(origin: &Origin, why: String) -> Error {
    Error::new(Kind::Refused, format!("the certificate of {origin} is not one to trust")).because(why).hint(
        "if an authority of your own has issued it, name the file with its certificate with --ca-file or in SSL_CERT_FILE",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_one_that_is_called_so() {
        let long = format!("<{}>; rel=next", "x".repeat(LINK_BYTES + 1));
        for (link, page) in [
            ("</a?n=2>; rel=\"next\"", Some("/a?n=2")),
            ("</first>; rel=first, </a>; title=x; REL=Next", Some("/a")),
            ("</a>", None),
            ("</a>; rel=prev", None),
            ("</a; rel=next", None),
            ("", None),
            (long.as_str(), None),
        ] {
            assert_eq!(next_page(link).as_deref(), page, "{link}");
        }
    }
}
