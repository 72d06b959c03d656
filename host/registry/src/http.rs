//! The HTTP client, which runs in the confined child.
//!
//! It speaks to one server, by TLS alone. A login is sent to that server and to the
//! server of tokens that belongs to it, and never after a redirect. Nothing is
//! decoded, and no answer is read beyond its limit or after the deadline.

use std::time::{Duration, Instant};

use ct_codecs::{Base64, Encoder as _};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::count;
use serde::Deserialize;
use ureq::http::{Request as HttpRequest, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use crate::answers::{Way, failure, header, late, next_page, percent, redirect, resolve};
use crate::credentials::Credentials;
use crate::origin::Origin;
use crate::proxy::Proxy;
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

/// What this program is called where a token is asked for.
const CLIENT: &str = "runner";
/// The type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// A client of one server.
pub(crate) struct Client {
    /// For servers that are reached without the proxy, and for the others.
    direct: Agent,
    proxied: Option<(Proxy, Agent)>,
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
        let agent = |proxy: Option<ureq::Proxy>| {
            Agent::config_builder()
                .https_only(true)
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .proxy(proxy)
                .max_response_header_size(HEADERS_BYTES)
                .timeout_connect(Some(CONNECT_TIMEOUT))
                .user_agent(concat!("runner/", env!("CARGO_PKG_VERSION")))
                .tls_config(tls.clone())
                .build()
                .new_agent()
        };
        let end = Instant::now() + Duration::from_millis(hello.timeout_ms);
        let Hello { origin, credentials, realms, proxy, .. } = hello;
        let proxied = match proxy {
            Some(proxy) => {
                let client = proxy.client()?;
                Some((proxy, agent(Some(client))))
            }
            None => None,
        };
        Ok(Self { direct: agent(None), proxied, origin, credentials, realms, authorization: None, end })
    }

    /// The agent that reaches a server, and whether it does so through a proxy.
    fn agent(&self, server: &Origin) -> (&Agent, Way) {
        match &self.proxied {
            Some((proxy, agent)) if proxy.is_for(server) => (agent, Way::Proxy),
            _ => (&self.direct, Way::Direct),
        }
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
        let next = match at.0 == self.origin {
            true => header(response.headers(), "link").and_then(|link| next_page(&link)),
            false => None,
        };
        let is_asked = (200..300).contains(&status) && request.method != Method::Head;
        let content = match is_asked {
            true => self.read(&mut response, request.limit_bytes)?,
            false => complaint(&mut response),
        };
        Ok((Done { status, location, next }, content))
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
        let basic = match &self.credentials {
            Some(Credentials::Password { user, password }) => Some(basic(user, password)?),
            Some(Credentials::Refresh(_)) | None => None,
        };
        let (realm, service, scope) = match Challenge::parse(challenge) {
            None => return Ok(None),
            Some(Challenge::Basic) => return Ok(basic),
            Some(Challenge::Bearer { realm, service, scope }) => (realm, service, scope),
        };
        let (origin, mut path) = check(&self.origin, &realm, &self.realms)?;
        let wanted = [("service", service), ("scope", scope)];
        let wanted = wanted.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let mut response = match &self.credentials {
            Some(Credentials::Refresh(token)) => {
                let fixed =
                    [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token)];
                let form = form(wanted.chain(fixed));
                let headers = vec![("content-type", FORM)];
                let body = form.as_bytes();
                self.send(&Sent { method: Method::Post, origin: &origin, path: &path, headers, body })?
            }
            _ => {
                let query = form(wanted);
                let mark = if path.contains('?') { '&' } else { '?' };
                if !query.is_empty() {
                    path.push_str(&format!("{mark}{query}"));
                }
                let headers = basic.iter().map(|basic| ("authorization", basic.as_str())).collect();
                self.send(&Sent { method: Method::Get, origin: &origin, path: &path, headers, body: b"" })?
            }
        };
        if response.status().as_u16() != 200 {
            return Ok(None);
        }
        let answer = self.read(&mut response, TOKEN_BYTES)?;
        let token =
            serde_json::from_slice(&answer).ok().and_then(|token: Token| token.token.or(token.access_token));
        // The parser's reason could quote the token.
        let wrong = || Error::new(Kind::Verification, format!("{origin} has answered with no token"));
        let token =
            token.filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
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
        let (agent, way) = self.agent(origin);
        let cannot = |error: ureq::Error| failure(origin, error, way);
        let is_read = matches!(method, "GET" | "HEAD");
        let response = if is_read {
            let request = request.body(()).map_err(|error| cannot(error.into()))?;
            let request = agent.configure_request(request).timeout_global(Some(left)).build();
            agent.run(request)
        } else {
            let request = request.body(*body).map_err(|error| cannot(error.into()))?;
            let request = agent.configure_request(request).timeout_global(Some(left)).build();
            agent.run(request)
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
            Err(error) => Err(failure(&self.origin, error, Way::Direct)),
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

/// What a server says that has refused a request. If it cannot be read, the status
/// must do.
fn complaint(response: &mut Response<Body>) -> Vec<u8> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let reader = response.body_mut().with_config().limit(u64::MAX).reader();
    let _ = reader.take(COMPLAINT_BYTES).read_to_end(&mut bytes);
    bytes
}

/// Names and values as a query or a form has them.
fn form<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<_> = pairs.map(|(name, value)| format!("{name}={}", percent(value))).collect();
    pairs.join("&")
}

fn basic(user: &str, password: &str) -> Result<String> {
    let pair = format!("{user}:{password}");
    let encoded = Base64::encode_to_string(pair);
    encoded.map(|text| format!("Basic {text}")).map_err(|_| Error::new(Kind::Usage, "the login is too long"))
}
