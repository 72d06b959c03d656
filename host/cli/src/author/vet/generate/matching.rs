//! Makes texts that a regular expression matches.

use fastrand::Rng;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Bytes of a text, at most.
const TEXT_BYTES: usize = 200;
/// How often something is repeated beyond what it must be, at most.
const REPEATED: u32 = 3;

/// Texts that match the expression of a prefilter, as far as that can be said of a text
/// alone: what stands beside it may matter, too.
pub(super) fn matching(expression: &str, rng: &mut Rng, count: usize) -> Vec<Vec<u8>> {
    // As prefilters are read (`Pattern::Regex`).
    let parser = ParserBuilder::new().multi_line(true).utf8(false).build().parse(expression);
    let Ok(hir) = parser else { return Vec::new() };
    let mut texts = Vec::new();
    for _ in 0..count {
        let mut text = Vec::new();
        add(&hir, rng, &mut text);
        texts.push(text);
    }
    texts
}

fn add(hir: &Hir, rng: &mut Rng, text: &mut Vec<u8>) {
    if text.len() > TEXT_BYTES {
        return;
    }
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(class) => add_one_of(class, rng, text),
        HirKind::Look(Look::StartLF | Look::EndLF) => text.push(b'\n'),
        HirKind::Look(_) => {}
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX).min(repetition.min.saturating_add(REPEATED));
            for _ in 0..rng.u32(repetition.min..=most).min(TEXT_BYTES as u32) {
                add(&repetition.sub, rng, text);
            }
        }
        HirKind::Capture(capture) => add(&capture.sub, rng, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| add(part, rng, text)),
        HirKind::Alternation(ways) => {
            if let Some(way) = rng.choice(ways) {
                add(way, rng, text);
            }
        }
    }
}

/// Adds one of the letters of a class. Most classes begin with what is usual in texts, and
/// mistakes are made at their ends.
fn add_one_of(class: &Class, rng: &mut Rng, text: &mut Vec<u8>) {
    match class {
        Class::Bytes(class) => {
            let Some(range) = rng.choice(class.ranges()) else { return };
            let any = rng.u8(range.start()..=range.end());
            text.push(rng.choice([range.start(), range.end(), any]).unwrap_or(any));
        }
        Class::Unicode(class) => {
            let usual = class.ranges().iter().take_while(|range| range.start().is_ascii()).count();
            let ranges =
                if rng.u8(..) < 230 && usual > 0 { &class.ranges()[..usual] } else { class.ranges() };
            let Some(range) = rng.choice(ranges) else { return };
            let letter = match rng.u8(0..3) {
                0 => range.start(),
                1 => range.end(),
                _ => rng.char(range.start()..=range.end()),
            };
            text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_match() {
        let mut rng = Rng::with_seed(1);
        for expression in [
            "level=[a-z]+",
            r"(?i)user: \w{2,4}(x|yz)?",
            r"\d{4}-\d{2}-\d{2}T",
            "[^\\x00-\\x7f]a",
            "(?-u)[\\x80-\\xff]{3}",
            "(a|b(c|d)*){2}",
        ] {
            let parsed = regex_automata::meta::Builder::new()
                .syntax(regex_automata::util::syntax::Config::new().utf8(false))
                .configure(regex_automata::meta::Config::new().utf8_empty(false))
                .build(expression)
                .unwrap();
            let texts = matching(expression, &mut rng, 100);
            assert_eq!(texts.len(), 100);
            for text in texts {
                let found = parsed.find(&text).map(|found| found.range());
                assert!(found.is_some(), "{expression}: {}", text.escape_ascii());
            }
        }
        assert!(matching("(", &mut rng, 5).is_empty());
    }
}
