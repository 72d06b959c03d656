//! The plugins of a run, which all of the policies allow.

use std::path::PathBuf;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::Bytes;
use runner_pipeline::patch::Evidence;
use runner_policy::decide::Verdict;
use runner_policy::rules::Capability;
use runner_sandbox::plugin::Resolved;

use crate::args::PluginArgs;
use crate::capabilities::{GivenInRun, Raised, lacking, not_granted, raised};
use crate::guard::{Guard, evidence};
use crate::installed::find;
use crate::question::{Asking, grant_if_agreed};
use crate::report::Reporter;

/// Plugins that may run, and what each may have.
pub(crate) struct Admitted {
    /// With the limits of each.
    pub(crate) found: Vec<(Resolved, Raised)>,
    /// What is known of each.
    pub(crate) evidence: Vec<Evidence>,
}

/// Finds the plugins with these names, and asks the policies whether they may run on
/// these files. Runs nothing. What a plugin was not granted may be asked for.
///
/// # Errors
/// [`Kind::Refused`] if one may not; if one is not there, or a policy cannot be read.
pub(crate) fn admitted(
    names: &[&str],
    args: &PluginArgs,
    (files, asking): (&[PathBuf], Asking),
    reporter: &Reporter,
) -> Result<Admitted> {
    let guard = Guard::load()?;
    let found = names.iter().map(|name| find(name, args.locking())).collect::<Result<Vec<_>>>()?;
    let (files, given) = (guard.real(files)?, args.given());
    let (mut sources, mut known) = (Vec::new(), Vec::new());
    for found in found {
        let facts = guard.facts(&found)?;
        let verdict = guard.decide(&facts, &files, reporter)?;
        refuse_withheld(&verdict, args, &found.source.name)?;
        let plugin = found.plugin.as_ref();
        if let Some((plugin, open)) = plugin.and_then(|plugin| Some((plugin, lacking(plugin, &given)?)))
            && !grant_if_agreed(plugin, asking, reporter)?
        {
            return Err(not_granted(plugin, &open));
        }
        let limits = within(&verdict, raised(plugin, &given), &given, &found.source.name)?;
        known.push(evidence(&facts, &verdict));
        sources.push((found.source, limits));
    }
    Ok(Admitted { found: sources, evidence: known })
}

/// The limits of a plugin, and no more than the policies allow.
///
/// # Errors
/// [`Kind::Refused`] if the user has given more.
fn within(verdict: &Verdict, limits: Raised, given: &GivenInRun, name: &str) -> Result<Raised> {
    let (mut memory_bytes, mut deadline) = limits;
    let GivenInRun { memory_bytes: given_bytes, deadline: given_time, .. } = *given;
    if let Some(most) = verdict.max_memory {
        if given_bytes.is_some_and(|given| given > most) {
            return Err(too_much(name, "--memory", &Bytes(most).to_string()));
        }
        memory_bytes = memory_bytes.min(most);
    }
    if let Some(most) = verdict.max_timeout {
        if given_time.is_some_and(|given| given > most) {
            return Err(too_much(name, "--timeout", &format!("{} seconds", most.as_secs_f64())));
        }
        deadline = deadline.min(most);
    }
    Ok((memory_bytes, deadline))
}

/// Refuses options that give what a policy withholds.
fn refuse_withheld(verdict: &Verdict, args: &PluginArgs, name: &str) -> Result<()> {
    let is_given = |capability: &&Capability| match capability {
        Capability::Table => !args.tables.is_empty(),
        Capability::Seed => args.seed.is_some(),
    };
    let Some(capability) = verdict.withheld.iter().find(is_given) else { return Ok(()) };
    let what = format!("a policy does not give {} to the plugin {name}", capability.option());
    Err(Error::new(Kind::Refused, what)
        .hint("`runner trust list` shows the policies; `capabilities` is what counts"))
}

fn too_much(name: &str, option: &str, most: &str) -> Error {
    let what = format!("{option} gives the plugin {name} more than a policy allows, which is {most}");
    Error::new(Kind::Refused, what).hint(format!("leave {option} out, or give less"))
}
