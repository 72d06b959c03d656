//! What happens to the columns of a file.

use crate::change::Change;
use crate::condition::Condition;

/// What happens to a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Its fields are kept.
    Keep,
    /// Its fields are removed, each with one delimiter.
    Drop,
    /// Its fields are changed: the index in [`Steps::changes`].
    Change(usize),
}

/// The steps and conditions for the columns of one file.
#[derive(Debug)]
pub(crate) struct Steps {
    /// One step per column.
    pub(crate) columns: Vec<Step>,
    /// The step of the columns beyond those of the first record.
    pub(crate) rest: Step,
    pub(crate) changes: Vec<Change>,
    /// The columns of the conditions on which records are deleted. A column
    /// that the file does not have is `None`.
    pub(crate) conditions: Vec<(Option<usize>, Condition)>,
    /// The number of fields that each record must have, if it is checked.
    pub(crate) expected: Option<usize>,
    /// Whether a backslash before a delimiter or a line end is a fault.
    pub(crate) guards_backslashes: bool,
    /// The offset of the header, if the file has one.
    pub(crate) header: Option<u64>,
}

impl Steps {
    /// Number of fields needed of each record, with one more if some are
    /// dropped.
    pub(crate) fn limit(&self, dropped: usize) -> usize {
        if self.rest != Step::Keep || self.expected.is_some() {
            return usize::MAX;
        }
        let used = self.columns.iter().rposition(|step| *step != Step::Keep).map_or(0, |last| last + 1);
        let groups = self.changes.iter().filter_map(|change| change.group);
        let conditions = self.conditions.iter().filter_map(|(column, _)| *column);
        let other = groups.chain(conditions).max().map_or(0, |last| last + 1);
        // If two fields follow the last dropped one, a delimiter is left, so the
        // record does not become an empty line.
        used.max(other) + dropped
    }
}
