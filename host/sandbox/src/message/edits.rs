//! How edits are written after the head of a reply.

use runner_pipeline::engine::window::Found;

/// Bytes of an edit, without its new bytes: start, old and new length.
const SPAN_BYTES: usize = 16;

/// Bytes of [`encode_edits`].
pub(crate) fn edits_bytes(found: &Found) -> usize {
    found.spans().len() * SPAN_BYTES + found.new_bytes().len()
}

/// Writes [`edits_bytes`] bytes: first all spans, then all new bytes.
///
/// # Panics
/// If `into` is shorter.
pub(crate) fn encode_edits(found: &Found, into: &mut [u8]) {
    let (spans, new) = into.split_at_mut(found.spans().len() * SPAN_BYTES);
    let (spans, _) = spans.as_chunks_mut::<SPAN_BYTES>();
    for (span, (start, old, new)) in spans.iter_mut().zip(found.spans()) {
        span[..8].copy_from_slice(&start.to_le_bytes());
        span[8..12].copy_from_slice(&old.to_le_bytes());
        span[12..].copy_from_slice(&new.to_le_bytes());
    }
    new[..found.new_bytes().len()].copy_from_slice(found.new_bytes());
}

/// Edits, decoded from what follows a reply's head.
pub struct Edits<'a> {
    spans: &'a [[u8; SPAN_BYTES]],
    new_bytes: &'a [u8],
}

impl<'a> Edits<'a> {
    /// `None` if there are not exactly as many bytes as the head says.
    pub fn new(bytes: &'a [u8], count: u64, new_bytes: u64) -> Option<Self> {
        let spans_bytes = usize::try_from(count).ok()?.checked_mul(SPAN_BYTES)?;
        let (spans, new) = bytes.split_at_checked(spans_bytes)?;
        let (spans, _) = spans.as_chunks();
        (new.len() as u64 == new_bytes).then_some(Self { spans, new_bytes: new })
    }

    /// The number of edits, and of their old and new bytes.
    pub fn sizes(&self) -> (usize, u64, usize) {
        let old = |span: &[u8; SPAN_BYTES]| {
            let [_, _, _, _, _, _, _, _, old @ .., _, _, _, _] = *span;
            u64::from(u32::from_le_bytes(old))
        };
        (self.spans.len(), self.spans.iter().map(old).sum(), self.new_bytes.len())
    }

    /// Passes each edit to `take`. `None` if there are more or fewer new bytes
    /// than all edits together have.
    pub fn each<E>(
        self,
        mut take: impl FnMut(u64, u32, &[u8]) -> std::result::Result<(), E>,
    ) -> Option<std::result::Result<(), E>> {
        let mut rest = self.new_bytes;
        for span in self.spans {
            let [start @ .., _, _, _, _, _, _, _, _] = *span;
            let [_, _, _, _, _, _, _, _, old @ .., _, _, _, _] = *span;
            let [_, _, _, _, _, _, _, _, _, _, _, _, new @ ..] = *span;
            let (new, after) = rest.split_at_checked(u32::from_le_bytes(new) as usize)?;
            rest = after;
            if let Err(error) = take(u64::from_le_bytes(start), u32::from_le_bytes(old), new) {
                return Some(Err(error));
            }
        }
        rest.is_empty().then_some(Ok(()))
    }
}
