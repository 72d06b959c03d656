//! What the two processes say to each other.
//!
//! A message is the length of its head, the head, and bytes that follow it. The
//! parent believes none of what it reads: it decodes its own copy of a reply,
//! and checks what it finds there.

mod edits;
mod few;

use runner_contract::{Job, LogLevel, MAX_COUNTS, Manifest, Param};
use runner_pipeline::engine::framing::View;
use runner_pipeline::engine::window::{Found, Position};
use runner_pipeline::error::{Error, Fault, Kind, Place};
use runner_pipeline::escape::{escape, escape_lines};
use runner_pipeline::memory::{Budget, is_denied};
use runner_pipeline::profile::Stage;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::edits::Edits;
pub(crate) use self::edits::{edits_bytes, encode_edits};
use self::few::few;
use crate::facts::Facts;
use crate::log::MAX_MESSAGES;

/// Maximum number of characters shown of one line that a worker sends; more
/// than any that it escapes itself.
const LINE_CHARS: usize = 8000;
/// Maximum number of hints of an error that are shown, and that are read.
const MAX_HINTS: usize = 8;
const HINTS_READ: usize = 64;
/// Maximum number of times in a reply.
const TIMES_READ: usize = Stage::ALL.len();
/// Maximum number of messages in a reply.
const LOG_READ: usize = 2 * MAX_MESSAGES;
/// Maximum number of imports in a reply.
const IMPORTS_READ: usize = 1 << 10;
/// Bytes of the length before the head of a message.
const LENGTH_BYTES: usize = 4;

/// Kinds of replies.
pub const WHOLE: u32 = 0;
/// More of the reply comes with the answer to the next request.
pub const PART: u32 = 1;

/// What the parent asks for. The bytes of a head or a view follow.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Map the code, confine the process for good, and describe the plugin.
    Load(Load),
    /// Start an instance. The head of the file follows.
    Begin { params: Vec<Param>, file_bytes: Option<u64>, seed: Option<u64> },
    /// Bytes of a table follow, from an offset on. Without any, whether the
    /// worker has the table.
    Table { name: String, digest: [u8; 32], bytes: u64, offset: u64 },
    /// The edits of some records.
    Records { view: Seen, sizes: Sizes, records: (u64, u64) },
    /// The edits of sequential windows.
    Sequential { view: Seen, sizes: Sizes, at: u64, want: u64, until: u64 },
    /// Describe the plugin twice in one instance.
    DescribeTwice,
    /// Where no edit can start any more.
    Settled { view: Seen, from: u64 },
    /// The next part of the reply.
    More,
    /// Drop the instance.
    Drop,
}

/// What a worker must know to load a plugin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Load {
    /// The plugin's name in messages.
    pub name: String,
    /// As in [`Limits`](crate::Limits).
    pub memory_bytes: u64,
    /// The memory that all instances share, and the total for messages.
    pub pool_bytes: Option<u64>,
    pub total_bytes: u64,
    /// The largest answer of a plugin.
    pub reply_bytes: u64,
    /// Address space of the process; `None` for no limit.
    pub address_space_bytes: Option<u64>,
    /// As in `Facts`.
    pub instance_bytes: u64,
    pub memories: u64,
    /// Whether every layer of confinement must be in force.
    pub fully_confined: bool,
    /// Whether to measure where time goes.
    pub profile: bool,
}

impl Load {
    pub(crate) fn facts(&self) -> Facts {
        Facts { instance_bytes: self.instance_bytes, memories: self.memories }
    }
}

/// How the plugin sees a file; as in
/// [`Context`](runner_pipeline::engine::window::Context).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Sizes {
    pub window_bytes: u64,
    pub record_limit: u64,
    /// Whether records are shown that the prefilters would leave out.
    pub shows_all: bool,
}

/// A view, and where its bytes are.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Seen {
    pub base: u64,
    pub bytes: u64,
    pub end: bool,
    /// The offset in the block; `None` if they follow the request.
    pub in_block: Option<u64>,
}

impl Seen {
    pub fn new(view: &View<'_>, in_block: Option<usize>) -> Self {
        let View { base, bytes, end } = *view;
        Self { base, bytes: bytes.len() as u64, end, in_block: in_block.map(|at| at as u64) }
    }

    /// The view, given the block and the bytes that follow the request.
    pub fn view<'a>(&self, block: &'a [u8], rest: &'a [u8]) -> Option<View<'a>> {
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
pub struct Reply {
    /// What the plugin has logged.
    #[serde(deserialize_with = "few::<_, _, LOG_READ>")]
    pub log: Vec<(LogLevel, String)>,
    /// Stage, nanoseconds and spans of where time went.
    #[serde(deserialize_with = "few::<_, _, TIMES_READ>")]
    pub times: Vec<(u32, u64, u64)>,
    /// Instructions since the last reply; `None` if nothing counts them, or no
    /// window was shown.
    pub instructions: Option<u64>,
    /// Bytes of linear memory of the instance, if there is one.
    pub memory_bytes: Option<u64>,
    pub outcome: Outcome,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// The plugin is loaded, and the process is confined by these layers.
    Loaded {
        manifest: Manifest,
        layers: String,
    },
    /// The code was made for another machine or another version.
    Stale,
    /// Whether the worker has all of the table.
    Table {
        is_complete: bool,
    },
    Begun(Job),
    /// The first and the second description of one instance, and its imports.
    Described {
        manifests: Box<(Manifest, Manifest)>,
        #[serde(deserialize_with = "few::<_, _, IMPORTS_READ>")]
        imports: Vec<String>,
    },
    /// So many edits, with so many new bytes; the range that they touch, the
    /// position of a sequential scan, and what the plugin has counted.
    Edits {
        count: u64,
        new_bytes: u64,
        touched: Option<(u64, u64)>,
        position: Option<(u64, u64, bool)>,
        #[serde(deserialize_with = "few::<_, _, MAX_COUNTS>")]
        counts: Vec<(u32, u64)>,
    },
    Settled(u64),
    Dropped,
    Failed(Failure),
}

impl Outcome {
    /// What [`encode_edits`] needs to be read again.
    pub fn edits(found: &Found, position: Option<Position>) -> Self {
        Self::Edits {
            count: found.spans().len() as u64,
            new_bytes: found.new_bytes().len() as u64,
            touched: found.touched(),
            position: position.map(|Position { at, want, is_over }| (at, want, is_over)),
            counts: found.counts().map(|(name, number)| (name as u32, number)).collect(),
        }
    }
}

/// An error, as it passes from process to process.
#[derive(Debug, Serialize, Deserialize)]
pub struct Failure {
    class: Class,
    /// Whether the budget is used up.
    denied: bool,
    what: String,
    because: Option<String>,
    #[serde(deserialize_with = "few::<_, _, HINTS_READ>")]
    hints: Vec<String>,
    words: Option<String>,
    fault: Option<Fault>,
    /// The offset in the file of the byte that is the reason.
    offset: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Class {
    Plugin,
    Usage,
    /// The file is not as the plugin's framing needs it.
    Io,
    Refused,
    OutOfMemory,
    /// A fault of this program.
    Internal,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let class = match error.kind() {
            Kind::Usage => Class::Usage,
            Kind::Io => Class::Io,
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
            fault: error.fault(),
            offset: match error.place() {
                Some(Place::File(offset)) => Some(offset),
                Some(Place::Window(_)) | None => None,
            },
        }
    }
}

impl Failure {
    /// The error, with everything that can be shown escaped again. `budget` is
    /// the one that may be used up.
    pub fn into_error(self, budget: &Budget) -> Error {
        let line = |text: &str| escape(text, LINE_CHARS);
        let kind = match self.class {
            Class::Plugin => Kind::Plugin,
            Class::Usage => Kind::Usage,
            Class::Io => Kind::Io,
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
        if let Some(offset) = self.offset {
            error = error.at_place(Place::File(offset));
        }
        if let Some(fault) = self.fault {
            error = error.of_fault(fault);
        }
        if let Some(words) = &self.words {
            error = error.said(escape_lines(words, LINE_CHARS));
        }
        self.hints.iter().take(MAX_HINTS).fold(error, |error, hint| error.hint(line(hint)))
    }
}

/// Appends a head to a message.
pub fn encode(head: &impl Serialize, into: &mut Vec<u8>) {
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
pub fn decode<T: DeserializeOwned>(message: &[u8]) -> Option<(T, &[u8])> {
    decode_within(usize::MAX, message)
}

/// The same for a head of at most so many bytes.
pub(crate) fn decode_within<T: DeserializeOwned>(limit: usize, message: &[u8]) -> Option<(T, &[u8])> {
    let (length, rest) = message.split_first_chunk::<LENGTH_BYTES>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let (head, rest) = rest.split_at_checked(length).filter(|_| length <= limit)?;
    postcard::from_bytes(head).ok().map(|head| (head, rest))
}
