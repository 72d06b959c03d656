//! `runner trust draft audits`: what a company's own keys have attested, as a list that
//! others can import.

use std::path::PathBuf;

use clap::Args as ArgGroup;
use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count, shown};
use runner_pipeline::storage::read_small;
use runner_policy::audits::{Audit, Audits};
use runner_policy::facts::{Facts, Lock};
use runner_policy::text::MAX_BYTES;
use runner_policy::trust::Role;
use runner_sandbox::plugin::Resolved;
use runner_store::folder::{self, Folder};

use super::given::{Named, day, span};
use super::next_list::{name, next, to_sign, write};
use crate::Outcome;
use crate::beside::is_missing;
use crate::guard::Guard;
use crate::installed::Found;
use crate::report::Reporter;

#[derive(Debug, ArgGroup)]
pub(crate) struct AuditsArgs {
    /// The file of the list. If it is there, the next list is written: its number is counted up
    file: PathBuf,
    /// Plugins whose attestations are added, as paths of .wasm files with `.intoto.jsonl` beside them
    /// [default: those that are installed]
    #[arg(value_name = "PLUGIN")]
    plugins: Vec<PathBuf>,
    /// The name of one of your own: a key in trust.toml with the role `vet`. What others have attested
    /// stays out; repeat the option for several
    #[arg(long, required = true, value_name = "NAME")]
    by: Vec<String>,
    /// The name of a new list, under which later ones replace it
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    warned_of: Named,
    /// The last day on which it counts, as in 2027-01-31, or a time, at most a year from now [default: as
    /// long as the list before it; 90 days for a new one]
    #[arg(long, value_name = "DATE", value_parser = day)]
    expires: Option<Timestamp>,
}

/// Writes a list of audits. With `--plugin` and `--digest`, it warns of plugins.
///
/// # Errors
/// If what is there is no such list, or nobody of these names is trusted to vet; any I/O
/// error.
pub(super) fn audits(args: &AuditsArgs, reporter: &Reporter) -> Result<Outcome> {
    let guard = Guard::load()?;
    let vets = |name: &&String| {
        guard.situation.trust.keys.iter().any(|key| key.name == **name && key.role == Role::Vet)
    };
    if let Some(unknown) = args.by.iter().find(|name| !vets(name)) {
        let what = format!("no key of the name {} is trusted to vet", shown(unknown));
        return Err(Error::new(Kind::Usage, what)
            .hint("`runner trust list` shows the keys; `runner trust add NAME KEY.pub --role vet --for PLUGINS` adds one"));
    }
    let before = match is_missing(&args.file) {
        true => None,
        false => Some(Audits::parse(&read_small(&args.file, MAX_BYTES)?, &args.file)?),
    };
    let name = name(args.name.as_deref(), before.as_ref().map(|list| list.name.as_str()))?;
    let span = span(args.expires, before.as_ref().map(|list| (list.issued, list.expires)))?;
    let mut list = Audits::new(&name, span);
    if let Some(before) = before {
        (list.sequence, list.audit, list.violation) =
            (next(before.sequence)?, before.audit, before.violation);
    }
    for facts in facts(args, &guard)? {
        let Some(id) = &facts.id else { continue };
        let said = guard.said_by(&args.by, &facts);
        add(&mut list, said.iter().map(|claim| Audit::of(id, facts.digest, claim)).collect());
    }
    args.warned_of.change(&mut list.violation, &[])?;
    Audits::parse(list.to_text().as_bytes(), &args.file)?;
    write(&args.file, &list.to_text())?;
    let mut page = Page::of(format_args!(
        "{}: the audits {} with number {}, which expire at {}: {}",
        args.file.shown(),
        list.name,
        list.sequence,
        list.expires,
        count(list.audit.len() as u64, "audit")
    ));
    list.audit.iter().for_each(|audit| {
        page.line(format_args!("{} is {}, as of {}", audit.plugin, audit.criteria.join(", "), audit.time));
    });
    list.violation.iter().for_each(|entry| page.line(format_args!("warns of {entry}")));
    to_sign(&args.file, &mut page);
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// What is known of the plugins that are meant.
fn facts(args: &AuditsArgs, guard: &Guard) -> Result<Vec<Facts>> {
    if !args.plugins.is_empty() {
        let of_file = |path: &PathBuf| {
            let (source, plugin) = (Resolved::file(path)?, None);
            guard.facts(&Found { source, plugin, is_locked: false, is_lock_open: false, evidence: vec![] })
        };
        return args.plugins.iter().map(of_file).collect();
    }
    let Some(folder) = Folder::open(&folder::path()?)? else { return Ok(vec![]) };
    let store = folder.store();
    let index = store.index()?;
    let of_installed = |plugin| {
        let (bytes, evidence) = (store.load(plugin)?, store.evidence(plugin)?);
        Ok(guard.of_installed(plugin, Lock::Absent, (&bytes, &evidence)))
    };
    index.plugins().iter().filter(|plugin| plugin.evidence.is_some()).map(of_installed).collect()
}

/// Adds audits to a list, each once.
fn add(list: &mut Audits, more: Vec<Audit>) {
    for audit in more {
        if !list.audit.contains(&audit) {
            list.audit.push(audit);
        }
    }
}
