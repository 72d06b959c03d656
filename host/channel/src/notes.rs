//! What a worker writes down while it works, so that it is known even if there is
//! never an answer.

use std::sync::atomic::Ordering;

use crate::area::{Foreign, Number, Written};

/// Bytes before a text: its kind and its length.
const HEAD_BYTES: usize = 1 + size_of::<u32>();

/// Texts of one slot, which the parent can read at any time.
///
/// There is one for each slot, and it belongs to the worker. Texts that no longer
/// fit are dropped.
#[derive(Debug)]
pub struct Notes {
    area: Written,
    /// The bytes in use, for the parent.
    length: Number,
    used: usize,
}

impl Notes {
    pub(crate) fn new(area: Written) -> Self {
        Self { length: area.noted(), area, used: 0 }
    }

    /// Appends a text, if it fits. What `kind` means is up to the two sides.
    pub fn add(&mut self, kind: u8, text: &[u8]) {
        let Ok(length) = u32::try_from(text.len()) else { return };
        let rest = self.area.bytes_mut().get_mut(self.used..).unwrap_or_default();
        let whole = HEAD_BYTES + text.len();
        let Some(note) = rest.get_mut(..whole) else { return };
        note[0] = kind;
        note[1..HEAD_BYTES].copy_from_slice(&length.to_le_bytes());
        note[HEAD_BYTES..].copy_from_slice(text);
        self.set(self.used + whole);
    }

    /// Removes all texts: they are in an answer, or belong to one.
    pub fn clear(&mut self) {
        self.set(0);
    }

    fn set(&mut self, used: usize) {
        self.used = used;
        // The bytes are in place before the length is, wherever the process is
        // killed.
        self.length.get().store(used as u64, Ordering::Release);
    }
}

/// Copies the texts. The other side may have written anything: what makes no
/// sense ends them.
pub(crate) fn read(area: &Foreign) -> Vec<(u8, Vec<u8>)> {
    let length = area.noted().get().load(Ordering::Acquire);
    let Some(length) = usize::try_from(length).ok().filter(|length| *length <= area.limit()) else {
        return Vec::new();
    };
    let mut bytes = Vec::new();
    area.copy(length, &mut bytes);
    let (mut rest, mut notes) = (&*bytes, Vec::new());
    while let Some((kind, text, more)) = first(rest) {
        notes.push((kind, text.to_vec()));
        rest = more;
    }
    notes
}

/// The first text, and what follows it.
fn first(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((*kind, text, rest))
}
