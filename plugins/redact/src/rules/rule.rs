//! A rule, and its search in a line.

use super::Check;
use super::allow::{Allowlist, Candidate};
use super::anchor::Anchor;
use super::boundary::is_word_start;
use super::context;
use super::entropy::entropy;
use super::expression::Expression;
use super::file::Spec;
use super::plan::{Plan, Starts};
use regex_automata::Input;
use regex_automata::util::captures::Captures;
use std::ops::{Range, RangeInclusive};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Maximum number of places where the first bytes of a match are compared.
const MAX_STARTS: usize = 16;

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    /// In lower case. A line without any of them is not searched.
    pub(super) keywords: Vec<Box<[u8]>>,
    /// Two bytes that each of its matches has, instead of keywords.
    pub(super) anchor: Option<Anchor>,
    expression: Expression,
    plan: OnceLock<Result<Plan, String>>,
    secret_group: usize,
    entropy: f64,
    at_word: bool,
    allowlists: Vec<Allowlist>,
    /// How often the expression was searched for.
    pub(super) searches: AtomicU64,
}

/// A line in which a rule is to be searched for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'t> {
    pub(super) text: &'t [u8],
    /// The allowlists of all rules.
    pub(super) allowlists: &'t [Allowlist],
}

impl Rule {
    /// Prepares a rule.
    ///
    /// # Errors
    /// If it has no expression, or an invalid one. Whether it is valid is only
    /// looked at if `check` says so.
    pub(super) fn new(spec: &Spec, check: Check) -> Result<Self, String> {
        let error = |problem: String| format!("rule `{}` (line {}): {problem}", spec.id, spec.line);
        let go = match (&spec.regex, &spec.value) {
            (Some(regex), None) => regex.clone(),
            (None, Some(value)) if !spec.context.is_empty() => context::expression(&spec.context, value),
            _ => return Err(error("it needs a `regex`, or a `context` and a `value`".into())),
        };
        let keywords = if spec.keywords.is_empty() { &spec.context } else { &spec.keywords };
        let allowlists = spec.allowlists.iter().map(|allow| Allowlist::new(allow, check));
        let mut rule = Self {
            id: spec.id.clone(),
            keywords: keywords.iter().map(|keyword| keyword.to_lowercase().into_bytes().into()).collect(),
            anchor: spec.anchor,
            expression: Expression::new(go),
            plan: OnceLock::new(),
            secret_group: spec.secret_group,
            entropy: spec.entropy,
            at_word: spec.at_word,
            allowlists: allowlists.collect::<Result<_, _>>().map_err(error)?,
            searches: AtomicU64::new(0),
        };
        rule.keywords.retain(|keyword| !keyword.is_empty());
        let has_none = rule.keywords.is_empty() && rule.anchor.is_none();
        if check == Check::All || has_none {
            let parsed = rule.expression.parse().map_err(error)?;
            let groups = parsed.properties().explicit_captures_len();
            if spec.secret_group > groups {
                return Err(error(format!(
                    "secretGroup is {}, but there are {groups} groups",
                    spec.secret_group
                )));
            }
            if has_none {
                rule.keywords = super::plan::required_texts(&parsed).unwrap_or_default();
            }
            rule.plan = OnceLock::from(Ok(Plan::new(&parsed, rule.anchor, &rule.keywords)));
        }
        Ok(rule)
    }

    /// Calls `found` with each secret in the line. `keywords` are the places of
    /// its keywords or anchor in order; without any, the whole line is searched.
    ///
    /// # Errors
    /// If an expression is too large.
    pub(super) fn find(
        &self,
        line: Line<'_>,
        keywords: &[usize],
        found: &mut impl FnMut(Range<usize>),
    ) -> Result<(), String> {
        let plan =
            self.plan.get_or_init(|| Ok(Plan::new(&self.expression.parse()?, self.anchor, &self.keywords)));
        let plan = plan.as_ref().map_err(String::clone)?;
        match &plan.starts {
            Starts::Before(distance) if !keywords.is_empty() => {
                let mut from = 0;
                for &keyword in keywords {
                    let Some(last) = keyword.checked_sub(*distance.start()) else { continue };
                    let first = from.max(keyword.saturating_sub(*distance.end()));
                    if first > last || !self.may_begin(plan, line.text, first..=last) {
                        continue;
                    }
                    match plan.max_bytes {
                        Some(max) => {
                            let end = line.text.len().min(last.saturating_add(max));
                            from = self.find_in(line, first..end, last, found)?;
                        }
                        // Where matches may be of any length, each search must
                        // see the whole rest, which would take quadratic time
                        // if there were one for each keyword.
                        None => return self.find_all(line, first, found),
                    }
                }
                Ok(())
            }
            _ => self.find_all(line, 0, found),
        }
    }

    /// Whether a match may begin at one of `starts`, judged by its first bytes
    /// if there are few places.
    fn may_begin(&self, plan: &Plan, text: &[u8], mut starts: RangeInclusive<usize>) -> bool {
        if starts.end() - starts.start() >= MAX_STARTS {
            return true;
        }
        starts.any(|start| {
            let bytes = text.get(start..).and_then(|text| text.get(..plan.shape.len()));
            bytes.is_some_and(|bytes| plan.shape.iter().zip(bytes).all(|(set, &byte)| set.has(byte)))
                && (!self.at_word || is_word_start(text, start))
        })
    }

    /// Finds every match that begins at `from` or later.
    fn find_all(
        &self,
        line: Line<'_>,
        from: usize,
        found: &mut impl FnMut(Range<usize>),
    ) -> Result<(), String> {
        self.find_in(line, from..line.text.len(), line.text.len(), found).map(|_| ())
    }

    /// Finds the matches in `range` that begin at `last` or earlier. Returns
    /// the first place where another match may begin.
    fn find_in(
        &self,
        line: Line<'_>,
        mut range: Range<usize>,
        last: usize,
        found: &mut impl FnMut(Range<usize>),
    ) -> Result<usize, String> {
        let regex = self.expression.compiled()?;
        while range.start <= last && range.start <= range.end {
            self.searches.fetch_add(1, Ordering::Relaxed);
            let Some(found_match) = regex.find(Input::new(line.text).range(range.clone())) else {
                return Ok(last + 1);
            };
            let whole = found_match.range();
            if whole.start > last {
                return Ok(last + 1);
            }
            if self.at_word && !is_word_start(line.text, whole.start) {
                range.start = whole.start + 1;
                continue;
            }
            range.start = whole.end.max(whole.start + 1);
            let secret = self.secret(line.text, whole.clone())?;
            if self.is_secret(line, Candidate { line: line.text, whole, secret: secret.clone() })? {
                found(secret);
            }
        }
        Ok(range.start)
    }

    /// The secret of a match: the group that the rule names, or the first group
    /// that is not empty, or the whole match. As in gitleaks, the groups are
    /// those of the match by itself.
    fn secret(&self, text: &[u8], whole: Range<usize>) -> Result<Range<usize>, String> {
        let regex = self.expression.compiled()?;
        if regex.captures_len() < 2 {
            return Ok(whole);
        }
        let mut captures: Captures = regex.create_captures();
        regex.captures(&text[whole.clone()], &mut captures);
        let groups = match self.secret_group {
            0 => 1..regex.captures_len(),
            group => group..group + 1,
        };
        let group = groups.filter_map(|group| captures.get_group(group)).find(|group| !group.is_empty());
        Ok(group.map_or(whole.clone(), |group| whole.start + group.start..whole.start + group.end))
    }

    fn is_secret(&self, line: Line<'_>, candidate: Candidate<'_>) -> Result<bool, String> {
        if self.entropy > 0.0 && entropy(&candidate.line[candidate.secret.clone()]) <= self.entropy {
            return Ok(false);
        }
        for allowlist in line.allowlists.iter().chain(&self.allowlists) {
            if allowlist.allows(&candidate)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
