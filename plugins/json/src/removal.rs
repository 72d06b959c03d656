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
use crate::lexer::Rest;
use crate::plan::{RuleId, Target};
use crate::scanner::{Expect, Kind, Members, Output, Walk};
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
    /// What was known at the start.
    expect: Expect,
    members: Members,
    child: Target,
}

/// From this many bytes on, what is removed or masked is done in parts. Smaller
/// values are waited for, so that the edits do not depend on the cut.
pub(crate) const PART_BYTES: usize = 1 << 20;

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
            self.note(from, self.scanner.child.state);
            self.begin_removal(from, rule, hold.map_or(self.scanner.expect, |hold| hold.expect));
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

    /// Begins to remove or replace what starts at `from`, where this is
    /// expected.
    pub(crate) fn begin_removal(&mut self, from: usize, rule: RuleId, expect: Expect) {
        let depth = self.scanner.parents.len();
        let (members, child) = (self.scanner.top.members, self.scanner.child);
        self.scanner.removal = Some(Removal { depth, from, rule, is_new: true, expect, members, child });
    }

    /// Where a member may be deleted, holds back the bytes before it.
    pub(crate) fn resume(&mut self, from: usize) {
        let frame = &self.scanner.top;
        let is_between = self.scanner.inside.is_none() && self.scanner.removal.is_none();
        if !self.plan.deletes || !frame.target.is_live() || !is_between {
            return;
        }
        let expect = self.scanner.expect;
        let is_held = match expect {
            Expect::FirstKey | Expect::FirstValue => true,
            Expect::Key => frame.members == Members::Deleted,
            Expect::Value => frame.members == Members::Deleted && frame.kind == Kind::Array,
            Expect::Top | Expect::Colon | Expect::Comma => false,
        };
        if is_held {
            self.hold = Some(Hold { at: from, expect });
        }
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
    pub(crate) fn trim(&mut self, range: Range<usize>) -> Result<(), Stop> {
        let is_trimmed = match self.scanner.top.members {
            Members::Deleted => self.scanner.expect == Expect::Comma,
            Members::DeletedTight => {
                matches!(self.scanner.expect, Expect::Comma | Expect::Key | Expect::Value)
            }
            Members::None | Members::Kept => false,
        };
        if is_trimmed && self.scanner.removal.is_none() {
            let is_cut = range.end == self.input.bytes.len() && self.input.rest == Rest::Unknown;
            if is_cut && range.len() < PART_BYTES {
                return Err(Stop::More(range.start));
            }
            self.out.replace(range, b"");
        }
        Ok(())
    }

    /// A value ends at `end`; if it is the one that is removed, removes it.
    pub(crate) fn finish_removal(&mut self, end: usize) {
        let Some(removal) =
            self.scanner.removal.filter(|removal| removal.depth == self.scanner.parents.len())
        else {
            return;
        };
        self.scanner.removal = None;
        let action = &self.plan.rule(removal.rule).action;
        let new = if removal.is_new { action.replacement() } else { b"" };
        if new.is_empty() || self.input.bytes[removal.from..end] != *new {
            self.out.replace(removal.from..end, new);
        }
    }

    /// The bytes end, and those up to `done` are done: removes what can be
    /// removed of them, or goes back to the start. Returns what is done then.
    pub(crate) fn suspend_removal(&mut self, done: usize) -> usize {
        let scanner = &mut *self.scanner;
        let Some(removal) = &mut scanner.removal else { return done };
        let from = removal.from;
        if removal.is_new && self.input.bytes.len() - from < PART_BYTES {
            scanner.expect = removal.expect;
            let outer = scanner.parents.get(removal.depth).copied();
            scanner.top = outer.unwrap_or(scanner.top);
            scanner.parents.truncate(removal.depth);
            scanner.top.members = removal.members;
            scanner.child = removal.child;
            scanner.inside = None;
            scanner.removal = None;
            return from;
        }
        if from < done {
            let new = if removal.is_new { self.plan.rule(removal.rule).action.replacement() } else { b"" };
            self.out.replace(from..done, new);
            removal.is_new = false;
        }
        removal.from = 0;
        done
    }
}

/// Deleting a top-level value would leave a text that is not JSON.
pub(crate) fn undeletable(at: usize) -> Stop {
    Fault::new(at, "a top-level value cannot be deleted; use `null` or `set`").into()
}
