//! A plugin together with its parameters: what a run begins with.

use std::sync::Arc;

use runner_contract::{FileHead, Manifest, Param};
use runner_pipeline::engine::transform::Begun;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Secrets;

use super::params::{self, Given};
use crate::{Plugin, Sink};

/// A plugin and the parameters that it is given for each file.
#[derive(Clone)]
pub struct Configured {
    plugin: Plugin,
    params: Vec<Param>,
}

impl Configured {
    /// Checks the parameters against the plugin's manifest.
    ///
    /// # Errors
    /// As for [`params::check`].
    pub fn new(plugin: Plugin, given: &[Given]) -> Result<Self> {
        let params = params::check(plugin.manifest(), given)?;
        Ok(Self { plugin, params })
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
        params::storable(&self.params)
    }

    /// The hash of all parameters; see [`params::digest`].
    #[must_use]
    pub fn params_digest(&self) -> blake3::Hash {
        params::digest(&self.params)
    }

    /// The values that must not be shown, to be taken out of what the plugin
    /// says.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.params.iter().filter(|param| param.secret).map(|param| param.value.as_str()))
    }

    /// The same, with another place for what the plugin logs.
    #[must_use]
    pub fn logging_to(&self, log: Sink) -> Self {
        Self { plugin: self.plugin.logging_to(log), params: self.params.clone() }
    }

    /// Begins on a file.
    ///
    /// # Errors
    /// As for [`Plugin::begin`]. A refusal that the parameters alone are the
    /// reason of is [`Kind::Usage`].
    pub fn begin(&self, head: FileHead<'_>) -> Result<Begun> {
        self.plugin.begin(&self.params, head).map_err(|error| self.blame(head, error))
    }

    /// Whose fault it is that a plugin refuses to begin. If it says the same,
    /// word for word, of a file that has nothing in common with this one but
    /// the parameters, it is theirs: that is wrong use, and the plugin has not
    /// failed.
    fn blame(&self, head: FileHead<'_>, error: Error) -> Error {
        let Some(words) = error.words() else { return error };
        let other: &[u8] = if head.head.is_empty() { b"\n" } else { b"" };
        let other = FileHead { size: Some(other.len() as u64), head: other };
        // What it logs was said already.
        let silent = self.plugin.logging_to(Arc::new(|_, _| {}));
        let answer = silent.begin(&self.params, other).err();
        if answer.is_none_or(|answer| answer.words() != Some(words)) {
            return error;
        }
        error
            .of_kind(Kind::Usage)
            .hint("the plugin returns this error for any file, so its parameters are the cause")
    }
}
