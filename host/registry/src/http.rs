//! The HTTP client, which runs in the confined child.
//!
//! It speaks to one server, by TLS alone. A login is sent to that server and to the
//! server of tokens that belongs to it, and never after a redirect. Nothing is
//! decoded, and no answer is read beyond its limit or after the deadline.

use std::time::{Duration, Instant};

use ct_codecs::{Base64, Encoder as _};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{count, escape, shown};
use serde::Deserialize;
use ureq::http::{HeaderMap, Request as HttpRequest, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use crate::credentials::Credentials;
use crate::origin::Origin;
use crate::realm::{Challenge, check};
use crate::wire::{COMPLAINT_BYTES, Done, Hello, Method, Request};

/// The most redirects that are followed for one request.
const REDIRECTS: u32 = 3;
/// The greatest size of the head of an answer, in bytes.
const HEADERS_BYTES: usize = 64 << 10;
/// The greatest size of an answer with a token, in bytes.
const TOKEN_BYTES: u64 = 64 << 10;
/// The time to get a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum number of characters that are shown of an address or a reason.
const TEXT_CHARS: usize = 200;

/// A client of one server.
pub(crate) struct Client {
    agent: Agent,
    origin: Origin,
    credentials: Option<Credentials>,
    realms: Vec<String>,
    /// The header `Authorization` with which the server has answered before.
    authorization: Option<String>,
    end: Instant,
}

/// Where a request goes, and what is sent with it.
struct Sent<'a> {
    method: Method,
    origin: &'a Origin,
    path: &'a str,
    headers: Vec<(&'static str, &'a str)>,
    body: &'a [u8],
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Client {
    /// A client that trusts these certificates.
    ///
    /// # Errors
    /// [`Kind::Io`] if there are none among them.
    pub(crate) fn new(hello: Hello, certificates: &[u8]) -> Result<Self> {
        let trusted: Vec<Certificate<'static>> = parse_pem(certificates)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if trusted.is_empty() {
            return Err(Error::new(Kind::Io, "there are no certificates of authorities to trust")
                .hint("--ca-file names a file with them, in the form PEM"));
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(trusted.into()))
            .unversioned_rustls_crypto_provider(rustls::crypto::ring::default_provider().into())
            .build();
        let agent = Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_response_header_size(HEADERS_BYTES)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(concat!("runner/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build()
            .new_agent();
        let end = Instant::now() + Duration::from_millis(hello.timeout_ms);
        let Hello { origin, credentials, realms, .. } = hello;
        Ok(Self { agent, origin, credentials, realms, authorization: None, end })
    }

    /// Does a request, logs in if that is asked for, and follows redirects of what
    /// is only read.
    ///
    /// # Errors
    /// [`Kind::Refused`] if the server asks for what is not allowed;
    /// [`Kind::Interrupted`] if it takes too long; [`Kind::Io`] if it fails or
    /// answers with too much.
    pub(crate) fn exchange(&mut self, request: &Request, body: &[u8]) -> Result<(Done, Vec<u8>)> {
        let mut response = self.at_home(request, body)?;
        if response.status().as_u16() == 401
            && let Some(challenge) = header(response.headers(), "www-authenticate")
            && let Some(authorization) = self.log_in(&challenge)?
        {
            self.authorization = Some(authorization);
            response = self.at_home(request, body)?;
        }
        let mut at = (self.origin.clone(), request.path.clone());
        if matches!(request.method, Method::Get | Method::Head) {
            for _ in 0..REDIRECTS {
                let Some(next) = redirect(&response, &at.0)? else { break };
                at = next;
                let headers = request.accept.iter().map(|accept| ("accept", accept.as_str())).collect();
                let sent = Sent { method: request.method, origin: &at.0, path: &at.1, headers, body: b"" };
                response = self.send(&sent)?;
            }
            if redirect(&response, &at.0)?.is_some() {
                let what = format!("{} redirects more than {REDIRECTS} times", self.origin);
                return Err(Error::new(Kind::Io, what));
            }
        }
        let status = response.status().as_u16();
        let location = header(response.headers(), "location");
        let location = location.map(|to| self.own_path(&to)).transpose()?;
        let is_asked = (200..300).contains(&status) && request.method != Method::Head;
        let content = match is_asked {
            true => self.read(&mut response, request.limit_bytes)?,
            false => complaint(&mut response),
        };
        Ok((Done { status, location }, content))
    }

    /// Sends a request to the server itself, with the login that it wants.
    fn at_home(&self, request: &Request, body: &[u8]) -> Result<Response<Body>> {
        let texts = [
            ("accept", &request.accept),
            ("content-type", &request.content_type),
            ("authorization", &self.authorization),
        ];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)));
        let headers = texts.collect();
        let (method, path) = (request.method, request.path.as_str());
        self.send(&Sent { method, origin: &self.origin, path, headers, body })
    }

    /// The header `Authorization` that answers a challenge; `None` if there is no
    /// login for it.
    fn log_in(&self, challenge: &str) -> Result<Option<String>> {
        let basic = self.credentials.as_ref().map(basic).transpose()?;
        let (realm, service, scope) = match Challenge::parse(challenge) {
            None => return Ok(None),
            Some(Challenge::Basic) => return Ok(basic),
            Some(Challenge::Bearer { realm, service, scope }) => (realm, service, scope),
        };
        let (origin, path) = check(&self.origin, &realm, &self.realms)?;
        let mut path = path;
        for (name, value) in [("service", service), ("scope", scope)] {
            if let Some(value) = value {
                let mark = if path.contains('?') { '&' } else { '?' };
                path.push_str(&format!("{mark}{name}={}", percent(&value)));
            }
        }
        let headers = basic.iter().map(|basic| ("authorization", basic.as_str())).collect();
        let sent = Sent { method: Method::Get, origin: &origin, path: &path, headers, body: b"" };
        let mut response = self.send(&sent)?;
        if response.status().as_u16() != 200 {
            return Ok(None);
        }
        let answer = self.read(&mut response, TOKEN_BYTES)?;
        let token = serde_json::from_slice(&answer).ok().and_then(|token: Token| token.token.or(token.access_token));
        // The parser's reason could quote the token.
        let wrong = || Error::new(Kind::Verification, format!("{origin} has answered with no token"));
        let token = token.filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
        Ok(Some(format!("Bearer {}", token.ok_or_else(wrong)?)))
    }

    fn send(&self, sent: &Sent<'_>) -> Result<Response<Body>> {
        let Sent { method, origin, path, headers, body } = sent;
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(late(origin));
        }
        let method = match method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
        };
        let mut request = HttpRequest::builder().method(method).uri(format!("https://{origin}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cannot = |error: ureq::Error| failure(origin, error);
        let is_read = matches!(method, "GET" | "HEAD");
        let response = if is_read {
            let request = request.body(()).map_err(|error| cannot(error.into()))?;
            let request = self.agent.configure_request(request).timeout_global(Some(left)).build();
            self.agent.run(request)
        } else {
            let request = request.body(*body).map_err(|error| cannot(error.into()))?;
            let request = self.agent.configure_request(request).timeout_global(Some(left)).build();
            self.agent.run(request)
        };
        response.map_err(cannot)
    }

    fn read(&self, response: &mut Response<Body>, limit_bytes: u64) -> Result<Vec<u8>> {
        let too_long = || {
            let limit = count(limit_bytes, "byte");
            Error::new(Kind::Io, format!("the answer of {} is longer than {limit}", self.origin))
                .hint("it was not read any further")
        };
        if response.body().content_length().is_some_and(|length| length > limit_bytes) {
            return Err(too_long());
        }
        match response.body_mut().with_config().limit(limit_bytes).read_to_vec() {
            Ok(bytes) => Ok(bytes),
            Err(ureq::Error::BodyExceedsLimit(_)) => Err(too_long()),
            Err(error) => Err(failure(&self.origin, error)),
        }
    }

    /// The path of an address on this server.
    fn own_path(&self, location: &str) -> Result<String> {
        let (origin, path) = resolve(location, &self.origin)?;
        if origin == self.origin {
            return Ok(path);
        }
        let what = format!("{} sends what is uploaded to another server, {origin}", self.origin);
        Err(Error::new(Kind::Refused, what).hint("nothing was sent there"))
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// Where a redirect leads to.
fn redirect(response: &Response<Body>, from: &Origin) -> Result<Option<(Origin, String)>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = header(response.headers(), "location") else { return Ok(None) };
    resolve(&location, from).map(Some)
}

fn resolve(location: &str, from: &Origin) -> Result<(Origin, String)> {
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

/// What a server says that has refused a request. If it cannot be read, the status
/// must do.
fn complaint(response: &mut Response<Body>) -> Vec<u8> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let reader = response.body_mut().with_config().limit(u64::MAX).reader();
    let _ = reader.take(COMPLAINT_BYTES).read_to_end(&mut bytes);
    bytes
}

fn basic(credentials: &Credentials) -> Result<String> {
    let pair = format!("{}:{}", credentials.user, credentials.password);
    let encoded = Base64::encode_to_string(pair);
    encoded.map(|text| format!("Basic {text}")).map_err(|_| Error::new(Kind::Usage, "the login is too long"))
}

/// A value in a query (RFC 3986, section 2.1).
fn percent(value: &str) -> String {
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

fn late(origin: &Origin) -> Error {
    Error::new(Kind::Interrupted, format!("{origin} has not answered in time"))
        .hint("try again, or give it more time with --network-timeout")
}

fn failure(origin: &Origin, error: ureq::Error) -> Error {
    let why = escape(&error.to_string(), TEXT_CHARS);
    let cannot = |kind| Error::new(kind, format!("cannot speak to {origin}"));
    match error {
        ureq::Error::Timeout(_) => late(origin),
        ureq::Error::Io(error) if is_certificate(&error) => untrusted(origin, why),
        ureq::Error::Rustls(rustls::Error::InvalidCertificate(_)) => untrusted(origin, why),
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
