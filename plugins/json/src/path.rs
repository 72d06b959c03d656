//! Paths: a part of JSONPath (RFC 9535) that can be decided while a document
//! is read once, from its start to its end.
//!
//! A path is `$`, then steps. A step goes to members of the value (`.name`,
//! `['name']`, `[0]`, `.*`, `[*]`, `['a', 'b', 3]`), or with two dots to members
//! at any depth (`..name`, `..*`, `..[0]`). Negative indices, slices and filters
//! need what follows later in the document, so they are refused.

/// A path as the user wrote it, and its steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// The text, without what follows it in a parameter.
    pub(crate) text: String,
    /// The steps from the top-level value down.
    pub(crate) steps: Vec<Step>,
}

/// One step from a value to some of the values in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// Whether the step also starts at every value below (two dots).
    pub(crate) descends: bool,
    /// The members that it leads to: those that any of the selectors names.
    pub(crate) selectors: Vec<Selector>,
}

/// Names members of an object or elements of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    /// Every member and every element.
    All,
    /// The members of an object with this key.
    Name(String),
    /// The element of an array at this place, counted from zero.
    Index(u64),
}

/// Parses the path at the start of `text`. Returns it and the rest of the text.
///
/// # Errors
/// If there is no path, or if it has a form that is not supported.
pub(crate) fn parse(text: &str) -> Result<(Path, &str), String> {
    let hint = || format!("`{text}` must begin with `$`, as in `$.user.email` or `$..password`");
    let mut rest = match text.strip_prefix('$') {
        Some(rest) => rest,
        None if text.starts_with(['.', '[']) => text,
        None => return Err(hint()),
    };
    let mut steps = Vec::new();
    while rest.starts_with(['.', '[']) {
        let (step, after) = step(rest).map_err(|error| format!("the path `{text}`: {error}"))?;
        steps.push(step);
        rest = after;
    }
    let path = &text[..text.len() - rest.len()];
    if let Some(next) =
        rest.chars().next().filter(|next| !matches!(next, '=' | ',' | ':') && !next.is_whitespace())
    {
        return Err(format!(
            "the path `{text}`: `{next}` is not expected after `{path}`; names with such characters are written ['name']"
        ));
    }
    Ok((Path { text: path.into(), steps }, rest))
}

/// The names in the last step of a path; `None` if it leads to other members
/// too.
pub(crate) fn last_names<'p>(path: &'p Path) -> Option<Vec<&'p str>> {
    let name = |selector: &'p Selector| match selector {
        Selector::Name(name) => Some(name.as_str()),
        Selector::All | Selector::Index(_) => None,
    };
    path.steps.last()?.selectors.iter().map(name).collect()
}

fn step(text: &str) -> Result<(Step, &str), String> {
    let (descends, rest) = match text.strip_prefix("..") {
        Some(rest) => (true, rest),
        // `.[0]` and `.["name"]` are jq's forms.
        None => (false, text.strip_prefix('.').filter(|rest| !rest.starts_with('.')).unwrap_or(text)),
    };
    if let Some(list) = rest.strip_prefix('[') {
        let (selectors, rest) = brackets(list)?;
        return Ok((Step { descends, selectors }, rest));
    }
    if let Some(after) = rest.strip_prefix('*') {
        return Ok((Step { descends, selectors: vec![Selector::All] }, after));
    }
    let end = rest.find(|character| !is_in_name(character)).unwrap_or(rest.len());
    if end == 0 {
        return Err(format!("a name, `*` or `[` is expected after the dot in `{text}`"));
    }
    let (name, rest) = rest.split_at(end);
    Ok((Step { descends, selectors: vec![Selector::Name(name.into())] }, rest))
}

/// Whether names may contain this character without quotes.
fn is_in_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '$' | '@' | '#' | '/')
}

/// Parses the selectors after `[`, up to and with the `]`.
fn brackets(text: &str) -> Result<(Vec<Selector>, &str), String> {
    let mut selectors = Vec::new();
    let mut rest = text;
    loop {
        let (selector, after) = selector(rest.trim_start())?;
        selectors.push(selector);
        let after = after.trim_start();
        if let Some(after) = after.strip_prefix(']') {
            return Ok((selectors, after));
        }
        rest = match after.chars().next() {
            Some(',') => &after[1..],
            Some(':') => return Err("slices such as [1:3] are not supported; list the indices: [1,2]".into()),
            _ => return Err(format!("`]` or `,` is expected before `{after}`")),
        };
    }
}

fn selector(text: &str) -> Result<(Selector, &str), String> {
    if let Some(rest) = text.strip_prefix('*') {
        return Ok((Selector::All, rest));
    }
    if let Some(quote) = text.chars().next().filter(|first| matches!(first, '\'' | '"')) {
        let (name, rest) = quoted(&text[1..], quote)?;
        return Ok((Selector::Name(name), rest));
    }
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    match text.chars().next() {
        Some('-') => {
            Err("negative indices are not supported, because the length is known only at the end".into())
        }
        Some('?') => Err("filters such as [?@.a == 1] are not supported".into()),
        Some(':') => Err("slices such as [:3] are not supported; list the indices: [0,1,2]".into()),
        _ if digits == 0 => Err(format!("an index, `*` or a quoted name is expected before `{text}`")),
        _ => match text[..digits].parse() {
            Ok(index) => Ok((Selector::Index(index), &text[digits..])),
            Err(_) => Err(format!("the index {} is too large", &text[..digits])),
        },
    }
}

/// Parses a name up to its closing quote. Its escapes are those of JSON, and
/// `\'`.
fn quoted(text: &str, quote: char) -> Result<(String, &str), String> {
    let mut units = Vec::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == quote {
            let name = String::from_utf16(&units)
                .map_err(|_| format!("half of a surrogate pair stands alone in `{}`", &text[..at]))?;
            return Ok((name, &text[at + 1..]));
        }
        let decoded = match character {
            '\\' => match characters.next() {
                Some((_, escape @ ('"' | '\'' | '\\' | '/'))) => escape,
                Some((_, 'b')) => '\u{8}',
                Some((_, 'f')) => '\u{c}',
                Some((_, 'n')) => '\n',
                Some((_, 'r')) => '\r',
                Some((_, 't')) => '\t',
                Some((at, 'u')) => {
                    let digits = text.get(at + 1..at + 5).filter(|digits| !digits.starts_with('+'));
                    let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
                    units.push(
                        unit.ok_or_else(|| format!("four digits are expected after `\\u` in `{text}`"))?,
                    );
                    characters.nth(3);
                    continue;
                }
                _ => return Err(format!("an escape in `{text}` is not one of JSON")),
            },
            other => other,
        };
        units.extend_from_slice(decoded.encode_utf16(&mut [0; 2]));
    }
    Err(format!("the quote before `{text}` is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Selector {
        Selector::Name(name.into())
    }

    fn steps(text: &str) -> Vec<(bool, Vec<Selector>)> {
        let (path, rest) = parse(text).expect(text);
        assert_eq!(rest, "");
        assert_eq!(path.text, text);
        path.steps.into_iter().map(|step| (step.descends, step.selectors)).collect()
    }

    #[test]
    fn every_form_is_parsed() {
        let one = |selector| (false, vec![selector]);
        assert_eq!(steps("$"), []);
        assert_eq!(steps("$.user.e-mail"), [one(name("user")), one(name("e-mail"))]);
        assert_eq!(steps("$.größe"), [one(name("größe"))]);
        assert_eq!(steps("$..password"), [(true, vec![name("password")])]);
        assert_eq!(steps("..password"), [(true, vec![name("password")])]);
        assert_eq!(steps(".a.[0].*"), [one(name("a")), one(Selector::Index(0)), one(Selector::All)]);
        assert_eq!(
            steps("$.items[*]..*"),
            [one(name("items")), one(Selector::All), (true, vec![Selector::All])]
        );
        assert_eq!(
            steps(r#"$['odd.name'][ "q\"\u0065\ud83d\ude00" , 'it\'s', 7 ]"#),
            [one(name("odd.name")), (false, vec![name("q\"e😀"), name("it's"), Selector::Index(7)])]
        );
        assert_eq!(steps("$..[0]"), [(true, vec![Selector::Index(0)])]);
    }

    #[test]
    fn the_rest_is_handed_back() {
        let (path, rest) = parse(r#"$.a['x=y']="NL""#).expect("a path");
        assert_eq!((path.text.as_str(), rest), ("$.a['x=y']", r#"="NL""#));
        assert_eq!(parse("$.a, $.b").expect("a path").1, ", $.b");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, error) in [
            ("", "must begin with `$`"),
            ("user.email", "must begin with `$`, as in `$.user.email`"),
            ("$user", "`u` is not expected after `$`"),
            ("$.", "a name, `*` or `[` is expected"),
            ("$.a.", "a name, `*` or `[` is expected"),
            ("$...a", "a name, `*` or `[` is expected"),
            ("$.user*", "`*` is not expected after `$.user`"),
            ("$.a[-1]", "negative indices are not supported"),
            ("$.a[1:2]", "slices such as [1:3]"),
            ("$.a[:2]", "slices such as [:3]"),
            ("$.a[?@.b]", "filters"),
            ("$.a[b]", "an index, `*` or a quoted name is expected"),
            ("$.a[0", "`]` or `,` is expected"),
            ("$.a['b]", "is not closed"),
            (r"$.a['\x']", "is not one of JSON"),
            (r"$.a['\u12']", "four digits"),
            (r"$.a['\ud800']", "half of a surrogate pair"),
            ("$.a[99999999999999999999]", "is too large"),
        ] {
            let found = parse(text).expect_err(text);
            assert!(found.contains(error), "{text}: {found}");
        }
    }
}
