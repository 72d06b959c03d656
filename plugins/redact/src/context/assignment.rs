//! A key and its value: `password=x`, `"password": "x"`, `<password>x<`,
//! `X-Api-Key: x`, `--password x`.

use super::credentials::{authorization, cookies};
use super::key_name::{self, Class};
use super::value::{self, Style};
use crate::kind::Kind;
use crate::text::{char_at, run_end, run_start};
use std::ops::Range;

/// What is known from the keys before a place in its line, so that each byte
/// is read a bounded number of times.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The last value without quotes that was read.
    unquoted: Range<usize>,
    /// How its operator was written.
    style: Style,
    /// The end of the last value that was found.
    found_end: usize,
}

impl Seen {
    /// The value without quotes that begins at `start`. What ends it does not
    /// depend on where it begins.
    fn unquoted(&mut self, text: &[u8], start: usize, style: Style) -> Range<usize> {
        if !(self.style == style && self.unquoted.contains(&start)) {
            self.unquoted = value::unquoted(text, start, style);
            self.style = style;
        }
        start..self.unquoted.end
    }
}

/// Finds the value of the key whose last letter is at `last`. A key inside of
/// a value is part of the value.
pub(crate) fn find(text: &[u8], last: usize, seen: &mut Seen, found: &mut dyn FnMut(Range<usize>, Kind)) {
    if last < seen.found_end {
        return;
    }
    let Some((class, start)) = key_name::ending(text, last + 1) else { return };
    let Some((at, style)) = operator(text, start, last + 1) else { return };
    assigned(text, at, (class, style), seen, found);
}

/// Finds the value after an option such as `--password`, whose first hyphen is
/// at `start`.
pub(crate) fn option(text: &[u8], start: usize, found: &mut dyn FnMut(Range<usize>, Kind)) {
    let end = run_end(&text[..text.len().min(start + 48)], start, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
    });
    let has_value = text.get(end) == Some(&b' ')
        && text.get(end + 1).is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b'-');
    if let Some(class) = key_name::class(&text[start..end]).filter(|_| has_value) {
        assigned(text, end + 1, (class, Style::Plain), &mut Seen::default(), found);
    }
}

/// Finds the value that begins at `at`.
fn assigned(
    text: &[u8],
    at: usize,
    (class, style): (Class, Style),
    seen: &mut Seen,
    found: &mut dyn FnMut(Range<usize>, Kind),
) {
    match class {
        Class::Authorization => {
            seen.found_end = authorization(text, at, found);
            return;
        }
        Class::Cookies => {
            seen.found_end = cookies(text, at, usize::MAX, found);
            return;
        }
        Class::SetCookie => {
            seen.found_end = cookies(text, at, 1, found);
            return;
        }
        _ => {}
    }
    let (range, is_quoted) = match value::quoted(text, at) {
        Some(range) => (range, true),
        None if value::quote(text, at).is_some() => return,
        None => (seen.unquoted(text, at, style), false),
    };
    let value = &text[range.clone()];
    let is_secret = match class {
        // One or two digits are a count: `pass: 12`.
        Class::Password => {
            let is_count = !is_quoted && value.len() <= 2 && value.iter().all(u8::is_ascii_digit);
            !is_folder(value) && !is_count
        }
        Class::Hardware => {
            value.len() == 12
                && value.iter().all(u8::is_ascii_hexdigit)
                && value.iter().any(u8::is_ascii_alphabetic)
        }
        Class::Digits => value.len() >= 3 && value.len() <= 12 && value.iter().all(u8::is_ascii_digit),
        Class::Token => {
            value::is_token(value, 6) || is_quoted && value.len() >= 6 && value::is_one_word(value)
        }
        _ => value::is_random(value),
    };
    if is_secret && !value::is_empty(value) && (is_quoted || !is_structure(value, class)) {
        let kind = match class {
            Class::Password | Class::Digits => Kind::Password,
            Class::Hardware => Kind::Mac,
            _ => Kind::Token,
        };
        seen.found_end = range.end;
        found(range, kind);
    }
}

/// `PWD=/home/bob` is a folder.
fn is_folder(value: &[u8]) -> bool {
    matches!(value, [b'/' | b'~', ..] | [_, b':', b'\\' | b'/', ..])
}

/// Whether a value without quotes is an object, a list, a variable, or an
/// expression of a program: `os.environ[`, `getpass(`, `process.env.PASS`. The
/// text of an object of Java has its name first: `Token{9f4ef63`.
fn is_structure(value: &[u8], class: Class) -> bool {
    const SOURCES: [&[u8]; 3] = [b"process.env.", b"os.environ.", b"import.meta.env."];
    const CALLS: [&[u8]; 7] = [b"getenv", b"env", b"input", b"getpass", b"prompt", b"read", b"require"];
    if matches!(value, [b'{' | b'[' | b'(' | b'$', ..]) || SOURCES.iter().any(|name| value.starts_with(name))
    {
        return true;
    }
    let name = run_end(value, 0, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$'));
    let is_word = value.first().is_some_and(u8::is_ascii_alphabetic);
    let (name, next) = (&value[..name], value.get(name));
    is_word
        && match next {
            Some(b'(' | b'[') => {
                name.contains(&b'.') || CALLS.iter().any(|call| name.eq_ignore_ascii_case(call))
            }
            Some(b'{') => class != Class::Password && name.iter().all(u8::is_ascii_alphabetic),
            _ => false,
        }
}

/// The operator after a key that ends before `end`, and how it is written.
/// Returns where the value begins.
fn operator(text: &[u8], start: usize, end: usize) -> Option<(usize, Style)> {
    let mut at = end;
    let is_key_quoted = value::quote(text, at).map(|quote| at += quote.length).is_some();
    if !is_key_quoted && text.get(at) == Some(&b']') {
        at += 1;
    }
    let after_key = at;
    at = skip_spaces(text, at);
    let char = char_at(text, at)?;
    let style = if char.is_escape { Style::Escaped } else { Style::Plain };
    match char.ascii() {
        b':' if text[at..].starts_with(b"::") => return None,
        b':' | b'=' => {}
        // `<password>x</password>`, and `&lt;password&gt;`.
        b'>' if at == end => {
            let is_tag = text[..start].last() == Some(&b'<')
                || text[..start].ends_with(b"&lt;")
                || text[..start].ends_with(b"\\u003c")
                || text[..start].ends_with(b":");
            return is_tag
                .then_some((at + char.length, if char.is_escape { Style::Escaped } else { Style::Tag }));
        }
        // `PASSWORD 'x'` and `PASSWORD('x')` of SQL.
        // `name="password" value="x"` of HTML and XML.
        b'v' if at > after_key && is_key_quoted => {
            let value = at + text[at..].strip_prefix(b"value=").map(|_| 6)?;
            return value::quote(text, value).map(|_| (value, Style::Plain));
        }
        b'\'' if at > end && !is_key_quoted => return Some((at, Style::Plain)),
        // `define('DB_PASSWORD', 'x')`.
        b',' if is_key_quoted && is_setter(text, start) => {
            let value = skip_spaces(text, at + char.length);
            return value::quote(text, value).map(|_| (value, Style::Plain));
        }
        b'(' if at == end && value::quote(text, at + 1).is_some() => return Some((at + 1, Style::Plain)),
        _ => return None,
    }
    let is_spaced = at > after_key;
    at += char.length;
    // `=>`, `:=`, `==`, `=3D`.
    while let Some(next) = char_at(text, at)
        .filter(|next| matches!(next.ascii(), b'=' | b'>') && (!next.is_escape || text[at] == b'='))
    {
        at += next.length;
    }
    let value = skip_spaces(text, at);
    // `password :` at the end of a sentence, or a key of YAML with a block.
    (value < text.len() && text[value] != b'\n' && !(is_spaced && char.ascii() == b':' && value == at))
        .then_some((value, style))
}

/// Whether a name in quotes that begins at `start` is the first argument of a
/// function that gives it a value.
fn is_setter(text: &[u8], start: usize) -> bool {
    const ENDS: [&[u8]; 14] = [
        b"define",
        b"env",
        b"set",
        b"put",
        b"add",
        b"append",
        b"insert",
        b"default",
        b"header",
        b"property",
        b"option",
        b"param",
        b"parameter",
        b"value",
    ];
    let quotes = run_start(text, start, 4, |byte| matches!(byte, b'\\' | b'"' | b'\'' | b'`'));
    let open = run_start(text, quotes, 2, |byte| byte == b' ');
    let Some(name) = text[..open].strip_suffix(b"(") else { return false };
    ENDS.iter()
        .any(|end| name.len().checked_sub(end.len()).is_some_and(|at| name[at..].eq_ignore_ascii_case(end)))
}

/// The end of the spaces from `at` on, at most eight.
fn skip_spaces(text: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(char) = char_at(text, end).filter(|_| end < at + 8) {
        if !matches!(char.ascii(), b' ' | b'\t') {
            break;
        }
        end += char.length;
    }
    end
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn values_are_found() {
        for (text, value) in [
            ("GET /login?user=bob&password=hunter2 200", "hunter2"),
            ("POST pwd=hunter2&u=bob", "hunter2"),
            ("GET /x?api_key=7faaff395bf027c45f3ceee71022634d", "7faaff395bf027c45f3ceee71022634d"),
            (r#"{"user":"bob","password":"hun\"ter2"}"#, r#"hun\"ter2"#),
            (r#"{"m":"{\"password\":\"hunter2\"}"}"#, "hunter2"),
            (r#"{"pin":1234,"x":1}"#, "1234"),
            ("password: hunter2", "hunter2"),
            ("'passwd' => 'hunter2'", "hunter2"),
            ("export DB_PASSWORD=hunter2", "hunter2"),
            ("<password>hunter2</password>", "hunter2"),
            ("<db password=\"hunter2\" x=\"1\">", "hunter2"),
            ("UPDATE u SET password='hun''ter2' WHERE", "hun''ter2"),
            ("ALTER USER bob PASSWORD 'hunter2'", "hunter2"),
            ("r=password%3Dhunter2%26u%3Dbob", "hunter2"),
            ("{password=hunter2, user=bob}", "hunter2"),
            ("Server=x;Password=hunter2;Database=y", "hunter2"),
            ("<input name=\"password\" value=\"hunter2\">", "hunter2"),
            ("{\"m\":\"{\\\"password\\\":\\\"a\\\\\\\\\\\"}\",\"x\":1}", "a\\\\\\\\"),
            ("{\"m\":\"\\\"password:y\\\\\\\"\\\"\"}", "y"),
            ("psk=\"hunter22\"", "hunter22"),
            ("define('DB_PASSWORD', 'hunter2');", "hunter2"),
            ("os.environ.setdefault(\"DB_PASSWORD\", \"hunter2\")", "hunter2"),
            ("password=abc(def)ghi", "abc(def)ghi"),
            ("secret_key_base: 4f9cb143bb0df4b6768b8272631baf73", "4f9cb143bb0df4b6768b8272631baf73"),
            (r#"{"m":"password=hunter2\nx"}"#, "hunter2"),
            ("app --password hunter2 --port 1", "hunter2"),
            ("app --password=hunter2 x", "hunter2"),
            ("spring.datasource.password = hunter2", "hunter2"),
            ("X-Api-Key: 4f9cb143bb0df4b6768b8272631baf73", "4f9cb143bb0df4b6768b8272631baf73"),
            ("\\\"refresh_token\\\": \\\"PG5dckO4T7b7i6qA\\\"", "PG5dckO4T7b7i6qA"),
            (
                "?sig=fVqSPcfCAG3ROM5tLklPQ5U84XrOlonhHKFcYEZb79w%3D",
                "fVqSPcfCAG3ROM5tLklPQ5U84XrOlonhHKFcYEZb79w%3D",
            ),
        ] {
            assert_eq!(found(&[Kind::Password, Kind::Token], text), value, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "bearer token missing",
            "password reset requested",
            "password=",
            "token expired",
            "passwords must match",
            "password policy: 12 chars",
            "secret santa 2026",
            "auth=basic realm",
            "password: null",
            "\"password\":\"\"",
            "password=********",
            "PWD=/home/bob",
            "max_tokens: 100",
            "token_type: bearer",
            "password: required",
            "password=${DB_PASS}",
            "\"password\":null,",
            "\"tokens\":12",
            "monkey: banana12345678",
            "key: value",
            "password:\nx",
            "std::token::Foo1234",
            "name=\"password\" type=\"password\"",
            "pass: 12 fail: 3",
            "passwd: files systemd",
            "required('password', 'username')",
            "password = os.environ[\"PW\"]",
            "password = getpass.getpass(\"Password\")",
            "password: process.env.DB_PASS",
            "token=Token{a64f992 ActivityRecord{de9231d u0}}",
        ] {
            assert_eq!(found(&[Kind::Password, Kind::Token], text), "", "in {text}");
        }
    }
}
