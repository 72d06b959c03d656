//! API keys, tokens and private keys, by rules: the built-in ones or those of
//! the user.

use crate::rules::RuleSet;
use std::ops::Range;
use std::sync::OnceLock;

/// The built-in rules, read once in each instance.
static BUILTIN: OnceLock<Result<RuleSet, String>> = OnceLock::new();

/// The rules that keys are found by.
#[derive(Debug)]
pub(crate) enum Keys {
    /// None: keys are not looked for.
    None,
    /// The built-in ones.
    Builtin(&'static RuleSet),
    /// Those of files, in place of the built-in ones. A file can say that it
    /// extends these.
    Own(Vec<RuleSet>),
}

impl Keys {
    /// The built-in rules.
    ///
    /// # Errors
    /// None: a test makes sure that the rules are valid.
    pub(crate) fn builtin() -> Result<Self, String> {
        match BUILTIN.get_or_init(RuleSet::builtin) {
            Ok(rules) => Ok(Self::Builtin(rules)),
            Err(error) => Err(format!("the built-in rules are not valid: {error}")),
        }
    }

    /// The rules in these texts, each in the form of gitleaks' configuration.
    ///
    /// # Errors
    /// If a text is not of this form.
    pub(crate) fn parse<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let parse = |text: &str| {
            RuleSet::parse(text).map_err(|error| {
                let hint = if text.contains('\n') { "" } else { "; for a file, write `rules=@FILE`" };
                format!("`rules`: {error}{hint}")
            })
        };
        Ok(Self::Own(texts.map(parse).collect::<Result<_, _>>()?))
    }

    fn sets(&self) -> &[RuleSet] {
        match self {
            Self::None => &[],
            Self::Builtin(rules) => std::slice::from_ref(rules),
            Self::Own(sets) => sets,
        }
    }

    /// Calls `found` with each secret in `text`, which consists of whole lines.
    ///
    /// # Errors
    /// If an expression is too large to be compiled.
    pub(crate) fn find(&self, text: &[u8], found: &mut impl FnMut(Range<usize>)) -> Result<(), String> {
        self.sets().iter().try_for_each(|rules| rules.find(text, &mut |secret| found(secret.value)))
    }

    /// Texts of which a line with a key contains one, in any case. `None` if
    /// there are rules without such texts.
    pub(crate) fn keywords(&self) -> Option<Vec<&[u8]>> {
        let sets: Option<Vec<_>> = self.sets().iter().map(RuleSet::keywords).collect();
        Some(sets?.into_iter().flatten().map(|keyword| &**keyword).collect())
    }

    /// What people should know of their own rules, a sentence each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Self::Own(sets) = self else { return Vec::new() };
        let mut notes: Vec<String> = sets.iter().flat_map(RuleSet::notes).cloned().collect();
        if !sets.iter().any(RuleSet::extends_builtin) {
            notes.push(
                "`rules`: the built-in rules are not used, as no file has `[extend] useDefault = true`"
                    .into(),
            );
        }
        notes
    }
}
