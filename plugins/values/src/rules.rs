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
        // A file may begin with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
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
            "mask" => mask(argument.unwrap_or_default(), 0)?,
            "hash" => hash(argument.unwrap_or_default(), self.key()?)?,
            "set" => Action::Set(needed("VALUE")?.into()),
            "null" => match argument {
                None => Action::Null,
                Some(_) => return Err(format!("`{text}` must not have a `=`; quote a name that has one")),
            },
            "truncate" => Action::Truncate { characters: number(needed("CHARACTERS")?)? },
            "keep-last" => {
                let argument = needed("CHARACTERS")?;
                let (count, rest) = argument.split_once(',').unwrap_or((argument, ""));
                mask(rest, number(count)?)?
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

/// Parses `fit` or a kind, and `text=` with a text up to the end.
fn mask(argument: &str, keep_last: usize) -> Result<Action, String> {
    let mut fit = Fit::Kind(Kind::Text);
    let (list, text) = match argument.find("text=") {
        Some(at) if at == 0 || argument[..at].ends_with(',') => (&argument[..at], Some(&argument[at + 5..])),
        _ => (argument, None),
    };
    for word in words(list) {
        fit = match (word, Kind::named(word)) {
            ("fit", _) => Fit::Value,
            (_, Some(kind)) => Fit::Kind(kind),
            _ => return Err(format!("`{word}` must be `fit`, `text=TEXT` or a kind: {}", kinds())),
        };
    }
    if keep_last > 0 && text.is_some() {
        return Err("`text` leaves nothing of the value, so it must not stand beside `keep-last`".into());
    }
    let mask = Mask { keep_last, text: text.map(Into::into), ..Mask::default() };
    Ok(Action::Mask { mask, fit })
}

/// Parses a kind or `hex`, `fold`, and `ip-token` or `ip-prefix`.
fn hash(argument: &str, key: Key) -> Result<Action, String> {
    let (mut fit, mut fold, mut addresses) = (Fit::Value, Fold::Nothing, Addresses::Fit);
    for word in words(argument) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Outcome};
    use proptest::prelude::*;

    fn parse(name: &str, text: &str) -> Result<Rule, String> {
        let key = Key::new("a secret").expect("a key");
        Rules { syntax: Syntax::Names, key: Some(&key) }.parse(name, text)
    }

    fn applied(name: &str, text: &str, value: &str) -> String {
        let rule = parse(name, text).expect(text);
        let mut out = Vec::new();
        let context = Context { nulls: &[], null: b"\\N", group: b"7" };
        match rule.action.apply(value.as_bytes(), &context, &mut out).expect(text) {
            Outcome::Unchanged => value.into(),
            Outcome::Changed => String::from_utf8(out).expect("UTF-8"),
        }
    }

    #[test]
    fn parameters_are_rules() {
        for (name, text, value, expected) in [
            ("mask", "email", "bob@x.nl", "********"),
            ("mask", "email=fit", "bob@x.nl", "***@*.**"),
            ("mask", "a,b=card", "4111-1111", "****-****"),
            ("mask", "a=text=a, b", "bob", "a, b"),
            ("mask", "a=number,text=", "bob", ""),
            ("set", "country=a,=b", "NL", "a,=b"),
            ("set", "country=", "NL", ""),
            ("null", "notes", "x", "\\N"),
            ("truncate", "name=2", "héé", "hé"),
            ("keep-last", "card=4", "4111 1111 1111 1234", "***************1234"),
            ("keep-last", "card=4,card", "4111 1111 1111 1234", "**** **** **** 1234"),
            ("keep-last", "card=4,fit", "4111 1111 1111 1111", "**** **** **** 1111"),
            ("map", "city,town\nA\tB", "A", "B"),
            ("map", "\u{feff}city\r\nA\tB\r\n", "A", "B"),
            ("map", "city=A\tB", "C", "C"),
            ("replace", "name=/a(.)/x$1/", "ab=", "xb="),
        ] {
            assert_eq!(applied(name, text, value), expected, "{name}={text}");
        }
    }

    #[test]
    fn forms_of_pseudonyms_are_chosen() {
        let hash = |text: &str, value: &str| applied("hash", text, value);
        assert_eq!(hash("a=fold", " Bob  RAY "), hash("a", "bob ray"));
        assert_eq!(hash("a=fold", " BOB@x.nl"), hash("a", "bob@x.nl"));
        assert_eq!(hash("a=fold", " 4111 1111 1111 1111\n"), hash("a", "4111 1111 1111 1111"));
        assert_eq!(hash("a=text,fold", "Bob@x.nl "), hash("a=text", "bob@x.nl"));
        assert_eq!(hash("a=hex", "bob").len(), 16);
        assert_eq!(format!("txt_{}", hash("a=hex", "bob")), hash("a", "bob"));
        assert!(hash("a=ip-token", "10.0.0.1").starts_with("ipv4_"));
        assert!(hash("a=password", "10.0.0.1").starts_with("password_"));
        assert_ne!(hash("a=ip-prefix", "10.0.0.1"), hash("a", "10.0.0.1"));
    }

    #[test]
    fn shifts_have_a_group_and_formats() {
        let text = "birth,death=365,by=\"person, id\",format=DD.MM.YYYY,impossible=keep";
        let rule = parse("shift-date", text).expect("a rule");
        assert_eq!(rule.targets.len(), 2);
        assert_eq!(rule.group.map(|group| group.text()), Some("person, id".into()));
        assert_eq!(applied("shift-date", text, "30.02.2024"), "30.02.2024");
        assert_ne!(applied("shift-date", text, "28.02.2024"), "28.02.2024");
    }

    #[test]
    fn mistakes_are_named() {
        for (name, text, error) in [
            ("mask", "", "`mask`: a name is missing"),
            ("mask", "a=stars", "`mask`: `stars` must be `fit`, `text=TEXT` or a kind: email, "),
            ("hash", "a=md5", "`hash`: `md5` must be `fold`, `hex`,"),
            ("set", "country", "`set`: `country` must be NAME=VALUE"),
            ("null", "a=b", "`null`: `a=b` must not have a `=`"),
            ("truncate", "a", "`truncate`: `a` must be NAME=CHARACTERS"),
            ("truncate", "a=-1", "`truncate`: `-1` must be a number"),
            ("keep-last", "a=4,text=x", "`keep-last`: `text` leaves nothing"),
            ("map", "a", "`map`: `a` must be NAME=TABLE"),
            ("map", "a\nb\tc\nd", "`map`: line 3 of the table must be"),
            ("map", "a=b\tc\nd", "`map`: line 2 of the table must be"),
            ("replace", "a=b", "`replace`: `b` must be /EXPRESSION/REPLACEMENT/"),
            ("shift-date", "a=0", "`shift-date`: the largest shift must be"),
            ("shift-date", "a=5,by=b=c", "`shift-date`: `=c` follows the name after `by`"),
            ("shift-date", "a=5,years=3", "`shift-date`: `years=3` must be by=NAME,"),
            ("mask", "a\nb", "`mask`: `b` follows the names"),
            ("drop", "a", "`drop`: there is no such action; the actions are mask, "),
        ] {
            let found = parse(name, text).map(|_| ()).expect_err(text);
            assert!(found.starts_with(error), "{text}: {found}");
        }
        for name in KEYED {
            let rules = Rules { syntax: Syntax::Names, key: None };
            let error = rules.parse(name, "a=1").map(|_| ()).expect_err(name);
            assert_eq!(error, format!("`{name}`: it needs a secret `key`"));
        }
        assert_eq!(Key::new("").map(|_| ()), Err("`key` is empty: give a long random text".into()));
    }

    proptest! {
        #[test]
        fn any_text_is_a_rule_or_an_error(name in prop::sample::select(&ACTIONS[..]), text in "a?[a=,0-9\n\t/\"$.*-]{0,12}(by=|format=|fit|fold|text=|YYYY)?[a=,0-9\n\t/\"$.*-]{0,6}") {
            let _ = parse(name, &text);
        }
    }
}
