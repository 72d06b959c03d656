//! How much of a file a change reads.

use runner_pipeline::patch::Roots;

use super::Change;

impl Change {
    /// Chooses whether the whole file is read, for its BLAKE3 root before and
    /// after, or only the groups of 64 KiB that hold what the program needs
    /// ([`Job::ranges`](crate::Job)). Then the roots of the [`Report`](crate::Report)
    /// and of a saved [`Patch`](crate::Patch) are not known, and no byte may
    /// move: edits keep the length, or are at the end of the file. Everything
    /// that needs the whole file is an error of [`Kind::Usage`](crate::Kind): a
    /// [backup](Change::backup), an [expected](Change::expect) root,
    /// [`Change::write_to`], and the strategy `Rewrite`. By default, the whole
    /// file is read.
    #[must_use]
    pub fn roots(mut self, roots: Roots) -> Self {
        self.settings.roots = roots;
        self
    }
}
