//! Checksum lines, in the format of `b3sum` and `sha256sum`.

use std::path::Path;

use super::Raw;

/// `HEX  NAME` with a line end. If the name contains a backslash or a line end,
/// these are escaped, and a backslash before the sum marks that. So a reader of
/// such lines gets the original name, and no name can pass for a second line.
#[must_use]
pub fn sum_line(sum: &blake3::Hash, path: &Path) -> Vec<u8> {
    let name = path.raw();
    let mut line = Vec::with_capacity(name.len() + 70);
    if name.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r')) {
        line.push(b'\\');
    }
    line.extend_from_slice(sum.to_hex().as_bytes());
    line.extend_from_slice(b"  ");
    for &byte in name {
        match byte {
            b'\\' => line.extend_from_slice(b"\\\\"),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            byte => line.push(byte),
        }
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_coreutils_does() {
        let sum = blake3::hash(b"");
        let line = |name: &str| String::from_utf8(sum_line(&sum, Path::new(name))).unwrap();
        assert_eq!(line("a b"), format!("{sum}  a b\n"));
        assert_eq!(line("a\nb\\c\rd"), format!("\\{sum}  a\\nb\\\\c\\rd\n"));
    }
}
