//! The parameters.

use crate::allow::Allowed;
use crate::kind::Kinds;
use crate::replacement::Replacement;
use runner_plugin::{Manifest, ParamSpec, Params};
use runner_values::{Addresses, Key, Mask, Pseudonyms};

/// What the parameters ask for.
#[derive(Debug)]
pub(crate) struct Options {
    /// What is redacted.
    pub(crate) kinds: Kinds,
    /// What stays.
    pub(crate) allowed: Allowed,
    /// What replaces a value.
    pub(crate) replacement: Replacement,
}

/// Adds the parameters to a manifest.
pub(crate) fn declare(manifest: Manifest) -> Manifest {
    manifest
        .param(
            ParamSpec::text(
                "kinds",
                "What to redact, such as `email,ipv4` or `all,-ipv4`: email, ipv4, ipv6, mac, card, iban, phone, ssn, id, uuid, key, bearer, basic, password, token, cookie; or default, all, personal, secrets",
            )
            .default("default"),
        )
        .param(
            ParamSpec::text("style", "`mask` keeps the length, `hash` writes keyed pseudonyms")
                .default("mask"),
        )
        .param(ParamSpec::secret("key", "The secret key of `style=hash`: the same key gives the same pseudonyms"))
        .param(ParamSpec::text("with", "A text that replaces each value, such as `[REDACTED]`").default(""))
        .param(ParamSpec::text("keep-last", "Number of the last letters and digits that a mask keeps").default("0"))
        .param(
            ParamSpec::text(
                "allow",
                "What stays: values, `*.example.com`, `10.0.0.0/8`, and loopback, private, link-local, unspecified, multicast, documentation, netmask",
            )
            .default(""),
        )
        .param(
            ParamSpec::text("addresses", "The pseudonyms of IP addresses: `fit`, `token`, or `prefix`, which keeps networks together")
                .default("fit"),
        )
}

impl Options {
    /// Reads the parameters.
    ///
    /// # Errors
    /// If one of them is not valid, or two exclude each other.
    pub(crate) fn read(params: &Params) -> Result<Self, String> {
        let kinds = Kinds::parse(params.required("kinds")?)?;
        let allowed = Allowed::parse(params.get("allow").unwrap_or(""))?;
        Ok(Self { kinds, allowed, replacement: replacement(params)? })
    }
}

fn replacement(params: &Params) -> Result<Replacement, String> {
    let with = params.get("with").unwrap_or("");
    let keep = params.get("keep-last").unwrap_or("0");
    let keep_last: usize = keep.parse().map_err(|_| format!("`keep-last` must be a number, not `{keep}`"))?;
    let style = params.required("style")?;
    let secret = params.get("key");
    if secret.is_some() && style != "hash" {
        return Err("`key` is only used with `style=hash`".into());
    }
    if keep_last > 0 && (style != "mask" || !with.is_empty()) {
        return Err("`keep-last` is only used with `style=mask`".into());
    }
    if !with.is_empty() {
        return match style {
            "mask" => text(with),
            _ => Err(format!("`with` and `style={style}` exclude each other")),
        };
    }
    match style {
        "mask" => Ok(Replacement::Mask(Mask { keep_last, ..Mask::default() })),
        "hash" => {
            let secret =
                secret.filter(|secret| !secret.is_empty()).ok_or("`style=hash` needs a secret `key`")?;
            let addresses = match params.get("addresses").unwrap_or("fit") {
                "fit" => Addresses::Fit,
                "token" => Addresses::Token,
                "prefix" => Addresses::Prefix,
                other => return Err(format!("`addresses` must be fit, token or prefix, not `{other}`")),
            };
            Ok(Replacement::Hash(Pseudonyms::new(Key::new(secret)?).with_addresses(addresses)))
        }
        other => Err(format!("`style` must be mask or hash, not `{other}`")),
    }
}

/// A text that is valid in strings of JSON and SQL, in XML and in CSV.
fn text(with: &str) -> Result<Replacement, String> {
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
