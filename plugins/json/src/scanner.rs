//! Walks through JSON texts, and hands the values that paths match to their
//! actions.
//!
//! The scanner takes any cut of the input. What it must know of the bytes
//! before is a stack with one entry for each open container. A token that is
//! cut is left for the next window, except strings, which may be longer than
//! the memory: they are passed on in parts.

use crate::fault::{Fault, Stop};
use crate::hits::Hits;
use crate::lexer::{self, Rest, TokenEnd};
use crate::plan::{Plan, Target};
use crate::removal::{Hold, Removal};
use crate::strings;
use std::ops::Range;

/// Maximum number of containers around a value.
pub(crate) const MAX_DEPTH: usize = 10_000;

/// Maximum number of bytes of a key or a number, and of the whitespace before a
/// key that may be deleted.
pub(crate) const MAX_TOKEN_BYTES: usize = 1 << 20;

/// Takes the changes, in order. Ranges are positions in the bytes at hand.
pub(crate) trait Output {
    /// Replaces a range.
    fn replace(&mut self, range: Range<usize>, new: &[u8]);

    /// Replaces each byte of a range by this one.
    fn fill(&mut self, range: Range<usize>, byte: u8);
}

/// What contains a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: it is a top-level value.
    Top,
    Array,
    Object,
}

/// What has become of the members of a container so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    /// There are none.
    None,
    /// All were deleted, and there is whitespace before the first one.
    Deleted,
    /// All were deleted, and the first one follows the bracket at once.
    DeletedTight,
    /// At least one was kept.
    Kept,
}

/// An open container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) members: Members,
    pub(crate) target: Target,
    /// Number of whole members so far.
    pub(crate) index: u64,
}

/// What must come next, after whitespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// A top-level value, or the end.
    Top,
    /// A value.
    Value,
    /// The first element of an array, or `]`.
    FirstValue,
    /// A key.
    Key,
    /// The first key of an object, or `}`.
    FirstKey,
    /// The `:` after a key.
    Colon,
    /// A comma, or the end of the container.
    Comma,
}

/// What happens to the content of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// It stays, or is a part of what is removed.
    Kept,
    /// It is masked.
    Masked,
}

/// What is known between two windows.
#[derive(Debug)]
pub(crate) struct Scanner {
    /// The innermost open container.
    pub(crate) top: Frame,
    /// The containers around it, from the outside in.
    pub(crate) parents: Vec<Frame>,
    pub(crate) expect: Expect,
    /// What applies to the value after the last key.
    pub(crate) child: Target,
    /// The window ended in a string value.
    pub(crate) inside: Option<Content>,
    /// What is being removed or replaced.
    pub(crate) removal: Option<Removal>,
    /// The values in the bytes at hand to which paths lead.
    pub(crate) hits: Hits,
    /// Buffers, reused to save allocations.
    pub(crate) decoded: Vec<u8>,
    pub(crate) scratch: Vec<u8>,
}

impl Scanner {
    pub(crate) fn new() -> Self {
        let top = Frame { kind: Kind::Top, members: Members::None, target: Target::NONE, index: 0 };
        Self {
            top,
            parents: Vec::new(),
            expect: Expect::Top,
            child: Target::NONE,
            inside: None,
            removal: None,
            hits: Hits::default(),
            decoded: Vec::new(),
            scratch: Vec::new(),
        }
    }
}

/// The bytes at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) bytes: &'a [u8],
    /// What follows them.
    pub(crate) rest: Rest,
}

/// One walk through the bytes at hand.
pub(crate) struct Walk<'a, O> {
    pub(crate) scanner: &'a mut Scanner,
    pub(crate) plan: &'a Plan,
    pub(crate) input: Input<'a>,
    pub(crate) out: &'a mut O,
    /// From where on the bytes must be shown again if they end now.
    pub(crate) hold: Option<Hold>,
    /// Whether it is worth trying to skip containers.
    pub(crate) skips: bool,
}

impl<'a, O: Output> Walk<'a, O> {
    pub(crate) fn new(scanner: &'a mut Scanner, plan: &'a Plan, input: Input<'a>, out: &'a mut O) -> Self {
        Self { scanner, plan, input, out, hold: None, skips: true }
    }

    /// Walks from a position to the end, or to where more bytes are needed.
    /// Returns that position: what comes before it is done.
    pub(crate) fn run(mut self, from: usize) -> Result<usize, Fault> {
        self.resume(from);
        let mut next = match self.scanner.inside {
            Some(content) => self.string_rest(from, content),
            None => Ok(from),
        };
        loop {
            match next {
                Ok(at) => next = self.step(at),
                Err(Stop::Fault(fault)) => return Err(*fault),
                Err(Stop::More(done)) => return Ok(self.suspend_removal(done)),
            }
        }
    }

    /// Takes the next token. Returns the position after it.
    #[inline(always)]
    fn step(&mut self, at: usize) -> Result<usize, Stop> {
        let start = lexer::skip_whitespace(self.input.bytes, at);
        let expect = self.scanner.expect;
        if start > at && self.plan.deletes {
            self.trim(at..start)?;
        }
        let Some(&byte) = self.input.bytes.get(start) else { return Err(self.at_end(start)) };
        match (expect, byte) {
            (Expect::Key | Expect::FirstKey, b'"') if self.is_plain(&self.scanner.top) => self.members(start),
            (Expect::Key | Expect::FirstKey, b'"') => self.key(start),
            (Expect::Colon, b':') => {
                self.scanner.expect = Expect::Value;
                Ok(start + 1)
            }
            (Expect::Comma, b',') => self.comma(start),
            (Expect::FirstKey, b'}') | (Expect::FirstValue, b']') => self.close(start),
            (Expect::Comma, b'}') if self.scanner.top.kind == Kind::Object => self.close(start),
            (Expect::Comma, b']') if self.scanner.top.kind == Kind::Array => self.close(start),
            // Records of RFC 7464 begin with this separator.
            (Expect::Top, 0x1e) => Ok(start + 1),
            (Expect::Top | Expect::Value | Expect::FirstValue, _) => self.value(start, byte),
            _ => Err(self.unexpected(start, byte)),
        }
    }

    /// Takes a key that begins at `start`, and finds out what applies to its
    /// value.
    pub(crate) fn key(&mut self, start: usize) -> Result<usize, Stop> {
        let bytes = self.input.bytes;
        let (quote, escaped) = match strings::plain_string(bytes, start + 1) {
            Some(quote) => (quote, false),
            None => match strings::string(bytes, start + 1)? {
                strings::StringEnd::Closed { quote, escaped } => (quote, escaped),
                strings::StringEnd::Open { .. } => {
                    return Err(self.cut_token(start, "a key", "the key is not closed"));
                }
            },
        };
        self.check_length(start, quote, "a key")?;
        let frame = &self.scanner.top;
        self.scanner.child = if frame.target.is_live() {
            let raw = &bytes[start + 1..quote];
            let key = if escaped {
                crate::escape::decode(raw, &mut self.scanner.decoded);
                &self.scanner.decoded
            } else {
                raw
            };
            self.plan.member(frame.target, key).map_err(|what| Fault::new(start, what))?
        } else {
            frame.target
        };
        self.decide(start)?;
        self.scanner.expect = Expect::Colon;
        Ok(quote + 1)
    }

    /// Takes a comma at `at`, and what follows it.
    #[inline(always)]
    fn comma(&mut self, at: usize) -> Result<usize, Stop> {
        let frame = &self.scanner.top;
        let is_object = frame.kind == Kind::Object;
        self.scanner.expect = if is_object { Expect::Key } else { Expect::Value };
        if self.plan.deletes && frame.target.is_live() {
            self.hold_comma(at);
            return Ok(at + 1);
        }
        let next = lexer::skip_whitespace(self.input.bytes, at + 1);
        match self.input.bytes.get(next) {
            Some(b'"') if is_object => self.members(next),
            Some(&byte) if !is_object => self.value(next, byte),
            _ => Ok(next),
        }
    }

    /// Opens a container whose bracket is at `at`.
    #[inline]
    pub(crate) fn open(&mut self, at: usize, kind: Kind, target: Target) -> Result<usize, Stop> {
        if self.scanner.parents.len() >= MAX_DEPTH {
            return Err(Fault::new(at, format!("values are nested more than {MAX_DEPTH} deep")).into());
        }
        self.scanner.parents.push(self.scanner.top);
        self.scanner.top = Frame { kind, members: Members::None, target, index: 0 };
        self.scanner.expect = if kind == Kind::Object { Expect::FirstKey } else { Expect::FirstValue };
        if self.plan.deletes && target.is_live() {
            self.hold = Some(Hold { at: at + 1, expect: self.scanner.expect });
        }
        Ok(at + 1)
    }

    /// Closes the innermost container, whose bracket is at `at`.
    #[inline]
    pub(crate) fn close(&mut self, at: usize) -> Result<usize, Stop> {
        self.hold = None;
        if let Some(parent) = self.scanner.parents.pop() {
            self.scanner.top = parent;
        }
        Ok(self.after_value(at + 1))
    }

    /// A value ends at `end`.
    #[inline]
    pub(crate) fn after_value(&mut self, end: usize) -> usize {
        let frame = &mut self.scanner.top;
        frame.index += 1;
        self.scanner.expect = if frame.kind == Kind::Top { Expect::Top } else { Expect::Comma };
        if self.scanner.removal.is_some() {
            self.finish_removal(end);
        }
        end
    }

    /// The end of a number or word that begins at `start`.
    #[inline]
    pub(crate) fn token_end(&mut self, start: usize, end: TokenEnd, what: &str) -> Result<usize, Stop> {
        match end {
            TokenEnd::At(end) => {
                self.check_length(start, end, what)?;
                Ok(end)
            }
            TokenEnd::Cut => Err(self.cut_token(start, what, "the input ends too early")),
        }
    }
}
