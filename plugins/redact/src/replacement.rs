//! What replaces a value: a mask, a pseudonym or a text.

use crate::holder::{self, Spelling};
use crate::kind::Kind;
use crate::scan::Found;
use crate::text::run_start;
use runner_values::{Addresses, Mask, Pseudonyms};
use std::ops::Range;

/// How many masked bytes before the end of an address are looked at: more than
/// are needed to tell what was kept.
const MAX_MASK: usize = 320;

/// How values are replaced.
#[derive(Debug)]
pub(crate) enum Replacement {
    /// Every letter and digit becomes `*`; the length stays.
    Mask(Mask),
    /// A pseudonym under a key, in a form that fits the kind.
    Hash(Pseudonyms, Addresses),
    /// A text.
    Text(Vec<u8>),
}

impl Replacement {
    /// Whether every value keeps its length.
    pub(crate) fn keeps_length(&self) -> bool {
        matches!(self, Self::Mask(_))
    }

    /// Whether a second run recognises every replacement and leaves it alone.
    pub(crate) fn is_recognised(&self) -> bool {
        // Pseudonyms that keep the first bits are addresses like any other.
        !matches!(self, Self::Hash(_, Addresses::Prefix))
    }

    /// Whether a value holds the replacement of an earlier run, or is what a
    /// mask kept of an address: the end of `****y@x.io` is an address itself.
    pub(crate) fn is_in(&self, text: &[u8], found: &Found) -> bool {
        let Range { start, end } = found.range;
        match self {
            Self::Text(with) => memchr::memmem::find(&text[start..end], with).is_some(),
            Self::Mask(mask) if mask.keep_last > 0 && found.kind == Kind::Email => {
                let masked = run_start(text, start, MAX_MASK, |byte| matches!(byte, b'*' | b'@' | b'.'));
                runner_values::is_masked(mask, &text[masked..end])
            }
            _ => false,
        }
    }

    /// Appends the replacement of a value of `text`.
    pub(crate) fn write(&self, text: &[u8], found: &Found, out: &mut Vec<u8>) {
        let value = &text[found.range.clone()];
        let form = found.kind.form();
        // An address has too many dots or hyphens.
        let is_number = found.kind != Kind::Ipv4 && holder::is_number(text, &found.range);
        match self {
            Self::Mask(mask) => {
                let has_escape =
                    value.iter().any(|byte| matches!(byte, b'\\' | b'%' | b'&' | b'\'' | b'"' | b'='));
                if is_number && (mask.keep_last == 0 || value.contains(&b'e')) {
                    return holder::write_nines(value, out);
                }
                let mask = Mask {
                    fill: if is_number { b'9' } else { b'*' },
                    keep_last: if has_escape { 0 } else { mask.keep_last },
                    text: None,
                };
                mask.write(if is_number { runner_values::Kind::Number } else { form }, value, out);
            }
            Self::Hash(pseudonyms, _)
                if !is_number || found.kind == Kind::Card || found.kind == Kind::Phone =>
            {
                let spelling = Spelling::of(text, found);
                let plain = spelling.plain(value);
                let mut pseudonym = Vec::new();
                if found.kind == Kind::Id {
                    pseudonyms.write_token(found.kind.name(), &plain, &mut pseudonym);
                } else {
                    pseudonyms.write(form, &plain, &mut pseudonym);
                }
                spelling.write(&pseudonym, out);
            }
            // Any other number that replaces it would not be known again.
            _ if is_number => holder::write_nines(value, out),
            Self::Text(with) => out.extend_from_slice(with),
            Self::Hash(..) => {}
        }
    }
}
