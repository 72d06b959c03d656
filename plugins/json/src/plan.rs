//! What happens to which values: the paths and their actions.

use crate::action::Action;
use crate::automaton::{Automaton, Case, DEAD, StateId};
use crate::path::{Path, Selector};

/// The number of a rule; [`NO_RULE`] if there is none.
pub(crate) type RuleId = u16;

/// No rule applies.
pub(crate) const NO_RULE: RuleId = 0;

/// Maximum number of rules.
const MAX_RULES: usize = 10_000;

/// A path and its action.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) path: Path,
    /// The name of the action's parameter.
    pub(crate) parameter: &'static str,
    /// What follows the paths. Rules with the same parameter and argument have
    /// the same action.
    pub(crate) argument: String,
    pub(crate) action: Action,
}

impl Rule {
    /// What the user may recognise the rule by, as in `mask=$.email`.
    pub(crate) fn text(&self) -> String {
        format!("{}={}", self.parameter, self.path.text)
    }

    /// Whether two rules have the same action.
    fn is_same(&self, other: &Self) -> bool {
        self.parameter == other.parameter && self.argument == other.argument
    }
}

/// What a state says about its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// No path ends here: what applies to the value around applies.
    Inherit,
    /// This rule applies.
    Rule(RuleId),
    /// Two rules with different actions.
    Conflict(RuleId, RuleId),
}

/// What applies to a value: its state, and its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) state: StateId,
    pub(crate) rule: RuleId,
}

impl Target {
    /// Neither the value nor anything in it can change.
    pub(crate) const NONE: Self = Self { state: DEAD, rule: NO_RULE };

    /// Whether a path may still match in the value.
    #[inline(always)]
    pub(crate) fn is_live(self) -> bool {
        self.state != DEAD
    }
}

/// The rules of a job.
#[derive(Debug)]
pub(crate) struct Plan {
    automaton: Automaton,
    rules: Vec<Rule>,
    /// One for each state.
    verdicts: Vec<Verdict>,
    /// Whether members can be deleted.
    pub(crate) deletes: bool,
}

impl Plan {
    /// Makes a plan of rules.
    ///
    /// # Errors
    /// If there are too many rules.
    pub(crate) fn new(rules: Vec<Rule>, case: Case) -> Result<Self, String> {
        if rules.len() > MAX_RULES {
            return Err(format!("there are {} paths; at most {MAX_RULES} are possible", rules.len()));
        }
        let paths: Vec<Path> = rules.iter().map(|rule| rule.path.clone()).collect();
        let automaton = Automaton::new(&paths, case)?;
        let verdicts = automaton.accepted().map(|accepted| verdict(&rules, accepted)).collect();
        let deletes = rules.iter().any(|rule| matches!(rule.action, Action::Delete));
        Ok(Self { automaton, verdicts, deletes, rules })
    }

    /// Whether every edit keeps the length.
    pub(crate) fn keeps_length(&self) -> bool {
        self.rules.iter().all(|rule| rule.action.keeps_length())
    }

    /// Whether a second run changes nothing. Where members are deleted, others
    /// have other indices then.
    pub(crate) fn is_idempotent(&self) -> bool {
        let has_index = |rule: &Rule| {
            let mut selectors = rule.path.steps.iter().flat_map(|step| &step.selectors);
            selectors.any(|selector| matches!(selector, Selector::Index(_)))
        };
        self.rules.iter().all(|rule| rule.action.is_idempotent())
            && !(self.deletes && self.rules.iter().any(has_index))
    }

    /// All rules, in the order in which they were given.
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether paths end at the values of a state, and the positions of their
    /// rules in [`Plan::rules`].
    pub(crate) fn accepted(&self, state: StateId) -> &[usize] {
        self.automaton.accepted_by(state)
    }

    /// The rule with a number other than [`NO_RULE`].
    #[inline]
    pub(crate) fn rule(&self, rule: RuleId) -> &Rule {
        &self.rules[usize::from(rule) - 1]
    }

    /// What applies to a top-level value.
    #[inline]
    pub(crate) fn top(&self) -> Result<Target, String> {
        self.target(self.automaton.start, NO_RULE)
    }

    /// What applies to a member of an object with this decoded key.
    #[inline]
    pub(crate) fn member(&self, object: Target, key: &[u8]) -> Result<Target, String> {
        self.target(self.automaton.member(object.state, key), object.rule)
    }

    /// What applies to the element of an array at this index.
    #[inline]
    pub(crate) fn element(&self, array: Target, index: u64) -> Result<Target, String> {
        self.target(self.automaton.element(array.state, index), array.rule)
    }

    #[inline]
    fn target(&self, state: StateId, inherited: RuleId) -> Result<Target, String> {
        match self.verdicts[state as usize] {
            Verdict::Inherit => Ok(Target { state, rule: inherited }),
            Verdict::Rule(rule) => Ok(Target { state, rule }),
            Verdict::Conflict(first, second) => Err(self.conflict(first, second)),
        }
    }

    #[cold]
    fn conflict(&self, first: RuleId, second: RuleId) -> String {
        let (first, second) = (self.rule(first).text(), self.rule(second).text());
        format!("`{first}` and `{second}` both match this value; make one of the paths narrower")
    }
}

fn verdict(rules: &[Rule], accepted: &[usize]) -> Verdict {
    let id = |rule: usize| (rule + 1) as RuleId;
    let Some(&first) = accepted.first() else { return Verdict::Inherit };
    if let Some(&keep) = accepted.iter().find(|&&rule| matches!(rules[rule].action, Action::Keep)) {
        return Verdict::Rule(id(keep));
    }
    match accepted.iter().find(|&&rule| !rules[rule].is_same(&rules[first])) {
        None => Verdict::Rule(id(first)),
        Some(&second) => Verdict::Conflict(id(first), id(second)),
    }
}
