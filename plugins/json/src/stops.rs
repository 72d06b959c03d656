//! Where a walk stops: at the end of the bytes at hand, or at an error.

use crate::fault::{Fault, Stop};
use crate::lexer::Rest;
use crate::scanner::{Expect, Kind, MAX_TOKEN_BYTES, Output, Walk};

impl<O: Output> Walk<'_, O> {
    /// The bytes end at `at`, between two tokens.
    #[cold]
    pub(crate) fn at_end(&mut self, at: usize) -> Stop {
        match self.scanner.expect {
            Expect::Top if self.input.rest == Rest::Nothing => Stop::More(at),
            _ if self.input.rest == Rest::Nothing => {
                Fault::syntax(at, format!("the input ends, but {}", self.expected())).into()
            }
            _ => self.pause(at),
        }
    }

    /// A token that begins at `start` is cut. `unfinished` is the error if there
    /// are no more bytes.
    #[cold]
    pub(crate) fn cut_token(&mut self, start: usize, token: &str, unfinished: &str) -> Stop {
        let end = self.input.bytes.len();
        if let Err(stop) = self.check_length(start, end, token) {
            return stop;
        }
        if self.input.rest == Rest::Nothing {
            return Fault::syntax(start, format!("{unfinished}: {token} begins here")).into();
        }
        self.pause(start)
    }

    /// More bytes are needed: `done` is the end of the last whole token.
    fn pause(&mut self, done: usize) -> Stop {
        match self.hold.take() {
            Some(hold) => {
                self.scanner.expect = hold.expect;
                // What is held is whitespace and the start of a key, each of
                // which has the limit.
                if self.input.bytes.len() - hold.at > 2 * MAX_TOKEN_BYTES + 2 {
                    return too_long(hold.at, "the whitespace around a comma", MAX_TOKEN_BYTES);
                }
                Stop::More(hold.at)
            }
            None => Stop::More(done),
        }
    }

    /// Limits the length of a token. Without a limit, a token could be longer
    /// than the memory.
    #[inline(always)]
    pub(crate) fn check_length(&self, start: usize, end: usize, what: &str) -> Result<(), Stop> {
        if end - start <= MAX_TOKEN_BYTES { Ok(()) } else { Err(too_long(start, what, MAX_TOKEN_BYTES)) }
    }

    /// The byte at `at` is not what must come next.
    #[cold]
    pub(crate) fn unexpected(&self, at: usize, byte: u8) -> Stop {
        let found = match byte {
            b' '..=b'~' => format!("`{}`", char::from(byte)),
            _ => format!("the byte 0x{byte:02x}"),
        };
        Fault::syntax(at, format!("{}, not {found}", self.expected())).into()
    }

    /// What must come next.
    fn expected(&self) -> &'static str {
        match (self.scanner.expect, self.scanner.top.kind) {
            (Expect::Top | Expect::Value, _) => "a value is expected",
            (Expect::FirstValue, _) => "a value or `]` is expected",
            (Expect::Key, _) => "a key in double quotes is expected after the comma",
            (Expect::FirstKey, _) => "a key in double quotes or `}` is expected",
            (Expect::Colon, _) => "`:` is expected after the key",
            (Expect::Comma, Kind::Object) => "`,` or `}` is expected",
            (Expect::Comma, _) => "`,` or `]` is expected",
        }
    }
}

/// The error of a token that is longer than some bytes.
#[cold]
pub(crate) fn too_long(start: usize, what: &str, limit_bytes: usize) -> Stop {
    Fault::new(start, format!("{what} is longer than {limit_bytes} bytes")).into()
}
