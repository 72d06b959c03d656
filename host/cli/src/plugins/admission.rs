//! What `install`, `update` and `import` do: plugins are read, asked in the sandbox
//! whether they are what is written in them, checked against a signature, and put
//! into the store, all or none.

use std::path::PathBuf;

use clap::{Args as ArgGroup, ValueEnum};
use runner_pipeline::error::Result;
use runner_pipeline::escape::{Page, count};
use runner_policy::decide::Voucher;
use runner_store::folder::{self, Folder};
use runner_store::index::{Index, Installed};
use runner_store::rules::{Change, Outcome as Admitted};
use runner_trust::package::Wants;

use super::allowed::{allowed, not_ended, not_less};
use super::candidate::Candidate;
use super::key_files::public_key;
use super::new_signer::{agreed, new_signers};
use super::vouching::say_granted;
use crate::guard::Guard;
use crate::report::Reporter;
use crate::signals::cancel_on_signals;
use crate::turn::turn;

/// Who must have signed, and what may change.
#[derive(Debug, ArgGroup)]
pub(crate) struct AdmissionArgs {
    /// The file of the author's public key: the plugin must be signed with it. Later versions must be,
    /// too, without this option
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Accept what is refused otherwise: a version older than one that was installed, other bytes under
    /// the same version, another signer, or none, or attestations of fewer keys that count; repeat the
    /// option for several
    #[arg(long, value_name = "CHANGE", value_enum)]
    accept: Vec<Accepted>,
    /// Grant the plugins what they want beyond the usual, as `plugin inspect` shows: memory, time,
    /// tables and a seed
    #[arg(long)]
    grant: bool,
}

impl AdmissionArgs {
    /// What a plugin is granted that wants this.
    fn granted(&self, wants: &Wants) -> Wants {
        if self.grant { wants.clone() } else { Wants::default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Accepted {
    Older,
    Bytes,
    Signer,
    Evidence,
}

impl Accepted {
    /// What the store asks for; `None` for what is looked at here.
    fn change(self) -> Option<Change> {
        match self {
            Self::Older => Some(Change::Older),
            Self::Bytes => Some(Change::Bytes),
            Self::Signer => Some(Change::Signer),
            Self::Evidence => None,
        }
    }

    pub(super) fn word(self) -> &'static str {
        self.change().map_or("evidence", Change::word)
    }
}

/// Installs plugins: all, or none. Says what became of each.
///
/// # Errors
/// If one is not what it says, is not signed as it must be, or may not be
/// installed; any I/O error.
pub(super) fn admit(candidates: &[Candidate], args: &AdmissionArgs, reporter: &Reporter) -> Result<Index> {
    let key = args.key.as_deref().map(public_key).transpose()?;
    let guard = Guard::load()?;
    let mut accepted: Vec<_> = args.accept.iter().filter_map(|accepted| accepted.change()).collect();
    let checked = |folder: Option<&Folder>| {
        let store = folder.map(Folder::store);
        let index = store.as_ref().map(|store| store.index()).transpose()?.unwrap_or_default();
        let one = |candidate: &Candidate| {
            let signed = candidate.signer(key.as_ref(), &index, &guard)?;
            let evidence = candidate.evidence(store.as_ref(), &index)?;
            let present = index.get(&candidate.package.id);
            let present = present.filter(|present| present.blake3 == candidate.digest());
            let granted = args.granted(&candidate.package.wants);
            let new = candidate.to_store(signed, evidence, present, (granted, &guard))?;
            candidate.as_locked(&new)?;
            let vouchers = allowed(&new, &guard, &args.accept, reporter)?;
            not_ended(&new, &guard, &index)?;
            if let Some(store) = store.as_ref().filter(|_| !args.accept.contains(&Accepted::Evidence)) {
                not_less(&new, &guard, store, &index)?;
            }
            Ok((new, vouchers))
        };
        candidates.iter().map(one).collect::<Result<Vec<_>>>()
    };
    // Nothing is run that may not be installed, or that nobody vouches for.
    let present = Folder::open(&folder::path()?)?;
    let (first, _): (Vec<_>, Vec<_>) = checked(present.as_ref())?.into_iter().unzip();
    let index = present.map(|folder| folder.store().index()).transpose()?.unwrap_or_default();
    let agreed = match accepted.contains(&Change::Signer) {
        true => Vec::new(),
        false => agreed(&first, &index, &guard, reporter)?,
    };
    candidates.iter().try_for_each(|candidate| candidate.ask(reporter))?;
    let folder = Folder::open_or_create(&folder::path()?)?;
    let turn = turn(&folder, cancel_on_signals()?, reporter)?;
    let store = folder.store();
    let (new, vouchers): (Vec<_>, Vec<_>) = checked(Some(&folder))?.into_iter().unzip();
    // A new key of the same party needs no acceptance, and what was agreed to has it: for
    // this signer alone, should the store have changed meanwhile.
    let changed = new_signers(&new, &store.index()?, &guard);
    if changed.iter().all(|(_, change)| agreed.contains(change)) {
        accepted.push(Change::Signer);
    }
    let outcomes = store.install(&new, &accepted)?;
    let index = store.index()?;
    folder.sweep(&index, &turn);
    let mut page = Page::default();
    for (((candidate, new), outcome), vouchers) in candidates.iter().zip(&new).zip(outcomes).zip(&vouchers) {
        let plugin = index.get(&new.plugin.id).unwrap_or(&new.plugin);
        let done = if outcome == Admitted::Installed { "installed" } else { "was installed already:" };
        page.line(format_args!("{done} {}, digest {}, {}", plugin.id, plugin.blake3, by(plugin)));
        if !candidate.attestations.is_empty() {
            let number = count(candidate.attestations.len() as u64, "attestation");
            page.line(format_args!("{number} taken along, and not checked"));
        }
        let is_imported = |voucher: &&Voucher| voucher.import.is_some();
        vouchers
            .iter()
            .filter(is_imported)
            .for_each(|voucher| page.line(format_args!("vetted by {voucher}")));
        say_granted(plugin, &mut page);
        if plugin.signer.is_none() {
            candidate.unchecked(&mut page);
        }
    }
    reporter.show(&page)?;
    Ok(index)
}

/// Who signed a plugin, for people.
pub(super) fn by(plugin: &Installed) -> String {
    plugin.signer.as_ref().map_or("unsigned".to_owned(), |signer| format!("signed by {signer}"))
}
