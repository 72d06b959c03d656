//! The checks: their names, and what each of them says.

use runner_pipeline::error::Fault;

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Check {
    Imports,
    Describe,
    Section,
    Begin,
    Split,
    Threads,
    Reset,
    Repeat,
    Length,
    Idempotent,
    Prefilter,
    Memory,
    Trap,
    Contract,
    Time,
    Limits,
    Speed,
    Edits,
}

impl Check {
    /// All checks, in the order of the report.
    pub(super) const ALL: [Self; 18] = [
        Self::Imports,
        Self::Describe,
        Self::Section,
        Self::Begin,
        Self::Split,
        Self::Threads,
        Self::Reset,
        Self::Repeat,
        Self::Length,
        Self::Idempotent,
        Self::Prefilter,
        Self::Memory,
        Self::Trap,
        Self::Contract,
        Self::Time,
        Self::Limits,
        Self::Speed,
        Self::Edits,
    ];

    /// The name that stays the same from version to version.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Imports => "imports",
            Self::Describe => "describe",
            Self::Section => "section",
            Self::Begin => "begin",
            Self::Split => "split",
            Self::Threads => "threads",
            Self::Reset => "reset",
            Self::Repeat => "repeat",
            Self::Length => "length",
            Self::Idempotent => "idempotent",
            Self::Prefilter => "prefilter",
            Self::Memory => "memory",
            Self::Trap => "trap",
            Self::Contract => "contract",
            Self::Time => "time",
            Self::Limits => "limits",
            Self::Speed => "speed",
            Self::Edits => "edits",
        }
    }

    /// What is true of a plugin that passes.
    pub(super) fn claim(self) -> &'static str {
        match self {
            Self::Imports => "it imports nothing but what plugins may have",
            Self::Describe => "it describes itself, the same each time",
            Self::Section => "its section describes it as it describes itself",
            Self::Begin => "it asks for the same job for the same file",
            Self::Split => "its edits do not depend on where windows begin and end",
            Self::Threads => "real runs with one thread and with several make the same patch",
            Self::Reset => "it remembers nothing from window to window",
            Self::Repeat => "two runs give the same answer, also with a little less memory, and as a stream",
            Self::Length => "no edit changes a length, as it claims",
            Self::Idempotent => "a second run changes nothing, as it claims",
            Self::Prefilter => "its prefilters leave out nothing that it would edit",
            Self::Memory => "its memory does not grow from window to window",
            Self::Trap => "it does not crash",
            Self::Contract => "its answers keep the contract",
            Self::Time => "it answers in time",
            Self::Limits => "it keeps the limits of memory and of answers",
            Self::Speed => "it is as fast as demanded",
            Self::Edits => "it changes an input, as demanded",
        }
    }

    /// The check that a fault belongs to.
    pub(super) fn of(fault: Fault) -> Self {
        match fault {
            Fault::Trap => Self::Trap,
            Fault::Contract => Self::Contract,
            Fault::Claim => Self::Length,
            Fault::Import => Self::Imports,
            Fault::Time => Self::Time,
            Fault::Memory => Self::Limits,
        }
    }
}

/// What a check has found in one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tried {
    /// It says nothing about this input.
    Skipped,
    Passed,
    /// What is wrong.
    Wrong(Check, String),
}

/// An input, and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) bytes: Vec<u8>,
    pub(super) origin: String,
}

/// A failure of a check.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) why: String,
    /// The smallest input that was found, if it takes one.
    pub(super) input: Option<Input>,
    /// Which of the sets of parameters.
    pub(super) params: usize,
}

/// What has become of all checks.
#[derive(Debug, Default)]
pub(super) struct Board(std::collections::BTreeMap<Check, Entry>);

#[derive(Debug, Default)]
pub(super) struct Entry {
    /// How often it passed.
    pub(super) passed: u64,
    pub(super) finding: Option<Finding>,
}

/// How a check has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Pass,
    Fail,
    /// There was nothing to check.
    NotApplicable,
}

impl Board {
    pub(super) fn pass(&mut self, check: Check) {
        self.0.entry(check).or_default().passed += 1;
    }

    /// Records a failure, unless there is one.
    pub(super) fn fail(&mut self, check: Check, finding: Finding) {
        self.0.entry(check).or_default().finding.get_or_insert(finding);
    }

    pub(super) fn has_failed(&self, check: Check) -> bool {
        self.status(check) == Status::Fail
    }

    pub(super) fn entry(&self, check: Check) -> Option<&Entry> {
        self.0.get(&check)
    }

    pub(super) fn status(&self, check: Check) -> Status {
        match self.0.get(&check) {
            Some(Entry { finding: Some(_), .. }) => Status::Fail,
            Some(Entry { passed: 1.., .. }) => Status::Pass,
            _ => Status::NotApplicable,
        }
    }

    pub(super) fn all_passed(&self) -> bool {
        !Check::ALL.into_iter().any(|check| self.has_failed(check))
    }
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not-applicable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_have_names_of_their_own() {
        let mut ids: Vec<_> = Check::ALL.into_iter().map(Check::id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Check::ALL.len());
    }
}
