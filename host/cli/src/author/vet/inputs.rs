//! The inputs that are tried: samples, cases, odd ones, and what is made of them.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use runner_pipeline::error::{Error, Result};
use runner_pipeline::escape::shown;

use super::check::Input;

/// Bytes of a sample or case that are tried, at most.
const SAMPLE_BYTES: u64 = 256 << 10;

/// Reads the start of a file, which must be a regular one. The last line is left
/// out if it is cut.
pub(super) fn sample(path: &Path, origin: &str) -> Result<Input> {
    let is_file = std::fs::metadata(path).map_err(Error::at("read", path))?.is_file();
    if !is_file {
        return Err(Error::new(
            runner_pipeline::error::Kind::Usage,
            format!("{} is not a regular file", shown(path)),
        ));
    }
    let file = File::open(path).map_err(Error::at("open", path))?;
    let mut bytes = Vec::new();
    file.take(SAMPLE_BYTES + 1).read_to_end(&mut bytes).map_err(Error::at("read", path))?;
    if bytes.len() as u64 > SAMPLE_BYTES {
        let end = memchr::memrchr(b'\n', &bytes).map_or(SAMPLE_BYTES as usize, |end| end + 1);
        bytes.truncate(end);
    }
    Ok(Input { bytes, origin: origin.to_owned() })
}

/// Inputs that no plugin may stumble over.
pub(super) fn odd() -> Vec<Input> {
    let long = b"0123456789abcdef ".repeat(24 << 10);
    let inputs: [(&str, &[u8]); 16] = [
        ("an empty file", b""),
        ("one line end", b"\n"),
        ("only line ends", b"\n\n\n\n\n\n\n\n"),
        ("only CRLF", b"\r\n\r\n\r\n\r\n"),
        ("one byte", b"a"),
        ("no line end at the end", b"one\ntwo\nthree"),
        ("lines with CRLF", b"one\r\ntwo,2\r\n\r\nthree 3\r\n"),
        ("a carriage return at the end", b"one\ntwo\r"),
        ("NUL bytes", b"\0\0\0\n\0a\0\n\0"),
        ("invalid UTF-8", b"caf\xe9 \xff\xfe\n\xc3\n\xe2\x82\n\xf0\x9f\n"),
        ("a byte order mark", b"\xef\xbb\xbfone,two\n1,2\n"),
        ("every byte", &EVERY_BYTE),
        ("quotes that are not closed", b"a,\"b\nc\n\"d\",\"\"\"\n"),
        ("blanks", b"   \t \n \n\t\n"),
        ("one very long record", &long),
        ("numbers and signs", b"0 -1 1e308 NaN 18446744073709551616 {}[]<>&;'\n"),
    ];
    inputs
        .into_iter()
        .map(|(what, bytes)| Input { bytes: bytes.to_vec(), origin: format!("odd input: {what}") })
        .collect()
}

const EVERY_BYTE: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut at = 0;
    while at < 256 {
        bytes[at] = at as u8;
        at += 1;
    }
    bytes
};

/// A longer input that repeats one, from where its records begin.
pub(super) fn repeated(bytes: &[u8], start: usize, least_bytes: usize) -> Vec<u8> {
    let (head, records) = bytes.split_at(start.min(bytes.len()));
    let mut long = head.to_vec();
    if records.is_empty() {
        return long;
    }
    while long.len() < least_bytes {
        long.extend_from_slice(records);
        // Two lines must not become one.
        if !records.ends_with(b"\n") && records.contains(&b'\n') {
            long.push(b'\n');
        }
    }
    long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_has_one_head_and_whole_lines() {
        assert_eq!(repeated(b"head\na\nb", 5, 10), b"head\na\nb\na\nb\n");
        assert_eq!(repeated(b"head", 4, 10), b"head");
    }

    #[test]
    fn a_long_sample_ends_with_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample");
        std::fs::write(&path, b"0123456789\n".repeat(50_000)).unwrap();
        let input = sample(&path, "sample").unwrap();
        assert!(input.bytes.ends_with(b"9\n") && input.bytes.len() as u64 <= SAMPLE_BYTES + 1);
        assert!(sample(folder.path(), "folder").is_err());
    }
}
