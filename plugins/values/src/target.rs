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
