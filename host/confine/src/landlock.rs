//! Landlock, with nothing allowed but what the policy names.

use ::landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, NetPort, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use crate::{Error, Layer, Policy, Result, State};

/// The newest version of which all rights are asked for. Kernels take from it
/// what they know.
const NEWEST: ABI = ABI::V10;

/// The oldest version that stops all that this crate promises: files and TCP,
/// signals and abstract sockets to others (Linux 6.12).
const COMPLETE: ABI = ABI::V6;

/// Forbids the calling thread everything that the kernel's Landlock knows, but for
/// the files and the ports of the policy.
pub(crate) fn allow_only(policy: &Policy) -> Result<State> {
    let status = restrict(policy).map_err(|e| Error::new(Layer::Landlock, std::io::Error::other(e)))?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => State::Missing,
        (_, LandlockStatus::Available { effective_abi, .. }) if effective_abi >= COMPLETE => State::Full,
        _ => State::Partial,
    })
}

fn restrict(policy: &Policy) -> std::result::Result<RestrictionStatus, RulesetError> {
    let connect = AccessNet::ConnectTcp;
    let network: BitFlags<AccessNet> = match policy.ports.is_empty() {
        true => AccessNet::from_all(NEWEST),
        // Names of hosts are looked up by UDP.
        false => AccessNet::BindTcp | connect,
    };
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(network)?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(&policy.readable, AccessFs::ReadFile | AccessFs::ReadDir))?
        .add_rules(path_beneath_rules(&policy.executable, AccessFs::from_read(NEWEST)))?
        .add_rules(path_beneath_rules(&policy.devices, AccessFs::ReadFile | AccessFs::WriteFile))?
        .add_rules(path_beneath_rules(&policy.own, own()))?
        .add_rules(policy.ports.iter().map(|port| Ok::<_, RulesetError>(NetPort::new(*port, connect))))?
        .restrict_self()
}

/// What may be done in a folder of the process's own: all but making what is no file,
/// folder or link.
fn own() -> BitFlags<AccessFs> {
    let odd = AccessFs::MakeChar
        | AccessFs::MakeBlock
        | AccessFs::MakeFifo
        | AccessFs::MakeSock
        | AccessFs::IoctlDev
        | AccessFs::ResolveUnix;
    AccessFs::from_all(NEWEST) & !odd
}
