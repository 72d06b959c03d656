//! What may be installed over what was there: the first time decides, and nothing
//! gets weaker unless the user says so.

use runner_pipeline::error::{Error, Kind, Result};
use runner_trust::signer::Signer;

use crate::index::{Index, Installed};

/// The greatest number of signatures that are kept of a plugin.
pub const MAX_SIGNATURES: usize = 8;

/// What a user may accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A version below one that was installed before.
    Older,
    /// Other bytes under a version that was installed before.
    Bytes,
    /// Another signer than before, or none.
    Signer,
}

impl Change {
    /// The word for it on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Older => "older",
            Self::Bytes => "bytes",
            Self::Signer => "signer",
        }
    }
}

/// What has become of a plugin that was to be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is installed now.
    Installed,
    /// It was there, with the same bytes and the same signer.
    Unchanged,
}

/// Puts a plugin into the index, if it may be there.
///
/// # Errors
/// [`Kind::Refused`], with what the user would have to accept; then the index is
/// unchanged. [`Kind::Refused`] if there are too many.
pub fn admit(index: &mut Index, mut plugin: Installed, accepted: &[Change]) -> Result<Outcome> {
    let present = index.get(&plugin.id).filter(|present| present.blake3 == plugin.blake3);
    if let Some(present) = present {
        // Whoever brings the same bytes without a signature takes nothing away.
        if plugin.signer.is_none() {
            (plugin.signer, plugin.signature) = (present.signer.clone(), present.signature.clone());
        }
        add_signatures(&mut plugin, present);
        plugin.evidence = plugin.evidence.or(present.evidence);
    }
    carry_grant(index, &mut plugin);
    if present.is_some_and(|present| *present == plugin) {
        return Ok(Outcome::Unchanged);
    }
    for (change, why) in changes(index, &plugin) {
        if !accepted.contains(&change) {
            return Err(refused(&plugin, change, &why));
        }
    }
    index.put(plugin)?;
    Ok(Outcome::Installed)
}

/// Keeps the signatures that were there, as many as there is room for.
fn add_signatures(plugin: &mut Installed, present: &Installed) {
    let own = plugin.signature.clone();
    let there = present.signature.iter().chain(&present.more_signatures);
    for signature in there.filter(|there| own.as_ref() != Some(there)) {
        if plugin.more_signatures.len() + 1 < MAX_SIGNATURES && !plugin.more_signatures.contains(signature) {
            plugin.more_signatures.push(signature.clone());
        }
    }
}

/// Gives a plugin what was granted before: to these bytes, or to another version, if
/// this one wants no more, and the same key has signed both.
fn carry_grant(index: &Index, plugin: &mut Installed) {
    if !plugin.granted.is_usual() {
        return;
    }
    let present = index.get(&plugin.id).filter(|present| present.blake3 == plugin.blake3);
    let of_others =
        index.seen(&plugin.id).filter(|seen| seen.signer.is_some() && seen.signer == plugin.signer);
    let granted = present.map(|present| &present.granted).or(of_others.map(|seen| &seen.granted));
    if let Some(granted) = granted.filter(|granted| plugin.wants.is_within(granted)) {
        plugin.granted = granted.clone();
    }
}

/// All that a plugin would make weaker, and how.
fn changes(index: &Index, plugin: &Installed) -> Vec<(Change, String)> {
    let (mut found, id) = (Vec::new(), &plugin.id);
    let Some(seen) = index.seen(id) else { return found };
    let known = index.get(id).map(|present| present.blake3);
    let known = known.or((seen.version == id.version).then_some(seen.blake3));
    match known {
        Some(known) if known != plugin.blake3 => {
            found.push((
                Change::Bytes,
                format!("it had the digest {known} before, and has {} now", plugin.blake3),
            ));
        }
        Some(_) => {}
        None if id.version.cmp_precedence(&seen.version).is_lt() => {
            found.push((Change::Older, format!("version {} was installed before", seen.version)));
        }
        None => {}
    }
    if seen.signer.is_some() && seen.signer != plugin.signer {
        let shown = |signer: &Option<Signer>| signer.as_ref().map_or("nobody".to_owned(), Signer::to_string);
        let why = format!(
            "it was signed by {} before, and is signed by {} now",
            shown(&seen.signer),
            shown(&plugin.signer)
        );
        found.push((Change::Signer, why));
    }
    found
}

fn refused(plugin: &Installed, change: Change, why: &str) -> Error {
    let what = match change {
        Change::Older => "is older than what was installed",
        Change::Bytes => "is another file than the one that was installed",
        Change::Signer => "is not signed by the one who signed it before",
    };
    let if_right = match change {
        Change::Older => "if you want the older version",
        Change::Bytes => "if its author has changed the file and kept the version",
        Change::Signer => "ask the author; if the new signer is right, give the public key with --key",
    };
    Error::new(Kind::Refused, format!("{} {what}", plugin.id))
        .because(why.to_owned())
        .hint(format!("{if_right}, accept it with `--accept {}`", change.word()))
}

#[cfg(test)]
mod tests {
    use runner_trust::package::Wants;

    use super::*;
    use crate::digest::Digest;
    use crate::testing::plugin;

    const KEYS: [&str; 2] = [
        "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINYPkmZ2VZC7+cTXdJLt15Ft9fk7Z0WwkrICB8xRx1cs",
    ];

    fn signed(id: &str, content: &[u8], key: usize) -> Installed {
        let signature = Some("signature".to_owned());
        Installed { signer: Some(KEYS[key].parse().unwrap()), signature, ..plugin(id, content) }
    }

    /// Wants to be refused for one reason, and admitted once that is accepted.
    fn asks(index: &Index, plugin: &Installed, change: Change) -> Index {
        let mut after = index.clone();
        let others: Vec<_> = [Change::Older, Change::Bytes, Change::Signer]
            .into_iter()
            .filter(|other| *other != change)
            .collect();
        let error = admit(&mut after, plugin.clone(), &others).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        assert!(error.hints()[0].contains(&format!("--accept {}", change.word())), "{:?}", error.hints());
        assert_eq!(after, *index);
        assert_eq!(admit(&mut after, plugin.clone(), &[change]).unwrap(), Outcome::Installed);
        after
    }

    fn with(plugins: &[Installed]) -> Index {
        let mut index = Index::default();
        for plugin in plugins {
            assert_eq!(admit(&mut index, plugin.clone(), &[]).unwrap(), Outcome::Installed);
        }
        index
    }

    #[test]
    fn a_lower_version_must_be_accepted() {
        let mut index =
            with(&[plugin("a:x@1.2.0", b"2"), plugin("a:x@1.10.0", b"10"), plugin("a:y@1.0.0", b"y")]);
        asks(&index, &plugin("a:x@1.9.0", b"9"), Change::Older);
        asks(&index, &plugin("a:x@1.10.0-rc.1", b"rc"), Change::Older);
        // What is installed already stays, and what was removed is remembered.
        assert_eq!(admit(&mut index, plugin("a:x@1.2.0", b"2"), &[]).unwrap(), Outcome::Unchanged);
        index.remove(&"a:x@1.10.0".parse().unwrap());
        let after = asks(&index, &plugin("a:x@1.9.0", b"9"), Change::Older);
        asks(&after, &plugin("a:x@1.8.0", b"8"), Change::Older);
    }

    #[test]
    fn other_bytes_must_be_accepted() {
        let mut index = with(&[plugin("a:x@1.2.0", b"2"), plugin("a:x@1.10.0", b"10")]);
        asks(&index, &plugin("a:x@1.10.0", b"11"), Change::Bytes);
        asks(&index, &plugin("a:x@1.2.0", b"3"), Change::Bytes);
        index.remove(&"a:x@1.10.0".parse().unwrap());
        asks(&index, &plugin("a:x@1.10.0", b"11"), Change::Bytes);
        assert_eq!(admit(&mut index, plugin("a:x@1.10.0", b"10"), &[]).unwrap(), Outcome::Installed);
    }

    #[test]
    fn a_grant_lasts_until_more_is_wanted() {
        let limits = |memory_bytes| Wants { memory_bytes: Some(memory_bytes), ..Wants::default() };
        let wanting = |plugin: Installed, bytes| Installed { wants: limits(bytes), ..plugin };
        let granted = |index: &Index, id: &str| index.get(&id.parse().unwrap()).unwrap().granted.clone();
        let first = wanting(signed("a:x@1.0.0", b"0", 0), 5);
        let mut index = with(std::slice::from_ref(&first));
        assert_eq!(granted(&index, "a:x@1.0.0"), Wants::default());
        let first = Installed { granted: limits(5), ..first };
        assert_eq!(admit(&mut index, first.clone(), &[]).unwrap(), Outcome::Installed);
        // The same without the option, and what wants no more.
        let again = Installed { granted: Wants::default(), ..first };
        assert_eq!(admit(&mut index, again, &[]).unwrap(), Outcome::Unchanged);
        assert_eq!(granted(&index, "a:x@1.0.0"), limits(5));
        for (id, bytes, lasts) in [("a:x@1.1.0", 5, true), ("a:x@1.2.0", 4, true), ("a:x@1.3.0", 6, false)] {
            admit(&mut index, wanting(signed(id, id.as_bytes(), 0), bytes), &[]).unwrap();
            let expected = if lasts { limits(5) } else { Wants::default() };
            assert_eq!(granted(&index, id), expected, "{id}");
        }
        // What was granted to one signer is not granted to another one, nor to none.
        let mut index = with(&[Installed { granted: limits(5), ..wanting(signed("a:x@1.0.0", b"0", 0), 5) }]);
        admit(&mut index, wanting(signed("a:x@1.1.0", b"1", 1), 5), &[Change::Signer]).unwrap();
        assert_eq!(granted(&index, "a:x@1.1.0"), Wants::default());
        let mut index = with(&[Installed { granted: limits(5), ..wanting(plugin("a:x@1.0.0", b"0"), 5) }]);
        admit(&mut index, wanting(plugin("a:x@1.1.0", b"1"), 5), &[]).unwrap();
        assert_eq!(granted(&index, "a:x@1.1.0"), Wants::default());
    }

    #[test]
    fn another_signer_must_be_accepted() {
        let mut index = with(&[plugin("a:x@1.0.0", b"0"), signed("a:x@1.1.0", b"1", 0)]);
        asks(&index, &signed("a:x@1.2.0", b"2", 1), Change::Signer);
        let unsigned = asks(&index, &plugin("a:x@1.2.0", b"2"), Change::Signer);
        assert_eq!(unsigned.seen(&"a:x@1.2.0".parse().unwrap()).unwrap().signer, None);
        assert_eq!(admit(&mut index, signed("a:x@1.2.0", b"2", 0), &[]).unwrap(), Outcome::Installed);
        // The same bytes without their signature lose nothing.
        let before = index.clone();
        assert_eq!(admit(&mut index, plugin("a:x@1.2.0", b"2"), &[]).unwrap(), Outcome::Unchanged);
        assert_eq!(index, before);
        // Attestations may come later, and stay.
        let attested = Installed { evidence: Some(Digest::of(b"e")), ..signed("a:x@1.2.0", b"2", 0) };
        assert_eq!(admit(&mut index, attested.clone(), &[]).unwrap(), Outcome::Installed);
        assert_eq!(admit(&mut index, signed("a:x@1.2.0", b"2", 0), &[]).unwrap(), Outcome::Unchanged);
        assert_eq!(index.get(&attested.id), Some(&attested));
        // So do further signatures, of which there are not endlessly many.
        let more = |count: u8| (0..count).map(|number| format!("more {number}")).collect::<Vec<_>>();
        let cosigned = Installed { more_signatures: more(1), ..signed("a:x@1.2.0", b"2", 0) };
        assert_eq!(admit(&mut index, cosigned, &[]).unwrap(), Outcome::Installed);
        assert_eq!(admit(&mut index, signed("a:x@1.2.0", b"2", 0), &[]).unwrap(), Outcome::Unchanged);
        assert_eq!(index.get(&attested.id).unwrap().more_signatures, more(1));
        let many = Installed { more_signatures: vec!["other".to_owned(); 6], ..signed("a:x@1.2.0", b"2", 0) };
        admit(&mut index, many, &[]).unwrap();
        assert_eq!(index.get(&attested.id).unwrap().more_signatures.len(), MAX_SIGNATURES - 1);
        // And those that had none may get one.
        let mut index = with(&[plugin("a:x@1.0.0", b"0")]);
        assert_eq!(admit(&mut index, signed("a:x@1.0.0", b"0", 1), &[]).unwrap(), Outcome::Installed);
        asks(&index, &signed("a:x@1.0.0", b"0", 0), Change::Signer);
    }
}
