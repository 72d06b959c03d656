//! The regular expression to look for: its parsing and its properties.

use regex_automata::meta::{self, Regex};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange};
use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

/// Whether letters match either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Only the case given.
    Sensitive,
    /// Either case.
    Insensitive,
}

/// A parsed expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// The text for the prefilter, with all flags inside the expression.
    text: String,
    hir: Hir,
}

impl Pattern {
    /// Parses an expression; `^` and `$` match at line starts and ends.
    pub(crate) fn new(text: &str, case: Case) -> Result<Self, String> {
        let ignore_case = case == Case::Insensitive;
        let mut parser =
            ParserBuilder::new().utf8(false).multi_line(true).case_insensitive(ignore_case).build();
        let hir = parser.parse(text).map_err(|error| error.to_string())?;
        let flags = if ignore_case { "(?i)" } else { "" };
        Ok(Self { text: format!("{flags}{text}"), hir })
    }

    /// A text whose letters match either case.
    pub(crate) fn literal(text: &str) -> Result<Self, String> {
        Self::new(&regex_syntax::escape(text), Case::Insensitive)
    }

    /// Compiles the expression unchanged.
    pub(crate) fn compile(&self) -> Result<Regex, String> {
        compile(&self.hir)
    }

    /// Compiles the expression so that in a text of many lines it finds the
    /// same matches as in each line alone, without the line end.
    ///
    /// Line ends are removed from the expression, so a match cannot leave its
    /// line. Assertions about the start or end of the text become assertions
    /// about a line. So one search covers a whole window.
    pub(crate) fn within_lines(&self) -> Result<Regex, String> {
        let hir = without_line_ends(&self.hir);
        if never_matches(&hir) {
            return Err("`find` matches only across lines, or nothing at all: set `multiline`".into());
        }
        compile(&hir)
    }

    /// Whether a match may be empty.
    pub(crate) fn matches_empty(&self) -> bool {
        matches_empty(&self.hir)
    }

    /// The length of the longest match, if it is bounded.
    pub(crate) fn longest(&self) -> Option<usize> {
        self.hir.properties().maximum_len()
    }

    /// The expression as a prefilter of lines, which include their line ends.
    pub(crate) fn line_prefilter(&self) -> Option<runner_plugin::Pattern> {
        // The end of the record is after the line end.
        if self.hir.properties().look_set().contains(Look::End) {
            return None;
        }
        self.prefilter()
    }

    /// The expression as a prefilter of windows. It sees a window only from the
    /// place where a match must start.
    pub(crate) fn window_prefilter(&self) -> Option<runner_plugin::Pattern> {
        // At that place, the other assertions hold at least as often as in the
        // file.
        if self.hir.properties().look_set().contains_word() {
            return None;
        }
        self.prefilter()
    }

    fn prefilter(&self) -> Option<runner_plugin::Pattern> {
        if self.matches_empty() { None } else { Some(runner_plugin::Pattern::Regex(self.text.clone())) }
    }
}

/// Whether "either case" is the same as "either ASCII case". This is not so for
/// `k` and `s`, which also match the Kelvin sign and the long s.
pub(crate) fn is_ascii_folding(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii() && !matches!(byte.to_ascii_lowercase(), b'k' | b's'))
}

fn compile(hir: &Hir) -> Result<Regex, String> {
    let config = meta::Config::new().utf8_empty(false);
    let regex = meta::Builder::new().configure(config).build_from_hir(hir);
    regex.map_err(|error| error.to_string())
}

/// Whether a match may be empty. The parser's `minimum_len` is not known if
/// a branch can never match: `(?:|[a&&b])`.
fn matches_empty(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(_) | HirKind::Class(_) => false,
        HirKind::Repetition(repetition) => repetition.min == 0 || matches_empty(&repetition.sub),
        HirKind::Capture(capture) => matches_empty(&capture.sub),
        HirKind::Concat(parts) => parts.iter().all(matches_empty),
        HirKind::Alternation(parts) => parts.iter().any(matches_empty),
    }
}

/// Whether it requires a character of an empty class.
fn never_matches(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) => false,
        HirKind::Class(class) => class.minimum_len().is_none(),
        HirKind::Repetition(repetition) => repetition.min > 0 && never_matches(&repetition.sub),
        HirKind::Capture(capture) => never_matches(&capture.sub),
        HirKind::Concat(parts) => parts.iter().any(never_matches),
        HirKind::Alternation(parts) => parts.iter().all(never_matches),
    }
}

/// The same expression for texts without `\n`. The parser limits the depth.
fn without_line_ends(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => Hir::fail(),
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Look(Look::Start) => Hir::look(Look::StartLF),
        HirKind::Look(Look::End) => Hir::look(Look::EndLF),
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(without_line_ends(&repetition.sub));
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Capture(capture) => {
            let sub = Box::new(without_line_ends(&capture.sub));
            Hir::capture(Capture { sub, ..capture.clone() })
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(without_line_ends).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(without_line_ends).collect()),
    }
}
