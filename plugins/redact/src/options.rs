//! The parameters.

use crate::allow::Allowed;
use crate::key::Keys;
use crate::kind::{Kind, Kinds};
use crate::kinds::date;
use crate::replacement::Replacement;
use runner_plugin::{Manifest, ParamSpec, Params};
use runner_values::{Addresses, Impossible, Key, Mask, Pseudonyms, Shift};

/// What the parameters ask for.
#[derive(Debug)]
pub(crate) struct Options {
    /// What is redacted.
    pub(crate) kinds: Kinds,
    /// What stays.
    pub(crate) allowed: Allowed,
    /// What replaces a value.
    pub(crate) replacement: Replacement,
    /// What keys are found by.
    pub(crate) keys: Keys,
    /// How dates are shifted.
    pub(crate) dates: Option<Shift>,
}

/// Adds the parameters to a manifest.
pub(crate) fn declare(manifest: Manifest) -> Manifest {
    manifest
        .param(
            ParamSpec::text(
                "kinds",
                "What to redact, such as `email,ipv4` or `all,-ipv4`: email, ipv4, ipv6, mac, card, iban, phone, ssn, id, uuid, key, pem, bearer, basic, password, token, cookie; or default, all, personal, secrets",
            )
            .default("default")
            .repeats(),
        )
        .param(
            ParamSpec::choice("style", &["mask", "hash"], "`mask` keeps the length, `hash` writes keyed pseudonyms")
                .default("mask"),
        )
        .param(ParamSpec::secret("key", "The secret key of `style=hash`: the same key gives the same pseudonyms"))
        .param(ParamSpec::text("with", "A text that replaces each value, such as `[REDACTED]`"))
        .param(ParamSpec::integer("keep-last", "Number of the last letters and digits that a mask keeps"))
        .param(
            ParamSpec::text(
                "allow",
                "What stays: values, `*.example.com`, `10.0.0.0/8`, and loopback, private, link-local, unspecified, multicast, documentation, netmask",
            )
            .repeats()
            .from_file(),
        )
        .param(
            ParamSpec::text("rules", "Rules for keys in the form of gitleaks' configuration, in place of the built-in ones")
                .repeats()
                .from_file(),
        )
        .param(ParamSpec::choice(
            "addresses",
            &["fit", "token", "prefix"],
            "The pseudonyms of IP addresses: of reserved ranges, words, or addresses that keep networks together",
        ))
        .param(ParamSpec::integer(
            "shift-dates",
            "Shifts all dates by the same secret number of days, at most this many; needs a `key`",
        ))
}

impl Options {
    /// Reads the parameters.
    ///
    /// # Errors
    /// If one of them is not valid, or two exclude each other.
    pub(crate) fn read(params: &Params) -> Result<Self, String> {
        let kinds = Kinds::parse(&joined(params, "kinds", ","))?;
        let allowed = Allowed::parse(&joined(params, "allow", "\n"))?;
        let keys = keys(params, kinds)?;
        let dates = dates(params)?;
        let kinds = if dates.is_some() { kinds.with_kind(Kind::Date) } else { kinds };
        Ok(Self { kinds, allowed, replacement: replacement(params)?, keys, dates })
    }
}

/// All values of a parameter, with a separator between them.
fn joined(params: &Params, name: &str, separator: &str) -> String {
    params.all(name).collect::<Vec<_>>().join(separator)
}

fn keys(params: &Params, kinds: Kinds) -> Result<Keys, String> {
    match (kinds.has(Kind::Key), params.get("rules")) {
        (true, None) => Keys::builtin(),
        (true, Some(_)) => Keys::parse(params.all("rules")),
        (false, None) => Ok(Keys::None),
        (false, Some(_)) => Err("`rules` is only used with the kind `key`".into()),
    }
}

fn dates(params: &Params) -> Result<Option<Shift>, String> {
    let Some(days) = params.integer("shift-dates")? else { return Ok(None) };
    let days = u32::try_from(days).map_err(|_| "`shift-dates` must be from 1 to 1000000 days")?;
    let Some(key) = params.get("key") else {
        return Err("`shift-dates` needs a secret `key`".into());
    };
    Shift::new(Key::new(key)?, days, &date::FORMATS, Impossible::Keep).map(Some)
}

fn replacement(params: &Params) -> Result<Replacement, String> {
    let is_hash = params.required("style")? == "hash";
    let keep_last = match params.integer("keep-last")?.map(usize::try_from) {
        None => None,
        Some(Ok(number)) => Some(number),
        Some(Err(_)) => return Err("`keep-last` must be zero or more".into()),
    };
    let shifts_dates = params.integer("shift-dates")?.is_some();
    match (params.get("key"), params.get("with"), keep_last, params.get("addresses")) {
        (Some(_), ..) if !is_hash && !shifts_dates => {
            Err("`key` is only used with `style=hash` or `shift-dates`".into())
        }
        (.., Some(_)) if !is_hash => Err("`addresses` is only used with `style=hash`".into()),
        (_, Some(_), ..) if is_hash => Err("`with` and `style=hash` exclude each other".into()),
        (_, _, Some(_), _) if is_hash => Err("`keep-last` is only used with `style=mask`".into()),
        (_, Some(_), Some(_), _) => Err("`with` and `keep-last` exclude each other".into()),
        (_, Some(with), ..) => text(with),
        (key, _, _, addresses) if is_hash => hash(key.unwrap_or(""), addresses),
        _ => Ok(Replacement::Mask(Mask { keep_last: keep_last.unwrap_or(0), ..Mask::default() })),
    }
}

fn hash(key: &str, addresses: Option<&str>) -> Result<Replacement, String> {
    if key.is_empty() {
        return Err("`style=hash` needs a secret `key`".into());
    }
    let addresses = match addresses {
        Some("token") => Addresses::Token,
        Some("prefix") => Addresses::Prefix,
        _ => Addresses::Fit,
    };
    Ok(Replacement::Hash(Pseudonyms::new(Key::new(key)?).with_addresses(addresses), addresses))
}

/// A text that is valid in strings of JSON and SQL, in XML and in CSV.
fn text(with: &str) -> Result<Replacement, String> {
    if with.is_empty() {
        return Err("`with` is empty".into());
    }
    let breaking = with
        .chars()
        .find(|char| char.is_control() || matches!(char, '"' | '\'' | '\\' | '<' | '>' | '&' | ',' | ';'));
    match breaking {
        Some(char) => {
            Err(format!("`with` has {char:?}, which would break JSON, SQL, XML or CSV around a value"))
        }
        None => Ok(Replacement::Text(with.as_bytes().to_vec())),
    }
}
