//! What the two processes say to each other.
//!
//! A message is the length of its head, the head, and bytes that follow it. The
//! parent believes none of what it reads: it decodes its own copy of a reply,
//! and checks what it finds there.

use runner_contract::{Job, LogLevel, Manifest, Param};
use runner_pipeline::engine::framing::View;
use runner_pipeline::engine::window::{Found, Position};
use runner_pipeline::error::{Error, Kind};
use runner_pipeline::escape::{escape, escape_lines};
use runner_pipeline::memory::{Budget, is_denied};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;

/// Maximum number of characters shown of one line that a worker sends; more
/// than any that it escapes itself.
const LINE_CHARS: usize = 8000;
/// Maximum number of hints of an error.
const MAX_HINTS: usize = 8;
/// Bytes of the length before the head of a message.
const LENGTH_BYTES: usize = 4;
/// Bytes of an edit, without its new bytes: start, old and new length.
const SPAN_BYTES: usize = 16;

/// Kinds of replies.
pub(crate) const WHOLE: u32 = 0;
/// More of the reply comes with the answer to the next request.
pub(crate) const PART: u32 = 1;

/// What the parent asks for. The bytes of a head or a view follow.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Map the code, confine the process for good, and describe the plugin.
    Load(Load),
    /// Start an instance. The head of the file follows.
    Begin { params: Vec<Param>, file_bytes: Option<u64> },
    /// The edits of some records.
    Records { view: Seen, sizes: Sizes, records: (u64, u64) },
    /// The edits of sequential windows.
    Sequential { view: Seen, sizes: Sizes, at: u64, want: u64, until: u64 },
    /// Where no edit can start any more.
    Settled { view: Seen, from: u64 },
    /// The next part of the reply.
    More,
    /// Drop the instance.
    Drop,
}

/// What a worker must know to load a plugin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Load {
    /// The plugin's name in messages.
    pub(crate) name: String,
    /// As in [`Limits`](crate::Limits).
    pub(crate) memory_bytes: u64,
    /// The memory that all instances share, and the total for messages.
    pub(crate) pool_bytes: Option<u64>,
    pub(crate) total_bytes: u64,
    /// The largest answer of a plugin.
    pub(crate) reply_bytes: u64,
    /// Address space of the process; `None` for no limit.
    pub(crate) address_space_bytes: Option<u64>,
    /// As in [`Facts`].
    pub(crate) instance_bytes: u64,
    pub(crate) memories: u64,
    /// Whether every layer of confinement must be in force.
    pub(crate) fully_confined: bool,
    /// Whether to measure where time goes.
    pub(crate) profile: bool,
}

impl Load {
    pub(crate) fn facts(&self) -> Facts {
        Facts { instance_bytes: self.instance_bytes, memories: self.memories }
    }
}

/// How the plugin sees a file; as in
/// [`Context`](runner_pipeline::engine::window::Context).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Sizes {
    pub(crate) window_bytes: u64,
    pub(crate) record_limit: u64,
}

/// A view, and where its bytes are.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) base: u64,
    pub(crate) bytes: u64,
    pub(crate) end: bool,
    /// The offset in the block; `None` if they follow the request.
    pub(crate) in_block: Option<u64>,
}

impl Seen {
    pub(crate) fn new(view: &View<'_>, in_block: Option<usize>) -> Self {
        let View { base, bytes, end } = *view;
        Self { base, bytes: bytes.len() as u64, end, in_block: in_block.map(|at| at as u64) }
    }

    /// The view, given the block and the bytes that follow the request.
    pub(crate) fn view<'a>(&self, block: &'a [u8], rest: &'a [u8]) -> Option<View<'a>> {
        let bytes = usize::try_from(self.bytes).ok()?;
        let bytes = match self.in_block {
            Some(at) => block.get(usize::try_from(at).ok()?..)?.get(..bytes)?,
            None => rest.get(..bytes)?,
        };
        Some(View { base: self.base, bytes, end: self.end })
    }
}

/// The head of a reply. Edits follow.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// What the plugin has logged.
    pub(crate) log: Vec<(LogLevel, String)>,
    /// Stage, nanoseconds and spans of where time went.
    pub(crate) times: Vec<(u32, u64, u64)>,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// The plugin is loaded, and the process is confined by these layers.
    Loaded {
        manifest: Manifest,
        layers: String,
    },
    /// The code was made for another machine or another version.
    Stale,
    Begun(Job),
    /// So many edits, with so many new bytes; the range that they touch, and
    /// the position of a sequential scan.
    Edits {
        count: u64,
        new_bytes: u64,
        touched: Option<(u64, u64)>,
        position: Option<(u64, u64)>,
    },
    Settled(u64),
    Dropped,
    Failed(Failure),
}

impl Outcome {
    /// What [`encode_edits`] needs to be read again.
    pub(crate) fn edits(found: &Found, position: Option<Position>) -> Self {
        Self::Edits {
            count: found.spans().len() as u64,
            new_bytes: found.new_bytes().len() as u64,
            touched: found.touched(),
            position: position.map(|Position { at, want }| (at, want)),
        }
    }
}

/// An error, as it passes from process to process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    class: Class,
    /// Whether the budget is used up.
    denied: bool,
    what: String,
    because: Option<String>,
    hints: Vec<String>,
    words: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Class {
    Plugin,
    Usage,
    Refused,
    OutOfMemory,
    /// A fault of this program.
    Internal,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let class = match error.kind() {
            Kind::Usage => Class::Usage,
            Kind::Refused => Class::Refused,
            Kind::OutOfMemory => Class::OutOfMemory,
            Kind::Internal => Class::Internal,
            _ => Class::Plugin,
        };
        Self {
            class,
            denied: is_denied(error),
            what: error.what().to_owned(),
            because: error.causes().next().map(ToString::to_string),
            hints: error.hints().to_vec(),
            words: error.words().map(str::to_owned),
        }
    }
}

impl Failure {
    /// The error, with everything that can be shown escaped again. `budget` is
    /// the one that may be used up.
    pub(crate) fn into_error(self, budget: &Budget) -> Error {
        let line = |text: &str| escape(text, LINE_CHARS);
        let kind = match self.class {
            Class::Plugin => Kind::Plugin,
            Class::Usage => Kind::Usage,
            Class::Refused => Kind::Refused,
            Class::OutOfMemory => Kind::OutOfMemory,
            Class::Internal => Kind::Internal,
        };
        let mut error = Error::new(kind, line(&self.what));
        if self.denied {
            error = error.because(budget.denied());
        } else if let Some(because) = &self.because {
            error = error.because(line(because));
        }
        if let Some(words) = &self.words {
            error = error.said(escape_lines(words, LINE_CHARS));
        }
        self.hints.iter().take(MAX_HINTS).fold(error, |error, hint| error.hint(line(hint)))
    }
}

/// Appends a head to a message.
pub(crate) fn encode(head: &impl Serialize, into: &mut Vec<u8>) {
    let start = into.len();
    into.extend_from_slice(&[0; LENGTH_BYTES]);
    // Writing to a vector does not fail.
    let written = postcard::to_extend(head, std::mem::take(into)).unwrap_or_default();
    *into = written;
    let length = into.len() - start - LENGTH_BYTES;
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    into[start..start + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
}

/// The head of a message, and what follows it. `None` if it is none.
pub(crate) fn decode<T: DeserializeOwned>(message: &[u8]) -> Option<(T, &[u8])> {
    let (length, rest) = message.split_first_chunk::<LENGTH_BYTES>()?;
    let (head, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    postcard::from_bytes(head).ok().map(|head| (head, rest))
}

/// Bytes of [`encode_edits`].
pub(crate) fn edits_bytes(found: &Found) -> usize {
    found.spans().len() * SPAN_BYTES + found.new_bytes().len()
}

/// Writes [`edits_bytes`] bytes: first all spans, then all new bytes.
///
/// # Panics
/// If `into` is shorter.
pub(crate) fn encode_edits(found: &Found, into: &mut [u8]) {
    let (spans, new) = into.split_at_mut(found.spans().len() * SPAN_BYTES);
    let (spans, _) = spans.as_chunks_mut::<SPAN_BYTES>();
    for (span, (start, old, new)) in spans.iter_mut().zip(found.spans()) {
        span[..8].copy_from_slice(&start.to_le_bytes());
        span[8..12].copy_from_slice(&old.to_le_bytes());
        span[12..].copy_from_slice(&new.to_le_bytes());
    }
    new[..found.new_bytes().len()].copy_from_slice(found.new_bytes());
}

/// Edits, decoded from what follows a reply's head.
pub(crate) struct Edits<'a> {
    spans: &'a [[u8; SPAN_BYTES]],
    new_bytes: &'a [u8],
}

impl<'a> Edits<'a> {
    /// `None` if there are not exactly as many bytes as the head says.
    pub(crate) fn new(bytes: &'a [u8], count: u64, new_bytes: u64) -> Option<Self> {
        let spans_bytes = usize::try_from(count).ok()?.checked_mul(SPAN_BYTES)?;
        let (spans, new) = bytes.split_at_checked(spans_bytes)?;
        let (spans, _) = spans.as_chunks();
        (new.len() as u64 == new_bytes).then_some(Self { spans, new_bytes: new })
    }

    /// The number of edits, and of their old and new bytes.
    pub(crate) fn sizes(&self) -> (usize, u64, usize) {
        let old = |span: &[u8; SPAN_BYTES]| {
            let [_, _, _, _, _, _, _, _, old @ .., _, _, _, _] = *span;
            u64::from(u32::from_le_bytes(old))
        };
        (self.spans.len(), self.spans.iter().map(old).sum(), self.new_bytes.len())
    }

    /// Passes each edit to `take`. `None` if there are more or fewer new bytes
    /// than all edits together have.
    pub(crate) fn each<E>(
        self,
        mut take: impl FnMut(u64, u32, &[u8]) -> std::result::Result<(), E>,
    ) -> Option<std::result::Result<(), E>> {
        let mut rest = self.new_bytes;
        for span in self.spans {
            let [start @ .., _, _, _, _, _, _, _, _] = *span;
            let [_, _, _, _, _, _, _, _, old @ .., _, _, _, _] = *span;
            let [_, _, _, _, _, _, _, _, _, _, _, _, new @ ..] = *span;
            let (new, after) = rest.split_at_checked(u32::from_le_bytes(new) as usize)?;
            rest = after;
            if let Err(error) = take(u64::from_le_bytes(start), u32::from_le_bytes(old), new) {
                return Some(Err(error));
            }
        }
        rest.is_empty().then_some(Ok(()))
    }
}
