//! The expression for the beginnings of another expression's matches.

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind, Look, Repetition};

/// Longer texts are compared up to here.
const EXACT_BYTES: usize = 32;
/// With more parts, everything counts as a beginning.
const MAX_PARTS: usize = 200;

/// An expression that matches every text which could become a match of `hir`,
/// or a different one, if more followed. It may match other texts.
pub(crate) fn beginnings(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty => Hir::fail(),
        // Whether it holds may depend on what follows.
        HirKind::Look(_) => Hir::empty(),
        HirKind::Literal(literal) => text(&literal.0),
        HirKind::Class(Class::Bytes(_)) => Hir::empty(),
        HirKind::Class(Class::Unicode(class)) if class.is_ascii() => Hir::empty(),
        HirKind::Class(Class::Unicode(_)) => {
            optional(Hir::concat(vec![bytes(0xC2, 0xF4), repeat(bytes(0x80, 0xBF), 0, Some(2))]))
        }
        HirKind::Repetition(repetition) => {
            let max = repetition.max.map(|max| max.saturating_sub(1));
            if repetition.max == Some(0) {
                return Hir::fail();
            }
            let whole = repeat(seen(&repetition.sub), 0, max);
            Hir::concat(vec![whole, beginnings(&repetition.sub)])
        }
        HirKind::Capture(capture) => beginnings(&capture.sub),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(beginnings).collect()),
        HirKind::Concat(parts) if parts.len() > MAX_PARTS => repeat(bytes(0, 0xFF), 0, None),
        HirKind::Concat(parts) => {
            let after = |rest: Hir, part: &Hir| {
                Hir::alternation(vec![beginnings(part), Hir::concat(vec![seen(part), rest])])
            };
            parts.iter().rev().fold(Hir::fail(), after)
        }
    }
}

/// The expression without the assertions that the automaton cannot check.
fn seen(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(look) if is_unicode(*look) => Hir::empty(),
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Repetition(repetition) => repeat(seen(&repetition.sub), repetition.min, repetition.max),
        HirKind::Capture(capture) => seen(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(seen).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(seen).collect()),
    }
}

fn is_unicode(look: Look) -> bool {
    matches!(
        look,
        Look::WordUnicode
            | Look::WordUnicodeNegate
            | Look::WordStartUnicode
            | Look::WordEndUnicode
            | Look::WordStartHalfUnicode
            | Look::WordEndHalfUnicode
    )
}

/// The beginnings of a text, without the text itself.
fn text(text: &[u8]) -> Hir {
    let exact = &text[..text.len().min(EXACT_BYTES)];
    let rest = text.len() - exact.len();
    let first = match rest {
        0 => Hir::empty(),
        _ => repeat(bytes(0, 0xFF), 0, u32::try_from(rest - 1).ok()),
    };
    let known = if rest == 0 { &exact[..exact.len().saturating_sub(1)] } else { exact };
    known.iter().rev().fold(first, |after, byte| optional(Hir::concat(vec![Hir::literal([*byte]), after])))
}

fn optional(hir: Hir) -> Hir {
    repeat(hir, 0, Some(1))
}

fn repeat(hir: Hir, min: u32, max: Option<u32>) -> Hir {
    Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(hir) })
}

fn bytes(first: u8, last: u8) -> Hir {
    Hir::class(Class::Bytes(ClassBytes::new([ClassBytesRange::new(first, last)])))
}
