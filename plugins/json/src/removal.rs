//! Deletes members, and replaces whole values.
//!
//! A deleted member takes one comma with it. If a kept member comes before it,
//! that is the comma before it, with the whitespace between the comma and the
//! member. Otherwise it is the comma after it, with the whitespace before the
//! member and before that comma. So the rest is laid out as it was, and if
//! nothing is left, neither is whitespace. Where the first member follows its
//! bracket at once, the next one does so, too.
//!
//! Whether a member is deleted shows only after its key. Until then the bytes
//! from the comma on are held back, so that they can still be deleted.

use crate::action::Action;
use crate::fault::{Fault, Stop};
use crate::plan::RuleId;
use crate::scanner::{Expect, Members, Output, Walk};
use std::ops::Range;

/// A position from which the bytes must be shown again if they end before a
/// decision, and what is expected there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) at: usize,
    pub(crate) expect: Expect,
}

/// A part of the input that is being removed or replaced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Removal {
    /// Number of containers around the value.
    depth: usize,
    /// The start of what is not yet removed of it.
    from: usize,
    rule: RuleId,
    /// Whether the replacement is still to be written.
    is_new: bool,
}

impl<O: Output> Walk<'_, O> {
    /// Decides about the member that begins at `start`, once it is known what
    /// applies to it.
    #[inline(always)]
    pub(crate) fn decide(&mut self, start: usize) -> Result<(), Stop> {
        if self.plan.deletes && self.scanner.removal.is_none() {
            return self.decide_deletion(start);
        }
        Ok(())
    }

    fn decide_deletion(&mut self, start: usize) -> Result<(), Stop> {
        let hold = self.hold.take();
        let rule = self.scanner.child.rule;
        if rule != 0 && matches!(self.plan.rule(rule).action, Action::Delete) {
            let from = hold.map_or(start, |hold| hold.at);
            self.check_length(from, start, "the whitespace around a comma")?;
            self.scanner.removal = Some(Removal { depth: self.scanner.parents.len(), from, rule, is_new: true });
            let members = &mut self.scanner.top.members;
            *members = match *members {
                Members::None if from == start => Members::DeletedTight,
                Members::None => Members::Deleted,
                other => other,
            };
        } else {
            self.scanner.top.members = Members::Kept;
        }
        Ok(())
    }

    /// Begins to replace the value at `at`.
    pub(crate) fn begin_replacement(&mut self, at: usize, rule: RuleId) {
        let depth = self.scanner.parents.len();
        self.scanner.removal = Some(Removal { depth, from: at, rule, is_new: true });
    }

    /// A comma is at `at`, and the next member may be deleted.
    pub(crate) fn hold_comma(&mut self, at: usize) {
        let expect = self.scanner.expect;
        self.hold = match self.scanner.top.members {
            Members::None | Members::Kept => Some(Hold { at, expect: Expect::Comma }),
            Members::Deleted => Some(Hold { at: at + 1, expect }),
            Members::DeletedTight => None,
        };
        if matches!(self.scanner.top.members, Members::Deleted | Members::DeletedTight) {
            self.out.replace(at..at + 1, b"");
        }
    }

    /// Deletes whitespace after a deleted member. After a comma it stays,
    /// unless the next member is to follow a bracket at once.
    #[inline]
    pub(crate) fn trim(&mut self, range: Range<usize>) {
        let is_trimmed = match self.scanner.top.members {
            Members::Deleted => self.scanner.expect == Expect::Comma,
            Members::DeletedTight => matches!(self.scanner.expect, Expect::Comma | Expect::Key | Expect::Value),
            Members::None | Members::Kept => false,
        };
        if is_trimmed && self.scanner.removal.is_none() {
            self.out.replace(range, b"");
        }
    }

    /// A value ends at `end`; if it is the one that is removed, removes it.
    pub(crate) fn finish_removal(&mut self, end: usize) {
        let Some(removal) = self.scanner.removal.filter(|removal| removal.depth == self.scanner.parents.len()) else {
            return;
        };
        self.scanner.removal = None;
        let action = &self.plan.rule(removal.rule).action;
        let new = if removal.is_new { action.replacement() } else { b"" };
        if new.is_empty() || self.input.bytes[removal.from..end] != *new {
            self.out.replace(removal.from..end, new);
        }
    }

    /// The bytes up to `done` are done: removes what can be removed of them.
    pub(crate) fn suspend_removal(&mut self, done: usize) {
        let Some(removal) = &mut self.scanner.removal else { return };
        if removal.from < done {
            let new = if removal.is_new { self.plan.rule(removal.rule).action.replacement() } else { b"" };
            self.out.replace(removal.from..done, new);
            removal.is_new = false;
        }
        removal.from = 0;
    }
}

/// Deleting a top-level value would leave a text that is not JSON.
pub(crate) fn undeletable(at: usize) -> Stop {
    Fault::new(at, "a top-level value cannot be deleted; use `null` or `set`").into()
}
