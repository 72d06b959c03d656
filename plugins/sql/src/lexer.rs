//! Tokens that lie in the window as a whole.

use std::ops::Range;

use memchr::{memchr, memmem};

use crate::fault::{Parse, Stop, ends_in, fault};
use crate::lexis::Lexis;
use crate::span::{Comment, Ending, block_end, comment, dollar_tag, is_word_byte, string_end};
use crate::view::{Quotes, View};

/// The kind of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A keyword or an unquoted name.
    Word,
    /// A quoted name.
    Name,
    /// A string or a literal in the form of a string.
    Text(Text),
    /// An unsigned number, or `0x` and digits.
    Number,
    /// Another byte.
    Punct(u8),
    /// What ends a statement.
    Delimiter,
    /// The end of the file.
    End,
}

/// A literal between quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) form: Form,
    /// The range between the quotes.
    pub(crate) inner: Range<usize>,
}

/// The form of a literal between quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A string.
    Plain(Quotes),
    /// `$tag$...$tag$`.
    Dollar,
    /// `X'...'`.
    Hex,
    /// `B'...'`.
    Bits,
    /// `U&'...'`.
    Unicode,
}

/// A token and its range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lexeme {
    pub(crate) token: Token,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Reads tokens of a window.
#[derive(Debug, Clone)]
pub(crate) struct Scan<'a> {
    pub(crate) bytes: &'a [u8],
    /// The next position.
    pub(crate) at: usize,
    /// Whether the window ends the file.
    pub(crate) last: bool,
    pub(crate) lexis: &'a Lexis,
}

impl<'a> Scan<'a> {
    /// What it reads.
    pub(crate) fn view(&self) -> View<'a> {
        View { bytes: self.bytes, last: self.last }
    }

    /// The bytes of a token.
    pub(crate) fn of(&self, lexeme: &Lexeme) -> &'a [u8] {
        &self.bytes[lexeme.start..lexeme.end]
    }

    /// Whether a token is this keyword, given in capitals.
    pub(crate) fn is(&self, lexeme: &Lexeme, keyword: &str) -> bool {
        lexeme.token == Token::Word && self.of(lexeme).eq_ignore_ascii_case(keyword.as_bytes())
    }

    /// The next token, without going past it.
    pub(crate) fn peek(&self) -> Parse<Lexeme> {
        self.clone().next()
    }

    /// Goes past the next token if it is this keyword, given in capitals.
    pub(crate) fn accept(&mut self, keyword: &str) -> Parse<bool> {
        let next = self.peek()?;
        let is = self.is(&next, keyword);
        if is {
            self.at = next.end;
        }
        Ok(is)
    }

    /// Goes past the next token if it is this byte.
    pub(crate) fn accept_byte(&mut self, byte: u8) -> Parse<bool> {
        let next = self.peek()?;
        let is = next.token == Token::Punct(byte);
        if is {
            self.at = next.end;
        }
        Ok(is)
    }

    /// Goes past white space and comments.
    pub(crate) fn blank(&mut self) -> Parse<()> {
        while let Some(byte) = self.bytes.get(self.at) {
            if byte.is_ascii_whitespace() || *byte == 0x0b {
                self.at += 1;
                continue;
            }
            let start = self.at;
            self.at = match comment(self.view(), start, self.lexis)? {
                Comment::No => return Ok(()),
                Comment::Executed(end) => end,
                Comment::Line => match memchr(b'\n', &self.bytes[start..]) {
                    Some(length) => start + length + 1,
                    None if self.last => self.bytes.len(),
                    None => return Err(Stop::More),
                },
                Comment::Block(from) => match block_end(self.bytes, from, self.lexis, &mut 1) {
                    Ending::At(end) => end,
                    Ending::Later(_) => return ends_in(self.view(), start, "a comment"),
                },
            };
        }
        if self.last { Ok(()) } else { Err(Stop::More) }
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Parse<Lexeme> {
        self.blank()?;
        let start = self.at;
        let Some(byte) = self.bytes.get(start).copied() else {
            return Ok(Lexeme { token: Token::End, start, end: start });
        };
        let (token, end) = self.token(start, byte)?;
        self.at = end;
        Ok(Lexeme { token, start, end })
    }

    fn token(&self, start: usize, byte: u8) -> Parse<(Token, usize)> {
        let lexis = self.lexis;
        if byte == lexis.delimiter[0] && self.is_delimiter(start)? {
            return Ok((Token::Delimiter, start + lexis.delimiter.len()));
        }
        match byte {
            b'\'' => self.text(start, self.plain(byte)),
            b'"' if !lexis.double_is_name => self.text(start, self.plain(byte)),
            b'"' => self.name(start, b'"'),
            b'`' if !lexis.is_postgres() => self.name(start, b'`'),
            b'[' if lexis.is_sqlite() => self.name(start, b']'),
            b'$' if lexis.is_postgres() => self.dollar(start),
            b'.' if self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => self.number(start),
            b'0'..=b'9' => self.number(start),
            _ if is_word_byte(byte) => self.word(start),
            _ => Ok((Token::Punct(byte), start + 1)),
        }
    }

    fn is_delimiter(&self, at: usize) -> Parse<bool> {
        let (rest, delimiter) = (&self.bytes[at..], &self.lexis.delimiter[..]);
        match rest.len() < delimiter.len() && !self.last {
            true if delimiter.starts_with(rest) => Err(Stop::More),
            _ => Ok(rest.starts_with(delimiter)),
        }
    }

    /// How a plain string between these quotes is read.
    fn plain(&self, quote: u8) -> Quotes {
        Quotes { quote, backslash: self.lexis.backslash }
    }

    fn text(&self, start: usize, quotes: Quotes) -> Parse<(Token, usize)> {
        match string_end(self.view(), start + 1, quotes) {
            Ending::At(end) => {
                let text = Text { form: Form::Plain(quotes), inner: start + 1..end - 1 };
                Ok((Token::Text(text), end))
            }
            Ending::Later(_) => ends_in(self.view(), start, "a string"),
        }
    }

    fn name(&self, start: usize, close: u8) -> Parse<(Token, usize)> {
        match string_end(self.view(), start + 1, Quotes::doubled(close)) {
            Ending::At(end) => Ok((Token::Name, end)),
            Ending::Later(_) => ends_in(self.view(), start, "a quoted name"),
        }
    }

    fn dollar(&self, start: usize) -> Parse<(Token, usize)> {
        let Some(tag) = dollar_tag(self.view(), start)? else {
            return Ok((Token::Punct(b'$'), start + 1));
        };
        let from = start + tag.len();
        match memmem::find(&self.bytes[from..], tag) {
            Some(length) => {
                let text = Text { form: Form::Dollar, inner: from..from + length };
                Ok((Token::Text(text), from + length + tag.len()))
            }
            None => ends_in(self.view(), start, "a string in dollar quotes"),
        }
    }

    fn number(&self, start: usize) -> Parse<(Token, usize)> {
        let is_hex = matches!(self.bytes[start..], [b'0', b'x' | b'X', ..]);
        let mut end = start;
        while let Some(byte) = self.bytes.get(end) {
            let after_exponent = end > start && matches!(self.bytes[end - 1], b'e' | b'E') && !is_hex;
            if is_word_byte(*byte) || *byte == b'.' || (after_exponent && matches!(byte, b'+' | b'-')) {
                end += 1;
            } else {
                return Ok((Token::Number, end));
            }
        }
        if self.last { Ok((Token::Number, end)) } else { Err(Stop::More) }
    }

    /// A word, or a string with a prefix.
    fn word(&self, start: usize) -> Parse<(Token, usize)> {
        let rest = &self.bytes[start..];
        let length = rest.iter().take_while(|byte| is_word_byte(**byte)).count();
        if length == rest.len() && !self.last {
            return Err(Stop::More);
        }
        let (lexis, end) = (self.lexis, start + length);
        let form = match (&rest[..length], rest.get(length..).unwrap_or_default()) {
            (b"e" | b"E", [b'\'', ..]) if lexis.is_postgres() => {
                return self.text(end, Quotes { quote: b'\'', backslash: true });
            }
            (b"n" | b"N", [b'\'', ..]) if !lexis.is_sqlite() => return self.text(end, self.plain(b'\'')),
            (b"x" | b"X", [b'\'', ..]) => Form::Hex,
            (b"b" | b"B", [b'\'', ..]) if !lexis.is_sqlite() => Form::Bits,
            (b"u" | b"U", [b'&', b'\'', ..]) if lexis.is_postgres() => Form::Unicode,
            (b"u" | b"U", [] | [b'&']) if !self.last => return Err(Stop::More),
            _ => return Ok((Token::Word, end)),
        };
        let quote = end + usize::from(form == Form::Unicode);
        let (_, close) = self.text(quote, Quotes::doubled(b'\''))?;
        Ok((Token::Text(Text { form, inner: quote + 1..close - 1 }), close))
    }

    /// An error at a token.
    pub(crate) fn unexpected<T>(&self, lexeme: &Lexeme, wanted: &str) -> Parse<T> {
        if lexeme.token == Token::End {
            return fault(lexeme.start, format!("the file ends where {wanted} is expected"));
        }
        // A literal may be what the user wants to hide.
        let shown = match lexeme.token {
            Token::Text(_) => "a string".into(),
            Token::Number => "a number".into(),
            _ => format!("`{}`", self.of(lexeme)[..self.of(lexeme).len().min(64)].escape_ascii()),
        };
        fault(lexeme.start, format!("{shown} where {wanted} is expected"))
    }
}
