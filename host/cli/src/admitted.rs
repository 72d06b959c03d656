//! The plugins of a run, which all of the policies allow.

use std::path::PathBuf;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::Bytes;
use runner_pipeline::patch::Evidence;
use runner_policy::decide::{Limit, Verdict};
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
    if let Some(Limit { most, by }) = &verdict.max_memory {
        if given_bytes.is_some_and(|given| given > *most) {
            return Err(too_much((name, "--memory"), &Bytes(*most).to_string(), by));
        }
        memory_bytes = memory_bytes.min(*most);
    }
    if let Some(Limit { most, by }) = &verdict.max_timeout {
        if given_time.is_some_and(|given| given > *most) {
            return Err(too_much((name, "--timeout"), &format!("{} seconds", most.as_secs_f64()), by));
        }
        deadline = deadline.min(*most);
    }
    Ok((memory_bytes, deadline))
}

/// Refuses options that give what a policy withholds.
fn refuse_withheld(verdict: &Verdict, args: &PluginArgs, name: &str) -> Result<()> {
    let is_given = |limit: &&Limit<Capability>| match limit.most {
        Capability::Table => !args.tables.is_empty(),
        Capability::Seed => args.seed.is_some(),
    };
    let Some(Limit { most, by }) = verdict.withheld.iter().find(is_given) else { return Ok(()) };
    let option = most.option();
    let what = format!("a policy does not give {option} to the plugin {name}");
    Err(Error::new(Kind::Refused, what)
        .because(by.clone())
        .hint(format!("leave {option} out; `capabilities` in that file is what counts")))
}

fn too_much((name, option): (&str, &str), most: &str, by: &str) -> Error {
    let what = format!("{option} gives the plugin {name} more than a policy allows, which is {most}");
    Error::new(Kind::Refused, what).because(by.to_owned()).hint(format!("leave {option} out, or give less"))
}
