//! Who has signed a text, and of which plugins those may speak.

use jiff::Timestamp;
use runner_trust::signer::Signer;

use crate::pattern::NamePattern;
use crate::trust::{Key, Role, Trust};

/// Who has signed, and what they may say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The names of the keys that count.
    pub names: Vec<String>,
    /// Those keys.
    pub signers: Vec<Signer>,
    /// The plugins of which they may speak. Empty if there are too few of them.
    pub plugins: Vec<NamePattern>,
}

/// Looks whose signatures these are. A key that is in a group speaks only with as many
/// others as the group demands; any other key speaks alone.
#[must_use]
pub fn authority(
    trust: &Trust,
    role: Role,
    (text, signatures): (&str, &[String]),
    now: Timestamp,
) -> Authority {
    let has_signed =
        |key: &&Key| signatures.iter().any(|signature| key.signer.verify_text(text, signature).is_ok());
    let keys = trust.keys.iter().filter(|key| key.role == role && !key.is_expired(now));
    let keys: Vec<_> = keys.filter(has_signed).collect();
    let mut names: Vec<_> = keys.iter().map(|key| key.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let mut plugins: Vec<NamePattern> = Vec::new();
    for key in &keys {
        let new = key.plugins.iter().filter(|pattern| speaks(trust, key, pattern, &keys));
        let new: Vec<_> = new.filter(|pattern| !plugins.contains(pattern)).cloned().collect();
        plugins.extend(new);
    }
    let mut signers: Vec<Signer> = Vec::new();
    for key in keys {
        if !signers.contains(&key.signer) {
            signers.push(key.signer.clone());
        }
    }
    Authority { names, signers, plugins }
}

/// Whether a key may speak of these plugins: alone, or with the others of each of its
/// groups.
fn speaks(trust: &Trust, key: &Key, pattern: &NamePattern, all: &[&Key]) -> bool {
    let groups =
        trust.groups.iter().filter(|group| group.level == key.level && group.keys.contains(&key.name));
    groups.into_iter().all(|group| {
        let agrees = |name: &&String| {
            let is_his =
                |other: &&Key| other.name == **name && other.plugins.iter().any(|own| pattern.is_within(own));
            all.iter().any(is_his)
        };
        group.keys.iter().filter(agrees).count() >= group.min
    })
}
