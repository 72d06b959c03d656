//! Reads a file of rules: TOML in the form of gitleaks' configuration
//! (<https://github.com/gitleaks/gitleaks#configuration>), with four fields
//! more: `context`, `value`, `start` and `anchor`.

use super::anchor::Anchor;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file of rules, as written.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) rules: Vec<Spec>,
    /// Allowlists for several rules, each with the ids of its rules; without
    /// any, it applies to all.
    pub(super) allowlists: Vec<(AllowSpec, Vec<String>)>,
    /// Whether the built-in rules apply as well.
    pub(super) use_default: bool,
    /// The ids of built-in rules that do not apply.
    pub(super) disabled: Vec<String>,
    /// What is not read, for people.
    pub(super) notes: Vec<String>,
}

/// A rule, as written.
#[derive(Debug, Clone, Default)]
pub(super) struct Spec {
    pub(super) id: String,
    /// The line of the file where the rule begins.
    pub(super) line: usize,
    pub(super) regex: Option<String>,
    /// Names of which one must stand before the value, and the expression of
    /// the value: the form of a rule instead of `regex`.
    pub(super) context: Vec<String>,
    pub(super) value: Option<String>,
    pub(super) secret_group: usize,
    pub(super) entropy: f64,
    pub(super) keywords: Vec<String>,
    pub(super) anchor: Option<Anchor>,
    /// Whether the rule applies to files of certain names only.
    pub(super) has_path: bool,
    /// Whether a match must begin at the beginning of a word.
    pub(super) at_word: bool,
    pub(super) allowlists: Vec<AllowSpec>,
    /// Whether it is a built-in rule as it is, which a test has checked.
    pub(super) is_trusted: bool,
}

/// An allowlist, as written.
#[derive(Debug, Clone, Default)]
pub(super) struct AllowSpec {
    pub(super) line: usize,
    pub(super) target: Target,
    /// Whether every condition must hold, not one.
    pub(super) all: bool,
    pub(super) regexes: Vec<String>,
    pub(super) stop_words: Vec<String>,
    /// Whether there is a condition on the file's name or commit, which never
    /// holds here.
    pub(super) has_other: bool,
}

/// What the expressions of an allowlist look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Target {
    #[default]
    Secret,
    Match,
    Line,
}

/// A table and where it stands, for messages.
struct Table<'t> {
    text: &'t str,
    /// What the table is, such as "rule `x`".
    what: String,
    table: &'t DeTable<'t>,
}

impl File {
    /// Parses a file.
    ///
    /// # Errors
    /// If it is not such a file. The message names the rule and the line.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            format!("line {line} of the rules is not TOML: {}", error.message())
        })?;
        let top = Table { text, what: "the file".into(), table: document.get_ref() };
        let mut file = Self::default();
        let known = ["title", "description", "minVersion", "extend", "rules", "allowlist", "allowlists"];
        top.note_others(&known, &mut file.notes);
        if let Some(extend) = top.tables("extend")?.first() {
            if extend.table.contains_key("path") || extend.table.contains_key("url") {
                return Err(format!(
                    "line {}: `extend` names another file, which cannot be read: copy its rules here",
                    extend.line()
                ));
            }
            file.use_default = extend.boolean("useDefault")?;
            file.disabled = extend.strings("disabledRules")?;
        }
        for name in ["allowlist", "allowlists"] {
            for table in top.tables(name)? {
                file.allowlists.push((allowlist(&table)?, table.strings("targetRules")?));
            }
        }
        for table in top.tables("rules")? {
            file.rules.push(rule(table, &mut file.notes)?);
        }
        Ok(file)
    }
}

fn rule(mut table: Table<'_>, notes: &mut Vec<String>) -> Result<Spec, String> {
    let id = table.string("id")?.filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| table.error("has no `id`"))?;
    table.what = format!("rule `{id}`");
    let known = [
        "id",
        "description",
        "regex",
        "secretGroup",
        "entropy",
        "keywords",
        "path",
        "tags",
        "allowlist",
        "allowlists",
        "context",
        "value",
        "start",
        "anchor",
        "source",
        "skipReport",
    ];
    table.note_others(&known, notes);
    let at_word = match table.string("start")?.as_deref() {
        None => false,
        Some("word") => true,
        Some(other) => return Err(table.error(&format!("has `start = \"{other}\"`, which must be \"word\""))),
    };
    let anchor = match table.string("anchor")? {
        None => None,
        Some(text) => Some(Anchor::parse(&text).ok_or_else(|| {
            table.error(&format!("has the anchor `{text}`, which must be two bytes with `?` between them"))
        })?),
    };
    let mut allowlists = Vec::new();
    for name in ["allowlist", "allowlists"] {
        for allow in table.tables(name)? {
            allowlists.push(allowlist(&allow)?);
        }
    }
    Ok(Spec {
        is_trusted: false,
        line: table.line(),
        regex: table.string("regex")?,
        context: table.strings("context")?,
        value: table.string("value")?,
        secret_group: table.number("secretGroup")? as usize,
        entropy: table.number("entropy")?,
        keywords: table.strings("keywords")?,
        has_path: table.string("path")?.is_some(),
        anchor,
        at_word,
        allowlists,
        id,
    })
}

fn allowlist(table: &Table<'_>) -> Result<AllowSpec, String> {
    let target = match table.string("regexTarget")?.as_deref() {
        None | Some("" | "secret") => Target::Secret,
        Some("match") => Target::Match,
        Some("line") => Target::Line,
        Some(other) => return Err(table.error(&format!("has the unknown regexTarget `{other}`"))),
    };
    let all = match table.string("condition")?.as_deref() {
        None | Some("" | "OR" | "or" | "||") => false,
        Some("AND" | "and" | "&&") => true,
        Some(other) => return Err(table.error(&format!("has the unknown condition `{other}`"))),
    };
    let has_other = !table.strings("paths")?.is_empty() || !table.strings("commits")?.is_empty();
    Ok(AllowSpec {
        line: table.line(),
        target,
        all,
        regexes: table.strings("regexes")?,
        stop_words: table.strings("stopwords")?,
        has_other,
    })
}

impl<'t> Table<'t> {
    fn get(&self, name: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(name)
    }

    /// The line of the first of its keys.
    fn line(&self) -> usize {
        let start = self.table.keys().map(|key| key.span().start).min();
        line_of(self.text, start.unwrap_or(0))
    }

    fn error(&self, problem: &str) -> String {
        format!("{} (line {}) {problem}", self.what, self.line())
    }

    /// The error that a field is of the wrong type.
    fn wrong(&self, span: Range<usize>, name: &str, wanted: &str) -> String {
        format!("{} (line {}): `{name}` must be {wanted}", self.what, line_of(self.text, span.start))
    }

    fn string(&self, name: &str) -> Result<Option<String>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.get_ref().as_str();
        text.map(|text| Some(text.into())).ok_or_else(|| self.wrong(value.span(), name, "a string"))
    }

    fn strings(&self, name: &str) -> Result<Vec<String>, String> {
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let list = value.get_ref().as_array();
        let strings = list.and_then(|list| {
            list.iter().map(|item| item.get_ref().as_str().map(String::from)).collect::<Option<Vec<_>>>()
        });
        strings.ok_or_else(|| self.wrong(value.span(), name, "a list of strings"))
    }

    fn boolean(&self, name: &str) -> Result<bool, String> {
        let Some(value) = self.get(name) else { return Ok(false) };
        value.get_ref().as_bool().ok_or_else(|| self.wrong(value.span(), name, "true or false"))
    }

    /// A number of zero or more; zero if there is none.
    fn number(&self, name: &str) -> Result<f64, String> {
        let Some(value) = self.get(name) else { return Ok(0.0) };
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| (0.0..1e6).contains(number));
        number.ok_or_else(|| self.wrong(value.span(), name, "a number of zero or more"))
    }

    /// The tables of this name: one, or a list.
    fn tables(&self, name: &str) -> Result<Vec<Table<'t>>, String> {
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let wrap = |table| Table { text: self.text, what: format!("`{name}` of {}", self.what), table };
        let tables = match value.get_ref() {
            DeValue::Table(table) => Some(vec![wrap(table)]),
            DeValue::Array(list) => list.iter().map(|item| item.get_ref().as_table().map(wrap)).collect(),
            _ => None,
        };
        tables.ok_or_else(|| self.wrong(value.span(), name, "a table"))
    }

    /// Notes the keys that are not read, so that nothing is ignored in silence.
    fn note_others(&self, known: &[&str], notes: &mut Vec<String>) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let line = line_of(self.text, key.span().start);
            notes.push(format!("{} (line {line}): `{}` is not read", self.what, key.get_ref()));
        }
    }
}

/// The number of the line of the byte at `at`, from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count()
}
