//! Reads parameters: the only place that knows how they are given.

use runner_plugin::Params;

/// All values of a parameter, in order. A parameter is given once, with one
/// value per line; a line end inside double quotes belongs to the value.
pub(crate) fn all<'p>(params: &'p Params, name: &str) -> Vec<&'p str> {
    let mut values = Vec::new();
    let mut rest = params.get(name).unwrap_or_default();
    while !rest.is_empty() {
        let mut in_quotes = false;
        let end = rest.find(|character| {
            in_quotes ^= character == '"';
            character == '\n' && !in_quotes
        });
        // After an odd number of quotes, quotes have no meaning.
        let end = end.or_else(|| rest.find('\n')).unwrap_or(rest.len());
        let (value, after) = rest.split_at(end);
        if !value.trim().is_empty() {
            values.push(value.strip_suffix('\r').unwrap_or(value));
        }
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    values
}

/// The value of a parameter that is given at most once and is not empty.
pub(crate) fn one<'p>(params: &'p Params, name: &str) -> Option<&'p str> {
    params.get(name).filter(|value| !value.is_empty())
}

/// A number from zero on.
pub(crate) fn count(params: &Params, name: &str) -> Result<u64, String> {
    match params.integer(name)? {
        None => Ok(0),
        Some(value) => u64::try_from(value).map_err(|_| format!("`{name}` must not be negative")),
    }
}

/// Decodes `\t`, `\\` and `\xHH`.
pub(crate) fn bytes(name: &str, value: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        let (byte, length) = match after.as_bytes() {
            [b't', ..] => (b'\t', 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', ..] => {
                let digits = after.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                (digits.ok_or_else(|| format!("`{name}` has `\\x` without two hexadecimal digits"))?, 3)
            }
            [] => (b'\\', 0),
            _ => return Err(format!("`{name}` has an unknown escape; known are `\\t`, `\\\\` and `\\xHH`")),
        };
        out.push(byte);
        rest = &after[length..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}
