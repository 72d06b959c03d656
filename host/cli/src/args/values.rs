//! Parsers for the values of options.

use std::time::Duration;

use runner_pipeline::context::cores;
use runner_pipeline::convert::Convert;

/// The requested number of worker threads, by default one per core.
pub(crate) fn threads(jobs: Option<u16>) -> usize {
    jobs.map_or_else(cores, usize::from)
}

pub(crate) fn suffix(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains('/') {
        return Err("it must be a file name suffix such as `.bak`: not empty, and without `/`".to_owned());
    }
    Ok(text.to_owned())
}

pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it must have the form KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A number of bytes, with an optional suffix K, M, G or T (powers of 1024).
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 10),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 20),
        Some(b'g' | b'G') => (&text[..text.len() - 1], 30),
        Some(b't' | b'T') => (&text[..text.len() - 1], 40),
        _ => (text, 0),
    };
    let number: u64 =
        digits.parse().map_err(|_| "it must be a number, optionally followed by K, M, G or T")?;
    number.checked_mul(1 << shift).ok_or_else(|| "it is too large".to_owned())
}

pub(crate) fn window_bytes(text: &str) -> Result<u64, String> {
    match bytes(text)? {
        0 => Err("it must not be zero".to_owned()),
        // Offsets in a window have 32 bits, and a record may extend the window.
        large if large > 1 << 30 => Err("it must be at most 1G".to_owned()),
        fits => Ok(fits),
    }
}

pub(crate) fn root(text: &str) -> Result<blake3::Hash, String> {
    blake3::Hash::from_hex(text).map_err(|_| "it must be a BLAKE3 root: 64 hex digits".to_owned())
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "it must be a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(number) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Err(_) if number > 0.0 => Err("it is too large".to_owned()),
        _ => Err("it must be a positive number of seconds".to_owned()),
    }
}

/// An encoding that can be restored byte for byte.
pub(super) fn encoding(label: &str) -> Result<Convert, String> {
    Convert::NOTHING
        .decoded(label)
        .map_err(|error| error.hints().iter().fold(error.to_string(), |text, hint| format!("{text}; {hint}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_suffixes() {
        assert_eq!(bytes("65536"), Ok(65536));
        assert_eq!(bytes("64K"), Ok(65536));
        assert_eq!(bytes("2g"), Ok(2 << 30));
        assert!(bytes("2 g").is_err());
        assert!(bytes("99999999T").is_err());
        assert!(bytes("").is_err());
        assert!(window_bytes("0").is_err());
        assert!(window_bytes("2G").is_err());
        assert!(seconds("-1").is_err());
        assert!(seconds("0").is_err());
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(root("12").is_err());
    }
}
