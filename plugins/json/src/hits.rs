//! Counts the values to which each path leads.

use crate::automaton::StateId;
use crate::plan::{Plan, Rule};
use crate::scanner::{Output, Walk};
use runner_plugin::{Edits, MAX_COUNTS};

/// Maximum number of bytes of a count's name in the contract.
const MAX_NAME_BYTES: usize = 64;

/// The values in the bytes at hand to which paths lead: the position of each,
/// and its state. Positions are sorted.
#[derive(Debug, Default)]
pub(crate) struct Hits(Vec<(usize, StateId)>);

impl<O: Output> Walk<'_, O> {
    /// Notes that the value at `at` has this state, if a path ends there.
    #[inline]
    pub(crate) fn note(&mut self, at: usize, state: StateId) {
        if !self.plan.accepted(state).is_empty() {
            self.scanner.hits.0.push((at, state));
        }
    }
}

/// The counts of a job. Each path has one; of too many paths, each action.
#[derive(Debug)]
pub(crate) struct Counts {
    names: Vec<String>,
    /// The count of each rule.
    of_rule: Vec<usize>,
    /// Whether each rule has matched a value so far.
    has_matched: Vec<bool>,
}

impl Counts {
    /// The counts of a plan.
    pub(crate) fn new(plan: &Plan) -> Self {
        let rules = plan.rules();
        let mut counts =
            Self { names: Vec::new(), of_rule: Vec::new(), has_matched: vec![false; rules.len()] };
        for (at, rule) in rules.iter().enumerate() {
            let name = if rules.len() <= MAX_COUNTS { path_name(rule, at) } else { rule.parameter.into() };
            let known = counts.names.iter().position(|known| *known == name);
            counts.of_rule.push(known.unwrap_or(counts.names.len()));
            if known.is_none() {
                counts.names.push(name);
            }
        }
        counts
    }

    /// The names, for the job.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Counts the values before `done`, which are not shown again, and forgets
    /// all.
    pub(crate) fn take(&mut self, hits: &mut Hits, done: usize, plan: &Plan, edits: &mut Edits) {
        for (_, state) in hits.0.drain(..).take_while(|&(at, _)| at < done) {
            let accepted = plan.accepted(state);
            for (place, &rule) in accepted.iter().enumerate() {
                self.has_matched[rule] = true;
                // Two paths with one count may lead to the same value.
                let count = self.of_rule[rule];
                if accepted[..place].iter().all(|&earlier| self.of_rule[earlier] != count) {
                    edits.count(count, 1);
                }
            }
        }
    }

    /// The rules that have matched nothing so far.
    pub(crate) fn unmatched<'p>(&self, plan: &'p Plan) -> impl Iterator<Item = &'p Rule> {
        plan.rules().iter().zip(&self.has_matched).filter(|(_, matched)| !**matched).map(|(rule, _)| rule)
    }
}

/// The name of a path's count: as in `mask:$.email`, or `mask:path-3` if that is
/// not a name.
fn path_name(rule: &Rule, at: usize) -> String {
    let name = format!("{}:{}", rule.parameter, rule.path.text);
    let is_name = name.len() <= MAX_NAME_BYTES && name.bytes().all(|byte| byte.is_ascii_graphic());
    if is_name { name } else { format!("{}:path-{}", rule.parameter, at + 1) }
}
