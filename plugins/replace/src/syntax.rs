//! What an expression says in its own words, before it is translated.
//!
//! A byte that is not part of valid UTF-8 counts as a character of its own: `.`
//! matches it, and so does every class that is a complement, such as `[^a]` or
//! `\W`, because it is none of what the class excludes.

use std::convert::Infallible;

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassBracketed, ClassSet, ClassSetBinaryOpKind, ClassSetItem, Flag,
    FlagsItemKind, GroupKind, HexLiteralKind, LiteralKind, Span, Visitor,
};

/// The character that a file may begin with to say that it is UTF-8.
const BOM: char = '\u{feff}';

/// How an expression is widened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Widening {
    /// What stands for `.`, if it is not itself.
    pub(crate) dot: Option<&'static str>,
    /// Whether a BOM may stand before a line.
    pub(crate) bom: bool,
}

/// What an expression says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Syntax {
    /// It sets the flag `s`, so that `.` matches a line end.
    pub(crate) dot_all: bool,
    /// It has the character CR.
    pub(crate) names_cr: bool,
    /// It looks for a line feed: as a character, or in a class that is not
    /// negated. Not so `\s` and `[^a]`, which match many characters.
    pub(crate) names_lf: bool,
    /// It has the character U+FEFF.
    pub(crate) names_bom: bool,
    /// It writes a character beyond ASCII as `\xHH`, the first of which this is.
    pub(crate) hex_char: Option<char>,
    /// It has classes that match a byte that is not UTF-8.
    pub(crate) complements: bool,
    /// Number of Unicode classes, as the host's prefilter counts them.
    pub(crate) classes: usize,
    /// Where such a class, `.` or `^` stands.
    places: Vec<(Span, Place)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Dot,
    Complement,
    LineStart,
}

impl Syntax {
    /// Reads an expression.
    ///
    /// # Errors
    /// If it is malformed.
    pub(crate) fn of(text: &str) -> Result<Self, String> {
        let tree = Parser::new().parse(text).map_err(|error| error.to_string())?;
        let Ok(syntax) = ast::visit(&tree, Reader(Self::default()));
        Ok(syntax)
    }

    /// An expression for bytes that matches wherever `text`, of which this is
    /// the syntax, matches in a file with invalid bytes.
    pub(crate) fn widened(&self, text: &str, widening: Widening) -> String {
        let mut out = String::with_capacity(text.len() + 24 * self.places.len());
        let mut done = 0;
        for (span, place) in &self.places {
            let (start, end) = (span.start.offset, span.end.offset);
            out.push_str(&text[done..start]);
            let old = &text[start..end];
            match place {
                Place::Dot | Place::Complement => {
                    let class = widening.dot.filter(|_| *place == Place::Dot).unwrap_or(old);
                    out.push_str(&format!(r"(?:{class}|(?-u:[\x80-\xFF]))"));
                }
                Place::LineStart if !widening.bom => out.push_str(old),
                Place::LineStart => out.push_str(&format!(r"(?:{old}(?:\x{{FEFF}})?)")),
            }
            done = end;
        }
        out.push_str(&text[done..]);
        out
    }
}

/// Visits an expression.
struct Reader(Syntax);

impl Reader {
    fn literal(&mut self, literal: &ast::Literal) {
        let char = literal.c;
        self.0.names_cr |= char == '\r';
        self.0.names_bom |= char == BOM;
        if literal.kind == LiteralKind::HexFixed(HexLiteralKind::X) && !char.is_ascii() {
            self.0.hex_char.get_or_insert(char);
        }
    }

    fn flags(&mut self, flags: &ast::Flags) {
        let on = flags.items.iter().take_while(|item| !matches!(item.kind, FlagsItemKind::Negation));
        for item in on {
            self.0.dot_all |= matches!(item.kind, FlagsItemKind::Flag(Flag::DotMatchesNewLine));
        }
    }

    fn place(&mut self, span: Span, place: Place) {
        self.0.complements |= place != Place::LineStart;
        self.0.places.push((span, place));
    }
}

impl Visitor for Reader {
    type Output = Syntax;
    type Err = Infallible;

    fn finish(mut self) -> Result<Syntax, Infallible> {
        self.0.places.sort_by_key(|(span, _)| span.start.offset);
        Ok(self.0)
    }

    fn visit_pre(&mut self, tree: &Ast) -> Result<(), Infallible> {
        self.0.classes += usize::from(matches!(tree, Ast::ClassUnicode(_) | Ast::ClassPerl(_)));
        match tree {
            Ast::Dot(span) => self.place(**span, Place::Dot),
            Ast::ClassPerl(class) if class.negated => self.place(class.span, Place::Complement),
            Ast::ClassUnicode(class) if class.is_negated() => self.place(class.span, Place::Complement),
            Ast::ClassBracketed(class) => {
                self.0.names_lf |= names_lf(class);
                if has_invalid(class) {
                    self.place(class.span, Place::Complement);
                }
            }
            Ast::Assertion(look) => {
                if matches!(look.kind, AssertionKind::StartLine | AssertionKind::StartText) {
                    self.place(look.span, Place::LineStart);
                }
            }
            Ast::Literal(literal) => {
                self.literal(literal);
                self.0.names_lf |= literal.c == '\n';
            }
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => {
                if let GroupKind::NonCapturing(flags) = &group.kind {
                    self.flags(flags);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Infallible> {
        match item {
            ClassSetItem::Unicode(_) | ClassSetItem::Perl(_) => self.0.classes += 1,
            ClassSetItem::Range(range) => {
                self.0.classes += usize::from(!range.end.c.is_ascii());
                self.literal(&range.start);
                self.literal(&range.end);
            }
            ClassSetItem::Literal(literal) => self.literal(literal),
            _ => {}
        }
        Ok(())
    }
}

/// Whether a class, or one in it, has a line feed and is not negated. What is
/// subtracted from a class is not looked for.
fn names_lf(class: &ClassBracketed) -> bool {
    !class.negated && matches!(&class.kind, ClassSet::Item(item) if item_names_lf(item))
}

fn item_names_lf(item: &ClassSetItem) -> bool {
    match item {
        ClassSetItem::Literal(literal) => literal.c == '\n',
        ClassSetItem::Bracketed(class) => names_lf(class),
        ClassSetItem::Union(union) => union.items.iter().any(item_names_lf),
        _ => false,
    }
}

/// Whether a class contains the bytes that are not UTF-8: those are in nothing
/// but complements. The parser limits the depth.
fn has_invalid(class: &ClassBracketed) -> bool {
    class.negated != set_has_invalid(&class.kind)
}

fn set_has_invalid(set: &ClassSet) -> bool {
    match set {
        ClassSet::Item(item) => item_has_invalid(item),
        ClassSet::BinaryOp(operation) => {
            let (left, right) = (set_has_invalid(&operation.lhs), set_has_invalid(&operation.rhs));
            match operation.kind {
                ClassSetBinaryOpKind::Intersection => left && right,
                ClassSetBinaryOpKind::Difference => left && !right,
                ClassSetBinaryOpKind::SymmetricDifference => left != right,
            }
        }
    }
}

fn item_has_invalid(item: &ClassSetItem) -> bool {
    match item {
        ClassSetItem::Empty(_) | ClassSetItem::Literal(_) | ClassSetItem::Range(_) => false,
        ClassSetItem::Ascii(class) => class.negated,
        ClassSetItem::Perl(class) => class.negated,
        ClassSetItem::Unicode(class) => class.is_negated(),
        ClassSetItem::Bracketed(class) => has_invalid(class),
        ClassSetItem::Union(union) => union.items.iter().any(item_has_invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complements_are_found() {
        for (text, complements) in [
            (".", true),
            ("[^a]", true),
            (r"\W", true),
            (r"\PL", true),
            (r"[\s\S]", true),
            ("[^[:alpha:]]", true),
            (r"[^\W]", false),
            (r"[\D&&a]", false),
            (r"[\D--a]", true),
            (r"a\w[x-z]\pL(?:b)*", false),
        ] {
            assert_eq!(Syntax::of(text).unwrap().complements, complements, "{text}");
        }
    }

    #[test]
    fn flags_and_characters_are_found() {
        assert!(Syntax::of("(?s)a").unwrap().dot_all);
        assert!(Syntax::of("(?is:a)").unwrap().dot_all);
        assert!(!Syntax::of("(?i-s:a)").unwrap().dot_all);
        assert!(Syntax::of(r"a\r$").unwrap().names_cr);
        assert!(Syntax::of(r"[\x0d\n]").unwrap().names_cr);
        assert!(!Syntax::of(r"\s$").unwrap().names_cr);
        assert!(Syntax::of(r"\x{FEFF}").unwrap().names_bom);
        for (text, names_lf) in [
            (r"a\n?", true),
            (r"(?:;|\n)", true),
            (r"[\t\n]+", true),
            (r"[a[\x0a]]", true),
            (r"[^\n]*", false),
            (r"[^a[\n]]", false),
            (r"\s", false),
            ("[\0-~]", false),
        ] {
            assert_eq!(Syntax::of(text).unwrap().names_lf, names_lf, "{text}");
        }
    }

    #[test]
    fn a_character_that_looks_like_a_byte_is_found() {
        for (text, char) in [(r"a\xe9", Some('é')), (r"[\xE9-\xFF]", Some('é')), (r"\x41é\u{e9}", None)] {
            assert_eq!(Syntax::of(text).unwrap().hex_char, char, "{text}");
        }
    }

    #[test]
    fn a_widened_expression_has_all_places() {
        let text = r"^é.[^a]\d(?:.)";
        let widened = Syntax::of(text).unwrap().widened(text, Widening { dot: None, bom: true });
        let byte = r"(?-u:[\x80-\xFF])";
        let expected = format!(r"(?:^(?:\x{{FEFF}})?)é(?:.|{byte})(?:[^a]|{byte})\d(?:(?:.|{byte}))");
        assert_eq!(widened, expected);
    }
}
