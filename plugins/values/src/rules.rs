//! The parameters that csv, json, sql and redact share: `hash=id,email`,
//! `truncate=name=10`.

use crate::action::{Action, Fit};
use crate::expression::Expression;
use crate::fold::Fold;
use crate::key::Key;
use crate::kind::Kind;
use crate::mask::Mask;
use crate::pseudonym::{Addresses, Pseudonyms};
use crate::shift::{Impossible, Shift};
use crate::table::Table;
use crate::target::{Syntax, Target, parse_target, parse_targets};

/// The names of the parameters that [`Rules::parse`] reads.
pub const ACTIONS: [&str; 9] =
    ["mask", "hash", "set", "null", "truncate", "keep-last", "map", "replace", "shift-date"];

/// The actions that need a key.
pub const KEYED: [&str; 2] = ["hash", "shift-date"];

/// An action on targets.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What it is done to.
    pub targets: Vec<Target>,
    /// What is done.
    pub action: Action,
    /// Whose value is [`crate::Context::group`], if the rule names one.
    pub group: Option<Target>,
}

/// Reads rules.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// How the plugin writes references.
    pub syntax: Syntax,
    /// The secret key, if there is one.
    pub key: Option<&'a Key>,
}

impl Rules<'_> {
    /// Parses the value of the parameter `name`, which is one of [`ACTIONS`].
    ///
    /// # Errors
    /// If the text is not `TARGETS` or `TARGETS=ARGUMENT` as the action needs
    /// it, or a key is missing. The message names the parameter.
    pub fn parse(&self, name: &str, text: &str) -> Result<Rule, String> {
        self.read(name, text).map_err(|error| format!("`{name}`: {error}"))
    }

    fn read(&self, name: &str, text: &str) -> Result<Rule, String> {
        let (targets, rest) = parse_targets(text, self.syntax)?;
        let argument = match rest.strip_prefix('=') {
            Some(argument) => Some(argument),
            // Only a table begins on the next line.
            None if name == "map" => rest.strip_prefix("\r\n").or(rest.strip_prefix('\n')),
            None if rest.trim().is_empty() => None,
            None => return Err(format!("`{}` follows the names", rest.trim())),
        };
        let needed = |what: &str| argument.ok_or_else(|| format!("`{text}` must be NAME={what}"));
        let mut group = None;
        let action = match name {
            "mask" => mask(argument.unwrap_or_default())?,
            "hash" => hash(argument.unwrap_or_default(), self.key()?)?,
            "set" => Action::Set(needed("VALUE")?.into()),
            "null" => match argument {
                None => Action::Null,
                Some(_) => return Err(format!("`{text}` must not have a `=`; quote a name that has one")),
            },
            "truncate" => Action::Truncate { characters: number(needed("CHARACTERS")?)? },
            "keep-last" => {
                let mask = Mask { keep_last: number(needed("CHARACTERS")?)?, ..Mask::default() };
                Action::Mask { mask, fit: Fit::Kind(Kind::Text) }
            }
            "map" => {
                let first_line = if rest.starts_with('=') { 1 } else { 2 };
                let what = "TABLE, or the names and the table's lines below them";
                Action::Map(Table::parse(needed(what)?.as_bytes(), first_line)?)
            }
            "replace" => Action::Replace(Expression::parse(needed("/EXPRESSION/REPLACEMENT/")?)?),
            "shift-date" => {
                let (shift, by) = self.shift(needed("DAYS")?)?;
                group = by;
                Action::ShiftDate(shift)
            }
            _ => return Err(format!("there is no such action; the actions are {}", ACTIONS.join(", "))),
        };
        Ok(Rule { targets, action, group })
    }

    fn key(&self) -> Result<Key, String> {
        self.key.cloned().ok_or_else(|| "it needs a secret `key`".into())
    }

    /// Parses `365,by=person,format=DD.MM.YYYY,impossible=keep`.
    fn shift(&self, argument: &str) -> Result<(Shift, Option<Target>), String> {
        let (days, mut rest) = argument.split_at(argument.find(',').unwrap_or(argument.len()));
        let (mut by, mut formats, mut impossible) = (None, Vec::new(), Impossible::Refuse);
        while let Some(option) = rest.strip_prefix(',') {
            if let Some(text) = option.strip_prefix("by=") {
                let (target, after) = parse_target(text, self.syntax)?;
                by = Some(target);
                rest = after;
                continue;
            }
            let (word, after) = option.split_at(option.find(',').unwrap_or(option.len()));
            match word.split_once('=') {
                Some(("format", format)) => formats.push(format),
                Some(("impossible", "keep")) => impossible = Impossible::Keep,
                Some(("impossible", "refuse")) => impossible = Impossible::Refuse,
                _ => {
                    return Err(format!(
                        "`{word}` must be by=NAME, format=FORMAT, impossible=keep or impossible=refuse"
                    ));
                }
            }
            rest = after;
        }
        if !rest.is_empty() {
            return Err(format!("`{rest}` follows the name after `by`"));
        }
        let days = u32::try_from(number(days)?).unwrap_or(u32::MAX);
        Ok((Shift::new(self.key()?, days, &formats, impossible)?, by))
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.trim().parse().map_err(|_| format!("`{text}` must be a number"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// Parses `fit`, or a kind.
fn mask(argument: &str) -> Result<Action, String> {
    let mut fit = Fit::Kind(Kind::Text);
    for word in words(argument) {
        fit = match (word, Kind::named(word)) {
            ("fit", _) => Fit::Value,
            (_, Some(kind)) => Fit::Kind(kind),
            _ => return Err(format!("`{word}` must be `fit` or a kind: {}", kinds())),
        };
    }
    Ok(Action::Mask { mask: Mask::default(), fit })
}

/// Parses a kind or `hex`, `fold`, and `token` or `prefix`.
fn hash(argument: &str, key: Key) -> Result<Action, String> {
    let (mut fit, mut fold, mut addresses) = (Fit::Value, Fold::Nothing, Addresses::Fit);
    for word in words(argument) {
        // A credential is called `token` as well, and has no other form.
        match (word, Kind::named(word)) {
            ("fold", _) => fold = Fold::CaseAndSpace,
            ("hex", _) => fit = Fit::Hex,
            ("ip-token", _) => addresses = Addresses::Token,
            ("ip-prefix", _) => addresses = Addresses::Prefix,
            (_, Some(kind)) => fit = Fit::Kind(kind),
            _ => {
                return Err(format!(
                    "`{word}` must be `fold`, `hex`, `ip-token`, `ip-prefix` or a kind: {}",
                    kinds()
                ));
            }
        }
    }
    Ok(Action::Hash { pseudonyms: Pseudonyms::new(key).with_addresses(addresses), fit, fold })
}

fn kinds() -> String {
    Kind::ALL.map(Kind::name).join(", ")
}
