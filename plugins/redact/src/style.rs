//! The replacements of values.

use crate::ipv6;
use crate::kind::Kind;
use crate::text::escape;

/// Number of hexadecimal digits of a pseudonym: 64 bits. Among a million
/// different values, two share a pseudonym with a chance of 1 in 37 million.
const DIGITS: usize = 16;

/// The context of BLAKE3's key derivation. Changing it changes every pseudonym.
const CONTEXT: &str = "runner-redact 2026-11-22 pseudonyms";

/// How values are replaced.
#[derive(Debug)]
pub(crate) enum Style {
    /// Every byte becomes `*`, except punctuation that shows the kind of value:
    /// see [`mask`].
    Mask,
    /// A name such as `email_3f9a1c0d2b4e5f60`, always the same for the same
    /// value under the same key.
    Hash(Box<[u8; blake3::KEY_LEN]>),
}

impl Style {
    /// Pseudonyms under a secret key.
    pub(crate) fn hash(secret: &str) -> Self {
        Self::Hash(Box::new(blake3::derive_key(CONTEXT, secret.as_bytes())))
    }

    /// Appends the replacement of `value`.
    pub(crate) fn write(&self, kind: Kind, value: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Mask => out.extend(value.iter().map(|&byte| mask(kind, byte))),
            Self::Hash(key) => {
                let mut hasher = blake3::Hasher::new_keyed(key);
                hasher.update(kind.name().as_bytes());
                hasher.update(&[0]);
                hasher.update(&normalize(kind, value));
                let hex = hasher.finalize().to_hex();
                out.extend_from_slice(kind.name().as_bytes());
                out.push(b'_');
                out.extend_from_slice(&hex.as_bytes()[..DIGITS]);
            }
        }
    }
}

/// Whether this is a pseudonym, which must not be redacted again.
pub(crate) fn is_pseudonym(text: &[u8]) -> bool {
    Kind::ALL.iter().any(|kind| {
        text.strip_prefix(kind.name().as_bytes()).and_then(|rest| rest.strip_prefix(b"_")).is_some_and(
            |hex| hex.len() == DIGITS && hex.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
        )
    })
}

/// The mask of one byte. These bytes are kept: the `@` and the dots of an
/// e-mail address, the dots and colons of an IP address, and the gaps of a card
/// number. Nothing of a credential is kept.
fn mask(kind: Kind, byte: u8) -> u8 {
    let stays = match kind {
        Kind::Email => matches!(byte, b'@' | b'.'),
        Kind::Ipv4 => byte == b'.',
        Kind::Ipv6 => matches!(byte, b':' | b'.'),
        Kind::Card => matches!(byte, b' ' | b'-'),
        Kind::Key | Kind::Bearer => false,
    };
    if stays { byte } else { b'*' }
}

/// Converts the different forms of a value to one form, so that they get the
/// same pseudonym: e-mail addresses in lower case and without percent escapes,
/// IP addresses as in RFC 5952 (IPv4 without leading zeros), card numbers
/// without gaps. Credentials, and overlapping values that were joined, are used
/// unchanged.
fn normalize(kind: Kind, value: &[u8]) -> Vec<u8> {
    let mut normal = Vec::with_capacity(value.len());
    match kind {
        Kind::Email => {
            let mut at = 0;
            while let Some(&byte) = value.get(at) {
                let escaped = escape(value, at);
                normal.push(escaped.unwrap_or(byte).to_ascii_lowercase());
                at += if escaped.is_some() { 3 } else { 1 };
            }
        }
        Kind::Ipv4 => {
            for octet in value.split(|&byte| byte == b'.') {
                let zeros = octet.iter().take_while(|&&byte| byte == b'0').count();
                normal.extend_from_slice(&octet[zeros.min(octet.len().saturating_sub(1))..]);
                normal.push(b'.');
            }
            normal.pop();
        }
        Kind::Ipv6 => match ipv6::parse(value) {
            Some(address) => normal.extend_from_slice(address.to_string().as_bytes()),
            None => normal.extend_from_slice(value),
        },
        Kind::Card => normal.extend(value.iter().filter(|byte| byte.is_ascii_digit())),
        Kind::Key | Kind::Bearer => normal.extend_from_slice(value),
    }
    normal
}
