//! The references to columns, paths and tables in parameters.

/// How references are written in a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Names: `email,"Name, full",3`.
    Names,
    /// Names with dots between their parts: `users.email,"my.table"."e=mail"`.
    Dotted,
    /// Paths: `$.user.email,$['a,b'].c,$[0,1]`. Commas and `=` inside of
    /// brackets belong to the path.
    Paths,
}

/// A part of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The text without quotes.
    pub text: String,
    /// Whether it was in double quotes, so that it is a name even if it looks
    /// like a position or a pattern.
    pub quoted: bool,
}

/// A reference to a column or the like. With [`Syntax::Dotted`] it has one part
/// or several, otherwise one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The parts; never empty.
    pub parts: Vec<Part>,
}

impl Target {
    /// The text of the whole reference, with dots between parts and without
    /// quotes.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".")
    }

    /// Whether a part was in quotes.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.parts.iter().any(|part| part.quoted)
    }
}

/// Parses references between commas, up to a `=`, a line end or the end. The
/// returned rest begins with that sign or is empty.
///
/// # Errors
/// If a reference is missing, a quote is not closed, or text follows it.
pub fn parse_targets(text: &str, syntax: Syntax) -> Result<(Vec<Target>, &str), String> {
    let mut targets = Vec::new();
    let mut rest = text;
    loop {
        let (target, after) = parse_target(rest, syntax)?;
        targets.push(target);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None => return Ok((targets, after)),
        }
    }
}

/// Parses one reference up to a comma, a `=`, a line end or the end. Quotes are
/// always `"` here, whatever the file uses, and a quote inside is doubled.
///
/// # Errors
/// As [`parse_targets`].
pub fn parse_target(text: &str, syntax: Syntax) -> Result<(Target, &str), String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.trim_start_matches(' ').strip_prefix('"') {
            Some(quoted) => parse_quoted(quoted, text)?,
            None => parse_bare(rest, syntax),
        };
        if part.text.is_empty() && !part.quoted {
            return Err(format!("a name is missing in `{text}`"));
        }
        let after = after.trim_start_matches(' ');
        match after.chars().next() {
            Some('.') if syntax == Syntax::Dotted => rest = &after[1..],
            None | Some(',' | '=' | '\n' | '\r') => {
                parts.push(part);
                return Ok((Target { parts }, after));
            }
            _ => return Err(format!("`{after}` follows the quoted name `{}`", part.text)),
        }
        parts.push(part);
    }
}

fn parse_bare(text: &str, syntax: Syntax) -> (Part, &str) {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    let is_end = |char: char| match char {
        _ if syntax != Syntax::Paths => {
            matches!(char, ',' | '=' | '\n' | '\r') || char == '.' && syntax == Syntax::Dotted
        }
        _ if escaped => {
            escaped = false;
            false
        }
        '\\' if quote.is_some() => {
            escaped = true;
            false
        }
        _ if quote.is_some() => {
            quote = quote.filter(|&open| open != char);
            false
        }
        '\'' | '"' if depth > 0 => {
            quote = Some(char);
            false
        }
        '[' | '(' => {
            depth += 1;
            false
        }
        ']' | ')' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => depth == 0 && matches!(char, ',' | '=' | '\n' | '\r'),
    };
    let (name, after) = text.split_at(text.find(is_end).unwrap_or(text.len()));
    (Part { text: name.trim().into(), quoted: false }, after)
}

fn parse_quoted<'t>(mut rest: &'t str, whole: &str) -> Result<(Part, &'t str), String> {
    let mut text = String::new();
    loop {
        let (before, after) =
            rest.split_once('"').ok_or_else(|| format!("a quote is not closed in `{whole}`"))?;
        text.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                text.push('"');
                rest = after;
            }
            None => return Ok((Part { text, quoted: true }, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str, syntax: Syntax) -> Result<(Vec<String>, &str), String> {
        parse_targets(text, syntax).map(|(targets, rest)| (targets.iter().map(Target::text).collect(), rest))
    }

    #[test]
    fn names_stand_between_commas() {
        for (syntax, text, names, rest) in [
            (
                Syntax::Names,
                "id , \"Name, full\",4,\"say \"\"hi\"\"\" =x",
                &["id", "Name, full", "4", "say \"hi\""][..],
                "=x",
            ),
            (Syntax::Names, "a.b,c[1]", &["a.b", "c[1]"], ""),
            (Syntax::Names, "a\nb\tc", &["a"], "\nb\tc"),
            (
                Syntax::Dotted,
                "users.email,\"my.table\".\"e=mail\"=2",
                &["users.email", "my.table.e=mail"],
                "=2",
            ),
            (
                Syntax::Paths,
                "$.a.b,$['x,=y'].c,$[0,1],..d=1",
                &["$.a.b", "$['x,=y'].c", "$[0,1]", "..d"],
                "=1",
            ),
            (Syntax::Paths, "$[?(@.a==\"b]\\\",\")].c=x", &["$[?(@.a==\"b]\\\",\")].c"], "=x"),
            (Syntax::Paths, "\"a=b\",c", &["a=b", "c"], ""),
        ] {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(texts(text, syntax), Ok((names, rest)), "{text}");
        }
    }

    #[test]
    fn the_parts_of_a_dotted_name_are_told_apart() {
        let (target, rest) = parse_target("public.\"a.b\". c=1", Syntax::Dotted).expect("a name");
        let part = |text: &str, quoted| Part { text: text.into(), quoted };
        assert_eq!(target.parts, [part("public", false), part("a.b", true), part("c", false)]);
        assert!(target.is_quoted() && rest == "=1");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, error) in [
            ("", "a name is missing in ``"),
            ("a,,b", "a name is missing in `,b`"),
            ("a,", "a name is missing in ``"),
            ("\"a", "a quote is not closed in `\"a`"),
            ("\"a\"b", "`b` follows the quoted name `a`"),
            ("a.", "a name is missing in `a.`"),
        ] {
            assert_eq!(texts(text, Syntax::Dotted), Err(error.into()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn quoted_names_come_back(names in prop::collection::vec("[a, \"=1.$\\[\n]{0,4}", 1..5)) {
            let list: Vec<_> = names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
            let list = list.join(" , ");
            for syntax in [Syntax::Names, Syntax::Dotted, Syntax::Paths] {
                prop_assert_eq!(texts(&list, syntax), Ok((names.clone(), "")));
            }
        }

        #[test]
        fn any_text_is_a_list_or_an_error(text in "[a,=\"'.\\[\\]()\\\\ \né$@]{0,16}") {
            for syntax in [Syntax::Names, Syntax::Dotted, Syntax::Paths] {
                if let Ok((targets, rest)) = parse_targets(&text, syntax) {
                    prop_assert!(!targets.is_empty() && text.ends_with(rest));
                    prop_assert!(rest.is_empty() || rest.starts_with(['=', '\n', '\r']));
                }
            }
        }
    }
}
