//! E-mail addresses.

/// The longest address that is recognised, in bytes: RFC 5321 section 4.5.3.1
/// allows 64 before the `@` and 255 after it.
const MAX_BYTES: usize = 320;

/// Whether a whole value is an e-mail address, with or without percent escapes.
pub(crate) fn is_email(value: &[u8]) -> bool {
    value.len() <= MAX_BYTES && (is_plain(value) || value.contains(&b'%') && is_plain(&unescape(value)))
}

fn is_plain(value: &[u8]) -> bool {
    let Some(at) = value.iter().rposition(|&byte| byte == b'@') else { return false };
    let (local, domain) = (&value[..at], &value[at + 1..]);
    let is_quoted = local.len() > 2 && local.starts_with(b"\"") && local.ends_with(b"\"");
    let is_atom = !local.is_empty()
        && !local.iter().any(|&byte| byte <= b' ' || byte == 0x7f || b"\"(),:;<>@[\\]".contains(&byte));
    (is_quoted || is_atom)
        && !domain.is_empty()
        && domain.split(|&byte| byte == b'.').all(|label| {
            !label.is_empty()
                && label.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte >= 0x80)
        })
}

/// One form of the different forms of an address: in lower case (only ASCII
/// letters change) and without percent escapes.
pub(crate) fn normalize(value: &[u8]) -> Vec<u8> {
    let mut normal = unescape(value);
    normal.make_ascii_lowercase();
    normal
}

fn unescape(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(&byte) = value.get(at) {
        let escaped = escape(value, at);
        plain.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    plain
}

fn escape(bytes: &[u8], at: usize) -> Option<u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match bytes.get(at..at + 3)? {
        [b'%', high, low] => Some(hex(*high)? << 4 | hex(*low)?),
        _ => None,
    }
}
