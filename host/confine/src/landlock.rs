//! Landlock, with nothing allowed.

use ::landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr, RulesetError,
    RulesetStatus, Scope,
};

use crate::{Error, Layer, Result, State};

/// The newest version of which all rights are asked for. Kernels take from it
/// what they know.
const NEWEST: ABI = ABI::V10;

/// The oldest version that stops all that this crate promises: files and TCP,
/// signals and abstract sockets to others (Linux 6.12).
const COMPLETE: ABI = ABI::V6;

/// Forbids the calling thread everything that the kernel's Landlock knows.
pub(crate) fn allow_nothing() -> Result<State> {
    let status = restrict().map_err(|e| Error::new(Layer::Landlock, std::io::Error::other(e)))?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => State::Missing,
        (_, LandlockStatus::Available { effective_abi, .. }) if effective_abi >= COMPLETE => State::Full,
        _ => State::Partial,
    })
}

fn restrict() -> std::result::Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .restrict_self()
}
