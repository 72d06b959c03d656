//! Formats names as words of shell commands, for hints that can be run
//! unchanged.

use std::fmt::{self, Write as _};

use super::{Raw, Shown};

/// A word that a POSIX shell reads as the original bytes. If they contain bytes
/// that a terminal would execute, bash, ksh and zsh do (`$'
/// '`).
#[derive(Debug, Clone, Copy)]
pub struct Word<'a>(pub(super) &'a [u8]);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.first() == Some(&b'-') {
            // The name would be taken for an option.
            f.write_str("./")?;
        }
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./@%+=:,-".contains(byte);
        if !self.0.is_empty() && self.0.iter().all(plain) {
            return f.write_str(std::str::from_utf8(self.0).expect("it is ASCII"));
        }
        match std::str::from_utf8(self.0) {
            Ok(text) if Shown { bytes: self.0, max_chars: usize::MAX }.to_string() == text => {
                write!(f, "'{}'", text.replace('\'', r"'\''"))
            }
            _ => {
                f.write_str("$'")?;
                for &byte in self.0 {
                    match byte {
                        b'\'' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                        b'!'..=b'~' => f.write_char(char::from(byte))?,
                        _ => write!(f, "\\x{byte:02x}")?,
                    }
                }
                f.write_char('\'')
            }
        }
    }
}

/// See [`Word`].
#[must_use]
pub fn word<T: Raw + ?Sized>(raw: &T) -> Word<'_> {
    Word(raw.raw())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A shell reads a word back as the original bytes.
    #[test]
    fn a_shell_reads_the_very_bytes() {
        let names: [&[u8]; 16] = [
            b"plain.log",
            b"/a/b-c_d@1%2+3=4:5,6",
            b"sp ace",
            b"$(touch pwn)",
            b"x;id",
            b"it's",
            b"`id`",
            b"!dev!loop0",
            b"a\nb",
            b"\x1b[2J",
            b"\xff\xfe",
            b"back\\slash",
            b"\"q\"",
            b"*",
            b"~",
            "r\u{e9}sum\u{e9} \u{202e}x".as_bytes(),
        ];
        for name in names {
            let script = format!("printf %s {}", Word(name));
            assert!(!script.chars().any(char::is_control), "{script:?}");
            let output = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
            assert_eq!(output.stdout, name, "{script}");
        }
        assert_eq!(Word(b"-r f").to_string(), "./'-r f'");
        assert_eq!(Word(b"").to_string(), "''");
        assert_eq!(Word(b"/var/log/a.log").to_string(), "/var/log/a.log");
    }
}
