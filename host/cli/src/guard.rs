//! Whether plugins may run on some files: what is trusted and demanded on this machine,
//! held against what is known of each plugin.

mod authors;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;
use runner_pipeline::error::Result;
use runner_pipeline::patch::Evidence;
use runner_pipeline::storage::OsStorage;
use runner_policy::decide::{Situation, Verdict};
use runner_policy::facts::{Claim, Facts, Lock, Origin, REBUILT, VETTED};
use runner_policy::places::Places;
use runner_policy::revocation::Lists;
use runner_policy::state;
use runner_policy::trust::Role;
use runner_sandbox::plugin::Resolved;
use runner_store::digest::Digest;
use runner_store::folder::{self, Folder};
use runner_store::index::Installed;
use runner_trust::attestation::{self, Statement, Subject};
use runner_trust::format::Format;
use runner_trust::id::Id;
use runner_trust::package::Package;
use runner_trust::signer::Signer;

pub(crate) use self::authors::all_beside;
use crate::beside::{attestations_beside, read_if_there};
use crate::installed::Found;
use crate::real_paths::{follow, real};
use crate::report::Reporter;

/// The folder of the machine, if it is not the usual one.
static MACHINE: OnceLock<PathBuf> = OnceLock::new();

/// Uses another folder of the machine, which may belong to this user. For tests.
pub(crate) fn use_machine_folder(path: PathBuf) {
    // The first one counts.
    let _ = MACHINE.set(path);
}

/// The folders of this process.
pub(crate) fn places() -> Places {
    let places = Places::of_process();
    match MACHINE.get() {
        Some(machine) => {
            let machine_owner = rustix::process::geteuid().as_raw();
            Places { machine: machine.clone(), machine_owner, ..places }
        }
        None => places,
    }
}

/// What is trusted and demanded on this machine.
pub(crate) struct Guard {
    pub(crate) situation: Situation,
}

impl Guard {
    /// Reads all of it.
    ///
    /// # Errors
    /// If something that is there cannot be read, believed or understood: it may demand
    /// something.
    pub(crate) fn load() -> Result<Self> {
        let places = places();
        let mut policies = places.policies()?;
        policies.iter_mut().flat_map(|policy| &mut policy.rules).for_each(|rule| follow(&mut rule.demands));
        let (trust, imports, lists) = (places.trust()?, places.imports()?, lists()?);
        Ok(Self { situation: Situation { trust, policies, lists, imports, now: Timestamp::now() } })
    }

    /// What is known of a plugin that was found by its name.
    ///
    /// # Errors
    /// If a signature beside its file cannot be read.
    pub(crate) fn facts(&self, found: &Found) -> Result<Facts> {
        let Resolved { name, path, bytes } = &found.source;
        let name = name.clone();
        let digest = Digest::of(bytes);
        if let Some(plugin) = &found.plugin {
            let lock = match (found.is_locked, found.is_lock_open) {
                (true, false) => Lock::Named,
                (true, true) => Lock::Open,
                (false, _) => Lock::Absent,
            };
            return Ok(self.of_installed(plugin, lock, (bytes, &found.evidence)));
        }
        let Some(path) = path else {
            let (origin, id) = (Origin::Bundled, None);
            return Ok(Facts {
                name,
                origin,
                id,
                digest,
                signers: vec![],
                claims: vec![],
                lock: Lock::Absent,
            });
        };
        // What is no package, or a wrong one, has no identity, so nobody can have signed it.
        let package = bytes.starts_with(b"\0asm").then(|| Package::read(bytes)).transpose();
        let id = package.ok().flatten().flatten().map(|package| package.id);
        let mut facts = Facts {
            name,
            origin: Origin::File,
            id,
            digest,
            signers: vec![],
            claims: vec![],
            lock: Lock::Absent,
        };
        if let Some(id) = &facts.id {
            let path = Path::new(path);
            let signatures = self.signatures_beside(id, path)?;
            facts.signers =
                self.signers(id, bytes, &signatures).into_iter().map(|(signer, _)| signer).collect();
            // A copy without its signature is the same plugin as the one that is installed.
            facts.signers.extend(installed_signer(digest).filter(|signer| !facts.signers.contains(signer)));
            let evidence = read_if_there(&attestations_beside(path), attestation::MAX_FILE_BYTES as u64)?;
            facts.claims = self.claims(id, bytes, &evidence.unwrap_or_default());
        }
        Ok(facts)
    }

    /// What is known of an installed plugin, with its bytes and its attestations.
    pub(crate) fn of_installed(
        &self,
        plugin: &Installed,
        lock: Lock,
        (bytes, evidence): (&[u8], &[u8]),
    ) -> Facts {
        // It was verified when it was installed, and only this user can have changed it.
        let mut signers: Vec<_> = plugin.signer.iter().cloned().collect();
        // Anybody can have added one by a revoked key, so that counts for nothing.
        let revoked = |signer: &Signer| self.situation.lists.revokes_key(Some(&plugin.id), signer);
        let more = plugin.more_signatures.iter().map(|text| (Format::of_signature(text), text.clone()));
        let more = self.signers(&plugin.id, bytes, &more.collect::<Vec<_>>());
        signers.extend(more.into_iter().map(|(signer, _)| signer).filter(|signer| !revoked(signer)));
        signers.dedup();
        Facts {
            name: plugin.id.to_string(),
            origin: Origin::Installed,
            id: Some(plugin.id.clone()),
            digest: plugin.blake3,
            signers,
            claims: self.claims(&plugin.id, bytes, evidence),
            lock,
        }
    }

    /// What trusted keys say of a plugin in its attestations. Those that cannot be read
    /// count for nothing.
    fn claims(&self, id: &Id, bytes: &[u8], evidence: &[u8]) -> Vec<Claim> {
        let keys: Vec<_> =
            self.situation.trust.keys_for(Role::Vet, Some(id)).map(|key| key.signer.clone()).collect();
        if keys.is_empty() || evidence.is_empty() {
            return vec![];
        }
        let found = attestation::parse_file(evidence).unwrap_or_default();
        attestation::claims(&found, &keys, &Subject::new(id, bytes)).into_iter().filter_map(claim).collect()
    }

    /// The keys that are trusted to vet, and say something good of a plugin.
    pub(crate) fn attesters(&self, id: &Id, bytes: &[u8], evidence: &[u8]) -> Vec<Signer> {
        let mut keys: Vec<_> = self.claims(id, bytes, evidence).into_iter().map(|claim| claim.key).collect();
        keys.sort_unstable_by_key(ToString::to_string);
        keys.dedup();
        keys
    }

    /// Whether a key is trusted to vet a plugin.
    pub(crate) fn vets(&self, id: &Id, key: &Signer) -> bool {
        self.situation.trust.keys_for(Role::Vet, Some(id)).any(|other| other.signer == *key)
    }

    /// What a key with this name and role has said of a plugin.
    pub(crate) fn said_by(&self, names: &[String], facts: &Facts) -> Vec<Claim> {
        let keys = self.situation.trust.keys_for(Role::Vet, facts.id.as_ref());
        let keys: Vec<_> = keys.filter(|key| names.contains(&key.name)).map(|key| &key.signer).collect();
        facts.claims.iter().filter(|claim| keys.contains(&&claim.key)).cloned().collect()
    }

    /// Decides whether a plugin may run on these files, and says what to be warned of.
    ///
    /// # Errors
    /// [`Kind::Refused`] if it may not.
    pub(crate) fn decide(&self, facts: &Facts, files: &[PathBuf], reporter: &Reporter) -> Result<Verdict> {
        let verdict = self.situation.decide(facts, files)?;
        if let Some(warning) = verdict.warnings.first() {
            reporter.stale_list(warning);
        }
        Ok(verdict)
    }

    /// The files as the policies name them: absolute, and without links. Nothing, if no
    /// policy depends on them.
    ///
    /// # Errors
    /// If a link leads to what does not exist: then it is not known what it will be.
    pub(crate) fn real(&self, files: &[PathBuf]) -> Result<Vec<PathBuf>> {
        if !self.situation.has_paths() {
            return Ok(vec![]);
        }
        files.iter().map(|file| real(file)).collect()
    }
}

/// What an attestation says, in the words of policies. One of a check that has failed, or
/// of a kind that is not known, says nothing.
fn claim(found: attestation::Claim) -> Option<Claim> {
    let criteria = match &found.statement {
        Statement::Vetted(vetting) if vetting.is_passed => vec![VETTED.to_owned()],
        Statement::Approved(approval) => approval.criteria.clone(),
        Statement::Built(_) => vec![REBUILT.to_owned()],
        _ => return None,
    };
    let (runner, time) = (found.statement.runner().cloned(), found.statement.time()?);
    Some(Claim { key: found.signer, criteria, runner, time })
}

/// What the history and a patch say of a plugin.
pub(crate) fn evidence(facts: &Facts, verdict: &Verdict) -> Evidence {
    let mut vetted_by: Vec<_> = verdict.vetted_by.iter().map(ToString::to_string).collect();
    vetted_by.sort();
    vetted_by.dedup();
    let signer = facts.signers.first().map(ToString::to_string);
    // What a file says of itself counts only with a signature.
    let is_known = facts.origin != Origin::File || signer.is_some();
    Evidence { id: facts.id.as_ref().filter(|_| is_known).map(ToString::to_string), signer, vetted_by }
}

/// Who has signed the installed plugin with this digest. `None` if the store cannot be read:
/// a file needs none.
fn installed_signer(digest: Digest) -> Option<Signer> {
    let folder = Folder::open(&folder::path().ok()?).ok()??;
    let index = folder.store().index().ok()?;
    index.plugins().iter().find(|plugin| plugin.blake3 == digest)?.signer.clone()
}

/// The revoked plugins that are known.
///
/// # Errors
/// If they cannot be read or believed.
pub(crate) fn lists() -> Result<Lists> {
    // Who has no folder has accepted none.
    let Ok(path) = folder::path() else { return Ok(Lists::default()) };
    match Folder::open(&path)? {
        Some(folder) => state::lists(&OsStorage, &folder.entry(state::LISTS)),
        None => Ok(Lists::default()),
    }
}
