//! All paths of a job as one automaton, so that each value costs one step,
//! however many paths there are.
//!
//! A state stands for a set of positions in paths: what the keys and indices on
//! the way to a value have matched so far. The states and the ways between them
//! are computed before the first byte is read (the subset construction).

use crate::path::{Path, Selector};
use std::collections::HashMap;

/// Maximum number of states. Only many paths with `..` come near it.
const MAX_STATES: usize = 10_000;

/// From this many names on, the names of a state are searched by halving.
const MANY_NAMES: usize = 8;

/// The number of a state.
pub(crate) type StateId = u32;

/// The state in which no path can match any more, at any depth.
pub(crate) const DEAD: StateId = 0;

/// A position: the number of a path, and the number of steps that matched.
type Position = (usize, usize);

#[derive(Debug)]
struct State {
    /// The states of the members with these keys, sorted by key.
    names: Vec<(Vec<u8>, StateId)>,
    other_name: StateId,
    /// The states of the elements at these indices.
    indices: Vec<(u64, StateId)>,
    other_index: StateId,
    /// The paths that lead to the values of this state.
    accepted: Vec<usize>,
}

/// Which keys are the same as a name in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Only equal ones.
    Exact,
    /// Also those that differ in the case of ASCII letters.
    Ignored,
}

impl Case {
    fn is_same(self, name: &str, key: &str) -> bool {
        match self {
            Self::Exact => name == key,
            Self::Ignored => name.eq_ignore_ascii_case(key),
        }
    }
}

/// The automaton of all paths.
#[derive(Debug)]
pub(crate) struct Automaton {
    states: Vec<State>,
    /// The state of top-level values.
    pub(crate) start: StateId,
    case: Case,
}

impl Automaton {
    /// Builds the automaton.
    ///
    /// # Errors
    /// If it would have too many states.
    pub(crate) fn new(paths: &[Path], case: Case) -> Result<Self, String> {
        let mut known = HashMap::from([(Vec::new(), DEAD)]);
        let mut sets: Vec<Vec<Position>> = vec![Vec::new()];
        let mut id_of = |set: Vec<Position>, sets: &mut Vec<Vec<Position>>| {
            *known.entry(set.clone()).or_insert_with(|| {
                sets.push(set);
                (sets.len() - 1) as StateId
            })
        };
        let start = id_of((0..paths.len()).map(|path| (path, 0)).collect(), &mut sets);
        let mut states = Vec::new();
        while let Some(set) = sets.get(states.len()).cloned() {
            let (mut names, mut indices) = wanted(paths, &set, case);
            names.sort_unstable();
            names.dedup();
            indices.sort_unstable();
            indices.dedup();
            let mut go = |member: Member<'_>| id_of(next(paths, &set, member, case), &mut sets);
            states.push(State {
                names: names
                    .into_iter()
                    .map(|name| (name.as_bytes().to_vec(), go(Member::Name(&name))))
                    .collect(),
                other_name: go(Member::OtherName),
                indices: indices.into_iter().map(|index| (index, go(Member::Index(index)))).collect(),
                other_index: go(Member::OtherIndex),
                accepted: accepted(paths, &set),
            });
            if sets.len() > MAX_STATES {
                return Err(format!(
                    "the paths need more than {MAX_STATES} states together; use fewer paths with `..` per run"
                ));
            }
        }
        Ok(Self { states, start, case })
    }

    /// The state of a member with this key, which is decoded.
    #[inline]
    pub(crate) fn member(&self, state: StateId, key: &[u8]) -> StateId {
        let state = &self.states[state as usize];
        let found = if self.case == Case::Ignored {
            state.names.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))
        } else if state.names.len() < MANY_NAMES {
            state.names.iter().find(|(name, _)| is_equal(name, key))
        } else {
            state.names.binary_search_by(|(name, _)| name[..].cmp(key)).ok().map(|at| &state.names[at])
        };
        found.map_or(state.other_name, |(_, next)| *next)
    }

    /// The state of the element at an index.
    #[inline]
    pub(crate) fn element(&self, state: StateId, index: u64) -> StateId {
        let state = &self.states[state as usize];
        let found = state.indices.iter().find(|(wanted, _)| *wanted == index);
        found.map_or(state.other_index, |(_, next)| *next)
    }

    /// The numbers of the paths that lead to the values of a state.
    #[inline]
    pub(crate) fn accepted_by(&self, state: StateId) -> &[usize] {
        &self.states[state as usize].accepted
    }

    /// For each state, the numbers of the paths that lead to its values.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = &[usize]> {
        self.states.iter().map(|state| &state.accepted[..])
    }
}

/// Whether two keys are the same. Most keys differ in length or at the ends, and
/// the call to compare more is dearer than a look at the ends.
#[inline(always)]
fn is_equal(name: &[u8], key: &[u8]) -> bool {
    name.len() == key.len() && name.first() == key.first() && name.last() == key.last() && name == key
}

/// A member of an object or an element of an array, as far as paths tell them
/// apart.
#[derive(Clone, Copy)]
enum Member<'a> {
    Name(&'a str),
    OtherName,
    Index(u64),
    OtherIndex,
}

/// The names and indices in the next steps of a set.
fn wanted(paths: &[Path], set: &[Position], case: Case) -> (Vec<String>, Vec<u64>) {
    let (mut names, mut indices) = (Vec::new(), Vec::new());
    for selector in
        set.iter().filter_map(|&(path, at)| paths[path].steps.get(at)).flat_map(|step| &step.selectors)
    {
        match selector {
            Selector::Name(name) if case == Case::Ignored => names.push(name.to_ascii_lowercase()),
            Selector::Name(name) => names.push(name.clone()),
            Selector::Index(index) => indices.push(*index),
            Selector::All => {}
        }
    }
    (names, indices)
}

/// The set of a member's positions, sorted.
fn next(paths: &[Path], set: &[Position], member: Member<'_>, case: Case) -> Vec<Position> {
    let mut next = Vec::new();
    for &(path, at) in set {
        let Some(step) = paths[path].steps.get(at) else { continue };
        if step.descends {
            next.push((path, at));
        }
        let is_selected = step.selectors.iter().any(|selector| match (selector, member) {
            (Selector::All, _) => true,
            (Selector::Name(wanted), Member::Name(name)) => case.is_same(wanted, name),
            (Selector::Index(wanted), Member::Index(index)) => *wanted == index,
            _ => false,
        });
        if is_selected {
            next.push((path, at + 1));
        }
    }
    next.sort_unstable();
    next.dedup();
    next
}

fn accepted(paths: &[Path], set: &[Position]) -> Vec<usize> {
    set.iter().filter(|(path, at)| paths[*path].steps.len() == *at).map(|(path, _)| *path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::parse;

    fn automaton(paths: &[&str], case: Case) -> Automaton {
        let paths: Vec<_> = paths.iter().map(|path| parse(path).expect("a path").0).collect();
        Automaton::new(&paths, case).expect("few states")
    }

    /// Walks a way such as `a/0/b`; digits are indices.
    fn walk<'a>(automaton: &'a Automaton, way: &str) -> &'a [usize] {
        let step = |state, part: &str| match part.parse() {
            Ok(index) => automaton.element(state, index),
            Err(_) => automaton.member(state, part.as_bytes()),
        };
        let state = way.split('/').filter(|part| !part.is_empty()).fold(automaton.start, step);
        automaton.accepted().nth(state as usize).expect("a state")
    }

    #[test]
    fn paths_match_as_in_rfc_9535() {
        let paths = automaton(&["$.a.b", "$..c", "$.items[*].id", "$.list[1]", "$.any.*"], Case::Exact);
        for (way, path) in [
            ("a/b", Some(0)),
            ("a", None),
            ("b", None),
            ("a/b/x", None),
            ("c", Some(1)),
            ("x/3/y/c", Some(1)),
            ("c/c", Some(1)),
            ("items/7/id", Some(2)),
            ("items/x/id", Some(2)),
            ("items/id", None),
            ("list/1", Some(3)),
            ("list/0", None),
            ("any/0", Some(4)),
            ("any/k", Some(4)),
            ("any", None),
            ("A/b", None),
        ] {
            assert_eq!(walk(&paths, way), path.as_slice(), "{way}");
        }
    }

    #[test]
    fn values_of_several_paths_are_known() {
        let paths = automaton(&["$.a.*", "$.*.b"], Case::Exact);
        assert_eq!(walk(&paths, "a/b"), [0, 1]);
        assert_eq!(walk(&paths, "a/c"), [0]);
    }

    #[test]
    fn states_that_lead_nowhere_are_dead() {
        let paths = automaton(&["$.a.b"], Case::Exact);
        assert_eq!(paths.member(paths.start, b"b"), DEAD);
        assert_eq!(paths.member(DEAD, b"a"), DEAD);
        assert_eq!(paths.element(DEAD, 0), DEAD);
    }

    #[test]
    fn case_is_ignored_on_demand() {
        let paths = automaton(&["$..PassWord"], Case::Ignored);
        assert_eq!(walk(&paths, "x/pASSWORD"), [0]);
    }

    #[test]
    fn many_names_are_told_apart() {
        let texts: Vec<_> = (0..100).map(|at| format!("$.name{at}")).collect();
        let paths = automaton(&texts.iter().map(String::as_str).collect::<Vec<_>>(), Case::Exact);
        for at in 0..100 {
            assert_eq!(walk(&paths, &format!("name{at}")), [at]);
        }
        assert!(walk(&paths, "name100").is_empty());
    }

    #[test]
    fn too_many_states_are_an_error() {
        let stars = ".*".repeat(14);
        let (path, _) = parse(&format!("$..a{stars}")).expect("a path");
        assert!(Automaton::new(&[path], Case::Exact).expect_err("2^14 states").contains("10000 states"));
    }
}
