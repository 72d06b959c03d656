//! The bytes with which the matches of an expression begin.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Maximum length of a shape, in bytes.
const MAX_SHAPE_BYTES: usize = 40;

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bytes([u64; 4]);

impl Bytes {
    pub(super) fn of(class: &Class) -> Option<Self> {
        let mut set = Self::default();
        match class {
            Class::Bytes(class) => {
                for range in class.ranges() {
                    (range.start()..=range.end()).for_each(|byte| set.insert(byte));
                }
            }
            Class::Unicode(class) => {
                for range in class.ranges() {
                    let (start, end) = (u8::try_from(range.start()).ok()?, u8::try_from(range.end()).ok()?);
                    if !end.is_ascii() {
                        return None;
                    }
                    (start..=end).for_each(|byte| set.insert(byte));
                }
            }
        }
        Some(set)
    }

    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    pub(super) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |&byte| self.has(byte))
    }
}

/// The sets of the bytes with which every match begins.
pub(super) fn of(expression: &Hir) -> Vec<Bytes> {
    let mut shape = Vec::new();
    append_shape(expression, &mut shape);
    shape.truncate(MAX_SHAPE_BYTES);
    shape
}

/// Appends the sets of the bytes with which a match of `expression` begins.
/// Returns whether they are all of it, so that what follows can be appended.
fn append_shape(expression: &Hir, shape: &mut Vec<Bytes>) -> bool {
    if shape.len() >= MAX_SHAPE_BYTES {
        return false;
    }
    match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            shape.extend(literal.0.iter().map(|&byte| {
                let mut set = Bytes::default();
                set.insert(byte);
                set
            }));
            true
        }
        HirKind::Class(class) => match Bytes::of(class) {
            Some(set) => {
                shape.push(set);
                true
            }
            None => false,
        },
        HirKind::Capture(group) => append_shape(&group.sub, shape),
        HirKind::Concat(parts) => parts.iter().all(|part| append_shape(part, shape)),
        HirKind::Repetition(repetition) => {
            let is_whole = (0..repetition.min).all(|_| append_shape(&repetition.sub, shape));
            is_whole && repetition.max == Some(repetition.min)
        }
        HirKind::Alternation(branches) => {
            let mut shapes = branches.iter().map(|branch| {
                let mut shape = Vec::new();
                let is_whole = append_shape(branch, &mut shape);
                (shape, is_whole)
            });
            let Some((mut all, mut is_whole)) = shapes.next() else { return true };
            for (next, next_is_whole) in shapes {
                is_whole &= next_is_whole && next.len() == all.len();
                all.truncate(next.len());
                for (set, other) in all.iter_mut().zip(&next) {
                    set.0.iter_mut().zip(other.0).for_each(|(bits, other)| *bits |= other);
                }
            }
            shape.extend(all);
            is_whole
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_syntax::ParserBuilder;

    fn parse(expression: &str) -> Hir {
        ParserBuilder::new().unicode(false).utf8(false).build().parse(expression).expect(expression)
    }

    #[test]
    fn a_shape_is_what_every_match_begins_with() {
        let shape = |expression: &str| {
            let shape = of(&parse(expression));
            shape.iter().map(|set| set.iter().count()).collect::<Vec<_>>()
        };
        assert_eq!(shape(r"\bab[0-9]{3}\b"), [1, 1, 10, 10, 10]);
        assert_eq!(shape(r"a[0-9]{2,}x"), [1, 10, 10]);
        assert_eq!(shape(r"(?:ab|cd)x"), [2, 2, 1]);
        assert_eq!(shape(r"(?:ab|c)x"), [2]);
    }
}
