//! The same walk, faster, for what is common: members of objects with plain
//! keys, and containers in which no path can match.
//!
//! Nothing here decides anything. Whatever is not plain (an error, the end of
//! the bytes, a value with a rule) is left to the slow way, which begins again
//! at the token that was not taken.

use crate::fault::Stop;
use crate::lexer::{self, Rest, TokenEnd};
use crate::plan::{NO_RULE, Target};
use crate::scanner::{Expect, Frame, Kind, MAX_DEPTH, MAX_TOKEN_BYTES, Members, Output, Walk};
use crate::strings::{self, StringEnd};

/// Containers in a skipped one, at most: one bit each.
const SKIPPED_DEPTH: u32 = 63;

impl<O: Output> Walk<'_, O> {
    /// Whether [`Walk::members`] can take the members of this object.
    #[inline(always)]
    pub(crate) fn is_plain(&self, frame: &Frame) -> bool {
        frame.kind == Kind::Object && (!self.plan.deletes || !frame.target.is_live())
    }

    /// Takes members of an object, from the key at `at` on.
    pub(crate) fn members(&mut self, mut at: usize) -> Result<usize, Stop> {
        let bytes = self.input.bytes;
        let object = self.scanner.top.target;
        self.scanner.top.members = Members::Kept;
        loop {
            let Some(quote) = strings::plain_string(bytes, at + 1).filter(|end| end - at < MAX_TOKEN_BYTES)
            else {
                return self.key(at);
            };
            let child = if object.is_live() {
                let found = self.plan.member(object, &bytes[at + 1..quote]);
                found.map_err(|what| crate::fault::Fault::new(at, what))?
            } else {
                object
            };
            let (start, byte) = match bytes.get(quote + 1..).and_then(|rest| rest.first_chunk::<3>()) {
                Some(&[b':', b' ', byte]) => (quote + 3, byte),
                Some(&[b':', byte, _]) => (quote + 2, byte),
                _ => return self.key(at),
            };
            let end = if child.rule == NO_RULE { self.plain_value(start, byte, child) } else { None };
            let Some(end) = end else {
                self.scanner.child = child;
                self.scanner.expect = Expect::Value;
                return Ok(start);
            };
            match bytes.get(end) {
                Some(b',') => {
                    at = lexer::skip_whitespace(bytes, end + 1);
                    if bytes.get(at) != Some(&b'"') {
                        self.scanner.expect = Expect::Key;
                        return Ok(at);
                    }
                }
                Some(b'}') => return self.close(end),
                _ => {
                    self.scanner.expect = Expect::Comma;
                    return Ok(end);
                }
            }
        }
    }

    /// The end of the value at `at`, if nothing can change in it.
    #[inline(always)]
    fn plain_value(&mut self, at: usize, byte: u8, target: Target) -> Option<usize> {
        let bytes = self.input.bytes;
        match byte {
            b'"' => strings::plain_string(bytes, at + 1).map(|quote| quote + 1),
            b'{' | b'[' if !target.is_live() => self.skip(at),
            b'{' | b'[' => None,
            _ => whole(bytes, at, byte).filter(|end| end - at <= MAX_TOKEN_BYTES),
        }
    }

    /// The end of the container at `at`, in which no path can match, if it is
    /// whole and not too large.
    #[inline]
    pub(crate) fn skip(&mut self, at: usize) -> Option<usize> {
        if !self.skips || self.scanner.parents.len() + SKIPPED_DEPTH as usize >= MAX_DEPTH {
            return None;
        }
        // No token in it can be too long.
        let end = self.input.bytes.len().min(at + MAX_TOKEN_BYTES);
        let found = container(&self.input.bytes[..end], at);
        // What cannot be skipped is read twice: once is enough.
        self.skips = found.is_some();
        found
    }
}

/// The end of the container at `at`, if it is whole.
fn container(bytes: &[u8], mut at: usize) -> Option<usize> {
    // One bit for each open container, which is set for objects.
    let mut kinds = 0_u64;
    let mut depth = 0;
    loop {
        let byte = *bytes.get(at)?;
        at = match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > SKIPPED_DEPTH {
                    return None;
                }
                kinds = kinds << 1 | u64::from(byte == b'{');
                at = lexer::skip_whitespace(bytes, at + 1);
                // The closing bracket is the next but one of ASCII.
                if *bytes.get(at)? != byte + 2 {
                    at = if byte == b'{' { key(bytes, at)? } else { at };
                    continue;
                }
                at
            }
            b'"' => string(bytes, at)?,
            _ => whole(bytes, at, byte)?,
        };
        loop {
            at = lexer::skip_whitespace(bytes, at);
            let is_object = kinds & 1 == 1;
            match *bytes.get(at)? {
                b',' => {
                    at = lexer::skip_whitespace(bytes, at + 1);
                    at = if is_object { key(bytes, at)? } else { at };
                    break;
                }
                b'}' if is_object => {}
                b']' if !is_object => {}
                _ => return None,
            }
            at += 1;
            kinds >>= 1;
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
}

/// The start of the value of the member whose key is at `at`.
#[inline(always)]
fn key(bytes: &[u8], at: usize) -> Option<usize> {
    if *bytes.get(at)? != b'"' {
        return None;
    }
    let at = lexer::skip_whitespace(bytes, string(bytes, at)?);
    if *bytes.get(at)? != b':' {
        return None;
    }
    Some(lexer::skip_whitespace(bytes, at + 1))
}

/// The end of the string at `at`.
#[inline(always)]
fn string(bytes: &[u8], at: usize) -> Option<usize> {
    if let Some(quote) = strings::plain_string(bytes, at + 1) {
        return Some(quote + 1);
    }
    match strings::string(bytes, at + 1) {
        Ok(StringEnd::Closed { quote, .. }) => Some(quote + 1),
        _ => None,
    }
}

/// The end of the number or word at `at`.
#[inline(always)]
fn whole(bytes: &[u8], at: usize, byte: u8) -> Option<usize> {
    let end = match byte {
        b'-' | b'0'..=b'9' => lexer::number(bytes, at, Rest::Unknown),
        b't' | b'f' | b'n' => lexer::word(bytes, at, Rest::Unknown),
        _ => return None,
    };
    match end {
        Ok(TokenEnd::At(end)) => Some(end),
        _ => None,
    }
}
