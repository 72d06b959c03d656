//! Recognises the pseudonyms of an earlier run.

use crate::holder::Spelling;
use crate::kind::Kind;
use crate::scan::Found;

/// The digits of a UUID, which any text that contains one has.
const UUID_DIGITS: usize = 32;

/// Whether a value is a pseudonym from an earlier run, which stays.
pub(crate) fn is_pseudonym(text: &[u8], found: &Found) -> bool {
    let value = &text[found.range.clone()];
    if !may_be_pseudonym(value, &text[found.range.end..]) {
        return false;
    }
    let plain = Spelling::of(text, found).plain(value);
    // The value of an earlier run may have had another kind: a card number after
    // `phone`, or an address after `password`. What stands beside a pseudonym
    // may seem to be a part of an address.
    let is_of = |kind: &Kind| !kind.is_secret() && runner_values::is_pseudonym(kind.form(), &plain);
    has_token(value) || Kind::ALL.iter().any(is_of)
}

/// A quick check that few values pass. Without escapes, and in its usual order,
/// a pseudonym begins with 240 to 254, `+89`, `9`, `ZZ`, `f2` or `100:`, ends
/// with `invalid`, is a UUID, or contains a token.
fn may_be_pseudonym(value: &[u8], after: &[u8]) -> bool {
    let has_start = match *value {
        [b'2', second, ..] => matches!(second, b'4' | b'5'),
        [first, ..] => matches!(first, b'9' | b'+' | b'z' | b'Z' | b'f' | b'F'),
        [] => false,
    };
    let is_reversed = matches!(after, [b'.', b'i' | b'I', ..]);
    has_start
        || is_reversed
        || value.len() >= UUID_DIGITS
        || matches!(value, [.., b'd' | b'D'])
        || value.iter().any(|&byte| IS_ODD[usize::from(byte)])
}

/// The bytes of tokens, of escapes and of letters beyond ASCII.
const IS_ODD: [bool; 256] = {
    let mut is_odd = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        is_odd[byte] = byte >= 0x80 || matches!(byte as u8, b'_' | b':' | b'%' | b'\\' | b'&' | b'=' | b'#');
        byte += 1;
    }
    is_odd
};

/// Whether a value is or contains a pseudonym such as `key_3f9a1c0d2b4e5f60`.
fn has_token(value: &[u8]) -> bool {
    const DIGITS: usize = 16;
    memchr::memchr_iter(b'_', value).any(|at| {
        Kind::ALL.iter().any(|kind| {
            let start = at.checked_sub(kind.name().len());
            let token = start.and_then(|start| value.get(start..at + 1 + DIGITS));
            token.is_some_and(|token| runner_values::is_token(kind.name(), token))
        })
    })
}
