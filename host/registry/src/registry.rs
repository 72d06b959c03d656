//! Repositories of a registry (OCI distribution specification 1.1).

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use serde::Deserialize;

use crate::answers::resolve;
use crate::connection::Connection;
use crate::digest::Digest;
use crate::manifest::{Descriptor, INDEX, Index, MANIFEST, MANIFEST_BYTES};
use crate::origin::Origin;
use crate::repository::{Document, Name, Repository};
use crate::wire::{COMPLAINT_BYTES, Done, Method, Request};

/// The type of a blob on its way to a registry.
const OCTETS: &str = "application/octet-stream";
/// The most pages of a list that are read, and, of tags, the number of tags of each.
const PAGES: usize = 20;
const PAGE_TAGS: usize = 500;
/// The most entries of a list of referrers that are looked at.
const REFERRERS: usize = 5000;
/// Maximum number of characters that are shown of what a registry complains of.
const COMPLAINT_CHARS: usize = 300;

/// A repository of the registry that a connection leads to.
#[derive(Debug)]
pub struct Registry<'c> {
    connection: Connection<'c>,
    /// `/v2/NAME`.
    base: String,
}

/// What registries answer when they refuse something.
#[derive(Deserialize)]
struct Complaints {
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    code: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

impl<'c> Registry<'c> {
    /// A repository by its name, which is of the form of one.
    #[must_use]
    pub fn new(connection: Connection<'c>, repository: &str) -> Self {
        Self { connection, base: format!("/v2/{repository}") }
    }

    fn get(&mut self, path: String, accept: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        Ok(self.page(path, accept, limit_bytes)?.map(|(body, _)| body))
    }

    /// The same, with the address of the next page, if there is one.
    fn page(
        &mut self,
        path: String,
        accept: &str,
        limit_bytes: u64,
    ) -> Result<Option<(Vec<u8>, Option<String>)>> {
        let accept = Some(accept.to_owned());
        let request = Request { method: Method::Get, path, accept, content_type: None, limit_bytes };
        let (done, body) = self.connection.ask(&request, b"")?;
        match done.status {
            200 => Ok(Some((body, done.next))),
            404 => Ok(None),
            _ => Err(self.refused(&done, &body)),
        }
    }

    /// Sends something, which must be answered with one of two statuses.
    fn send(&mut self, request: &Request, body: &[u8]) -> Result<Done> {
        let (done, answer) = self.connection.ask(request, body)?;
        match done.status {
            201 | 202 => Ok(done),
            _ => Err(self.refused(&done, &answer)),
        }
    }

    fn refused(&self, done: &Done, body: &[u8]) -> Error {
        let origin = self.connection.origin();
        let complaints =
            serde_json::from_slice::<Complaints>(body).map(|found| found.errors).unwrap_or_default();
        let texts: Vec<_> = complaints
            .into_iter()
            .flat_map(|complaint| [complaint.message, complaint.code])
            .flatten()
            .take(2)
            .collect();
        let error = match done.status {
            401 | 403 => Error::new(Kind::Refused, format!("{origin} does not allow this"))
                .hint("is there a login for it? `docker login`, `podman login` and others write it into files that are read here: config.json in $DOCKER_CONFIG or ~/.docker, and containers/auth.json"),
            429 => Error::new(Kind::Interrupted, format!("{origin} has had too many requests"))
                .hint("try again later"),
            status => Error::new(Kind::Io, format!("{origin} has answered with the status {status}")),
        };
        match texts.is_empty() {
            true => error,
            false => error.because(escape(&texts.join("; "), COMPLAINT_CHARS)),
        }
    }
}

/// The path of a further page of the list at `first`.
///
/// # Errors
/// [`Kind::Refused`] if it is of another list, or on another server.
fn own_page(page: &str, origin: &Origin, first: &str) -> Result<String> {
    let (server, path) = resolve(page, origin)?;
    if server == *origin && path.split('?').next() == Some(first) {
        return Ok(path);
    }
    let page = escape(page, COMPLAINT_CHARS);
    Err(Error::new(Kind::Refused, format!("{origin} names a next page that is not of the same list: {page}"))
        .hint("nothing was read from there"))
}

fn name(name: Name<'_>) -> String {
    match name {
        Name::Tag(tag) => tag.to_owned(),
        Name::Digest(digest) => digest.to_string(),
    }
}

impl Repository for Registry<'_> {
    fn manifest(&mut self, wanted: Name<'_>) -> Result<Option<Vec<u8>>> {
        let path = format!("{}/manifests/{}", self.base, name(wanted));
        self.get(path, &format!("{MANIFEST}, {INDEX}"), MANIFEST_BYTES)
    }

    fn blob(&mut self, blob: &Descriptor) -> Result<Vec<u8>> {
        let path = format!("{}/blobs/{}", self.base, blob.digest);
        self.get(path, "*/*", blob.size)?.ok_or_else(|| {
            let what = format!(
                "{} has not the blob {} that the manifest names",
                self.connection.origin(),
                blob.digest
            );
            Error::new(Kind::Io, what)
        })
    }

    fn referrers(&mut self, subject: &Digest) -> Result<Option<Vec<u8>>> {
        let first = format!("{}/referrers/{subject}", self.base);
        let Some((bytes, mut next)) = self.page(first.clone(), INDEX, MANIFEST_BYTES)? else {
            return Ok(None);
        };
        if next.is_none() {
            return Ok(Some(bytes));
        }
        let mut all = Index::parse(&bytes)?.manifests;
        for _ in 1..PAGES {
            let Some(page) = next.filter(|_| all.len() < REFERRERS) else { break };
            let path = own_page(&page, self.connection.origin(), &first)?;
            let Some((bytes, after)) = self.page(path, INDEX, MANIFEST_BYTES)? else { break };
            all.extend(Index::parse(&bytes)?.manifests);
            next = after;
        }
        all.truncate(REFERRERS);
        Ok(Some(Index::new(all).to_bytes()))
    }

    fn tags(&mut self) -> Result<Vec<String>> {
        let mut all: Vec<String> = Vec::new();
        for _ in 0..PAGES {
            let after = all.last().map(|last| format!("&last={last}")).unwrap_or_default();
            let path = format!("{}/tags/list?n={PAGE_TAGS}{after}", self.base);
            let Some(page) = self.get(path, "application/json", MANIFEST_BYTES)? else { break };
            let wrong = |_| Error::new(Kind::Verification, "the list of tags is not of its form");
            let page: Tags = serde_json::from_slice(&page).map_err(wrong)?;
            let mut tags = page.tags.unwrap_or_default();
            // A tag of another form cannot be asked for, nor go into an address.
            tags.retain(|tag| crate::reference::is_tag(tag) && !all.contains(tag));
            let is_last = tags.len() < PAGE_TAGS;
            all.extend(tags);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    fn put_blob(&mut self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        let request = |method, path, content_type: Option<&str>| Request {
            method,
            path,
            accept: None,
            content_type: content_type.map(str::to_owned),
            limit_bytes: COMPLAINT_BYTES,
        };
        let (there, _) = self
            .connection
            .ask(&request(Method::Head, format!("{}/blobs/{digest}", self.base), None), b"")?;
        if there.status == 200 {
            return Ok(());
        }
        let begun = self.send(&request(Method::Post, format!("{}/blobs/uploads/", self.base), None), b"")?;
        let missing = || {
            let what = format!("{} does not say where to upload to", self.connection.origin());
            Error::new(Kind::Io, what)
        };
        let to = begun.location.ok_or_else(missing)?;
        let mark = if to.contains('?') { '&' } else { '?' };
        self.send(&request(Method::Put, format!("{to}{mark}digest={digest}"), Some(OCTETS)), bytes)?;
        Ok(())
    }

    fn put_manifest(&mut self, tag: Option<&str>, manifest: Document<'_>) -> Result<()> {
        let name = tag.map_or_else(|| Digest::of(manifest.bytes).to_string(), str::to_owned);
        let request = Request {
            method: Method::Put,
            path: format!("{}/manifests/{name}", self.base),
            accept: None,
            content_type: Some(manifest.media_type.to_owned()),
            limit_bytes: COMPLAINT_BYTES,
        };
        self.send(&request, manifest.bytes)?;
        Ok(())
    }
}

/// Reads a file from a web server; no login is ever sent to one.
///
/// # Errors
/// If it cannot be read, or is longer than `limit_bytes`.
pub fn web_file(mut connection: Connection<'_>, path: &str, limit_bytes: u64) -> Result<Vec<u8>> {
    let accept = Some("*/*".to_owned());
    let request =
        Request { method: Method::Get, path: path.to_owned(), accept, content_type: None, limit_bytes };
    let (done, body) = connection.ask(&request, b"")?;
    match done.status {
        200 => Ok(body),
        status => Err(Error::new(
            Kind::Io,
            format!("{} has answered with the status {status}", connection.origin()),
        )),
    }
}
