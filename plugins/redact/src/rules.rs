//! Rules for secrets, as data: an expression of the secret and of what stands
//! around it, keywords without which a line cannot match, a limit of entropy,
//! and lists of values that are no secrets.
//!
//! The built-in rules are in `rules/*.toml`. A file of one's own has the form of
//! gitleaks' configuration, and means the same, line by line:
//! - Only lines are searched in which one of a rule's keywords is, in any case.
//! - Matches of a rule do not overlap; they are found from left to right.
//! - The secret of a match is the group that the rule names, or else the first
//!   group that is not empty, or else the match.
//! - Its entropy must be above the rule's limit, and no allowlist may contain
//!   it: neither the rule's nor one for all rules.
//!
//! These are different: rules and conditions on the name of a file are left out,
//! as the name is not known; a comment `gitleaks:allow` has no effect, since
//! anybody can write it into a log; values are not decoded first; a match does
//! not reach over the end of a line; expressions match bytes, so `.{5}` is five
//! bytes, not characters.

mod allow;
mod anchor;
mod boundary;
mod context;
mod entropy;
mod expression;
mod file;
mod go;
pub(crate) mod pem;
mod plan;
mod rule;
mod scanner;
mod search;
mod shape;

#[cfg(test)]
mod model;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use allow::Allowlist;
use file::{File, Spec};
use rule::Rule;
use search::Index;
use std::ops::Range;
use std::sync::atomic::Ordering;

/// The built-in rules.
const BUILTIN: [&str; 3] = [
    include_str!("../rules/prefixes.toml"),
    include_str!("../rules/contexts.toml"),
    include_str!("../rules/clouds.toml"),
];

/// A secret that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The index of the rule.
    pub rule: usize,
    /// The range of the secret in the text.
    pub value: Range<usize>,
}

/// A set of rules.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    allowlists: Vec<Allowlist>,
    index: Index,
    notes: Vec<String>,
    extends_builtin: bool,
}

impl RuleSet {
    /// The built-in rules.
    ///
    /// # Errors
    /// None: a test makes sure that the rules are valid. The caller has to
    /// handle errors of [`parse`](Self::parse) anyway.
    pub fn builtin() -> Result<Self, String> {
        let mut all = File::default();
        for text in BUILTIN {
            all.rules.append(&mut builtin_rules(text)?);
        }
        Self::new(all, Check::Trusted)
    }

    /// Reads rules from a file in the form of gitleaks' configuration. If it
    /// extends the default rules, these are the built-in ones.
    ///
    /// # Errors
    /// If it is not such a file, or an expression is not valid. The message
    /// names the rule and the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut file = File::parse(text)?;
        if file.use_default {
            extend(&mut file)?;
        } else if !file.disabled.is_empty() {
            file.notes.push("`disabledRules` has no effect without `useDefault = true`".into());
        }
        if file.rules.is_empty() {
            return Err("the file has no rules: it needs `[[rules]]`, or `[extend] useDefault = true`".into());
        }
        Self::new(file, Check::All)
    }

    fn new(file: File, check: Check) -> Result<Self, String> {
        let mut notes = file.notes;
        let mut rules: Vec<Rule> = Vec::with_capacity(file.rules.len());
        for mut spec in file.rules {
            if spec.has_path {
                notes.push(format!(
                    "rule `{}` (line {}) is left out: it is for files of certain names, and names are not known",
                    spec.id, spec.line
                ));
                continue;
            }
            if rules.iter().any(|rule| rule.id == spec.id) {
                return Err(format!(
                    "rule `{}` (line {}): there is another rule of this id",
                    spec.id, spec.line
                ));
            }
            for (allow, ids) in &file.allowlists {
                if ids.contains(&spec.id) {
                    spec.allowlists.push(allow.clone());
                    spec.is_trusted = false;
                }
            }
            rules.push(Rule::new(&spec, if spec.is_trusted { Check::Trusted } else { check })?);
        }
        let for_all = file.allowlists.iter().filter(|(_, ids)| ids.is_empty());
        let allowlists = for_all.map(|(allow, _)| Allowlist::new(allow, check)).collect::<Result<_, _>>()?;
        let index = Index::new(&rules);
        for &rule in &index.always {
            notes
                .push(format!("rule `{}` has no keywords, so every line is searched for it", rules[rule].id));
        }
        Ok(Self { rules, allowlists, index, notes, extends_builtin: file.use_default })
    }

    /// Calls `found` with each secret in `text`, which consists of whole lines.
    /// Secrets of different rules may overlap. They are in order of lines, but
    /// not within a line.
    ///
    /// # Errors
    /// If an expression is too large to be compiled. It is compiled when a
    /// keyword of its rule is first found.
    pub fn find(&self, text: &[u8], found: &mut impl FnMut(Match)) -> Result<(), String> {
        let parts = (&self.rules[..], &self.allowlists[..]);
        self.index.find(text, parts, &mut |rule, value| found(Match { rule, value }))
    }

    /// The id of a rule.
    pub fn name(&self, rule: usize) -> &str {
        self.rules.get(rule).map_or("", |rule| &rule.id)
    }

    /// The number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Texts in lower case of which a line with a secret contains one, in any
    /// case. `None` if there are rules without such texts.
    pub fn keywords(&self) -> Option<&[Box<[u8]>]> {
        self.index.all_have_keywords().then_some(&self.index.keywords)
    }

    /// Whether the rules include the built-in ones, so that those need not be
    /// searched for apart.
    pub fn extends_builtin(&self) -> bool {
        self.extends_builtin
    }

    /// What was not read or is slow, a sentence each, for people.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How often the expression of a rule was searched for, for measurements.
    pub fn searches(&self, rule: usize) -> u64 {
        self.rules.get(rule).map_or(0, |rule| rule.searches.load(Ordering::Relaxed))
    }
}

/// Which expressions are checked when rules are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// None: a test has checked them.
    Trusted,
    All,
}

/// The rules of a file of built-in ones, each with the allowlists of its file.
fn builtin_rules(text: &str) -> Result<Vec<Spec>, String> {
    let mut file = File::parse(text)?;
    for rule in &mut file.rules {
        rule.allowlists.extend(file.allowlists.iter().map(|(allow, _)| allow.clone()));
    }
    Ok(file.rules)
}

/// Puts the built-in rules before those of `file`. A rule with the id of a
/// built-in one changes it: what it states takes the place of what the built-in
/// rule states, and keywords and allowlists are added.
fn extend(file: &mut File) -> Result<(), String> {
    let own = std::mem::take(&mut file.rules);
    for text in BUILTIN {
        let builtin = builtin_rules(text)?;
        let kept = builtin.into_iter().filter(|rule| !file.disabled.contains(&rule.id));
        file.rules.extend(kept.map(|rule| Spec { is_trusted: true, ..rule }));
    }
    for spec in own {
        match file.rules.iter_mut().find(|rule| rule.id == spec.id) {
            Some(rule) => override_with(rule, spec),
            None => file.rules.push(spec),
        }
    }
    Ok(())
}

fn override_with(rule: &mut Spec, spec: Spec) {
    if spec.regex.is_some() || spec.value.is_some() {
        rule.regex = spec.regex;
        rule.value = spec.value;
        rule.context = spec.context;
        rule.at_word = spec.at_word;
        rule.secret_group = spec.secret_group;
    } else if spec.secret_group > 0 {
        rule.secret_group = spec.secret_group;
    }
    if spec.entropy > 0.0 {
        rule.entropy = spec.entropy;
    }
    rule.is_trusted = false;
    rule.line = spec.line;
    rule.has_path |= spec.has_path;
    rule.keywords.extend(spec.keywords);
    rule.allowlists.extend(spec.allowlists);
}
