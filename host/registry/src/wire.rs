//! What the parent and the child with the network say to each other: frames with a
//! head in JSON and a body.

use std::io::{self, ErrorKind, Read, Write};

use runner_pipeline::error::{Error, Kind};
use runner_pipeline::escape::{escape, escape_lines};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::credentials::Credentials;
use crate::origin::Origin;
use crate::proxy::Proxy;

/// The greatest size of an answer that says what is wrong, in bytes. More is left
/// unread.
pub(crate) const COMPLAINT_BYTES: u64 = 16 << 10;
/// The greatest size of a head, in bytes.
const HEAD_BYTES: u32 = 64 << 10;
/// Maximum number of characters of each text of a failure.
const TEXT_CHARS: usize = 2000;
/// Maximum number of hints of a failure.
const HINTS: usize = 4;

/// The first frame, whose body is the certificates to trust, as PEM.
#[derive(Serialize, Deserialize)]
pub(crate) struct Hello {
    /// The only server that the child speaks to, but for redirects and tokens.
    pub(crate) origin: Origin,
    pub(crate) credentials: Option<Credentials>,
    /// Where tokens may be asked for, besides the server itself.
    pub(crate) realms: Vec<String>,
    /// Through which the servers are reached.
    pub(crate) proxy: Option<Proxy>,
    /// The time for all requests together.
    pub(crate) timeout_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Put,
}

/// A request to the server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path, with the query.
    pub(crate) path: String,
    pub(crate) accept: Option<String>,
    pub(crate) content_type: Option<String>,
    /// The greatest size of the answer, in bytes.
    pub(crate) limit_bytes: u64,
}

/// What has become of a request. The body is that of the server's answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Done(Done),
    Failed(Failure),
}

/// An answer of the server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) status: u16,
    /// The path, with the query, of the header `Location`, if it leads to the same
    /// server.
    pub(crate) location: Option<String>,
    /// The same of the next page, which the header `Link` names (RFC 8288).
    #[serde(default)]
    pub(crate) next: Option<String>,
}

/// An error of the child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    class: Class,
    what: String,
    because: Option<String>,
    hints: Vec<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Class {
    Io,
    Refused,
    Late,
    Wrong,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let class = match error.kind() {
            Kind::Refused => Class::Refused,
            Kind::Interrupted => Class::Late,
            Kind::Verification => Class::Wrong,
            _ => Class::Io,
        };
        let because = error.causes().next().map(ToString::to_string);
        Self { class, what: error.to_string(), because, hints: error.hints().to_vec() }
    }
}

impl From<Failure> for Error {
    /// Text that is escaped already stays as it is.
    fn from(failure: Failure) -> Self {
        let kind = match failure.class {
            Class::Io => Kind::Io,
            Class::Refused => Kind::Refused,
            Class::Late => Kind::Interrupted,
            Class::Wrong => Kind::Verification,
        };
        let error = Self::new(kind, escape(&failure.what, TEXT_CHARS));
        let because = failure.because.iter().map(|text| escape_lines(text, TEXT_CHARS));
        let error = because.fold(error, Self::because);
        error.with_hints(failure.hints.iter().take(HINTS).map(|hint| escape(hint, TEXT_CHARS)))
    }
}

/// Writes a frame.
///
/// # Errors
/// Any I/O error.
pub(crate) fn write(to: &mut dyn Write, head: &impl Serialize, body: &[u8]) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    let length = u32::try_from(head.len()).ok().filter(|length| *length <= HEAD_BYTES);
    let length = length.ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&head)?;
    to.write_all(&(body.len() as u64).to_le_bytes())?;
    to.write_all(body)?;
    to.flush()
}

/// Reads a frame whose body has at most `limit_bytes` bytes; `None` if there are no
/// more.
///
/// # Errors
/// [`ErrorKind::InvalidData`] if it is of another form or longer; any I/O error.
pub(crate) fn read<T: DeserializeOwned>(
    from: &mut dyn Read,
    limit_bytes: u64,
) -> io::Result<Option<(T, Vec<u8>)>> {
    let wrong = || io::Error::from(ErrorKind::InvalidData);
    let mut length = [0; 4];
    let first = loop {
        match from.read(&mut length[..1]) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    if first == 0 {
        return Ok(None);
    }
    from.read_exact(&mut length[1..])?;
    let length = u32::from_le_bytes(length);
    if length > HEAD_BYTES {
        return Err(wrong());
    }
    let head = exactly(from, length.into())?;
    let head = serde_json::from_slice(&head).map_err(|_| wrong())?;
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > limit_bytes {
        return Err(wrong());
    }
    Ok(Some((head, exactly(from, length)?)))
}

/// Reads as many bytes. Memory grows with what has come, not with what was said.
fn exactly(from: &mut dyn Read, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == count { Ok(bytes) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_within_their_limits() {
        let done = Reply::Done(Done { status: 200, location: None, next: None });
        let mut bytes = Vec::new();
        write(&mut bytes, &done, b"body").unwrap();
        let parse = |bytes: &[u8], limit| read::<Reply>(&mut &*bytes, limit).map_err(|error| error.kind());
        let (reply, body) = parse(&bytes, 4).unwrap().unwrap();
        assert!(
            matches!(reply, Reply::Done(Done { status: 200, location: None, next: None })) && body == b"body"
        );
        assert!(parse(&[], 4).unwrap().is_none());
        assert_eq!(parse(&bytes, 3).unwrap_err(), ErrorKind::InvalidData);
        for cut in 1..bytes.len() {
            assert_eq!(parse(&bytes[..cut], 4).unwrap_err(), ErrorKind::UnexpectedEof);
        }
        assert_eq!(parse(&[0xff; 64], u64::MAX).unwrap_err(), ErrorKind::InvalidData);
        // A body that is said to be huge, and does not come.
        let at = bytes.len() - 12;
        bytes[at..at + 8].copy_from_slice(&(u64::MAX / 2).to_le_bytes());
        assert_eq!(parse(&bytes, u64::MAX).unwrap_err(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn failures_keep_their_kind_and_are_escaped() {
        for kind in [Kind::Io, Kind::Refused, Kind::Interrupted, Kind::Verification] {
            let error = Error::new(kind, "x\u{1b}[2J").because("y\u{7}".to_owned()).hint("z\u{8}");
            let back = Error::from(Failure::from(&error));
            assert_eq!((back.kind(), back.to_string().as_str()), (kind, r"x\u{1b}[2J"));
            assert!(
                !format!(
                    "{:?}{:?}",
                    back.causes().map(ToString::to_string).collect::<Vec<_>>(),
                    back.hints()
                )
                .contains(['\u{7}', '\u{8}'])
            );
        }
    }
}
