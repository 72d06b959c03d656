//! A plugin together with its parameters: what a run begins with.

use std::sync::Arc;

use runner_contract::{FileHead, Manifest, Param, Value};
use runner_pipeline::engine::transform::Begun;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Secrets;

use super::grants::Grants;
use super::params::{self, Given};
use crate::{Plugin, Sink};

/// The hint for a refusal with parameters, and for one without any.
const WRONG_VALUE: &str = "the plugin says the same of any other file: a value given to it is the cause, or it \
                           works on another kind of file";
const MISSING_VALUE: &str = "the plugin says the same of any other file: it needs a parameter \
                             (`runner plugin inspect` lists them), or works on another kind of file";

/// A plugin and the parameters that it is given for each file.
#[derive(Clone)]
pub struct Configured {
    plugin: Plugin,
    params: Vec<Param>,
    /// Whether the user gave any of them.
    is_given: bool,
    /// What else the user has granted, for the digest of the parameters.
    grants: Grants,
}

impl Configured {
    /// Checks the parameters against the plugin's manifest.
    ///
    /// # Errors
    /// As for [`params::check`].
    pub fn new(plugin: Plugin, given: &[Given]) -> Result<Self> {
        let params = params::check(plugin.manifest(), given)?;
        Ok(Self { plugin, params, is_given: !given.is_empty(), grants: Grants::default() })
    }

    /// Grants what the plugin asks for beyond its parameters.
    ///
    /// # Errors
    /// If it does not ask for that, or a table that it needs is missing; if a
    /// table cannot be read.
    pub fn grant(self, grants: Grants) -> Result<Self> {
        grants.check(self.plugin.manifest())?;
        let plugin = self.plugin.with_tables(grants.tables()?);
        Ok(Self { plugin, grants, ..self })
    }

    /// What the plugin says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        self.plugin.manifest()
    }

    /// The BLAKE3 of the plugin's bytes.
    #[must_use]
    pub fn digest(&self) -> blake3::Hash {
        self.plugin.digest()
    }

    /// The parameters as a patch may hold them; see [`params::storable`].
    #[must_use]
    pub fn storable_params(&self) -> Vec<(String, Option<String>)> {
        let mut storable = params::storable(&self.params);
        storable.extend(self.grants.storable(&self.plugin));
        storable
    }

    /// Names and values of the parameters that a patch does not hold, in order.
    pub fn hidden_params(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        self.params.iter().filter(|param| param.secret).map(|param| {
            let value = match &param.value {
                Value::Text(text) => text.clone().into_bytes(),
                Value::Bytes(bytes) => bytes.clone(),
                Value::Integer(_) | Value::Boolean(_) => param.given.clone().into_bytes(),
            };
            (param.name.as_str(), value)
        })
    }

    /// The hash of all parameters; see [`params::digest`].
    #[must_use]
    pub fn params_digest(&self) -> blake3::Hash {
        let params = params::digest(&self.params);
        self.grants.digest(&self.plugin, params)
    }

    /// The values that must not be shown, to be taken out of what the plugin
    /// says.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.secret_texts())
    }

    pub(super) fn secret_texts(&self) -> impl Iterator<Item = &str> {
        self.params.iter().filter(|param| param.secret).filter_map(|param| match &param.value {
            Value::Text(text) => Some(text.as_str()),
            Value::Bytes(_) => Some(param.given.as_str()),
            Value::Integer(_) | Value::Boolean(_) => None,
        })
    }

    /// The same, with another place for what the plugin logs.
    #[must_use]
    pub fn logging_to(&self, log: Sink) -> Self {
        Self { plugin: self.plugin.logging_to(log), ..self.clone() }
    }

    /// Begins on a file.
    ///
    /// # Errors
    /// As for [`Plugin::begin`]. A refusal that has nothing to do with the content
    /// of this very file is [`Kind::Usage`].
    pub fn begin(&self, head: FileHead<'_>) -> Result<Begun> {
        let head = FileHead { seed: self.grants.seed, ..head };
        self.plugin.begin(&self.params, head).map_err(|error| self.blame(head, error))
    }

    /// Whose fault it is that a plugin refuses to begin. If it says the same,
    /// word for word, of a file that has nothing in common with this one but the
    /// parameters, they are the cause, or neither file is of the kind that the
    /// plugin works on: that is wrong use, and the plugin has not failed.
    ///
    /// Where it names a byte of the file, or there is nothing that a user could
    /// set, parameters cannot be the cause.
    fn blame(&self, head: FileHead<'_>, error: Error) -> Error {
        let Some(words) = error.words() else { return error };
        let Manifest { params, tables, seed, .. } = self.manifest();
        let is_settable = !params.is_empty() || !tables.is_empty() || *seed;
        if error.place().is_some() || !is_settable {
            return error;
        }
        let other: &[u8] = if head.head.is_empty() { b"\n" } else { b"" };
        let other = FileHead { seed: head.seed, ..FileHead::new(Some(other.len() as u64), other) };
        // What it logs was said already.
        let silent = self.plugin.logging_to(Arc::new(|_, _| {}));
        let answer = silent.begin(&self.params, other).err();
        if answer.is_none_or(|answer| answer.words() != Some(words)) {
            return error;
        }
        let is_given = self.is_given || !self.grants.tables.is_empty() || self.grants.seed.is_some();
        error.of_kind(Kind::Usage).hint(if is_given { WRONG_VALUE } else { MISSING_VALUE })
    }
}
