//! Translates expressions of Go's `regexp` (RE2 syntax,
//! <https://github.com/google/re2/wiki/Syntax>) to the syntax of
//! `regex-syntax`, without Unicode.
//!
//! The syntaxes differ in these points:
//! - In Go, a `{` that begins no repetition is a literal, and in a class every
//!   `[` is one that does not begin `[:name:]`. Go's classes have no `&&`, `--`
//!   and `~~`.
//! - `\s` has no vertical tab in Go.
//! - `\<` and `\>` are literals in Go; every escaped sign is one.
//! - Go has octal escapes, `\Q...\E` and `\C`.

use std::fmt::Write;

/// Translates a Go expression. An invalid one may be translated to an invalid
/// one: the parser says what is wrong.
pub(crate) fn translate(go: &str) -> String {
    let mut out = String::with_capacity(go.len() + 16);
    let mut rest = go;
    while let Some(character) = rest.chars().next() {
        rest = match character {
            '\\' => escape(rest, Place::Outside, &mut out),
            '[' => class(rest, &mut out),
            '{' if !is_repetition(rest) => {
                out.push_str("\\{");
                &rest[1..]
            }
            _ => {
                out.push(character);
                &rest[character.len_utf8()..]
            }
        };
    }
    out
}

/// Where an escape stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Class,
}

/// Whether `{n}`, `{n,}` or `{n,m}` stands at the beginning of `text`.
fn is_repetition(text: &str) -> bool {
    let Some((inside, _)) = text[1..].split_once('}') else { return false };
    let is_number =
        |part: &str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    match inside.split_once(',') {
        Some((min, max)) => is_number(min) && (max.is_empty() || is_number(max)),
        None => is_number(inside),
    }
}

/// Translates the escape at the beginning of `text`, and returns what follows.
fn escape<'t>(text: &'t str, place: Place, out: &mut String) -> &'t str {
    let mut characters = text[1..].chars();
    let Some(escaped) = characters.next() else {
        out.push('\\');
        return "";
    };
    let rest = characters.as_str();
    match escaped {
        's' if place == Place::Outside => out.push_str("[\\t\\n\\f\\r ]"),
        's' => out.push_str("\\t\\n\\f\\r "),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        'C' => out.push_str("(?s-u:.)"),
        'Q' => {
            let (literal, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            literal.chars().for_each(|character| push_literal(character, out));
            return rest;
        }
        // Outside of a class, Go has octal escapes of `0` and of two digits or
        // more: one digit would be a reference, which it does not have.
        '0'..='7' => {
            let digits = 1 + rest.bytes().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            let value = u32::from_str_radix(&text[1..=digits], 8).unwrap_or_default();
            if digits == 1 && escaped != '0' {
                out.push('\\');
                out.push(escaped);
            } else if write!(out, "\\x{{{value:x}}}").is_err() {
                return "";
            }
            return &text[1 + digits..];
        }
        'x' | 'p' | 'P' => {
            out.push('\\');
            out.push(escaped);
            // The braces are a part of the escape.
            if rest.starts_with('{') {
                let end = rest.find('}').map_or(rest.len(), |end| end + 1);
                out.push_str(&rest[..end]);
                return &rest[end..];
            }
        }
        letter if letter.is_ascii_alphanumeric() => {
            out.push('\\');
            out.push(letter);
        }
        sign => push_literal(sign, out),
    }
    rest
}

/// Appends `character` as a literal, wherever it stands.
fn push_literal(character: char, out: &mut String) {
    if character.is_ascii_punctuation() || character == ' ' {
        let _ = write!(out, "\\x{:02x}", u32::from(character));
    } else {
        out.push(character);
    }
}

/// Translates the class at the beginning of `text`, and returns what follows.
fn class<'t>(text: &'t str, out: &mut String) -> &'t str {
    out.push('[');
    let mut rest = &text[1..];
    if let Some(negated) = rest.strip_prefix('^') {
        out.push('^');
        rest = negated;
    }
    // A `]` at the beginning is a literal.
    if let Some(after) = rest.strip_prefix(']') {
        out.push_str("\\]");
        rest = after;
    }
    while let Some(character) = rest.chars().next() {
        let named = rest.strip_prefix("[:").and_then(|inside| inside.find(":]")).map(|end| end + 4);
        rest = match (character, named) {
            (']', _) => {
                out.push(']');
                return &rest[1..];
            }
            ('\\', _) => escape(rest, Place::Class, out),
            ('[', Some(end)) => {
                out.push_str(&rest[..end]);
                &rest[end..]
            }
            // `-` stays as it is: it may be a range.
            ('[' | '&' | '~', _) => {
                push_literal(character, out);
                &rest[1..]
            }
            ('-', _) if rest.starts_with("--") => {
                out.push_str("\\x2d");
                &rest[1..]
            }
            _ => {
                out.push(character);
                &rest[character.len_utf8()..]
            }
        };
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::translate;
    use regex_automata::meta::Regex;
    use regex_automata::util::syntax;

    fn find<'t>(go: &str, text: &'t str) -> Option<&'t str> {
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        let regex = Regex::builder().syntax(syntax).build(&translate(go)).expect(go);
        regex.find(text).map(|found| &text[found.range()])
    }

    #[test]
    fn braces_that_repeat_nothing_are_literals() {
        assert_eq!(find(r"^\${(?:[A-Z_]+)}$", "${HOME}"), Some("${HOME}"));
        assert_eq!(find(r"{{[^}]+}}", "a {{b}}"), Some("{{b}}"));
        assert_eq!(find(r"^{\d{0,2}}$", "{12}"), Some("{12}"));
        assert_eq!(find(r"a{2}{,3}", "aa{,3}"), Some("aa{,3}"));
    }

    #[test]
    fn classes_hold_what_they_hold_in_go() {
        assert_eq!(find(r"[[a]+", "x[a["), Some("[a["));
        assert_eq!(find(r"[^]]+", "]ab]"), Some("ab"));
        assert_eq!(find(r"[a&&b]+", "x&a&"), Some("&a&"));
        assert_eq!(find(r"[\w .-/]+", "?a-b ./c"), Some("a"));
        assert_eq!(find(r"[[:alnum:]_]+", "-a_1-"), Some("a_1"));
        assert_eq!(find(r"[\s,]+", "a\u{b} ,"), Some(" ,"));
        assert_eq!(find(r"[^\S]+", "a\u{b}\t "), Some("\t "));
    }

    #[test]
    fn escapes_mean_what_they_mean_in_go() {
        assert_eq!(find(r"\<\>", "<>"), Some("<>"));
        assert_eq!(find(r"\101\x42\x{43}", "ABC"), Some("ABC"));
        assert_eq!(find(r"\Qa.b{\Ec", "a.b{c"), Some("a.b{c"));
        assert_eq!(find(r"a\z", "aa"), Some("a"));
        assert_eq!(find(r"\s+", "\u{b} \t"), Some(" \t"));
        assert_eq!(find(r"(?i)ab(?-s:.)c", "ABxC"), Some("ABxC"));
    }
}
