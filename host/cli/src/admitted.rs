//! The plugins of a run, which all of the policies allow.

use std::path::PathBuf;
use std::time::Duration;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::Bytes;
use runner_pipeline::patch::Evidence;
use runner_policy::decide::Verdict;
use runner_policy::rules::Capability;
use runner_sandbox::plugin::Resolved;

use crate::args::{DEFAULT_MEMORY_BYTES, DEFAULT_TIMEOUT, PluginArgs};
use crate::guard::{Guard, evidence};
use crate::installed::find;
use crate::report::Reporter;

/// Plugins that may run, and what each may have.
pub(crate) struct Admitted {
    pub(crate) sources: Vec<Resolved>,
    /// What is known of each.
    pub(crate) evidence: Vec<Evidence>,
    /// The memory of an instance.
    pub(crate) memory_bytes: u64,
    /// The time for a block.
    pub(crate) deadline: Duration,
}

/// Finds the plugins with these names, and asks the policies whether they may run on
/// these files. Runs nothing.
///
/// # Errors
/// [`Kind::Refused`] if one may not; if one is not there, or a policy cannot be read.
pub(crate) fn admitted(
    names: &[&str],
    args: &PluginArgs,
    files: &[PathBuf],
    reporter: &Reporter,
) -> Result<Admitted> {
    let guard = Guard::load()?;
    let found = names.iter().map(|name| find(name, args.locking())).collect::<Result<Vec<_>>>()?;
    let files = guard.real(files)?;
    let (mut memory_bytes, mut deadline) = (args.memory, args.timeout);
    let (mut sources, mut known) = (Vec::new(), Vec::new());
    for found in found {
        let facts = guard.facts(&found)?;
        let verdict = guard.decide(&facts, &files, reporter)?;
        let named = &found.source.name;
        refuse_withheld(&verdict, args, named)?;
        if let Some(most) = verdict.max_memory.filter(|most| args.memory > *most) {
            if args.memory != DEFAULT_MEMORY_BYTES {
                return Err(too_much(named, "--memory", &Bytes(most).to_string()));
            }
            memory_bytes = memory_bytes.min(most);
        }
        if let Some(most) = verdict.max_timeout.filter(|most| args.timeout > *most) {
            if args.timeout != DEFAULT_TIMEOUT {
                return Err(too_much(named, "--timeout", &format!("{} seconds", most.as_secs_f64())));
            }
            deadline = deadline.min(most);
        }
        known.push(evidence(&facts, &verdict));
        sources.push(found.source);
    }
    Ok(Admitted { sources, evidence: known, memory_bytes, deadline })
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
