//! Skips parts of a file that nothing is changed in. Only a few bytes must be
//! in view at a time, so statements and values of any length pass.

use memchr::{memchr, memmem};

use crate::fault::{Parse, Stop, ends_in, fault};
use crate::lexis::Lexis;
use crate::span::{Comment, Ending, block_end, comment, dollar_tag, is_word_byte, string_end};
use crate::view::{Quotes, View};

/// A string or comment that began in an earlier window.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    Nothing,
    Quotes(Quotes),
    Dollar(Vec<u8>),
    Line,
    Block { depth: u32 },
}

/// What to skip to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The next byte that is neither white space nor in a comment.
    Code,
    /// One past the end of the statement.
    Statement,
    /// The comma before a value of a tuple, counted from the current one, or
    /// the `)` that ends the tuple.
    Value(usize),
}

/// The bytes at which a skip must look. [`Lexis`] makes them.
pub(crate) type Marks = [bool; 256];

/// The bytes at which a skip to the end of a statement must look, and `more`.
pub(crate) fn marks(lexis: &Lexis, more: &[u8]) -> Marks {
    let mut marks = [false; 256];
    marks[usize::from(lexis.delimiter[0])] = true;
    let dialect: &[u8] = match () {
        () if lexis.is_postgres() => b"'\"$eE-/()",
        () if lexis.is_mysql() => b"'\"`#-/",
        () => b"'\"`[-/",
    };
    for byte in dialect.iter().chain(more) {
        marks[usize::from(*byte)] = true;
    }
    marks
}

/// A skip that goes on from window to window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skip {
    open: Open,
    /// Parentheses and brackets that are open.
    depth: u32,
    /// Commas of the tuple so far.
    commas: usize,
    /// Whether the byte before the position can be part of a name.
    after_word: bool,
}

impl Skip {
    /// A skip outside of strings, comments and parentheses.
    pub(crate) fn new() -> Self {
        Self { open: Open::Nothing, depth: 0, commas: 0, after_word: false }
    }

    /// The number of commas passed in the tuple.
    pub(crate) fn commas(&self) -> usize {
        self.commas
    }

    /// Skips from `at`, and advances it. The result says whether the goal is
    /// reached; if not, the window has ended. At the end of the file, a
    /// statement and a blank end, but nothing else.
    pub(crate) fn to(&mut self, goal: Goal, view: View<'_>, lexis: &Lexis, at: &mut usize) -> Parse<bool> {
        let View { bytes, last } = view;
        loop {
            if self.open != Open::Nothing && !self.close(view, lexis, at)? {
                return Ok(false);
            }
            let start = *at;
            let step = match goal {
                Goal::Code => self.code(view, lexis, at),
                _ => self.mark(goal, view, lexis, at),
            };
            if *at > start {
                self.after_word = is_word_byte(bytes[*at - 1]);
            }
            match step {
                Ok(Step::Reached) => return Ok(true),
                Ok(Step::On) => {}
                Ok(Step::Ended) | Err(Stop::More) => {
                    return if last { self.at_end(goal, bytes.len()) } else { Ok(false) };
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    fn at_end(&self, goal: Goal, end: usize) -> Parse<bool> {
        match goal {
            Goal::Code => Ok(true),
            Goal::Statement if self.depth == 0 => Ok(true),
            Goal::Statement => fault(end, "the file ends within parentheses"),
            Goal::Value(_) => fault(end, "the file ends within a row"),
        }
    }

    /// Goes to the end of what is open. Returns whether it ends in the window.
    fn close(&mut self, view: View<'_>, lexis: &Lexis, at: &mut usize) -> Parse<bool> {
        let View { bytes, last } = view;
        let (ending, what) = match &mut self.open {
            Open::Nothing => return Ok(true),
            Open::Quotes(quotes) => (string_end(view, *at, *quotes), "a string or quoted name"),
            Open::Line => match memchr(b'\n', &bytes[*at..]) {
                Some(length) => (Ending::At(*at + length + 1), ""),
                None if last => (Ending::At(bytes.len()), ""),
                None => (Ending::Later(bytes.len()), ""),
            },
            Open::Block { depth } => (block_end(bytes, *at, lexis, depth), "a comment"),
            Open::Dollar(tag) => match memmem::find(&bytes[*at..], tag) {
                Some(length) => (Ending::At(*at + length + tag.len()), ""),
                // The tag may begin with the last bytes.
                None => (
                    Ending::Later((bytes.len() + 1).saturating_sub(tag.len()).max(*at)),
                    "a string in dollar quotes",
                ),
            },
        };
        match ending {
            Ending::At(end) => {
                *at = end;
                self.open = Open::Nothing;
                self.after_word = false;
                Ok(true)
            }
            Ending::Later(_) if last => fault(bytes.len(), format!("the file ends within {what}")),
            Ending::Later(next) => {
                *at = next;
                Ok(false)
            }
        }
    }

    /// Goes past white space, and opens a comment.
    fn code(&mut self, view: View<'_>, lexis: &Lexis, at: &mut usize) -> Parse<Step> {
        let bytes = view.bytes;
        while bytes.get(*at).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == 0x0b) {
            *at += 1;
        }
        if *at == bytes.len() {
            return Ok(Step::Ended);
        }
        match self.comment(view, lexis, at)? {
            true => Ok(Step::On),
            false => Ok(Step::Reached),
        }
    }

    /// Opens the comment at the position, if there is one.
    fn comment(&mut self, view: View<'_>, lexis: &Lexis, at: &mut usize) -> Parse<bool> {
        match comment(view, *at, lexis)? {
            Comment::No => return Ok(false),
            Comment::Executed(from) => *at = from,
            Comment::Line => self.open = Open::Line,
            Comment::Block(from) => {
                *at = from;
                self.open = Open::Block { depth: 1 };
            }
        }
        Ok(true)
    }

    /// Goes past marks up to the goal, or until something is opened.
    fn mark(&mut self, goal: Goal, view: View<'_>, lexis: &Lexis, at: &mut usize) -> Parse<Step> {
        let View { bytes, last } = view;
        let marks = if matches!(goal, Goal::Value(_)) { &lexis.row_marks } else { &lexis.statement_marks };
        let start = *at;
        let mut from = start;
        loop {
            let Some(length) = bytes[from..].iter().position(|byte| marks[usize::from(*byte)]) else {
                *at = bytes.len();
                return Ok(Step::Ended);
            };
            let place = from + length;
            *at = place;
            let byte = bytes[place];
            let quotes = match byte {
                b'\'' => Quotes { quote: byte, backslash: lexis.backslash },
                b'"' => Quotes { quote: byte, backslash: lexis.backslash && !lexis.double_is_name },
                b'`' => Quotes::doubled(byte),
                b'[' if lexis.is_sqlite() => Quotes::doubled(b']'),
                b',' if self.depth == 0 => {
                    self.commas += 1;
                    if goal == Goal::Value(self.commas) {
                        return Ok(Step::Reached);
                    }
                    from = place + 1;
                    continue;
                }
                _ => {
                    if place > start {
                        self.after_word = is_word_byte(bytes[place - 1]);
                    }
                    return self.other(goal, view, lexis, at);
                }
            };
            match string_end(view, place + 1, quotes) {
                Ending::At(end) => from = end,
                Ending::Later(_) if last => return ends_in(view, place, "a string or quoted name"),
                Ending::Later(next) => {
                    *at = next;
                    self.open = Open::Quotes(quotes);
                    return Ok(Step::Ended);
                }
            }
        }
    }

    /// Goes past the mark at the position unless it is the goal.
    fn other(&mut self, goal: Goal, view: View<'_>, lexis: &Lexis, at: &mut usize) -> Parse<Step> {
        let View { bytes, last } = view;
        let place = *at;
        let byte = bytes[place];
        if byte == lexis.delimiter[0] && is_delimiter(view, place, lexis)? {
            if goal != Goal::Statement {
                return fault(place, "the statement ends within a row");
            }
            if self.depth == 0 {
                *at += lexis.delimiter.len();
                return Ok(Step::Reached);
            }
        }
        let next = bytes.get(place + 1);
        *at = place + 1;
        match byte {
            b'e' | b'E' if self.after_word => {}
            // It waits for the next byte.
            b'e' | b'E' if next.is_none() && !last => {
                *at = place;
                return Ok(Step::Ended);
            }
            b'e' | b'E' if next == Some(&b'\'') => {
                *at += 1;
                self.open = Open::Quotes(Quotes { quote: b'\'', backslash: true });
            }
            b'$' if !self.after_word => {
                *at = place;
                let tag = dollar_tag(view, place)?.map(<[u8]>::to_vec);
                *at += tag.as_ref().map_or(1, Vec::len);
                self.open = tag.map_or(Open::Nothing, Open::Dollar);
            }
            b'-' | b'/' | b'#' => {
                *at = place;
                if !self.comment(view, lexis, at)? {
                    *at += 1;
                }
            }
            b'(' | b'[' => self.depth += 1,
            b')' | b']' if self.depth > 0 => self.depth -= 1,
            b')' if goal != Goal::Statement => {
                *at = place;
                return Ok(Step::Reached);
            }
            _ => {}
        }
        Ok(Step::On)
    }
}

/// What one step of a skip has come to.
enum Step {
    /// There may be more in the window.
    On,
    /// The goal.
    Reached,
    /// The end of the window.
    Ended,
}

fn is_delimiter(View { bytes, last }: View<'_>, at: usize, lexis: &Lexis) -> Parse<bool> {
    let (rest, delimiter) = (&bytes[at..], &lexis.delimiter[..]);
    match rest.len() < delimiter.len() && !last && delimiter.starts_with(rest) {
        true => Err(Stop::More),
        false => Ok(rest.starts_with(delimiter)),
    }
}

/// The end of the line that begins at `at`: one past its `\n`.
pub(crate) fn line_end(view: View<'_>, at: usize) -> Parse<usize> {
    match memchr(b'\n', &view.bytes[at..]) {
        Some(length) => Ok(at + length + 1),
        None if view.last => Ok(view.bytes.len()),
        None => ends_in(view, at, "a line"),
    }
}
