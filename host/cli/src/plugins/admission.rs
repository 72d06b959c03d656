//! What `install`, `update` and `import` do: plugins are read, asked in the sandbox
//! whether they are what is written in them, checked against a signature, and put
//! into the store, all or none.

use std::path::{Path, PathBuf};

use clap::{Args as ArgGroup, ValueEnum};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count, shown};
use runner_pipeline::storage::Storage;
use runner_policy::decide::Voucher;
use runner_registry::signatures::Found;
use runner_sandbox::plugin::Resolved;
use runner_sandbox::{Isolation, contract_version};
use runner_store::carrier::Carrier;
use runner_store::digest::Digest;
use runner_store::folder::{self, Folder};
use runner_store::index::{Index, Installed};
use runner_store::locked::{Locked, NAME};
use runner_store::rules::{Change, Outcome as Admitted};
use runner_store::store::{New, Store};
use runner_trust::attestation::{Attestation, add, file_text, parse_file};
use runner_trust::package::{Package, Wants};
use runner_trust::signer::Signer;

use super::allowed::{allowed, not_ended, not_less};
use super::evidence::read_beside;
use super::inspect::section;
use super::key_files::public_key;
use super::new_signer::{agreed, new_signers};
use super::vouching::{Demanded, further, say_granted};
use crate::guard::Guard;
use crate::loaded_plugin::{limits, load_resolved};
use crate::report::Reporter;
use crate::signals::cancel_on_signals;
use crate::turn::turn;

/// Maximum number of characters of a summary.
const SUMMARY_CHARS: usize = 400;
/// The hint for a signature that does not fit.
pub(super) const NEW_KEY: &str =
    "if the author has a new key, give the file of the public key with --key, and `--accept signer`";

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

/// A plugin that was read. Nothing of it was run yet.
pub(super) struct Candidate {
    pub(super) package: Package,
    /// Where it was, for messages.
    pub(super) place: String,
    pub(super) source: Resolved,
    pub(super) signatures: Signatures,
    /// What is beside it. Nothing of it was checked.
    attestations: Vec<Attestation>,
    from: Carrier,
    /// The user has said which content it must have.
    is_pinned: bool,
    /// What the lock file says of it, if that binds it.
    locked: Option<Locked>,
}

/// Where the signatures of a plugin are.
pub(super) enum Signatures {
    /// In files beside this one.
    Beside(PathBuf),
    /// They came with it.
    Given(Found),
}

impl Candidate {
    /// Reads a plugin; `None` if nothing is written in it that says which one it is.
    ///
    /// # Errors
    /// If it cannot be read, or what is written in it is wrong.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let source = Resolved::file(path)?;
        let package = section(&source)?;
        let Some(package) = package else { return Ok(None) };
        let attestations = read_beside(path)?;
        let (place, signatures) = (path.shown().to_string(), Signatures::Beside(path.to_owned()));
        let from = Carrier::File;
        let (is_pinned, locked) = (true, None);
        Ok(Some(Self { package, place, source, signatures, attestations, from, is_pinned, locked }))
    }

    /// A plugin that was fetched. `place` is escaped.
    pub(super) fn fetched(
        bytes: Vec<u8>,
        package: Package,
        found: Found,
        (from, place): (Carrier, String),
    ) -> Self {
        let source = Resolved { name: package.id.to_string(), path: None, bytes: bytes.into() };
        let attestations = found.attestations.clone();
        let signatures = Signatures::Given(found);
        let (is_pinned, locked) = (false, None);
        Self { package, place, source, signatures, attestations, from, is_pinned, locked }
    }

    /// The same, whose content the user has named.
    pub(super) fn pinned(self) -> Self {
        Self { is_pinned: true, ..self }
    }

    /// The same, which must be what the lock file says: nothing else is installed.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it is another plugin, or has another content.
    pub(super) fn bound(self, locked: Locked) -> Result<Self> {
        let (found, digest) = (&self.package.id, self.digest());
        let why = if *found != locked.id {
            format!("it is {found}, and {} is demanded", locked.id)
        } else if digest != locked.blake3 {
            format!("its digest is {digest}, and {} is demanded", locked.blake3)
        } else {
            return Ok(Self { locked: Some(locked), ..self });
        };
        Err(Error::new(Kind::Verification, format!("{} is not the plugin that {NAME} demands", self.place))
            .because(why)
            .hint(format!(
                "it was swapped or damaged, or {NAME} was changed by hand: do not use it, and find out which"
            )))
    }

    /// Holds what is to be installed against what the lock file says.
    ///
    /// # Errors
    /// [`Kind::Refused`], with the first difference.
    fn as_locked(&self, new: &New) -> Result<()> {
        let Some(locked) = &self.locked else { return Ok(()) };
        let evidence = parse_file(&new.evidence)?;
        let differs = locked.difference(&new.plugin);
        match differs.or_else(|| locked.content_difference(&new.bytes, &evidence)) {
            None => Ok(()),
            Some(why) => {
                let what = format!("{} is not what {NAME} says of {}", self.place, locked.id);
                Err(Error::new(Kind::Refused, what).because(why).hint(format!(
                    "nothing was installed; find out whether {NAME} was changed by hand, or something is missing \
                     on the way: both should be as they were when it was locked"
                )))
            }
        }
    }

    /// Whether a lock file binds it.
    pub(super) fn is_locked(&self) -> bool {
        self.locked.is_some()
    }

    /// What to do about a signature that does not fit.
    pub(super) fn signature_hint(&self) -> String {
        let demanded = self.locked.as_ref().and_then(|locked| locked.signer.as_ref());
        demanded.map_or(NEW_KEY.to_owned(), |signer| format!("{NAME} demands the signature of {signer}"))
    }

    /// The same from a folder.
    pub(super) fn of_folder(self) -> Self {
        Self { from: Carrier::Folder, ..self }
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.source.bytes)
    }

    /// Runs the plugin, and holds what is written in it against what it says.
    fn ask(&self, reporter: &Reporter) -> Result<()> {
        let plugin = load_resolved(&self.source, limits()?, Isolation::COMPILE_DEADLINE, reporter)?;
        self.package
            .check(plugin.manifest(), &contract_version())
            .map_err(|error| error.within(format!("{} is not installed", self.place)))
    }

    /// Whose signature it has: that of `key`, or of whoever signed it before, or of a
    /// trusted author. What came over a network must have one, or be pinned.
    fn signer(&self, key: Option<&Signer>, index: &Index, guard: &Guard) -> Result<Option<(Signer, String)>> {
        let signed = self.checked(key, index, guard)?;
        let is_there = index.get(&self.package.id).is_some_and(|there| there.blake3 == self.digest());
        if signed.is_none() && self.from.is_remote() && !self.is_pinned && !is_there {
            return Err(self.unvouched(guard)?);
        }
        Ok(signed)
    }

    fn checked(
        &self,
        key: Option<&Signer>,
        index: &Index,
        guard: &Guard,
    ) -> Result<Option<(Signer, String)>> {
        let id = &self.package.id;
        // Whose signature it must be is only for a file to say that is a pin.
        let pin = self.locked.as_ref().filter(|_| self.is_pinned);
        let key = key.or(pin.and_then(|locked| locked.signer.as_ref()));
        let seen = index.seen(id).and_then(|seen| seen.signer.as_ref());
        if key.is_none()
            && let Some(found) = self.trusted(guard)?
            && seen.is_none_or(|seen| guard.is_next(id, seen, &found.0))
        {
            return Ok(Some(found));
        }
        let Some(signer) = key.or(seen) else { return Ok(None) };
        let demanded = if key.is_some() { Demanded::Yes } else { Demanded::No };
        match &self.signatures {
            Signatures::Beside(path) => self.beside_signature(signer, path, demanded),
            Signatures::Given(found) => self.given_signature(signer, found, demanded),
        }
    }

    /// The attestations that are in the store, and those beside the file.
    fn evidence<S: Storage>(&self, store: Option<&Store<'_, S>>, index: &Index) -> Result<Vec<u8>> {
        let is_same = |present: &&Installed| present.blake3 == self.digest();
        let mut all = match store.zip(index.get(&self.package.id).filter(is_same)) {
            // What is damaged is replaced, as a damaged plugin is.
            Some((store, present)) => {
                store.evidence(present).and_then(|text| parse_file(&text)).unwrap_or_default()
            }
            None => Vec::new(),
        };
        self.attestations.iter().try_for_each(|one| add(&mut all, one.clone()))?;
        Ok(file_text(&all).into_bytes())
    }

    /// What is to be put into the store.
    ///
    /// # Errors
    /// If a signature beside its file cannot be read.
    fn to_store(
        &self,
        signed: Option<(Signer, String)>,
        evidence: Vec<u8>,
        present: Option<&Installed>,
        (args, guard): (&AdmissionArgs, &Guard),
    ) -> Result<New> {
        let Package { id, contract, manifest, wants, .. } = &self.package;
        let (signer, signature) = signed.unzip();
        let more_signatures = match &signature {
            Some(own) => further(self.all_signatures()?, own, present),
            None => Vec::new(),
        };
        let vetted_by = guard.attesters(id, &self.source.bytes, &evidence);
        let plugin = Installed {
            id: id.clone(),
            blake3: self.digest(),
            bytes: self.source.bytes.len() as u64,
            contract: contract.clone(),
            summary: shown(&manifest.summary).cut(SUMMARY_CHARS).to_string(),
            signer,
            signature,
            more_signatures,
            from: self.from.clone(),
            evidence: None,
            wants: wants.clone(),
            granted: args.granted(wants),
            vetted_by,
        };
        Ok(New { plugin, bytes: self.source.bytes.to_vec(), evidence })
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
            let new = candidate.to_store(signed, evidence, present, (args, &guard))?;
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
