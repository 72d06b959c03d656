//! Copies of an input whose records differ, so that a plugin sees nothing twice.

use runner_contract::Framing;
use runner_pipeline::engine::window::Shows;
use runner_pipeline::error::Result;

use super::probe::{Probe, USUAL_WINDOW_BYTES};

/// How records are made different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbered {
    /// A number comes after the last letter of each line.
    Inserted,
    /// Digits become others.
    Digits,
    /// They stay as they are.
    Not,
}

impl Numbered {
    /// What the plugin accepts of it.
    pub(super) fn accepted_by(probe: &Probe<'_>) -> Result<Self> {
        let has_lines = !matches!(probe.job.framing, Framing::Fixed { .. } | Framing::LengthPrefixed { .. });
        for how in [Self::Inserted, Self::Digits] {
            if how == Self::Inserted && !has_lines {
                continue;
            }
            let bytes = how.bytes(probe.bytes(), 1);
            if probe.of(&bytes).scan(USUAL_WINDOW_BYTES, Shows::Candidates)?.is_ok() {
                return Ok(how);
            }
        }
        Ok(Self::Not)
    }

    /// The copy with a number.
    pub(super) fn bytes(self, bytes: &[u8], number: u64) -> Vec<u8> {
        match self {
            Self::Not => bytes.to_vec(),
            Self::Digits => digits(bytes, number),
            Self::Inserted => inserted(bytes, number),
        }
    }
}

fn inserted(bytes: &[u8], number: u64) -> Vec<u8> {
    let mut copy = Vec::with_capacity(bytes.len() * 2);
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let place = line.iter().rposition(u8::is_ascii_alphabetic).map(|last| last + 1);
        let (before, after) = line.split_at(place.unwrap_or(0));
        copy.extend_from_slice(before);
        if place.is_some() {
            // No two lines of all copies have the same number.
            copy.extend_from_slice(((number << 20) + index as u64).to_string().as_bytes());
        }
        copy.extend_from_slice(after);
    }
    copy
}

fn digits(bytes: &[u8], number: u64) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(number);
    let other = |byte: &u8| if byte.is_ascii_digit() { rng.u8(b'0'..=b'9') } else { *byte };
    bytes.iter().map(other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_differ_and_stay_lines() {
        assert_eq!(inserted(b"a \"b\"\n1\nx", 0), b"a \"b0\"\n1\nx2");
        assert_eq!(inserted(b"a\n", 2), b"a2097152\n");
        let other = digits(b"id=1234567890\n", 1);
        assert!(other.starts_with(b"id=") && other.ends_with(b"\n") && other != b"id=1234567890\n");
    }
}
