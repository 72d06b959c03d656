//! Changes inputs.

use super::Maker;

impl Maker {
    /// Changes some bytes.
    pub(super) fn change(&mut self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let start = self.rng.usize(0..=length);
        let end = (start + self.rng.usize(0..32)).min(length);
        match self.rng.u8(0..9) {
            0 => {
                bytes.drain(start..end);
            }
            1 => {
                let mut token = Vec::new();
                self.word(&mut token);
                bytes.splice(start..start, token);
            }
            2 => {
                let mut token = Vec::new();
                self.word(&mut token);
                bytes.splice(start..end, token);
            }
            3 => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte = self.rng.u8(..);
                }
            }
            4 => {
                let copy = bytes[start..end].to_vec();
                bytes.splice(start..start, copy);
            }
            5 => {
                let other = self.rng.choice(&self.pool).cloned().unwrap_or_default();
                let from = self.rng.usize(0..=other.len());
                let to = (from + self.rng.usize(0..200)).min(other.len());
                bytes.splice(start..start, other[from..to].iter().copied());
            }
            6 => bytes.truncate(start),
            7 => bytes.insert(start, b'\n'),
            _ => {
                // A line is moved, with its end.
                let mut lines: Vec<_> =
                    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let (one, two) =
                    (self.rng.usize(0..lines.len().max(1)), self.rng.usize(0..lines.len().max(1)));
                if lines.len() > 1 {
                    lines.swap(one, two);
                }
                *bytes = lines.concat();
            }
        }
    }
}
