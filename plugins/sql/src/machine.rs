//! Goes through a dump statement by statement, with as little in view as each
//! part of it needs.

use std::collections::HashMap;
use std::sync::Arc;

use runner_plugin::Edits;

use crate::copy::{self, Work};
use crate::fault::{Parse, Stop, fault};
use crate::lexer::Scan;
use crate::lexis::{Lexis, Strings};
use crate::plan::{Plan, Planner};
use crate::routine::Routine;
use crate::rows::Rows;
use crate::skip::{Goal, Skip, line_end};
use crate::view::View;

/// Where in the file the position is.
#[derive(Debug)]
pub(crate) enum State {
    /// Between statements.
    Start,
    /// In a statement that is skipped.
    Statement,
    /// In a routine, whose body may hold statements.
    Routine(Routine),
    /// In the rows of an `INSERT`.
    Rows(Rows),
    /// In the line of the end of a `COPY`, before its rows. Without a plan they
    /// are skipped.
    CopyHead(Option<Arc<Plan>>),
    /// In the rows of a `COPY`.
    Copy(Arc<Plan>),
    /// In the rows of a `COPY` that are skipped; whether a line begins here.
    CopySkip(bool),
}

/// The head of an `INSERT` that was read last. Dumps repeat it for each row or
/// some thousand rows.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) text: Vec<u8>,
    pub(crate) plan: Option<Arc<Plan>>,
}

/// The position in a dump, and what was learnt so far.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) lexis: Lexis,
    /// The rules at the start of the file.
    pub(crate) base: Lexis,
    pub(crate) planner: Planner,
    /// The schema of names without one.
    pub(crate) schema: Option<Vec<u8>>,
    /// Variables of MySQL that store a SQL mode.
    pub(crate) modes: HashMap<Vec<u8>, Strings>,
    pub(crate) state: State,
    pub(crate) skip: Skip,
    pub(crate) known: Vec<Known>,
    pub(crate) work: Work,
}

impl Machine {
    /// A machine at the start of a file.
    pub(crate) fn new(lexis: Lexis, planner: Planner) -> Self {
        Self {
            base: lexis.clone(),
            lexis,
            planner,
            schema: None,
            modes: HashMap::new(),
            state: State::Start,
            skip: Skip::new(),
            known: Vec::new(),
            work: Work::default(),
        }
    }

    /// Goes from `at` as far as the bytes allow, and returns how far. After the last
    /// window that is its end.
    ///
    /// # Errors
    /// If the file cannot be read or changed as asked.
    pub(crate) fn go(&mut self, view: View<'_>, mut at: usize, edits: &mut Edits) -> Parse<usize> {
        let View { bytes, last } = view;
        // The rules are changed by statements, which are read by them.
        let mut lexis = self.lexis.clone();
        loop {
            if matches!(self.state, State::Start) && at == bytes.len() {
                return Ok(at);
            }
            let mut scan = Scan { bytes, at, last, lexis: &lexis };
            let start = at;
            let result = self.step(&mut scan, edits);
            at = scan.at;
            match result {
                Ok(Step::On) => {}
                Ok(Step::Relexed) => lexis = self.lexis.clone(),
                Err(Stop::More) if last => return fault(start, "the file ends too early"),
                Err(Stop::More) => return Ok(at),
                Err(fault) => return Err(fault),
            }
        }
    }

    fn step(&mut self, scan: &mut Scan<'_>, edits: &mut Edits) -> Parse<Step> {
        let view = scan.view();
        let next = match &mut self.state {
            State::Start => return self.start(scan, edits),
            State::Statement => match self.skip.to(Goal::Statement, view, scan.lexis, &mut scan.at)? {
                true => State::Start,
                false => return Err(Stop::More),
            },
            State::Routine(routine) => match routine.go(scan)? {
                true => State::Start,
                false => return Err(Stop::More),
            },
            State::Rows(rows) => match rows.go(scan, &mut self.work, edits)? {
                true => State::Start,
                false => return Err(Stop::More),
            },
            State::CopyHead(plan) => {
                let end = line_end(scan.view(), scan.at)?;
                if !scan.bytes[scan.at..end].trim_ascii().is_empty() {
                    return fault(scan.at, "text after the `;` of COPY in the same line");
                }
                scan.at = end;
                plan.take().map_or(State::CopySkip(true), State::Copy)
            }
            State::Copy(plan) => match copy::rows(plan, view, &mut scan.at, &mut self.work, edits)? {
                true => State::Start,
                false => return Err(Stop::More),
            },
            State::CopySkip(at_line) => match copy::skip(view, &mut scan.at, at_line)? {
                true => State::Start,
                false => return Err(Stop::More),
            },
        };
        self.state = next;
        self.skip = Skip::new();
        Ok(Step::On)
    }
}

/// What a step has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It has gone on.
    On,
    /// It has gone on, and changed the rules.
    Relexed,
}
