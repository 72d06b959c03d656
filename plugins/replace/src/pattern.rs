//! The regular expression to look for: its parsing and its properties.

use regex_automata::meta::{self, Regex};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};
use runner_plugin::Pattern as Prefilter;

use crate::claims::is_about_bytes;
use crate::syntax::{Syntax, Widening};
use crate::within;

/// The host refuses a prefilter whose expression is longer.
const MAX_PREFILTER_BYTES: usize = 64 << 10;
/// Or has more Unicode classes.
const MAX_PREFILTER_CLASSES: usize = 1000;
/// Or is larger than twice this when it is compiled.
const MAX_PREFILTER_AUTOMATON_BYTES: usize = 2 << 20;

/// The largest compiled expression: some hundred thousand words.
const MAX_AUTOMATON_BYTES: usize = 32 << 20;

/// What ends a line, after its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnd {
    Lf,
    /// Or LF alone.
    CrLf,
}

/// How an expression is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// Whether letters match either case.
    pub(crate) ignore_case: bool,
    /// Whether a match must begin and end where a word may.
    pub(crate) word: bool,
    /// Whether CRLF is a line end for `^`, `$` and `.`, in a search that does
    /// not cut the text into lines.
    pub(crate) crlf: bool,
    /// Whether the file begins with a BOM.
    pub(crate) bom: bool,
}

/// A parsed expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    meaning: Meaning,
    pub(crate) syntax: Syntax,
    hir: Hir,
    /// Whether `find` itself has `\b` or the like.
    has_word: bool,
}

impl Pattern {
    /// Parses an expression; `^` and `$` match at line starts and ends.
    ///
    /// # Errors
    /// If it is malformed.
    pub(crate) fn new(text: &str, meaning: Meaning) -> Result<Self, String> {
        let syntax = Syntax::of(text)?;
        let mut parser = ParserBuilder::new()
            .utf8(false)
            .multi_line(true)
            .case_insensitive(meaning.ignore_case)
            .crlf(meaning.crlf)
            .build();
        let mut hir = parser.parse(text).map_err(|error| error.to_string())?;
        let has_word = hir.properties().look_set().contains_word();
        if meaning.word {
            let (start, end) = (Look::WordStartHalfUnicode, Look::WordEndHalfUnicode);
            hir = Hir::concat(vec![Hir::look(start), hir, Hir::look(end)]);
        }
        Ok(Self { text: text.into(), meaning, syntax, hir, has_word })
    }

    /// An expression that matches these bytes alone.
    ///
    /// # Errors
    /// None are known.
    pub(crate) fn literal(bytes: &[u8], meaning: Meaning) -> Result<Self, String> {
        let mut text = String::new();
        for chunk in bytes.utf8_chunks() {
            text.push_str(&regex_syntax::escape(chunk.valid()));
            for byte in chunk.invalid() {
                text.push_str(&format!(r"(?-u:\x{byte:02X})"));
            }
        }
        Self::new(&text, meaning)
    }

    /// Compiles the expression unchanged.
    ///
    /// # Errors
    /// If it is too large.
    pub(crate) fn compile(&self) -> Result<Regex, String> {
        compile(&self.hir)
    }

    /// The expression itself.
    pub(crate) fn hir(&self) -> &Hir {
        &self.hir
    }

    /// Compiles the expression so that in a text of many lines it finds the
    /// same matches as in each line alone, without the line end. So one search
    /// covers a whole window.
    ///
    /// # Errors
    /// If it can only match across lines, or asks for more than a line.
    pub(crate) fn within_lines(&self, name: &str) -> Result<Regex, String> {
        // Only `find` can be searched in the whole file.
        let multiline = if name == "find" { "set `multiline`, or " } else { "" };
        if self.syntax.dot_all {
            return Err(format!(
                "`{name}` has the flag `s`, with which `.` matches a line end, but each line is searched \
                 alone: {multiline}remove the flag"
            ));
        }
        if self.syntax.names_lf {
            return Err(format!(
                "`{name}` looks for a line end, but each line is searched alone, without its line end: \
                 {multiline}leave it out"
            ));
        }
        let looks = self.hir.properties().look_set();
        if looks.contains(Look::Start) || looks.contains(Look::End) {
            return Err(format!(
                "`{name}` has `\\A` or `\\z`, the start or end of the file, but each line is searched \
                 alone: {multiline}write `^` or `$`"
            ));
        }
        let hir = within::without_line_ends(&self.hir);
        if within::never_matches(&hir) {
            return Err(format!(
                "`{name}` matches only across lines, or nothing at all: {multiline}correct it"
            ));
        }
        compile(&hir)
    }

    /// Whether a match may be empty.
    pub(crate) fn matches_empty(&self) -> bool {
        within::matches_empty(&self.hir)
    }

    /// Whether the end of the file is asked for.
    pub(crate) fn has_text_end(&self) -> bool {
        self.hir.properties().look_set().contains(Look::End)
    }

    /// The length of the longest match, if it is bounded.
    pub(crate) fn longest(&self) -> Option<usize> {
        self.hir.properties().maximum_len()
    }

    /// Whether a CR before a line end can make a difference to its matches.
    pub(crate) fn sees_cr(&self) -> bool {
        self.matches_empty() || sees_cr(&self.hir)
    }

    /// Whether bytes that are not UTF-8 are to be shown as characters. Not so
    /// where the expression is about bytes.
    pub(crate) fn sees_invalid(&self) -> bool {
        self.syntax.complements && !self.has_bytes()
    }

    /// Whether it matches bytes beyond ASCII that need not be characters.
    pub(crate) fn has_bytes(&self) -> bool {
        has_bytes(&self.hir)
    }

    /// Whether a text in it is meant as bytes.
    pub(crate) fn is_about_bytes(&self) -> bool {
        any(&self.hir, &|kind| matches!(kind, HirKind::Literal(literal) if is_about_bytes(&literal.0)))
    }

    /// The length of every match, if it is always the same in the file.
    pub(crate) fn only_length(&self) -> Option<usize> {
        let least = self.hir.properties().minimum_len();
        self.longest().filter(|longest| least == Some(*longest) && !self.sees_invalid())
    }

    /// The expression as a prefilter of lines, which include their line ends.
    /// The search does not see them.
    pub(crate) fn line_prefilter(&self, line_end: LineEnd) -> Option<Prefilter> {
        let flags = if line_end == LineEnd::CrLf { "(?R)" } else { "" };
        self.prefilter(flags, Some(r"[^\n]"))
    }

    /// The expression as a prefilter of windows. It sees a window only from the
    /// place where a match must start.
    pub(crate) fn window_prefilter(&self) -> Option<Prefilter> {
        // At that place, the other assertions hold at least as often as in the
        // file.
        if self.has_word {
            return None;
        }
        self.prefilter(if self.meaning.crlf { "(?R)" } else { "" }, None)
    }

    fn prefilter(&self, flags: &str, dot: Option<&'static str>) -> Option<Prefilter> {
        if self.matches_empty() || self.has_text_end() || self.syntax.classes > MAX_PREFILTER_CLASSES {
            return None;
        }
        let ignore_case = if self.meaning.ignore_case { "(?i)" } else { "" };
        let text = format!(
            "{flags}{ignore_case}{}",
            self.syntax.widened(&self.text, Widening { dot, bom: self.meaning.bom })
        );
        if text.len() > MAX_PREFILTER_BYTES || !is_small(&text) {
            return None;
        }
        Some(Prefilter::Regex(text))
    }
}

/// Whether the host compiles this expression.
fn is_small(text: &str) -> bool {
    let parsed = ParserBuilder::new().utf8(false).multi_line(true).build().parse(text);
    let config = thompson::Config::new()
        .utf8(false)
        .nfa_size_limit(Some(MAX_PREFILTER_AUTOMATON_BYTES))
        .which_captures(WhichCaptures::None);
    parsed.is_ok_and(|hir| thompson::Compiler::new().configure(config).build_from_hir(&hir).is_ok())
}

fn compile(hir: &Hir) -> Result<Regex, String> {
    let config = meta::Config::new().utf8_empty(false).nfa_size_limit(Some(MAX_AUTOMATON_BYTES));
    let regex = meta::Builder::new().configure(config).build_from_hir(hir);
    regex.map_err(|error| match error.size_limit() {
        Some(limit) => {
            format!("the expression needs more than {limit} bytes when it is compiled: make it shorter")
        }
        None => error.to_string(),
    })
}

/// Calls `test` for every part of an expression until it holds.
fn any(hir: &Hir, test: &dyn Fn(&HirKind) -> bool) -> bool {
    let below = match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
        HirKind::Repetition(repetition) => any(&repetition.sub, test),
        HirKind::Capture(capture) => any(&capture.sub, test),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(|part| any(part, test)),
    };
    below || test(hir.kind())
}

fn sees_cr(hir: &Hir) -> bool {
    any(hir, &|kind| match kind {
        HirKind::Literal(literal) => literal.0.contains(&b'\r'),
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&'\r'))
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b'\r'))
        }
        HirKind::Look(look) => matches!(look, Look::EndLF | Look::EndCRLF),
        // `x*` matches before the line end.
        HirKind::Empty => true,
        HirKind::Repetition(repetition) => repetition.min == 0,
        HirKind::Capture(_) | HirKind::Concat(_) | HirKind::Alternation(_) => false,
    })
}

/// Whether it matches bytes beyond ASCII that need not be characters.
fn has_bytes(hir: &Hir) -> bool {
    any(hir, &|kind| match kind {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).is_err(),
        HirKind::Class(Class::Bytes(class)) => class.ranges().iter().any(|range| range.end() > 0x7F),
        _ => false,
    })
}
