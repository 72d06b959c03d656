//! Makes texts that an expression matches, for tests.

use super::go;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A generator of pseudo-random numbers: SplitMix64
/// (<https://prng.di.unimi.it/splitmix64.c>).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ bits >> 31) % limit as u64) as usize
    }

    pub(super) fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }
}

/// A text that the Go expression matches, if nothing stands around it that
/// contradicts its assertions. It has no line end.
pub(super) fn sample(go: &str, random: &mut Random) -> Vec<u8> {
    let parser = ParserBuilder::new().unicode(false).utf8(false).build().parse(&go::translate(go));
    let mut text = Vec::new();
    append(&parser.expect(go), random, &mut text);
    text
}

fn append(expression: &Hir, random: &mut Random, text: &mut Vec<u8>) {
    match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(class) => {
            let bytes = bytes_of(class);
            // Letters, digits and signs of ASCII, if there are any.
            let usual: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii_graphic).collect();
            let usual = if usual.is_empty() { bytes } else { usual };
            text.push(*random.pick(&usual));
        }
        HirKind::Capture(group) => append(&group.sub, random, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| append(part, random, text)),
        HirKind::Alternation(branches) => append(random.pick(branches), random, text),
        HirKind::Repetition(repetition) => {
            let min = repetition.min as usize;
            let max = repetition.max.map_or(min + 20, |max| max as usize).min(min + 20);
            for _ in 0..min + random.below(max - min + 1) {
                append(&repetition.sub, random, text);
            }
        }
    }
}

fn bytes_of(class: &Class) -> Vec<u8> {
    let bytes: Vec<u8> = match class {
        Class::Bytes(class) => class.iter().flat_map(|range| range.start()..=range.end()).collect(),
        Class::Unicode(class) => {
            let ranges = class.iter().map(|range| (u32::from(range.start()), u32::from(range.end())));
            ranges.flat_map(|(start, end)| start..=end.min(126)).map(|byte| byte as u8).collect()
        }
    };
    bytes.into_iter().filter(|&byte| byte != b'\n').collect()
}
