//! Reads one value of a row in an `INSERT`.

use std::ops::Range;

use crate::dialect::Dialect;
use crate::fault::Parse;
use crate::lexer::{Form, Lexeme, Scan, Token};
use crate::literal::{decode_hex, decode_string};
use crate::span::{Ending, string_end};
use crate::view::Quotes;

/// The form of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    Null,
    /// The word `DEFAULT`: the value is not in the file.
    Default,
    /// `TRUE` or `FALSE`.
    Boolean,
    /// An unquoted number with its sign.
    Number,
    /// A string. The range is that between its quotes.
    Text(Range<usize>, Quotes),
    /// A string between dollar quotes. The range is that between them.
    Dollar(Range<usize>),
    /// Digits that stand for bytes. The range is that of the digits; `0x` has
    /// no quotes around them.
    Hex(Range<usize>),
    /// Digits that stand for bits. The range is that of the digits.
    Bits(Range<usize>),
    /// Anything else, such as a call of a function.
    Expression,
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// All of it but the white space around it and a cast after it.
    pub(crate) range: Range<usize>,
    pub(crate) written: Written,
}

/// Reads the value up to the comma or `)` after it, where the scan stops.
pub(crate) fn value(scan: &mut Scan<'_>) -> Parse<Value> {
    if let Some(value) = plain_string(scan) {
        return Ok(value);
    }
    let first = scan.next()?;
    let written = form(scan, &first)?;
    let end = scan.at;
    let next = scan.peek()?;
    if matches!(next.token, Token::Punct(b',' | b')')) {
        return Ok(Value { range: first.start..end, written });
    }
    let is_cast = scan.lexis.is_postgres() && scan.bytes[next.start..].starts_with(b"::");
    let (written, end) = match is_cast && written != Written::Expression {
        true => {
            rest(scan, next.start)?;
            (written, end)
        }
        false => (Written::Expression, rest(scan, first.start)?),
    };
    Ok(Value { range: first.start..end, written })
}

/// Reads a plain string without anything around it, which most values are.
fn plain_string(scan: &mut Scan<'_>) -> Option<Value> {
    let start = scan.at;
    if scan.bytes.get(start) != Some(&b'\'') {
        return None;
    }
    let quotes = Quotes { quote: b'\'', backslash: scan.lexis.backslash };
    let Ending::At(end) = string_end(scan.view(), start + 1, quotes) else { return None };
    if !matches!(scan.bytes.get(end), Some(b',' | b')')) {
        return None;
    }
    scan.at = end;
    Some(Value { range: start..end, written: Written::Text(start + 1..end - 1, quotes) })
}

/// The form of the value that begins with a token. Goes past the tokens that
/// belong to it.
fn form(scan: &mut Scan<'_>, first: &Lexeme) -> Parse<Written> {
    let text = scan.of(first);
    Ok(match &first.token {
        Token::Number => number(scan, first),
        Token::Punct(b'-' | b'+') => {
            let next = scan.peek()?;
            match next.token == Token::Number && number(scan, &next) == Written::Number {
                true => {
                    scan.at = next.end;
                    Written::Number
                }
                false => Written::Expression,
            }
        }
        Token::Text(literal) => literal_form(scan, literal.form, literal.inner.clone()),
        Token::Word if text.eq_ignore_ascii_case(b"NULL") => Written::Null,
        Token::Word if text.eq_ignore_ascii_case(b"DEFAULT") => Written::Default,
        Token::Word if text.eq_ignore_ascii_case(b"TRUE") => Written::Boolean,
        Token::Word if text.eq_ignore_ascii_case(b"FALSE") => Written::Boolean,
        // The name of a character set: `_binary 'abc'`.
        Token::Word if text.starts_with(b"_") && scan.lexis.is_mysql() => {
            let next = scan.peek()?;
            let written = match &next.token {
                Token::Text(literal) => literal_form(scan, literal.form, literal.inner.clone()),
                Token::Number => number(scan, &next),
                _ => return Ok(Written::Expression),
            };
            scan.at = next.end;
            if written == Written::Number { Written::Expression } else { written }
        }
        _ => Written::Expression,
    })
}

fn literal_form(scan: &Scan<'_>, form: Form, inner: Range<usize>) -> Written {
    match form {
        Form::Plain(quotes) => Written::Text(inner, quotes),
        Form::Dollar => Written::Dollar(inner),
        // In PostgreSQL, `X'1F'` is a string of bits.
        Form::Hex if scan.lexis.dialect != Dialect::Postgres => Written::Hex(inner),
        Form::Bits => Written::Bits(inner),
        Form::Hex | Form::Unicode => Written::Expression,
    }
}

fn number(scan: &Scan<'_>, lexeme: &Lexeme) -> Written {
    let digits = lexeme.start + 2..lexeme.end;
    match scan.of(lexeme) {
        [b'0', b'x', ..] if scan.lexis.is_mysql() => Written::Hex(digits),
        [b'0', b'b', ..] if scan.lexis.is_mysql() => Written::Bits(digits),
        text if crate::fits::is_number(text) => Written::Number,
        _ => Written::Expression,
    }
}

/// Goes to the comma or `)` that ends the value, and returns the end of the
/// last token before it.
fn rest(scan: &mut Scan<'_>, mut end: usize) -> Parse<usize> {
    let mut depth = 0_u32;
    loop {
        let next = scan.peek()?;
        match next.token {
            Token::Punct(b',' | b')') if depth == 0 => return Ok(end),
            Token::Delimiter | Token::End => return scan.unexpected(&next, "`,` or `)` after a value"),
            Token::Punct(b'(' | b'[') => depth += 1,
            Token::Punct(b')' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        scan.at = next.end;
        end = next.end;
    }
}

impl Value {
    /// Appends the bytes that it stands for, or the digits of bits, or the word
    /// or number itself. `false` if that is not known.
    pub(crate) fn decode(&self, bytes: &[u8], dialect: Dialect, out: &mut Vec<u8>) -> bool {
        match &self.written {
            Written::Boolean | Written::Number => out.extend(&bytes[self.range.clone()]),
            Written::Text(inner, quotes) => decode_string(&bytes[inner.clone()], *quotes, dialect, out),
            Written::Dollar(inner) | Written::Bits(inner) => out.extend(&bytes[inner.clone()]),
            Written::Hex(digits) => match decode_hex(&bytes[digits.clone()]) {
                Some(decoded) => out.extend(decoded),
                None => return false,
            },
            Written::Expression if dialect == Dialect::Sqlite => {
                return crate::shell::decode(&bytes[self.range.clone()], out);
            }
            Written::Null | Written::Default | Written::Expression => return false,
        }
        true
    }
}
