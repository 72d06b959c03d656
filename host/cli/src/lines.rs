//! Line numbers of byte offsets, found by counting line ends.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Number of bytes read at a time.
const CHUNK_BYTES: u64 = 1 << 20;

/// Counts the lines of a file up to offsets given in increasing order.
pub(crate) struct Lines<'a> {
    file: &'a File,
    at: u64,
    ends: u64,
    /// Number of bytes that may still be read.
    budget: u64,
}

impl<'a> Lines<'a> {
    /// Counts lines within the first `budget` bytes.
    pub(crate) fn new(file: &'a File, budget: u64) -> Self {
        Self { file, at: 0, ends: 0, budget }
    }

    /// The number of line ends before an offset. `None` if the offset is beyond
    /// the budget, or the file cannot be read.
    pub(crate) fn before(&mut self, offset: u64) -> Option<u64> {
        let mut buffer = Vec::new();
        while self.at < offset {
            let want = (offset - self.at).min(CHUNK_BYTES).min(self.budget);
            if want == 0 {
                return None;
            }
            buffer.resize(usize::try_from(want).ok()?, 0);
            self.file.read_exact_at(&mut buffer, self.at).ok()?;
            self.ends += memchr::memchr_iter(b'\n', &buffer).count() as u64;
            self.at += want;
            self.budget -= want;
        }
        Some(self.ends)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn lines_are_counted_as_far_as_the_budget_goes() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"a\nbc\n\nd").unwrap();
        let mut lines = Lines::new(&file, 100);
        assert_eq!([0, 1, 2, 4, 5, 6, 7].map(|at| lines.before(at)), [0, 0, 1, 1, 2, 3, 3].map(Some));
        assert_eq!(lines.before(8), None, "after the end");
        let mut lines = Lines::new(&file, 3);
        assert_eq!([2, 3, 4].map(|at| lines.before(at)), [Some(1), Some(1), None]);
    }
}
