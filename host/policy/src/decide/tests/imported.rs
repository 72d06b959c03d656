//! What the audits of others count for.

use super::*;
use crate::imports::Import;
use crate::imports::tests::{list as audits, pin};

/// Audits of `globex`, whose key is the second one.
fn imported(more: &str) -> Import {
    let digest = facts().digest;
    let text = audits(&format!(
        "[[audit]]\nplugin = \"acme:x@1.0.0\"\ndigest = \"{digest}\"\ncriteria = [\"theirs\"]\n\
         time = \"2026-11-01T00:00:00Z\"\n{more}"
    ));
    Import::new(pin(&text), text.as_bytes(), Path::new("x"), Level::User).unwrap()
}

#[test]
fn imported_audits_count_in_our_words_while_their_key_does() {
    let mut one = situation(&["vetted = { by = ['globex'], criteria = ['safe'] }"]);
    one.trust.keys[1] = key("globex", 1, Role::Audit);
    one.trust.groups.clear();
    assert!(why(&one, &facts()).unwrap().contains("nobody has"));
    one.imports = vec![imported("")];
    let verdict = one.decide(&facts(), &[]).unwrap();
    assert_eq!(verdict.vetted_by[0].import.as_deref(), Some("globex, number 3"));
    assert!(verdict.vetted_by[0].to_string().ends_with(", in imported audits (globex, number 3)"));
    let refused = |change: &dyn Fn(&mut Situation)| {
        let mut other = one.clone();
        change(&mut other);
        why(&other, &facts()).is_some()
    };
    assert!(!refused(&|_| {}));
    assert!(refused(&|one| one.imports[0].pin.criteria.clear()), "a word that means nothing here");
    let mut silent = one.clone();
    silent.imports[0].pin.criteria.clear();
    assert!(hints(&silent, &facts()).iter().any(|hint| hint.contains("--criteria theirs=WORD")));
    assert!(refused(&|one| one.imports[0].pin.until = NOW.parse().unwrap()), "it has ended");
    assert!(refused(&|one| one.now = "2027-02-01T00:00:00Z".parse().unwrap()));
    assert!(
        refused(&|one| one.imports[0].pin.plugins = vec!["acme:y".parse().unwrap()]),
        "for other plugins"
    );
    assert!(refused(&|one| one.policies[0].level = Level::Machine), "the machine has not imported it");
    assert!(refused(&|one| {
        one.policies[0].level = Level::Machine;
        one.trust.keys[1].level = Level::Machine;
    }));
    assert!(refused(&|one| one.trust.keys[1].role = Role::Vet), "the key is for something else");
    assert!(refused(&|one| one.trust.keys[1].until = Some(NOW.parse().unwrap())));
    assert!(
        refused(&|one| one.imports[0].pin.keys.push(KEYS[2].parse().unwrap())),
        "one of two keys is gone"
    );
    assert!(refused(&|one| {
        one.lists = list(&format!("[[revoked]]\nkey = \"{}\"\nwhy = \"stolen\"\n", KEYS[1]));
    }));
    let other = Facts { digest: Digest::of(b"other"), ..facts() };
    assert!(why(&one, &other).is_some(), "it is about other bytes");
    let other = Facts { id: Some("acme:x@1.0.1".parse().unwrap()), ..facts() };
    assert!(why(&one, &other).is_some(), "it is about another version");
}

#[test]
fn what_imported_audits_warn_of_is_refused_whatever_else_is_said() {
    let mut one = situation(&["vetted = { by = ['vetters'] }"]);
    let vetted = Facts { claims: vec![claim(1), claim(2)], lock: Lock::Named, ..facts() };
    assert_eq!(why(&one, &vetted), None);
    one.imports =
        vec![imported("[[violation]]\nplugin = \"acme:x\"\nbelow = \"1.0.1\"\nwhy = \"it\\u001b leaks\"\n")];
    let said = why(&one, &vetted).unwrap();
    assert_eq!(said, "it\\u{1b} leaks (audits globex, number 3, signed by globex, imported by the user)");
    assert!(hints(&one, &vetted).iter().any(|hint| hint.contains("`runner trust remove --import globex`")));
    // Also without the key, and after the end.
    one.now = "2028-01-01T00:00:00Z".parse().unwrap();
    one.trust.keys.clear();
    one.policies.clear();
    assert!(why(&one, &vetted).is_some());
    // Those who have signed it may not speak for others.
    one.imports[0].pin.plugins = vec!["acme:y".parse().unwrap()];
    assert_eq!(why(&one, &vetted), None);
}

/// Rules of all kinds, for a property.
const RULES: [&str; 12] = [
    "",
    "signed-by = 'author'",
    "signed-by = ['one', 'author']",
    "pinned = true",
    "vetted = { by = ['one'] }",
    "vetted = { by = ['vetters'], max-age = '20d' }",
    "lists = ['l']",
    "max-memory = '1M'\nmax-timeout = 1.0",
    "max-memory = '2M'\ncapabilities = ['table']",
    "capabilities = []\nno-downgrade = true",
    "[[rule]]\nfor-files = '/srv/**'\nrefuse-bundled = true",
    "[[rule]]\nfor-plugins = 'acme:*'\nrefuse-files = true",
];

proptest! {
    /// Another policy never allows what was refused, and never gives more.
    #[test]
    fn a_policy_more_never_allows_more(
        chosen in prop::collection::vec(0..RULES.len(), 0..5),
        more in 0..RULES.len(),
        place in 0_usize..5,
        origin in prop::sample::select(vec![Origin::Bundled, Origin::File, Origin::Installed]),
        (is_signed, is_locked, vetters, has_list) in (any::<bool>(), any::<bool>(), 0_usize..3, any::<bool>()),
    ) {
        let mut one = situation(&chosen.iter().map(|at| RULES[*at]).collect::<Vec<_>>());
        if has_list {
            one.lists = list("");
        }
        let mut other = one.clone();
        other.policies.insert(place.min(chosen.len()), read(RULES[more]).unwrap());
        let signers = if is_signed { facts().signers } else { vec![] };
        let lock = if is_locked { Lock::Named } else { Lock::Absent };
        let claims = (1..=vetters).map(claim).collect();
        let facts = Facts { origin, signers, claims, lock, ..facts() };
        let files = [PathBuf::from("/srv/x")];
        let (before, after) = (one.decide(&facts, &files), other.decide(&facts, &files));
        if let Ok(after) = after {
            let before = before.expect("it was allowed with a policy more");
            let memory = |verdict: &Verdict| verdict.max_memory.as_ref().map_or(u64::MAX, |limit| limit.most);
            let timeout = |verdict: &Verdict| verdict.max_timeout.as_ref().map_or(Duration::MAX, |limit| limit.most);
            prop_assert!(memory(&after) <= memory(&before) && timeout(&after) <= timeout(&before));
            let withheld = |verdict: &Verdict| verdict.withheld.iter().map(|limit| limit.most).collect::<Vec<_>>();
            prop_assert!(withheld(&before).iter().all(|one| withheld(&after).contains(one)));
            prop_assert!(after.no_downgrade.is_some() || before.no_downgrade.is_none());
        }
    }

    /// More evidence never takes away what was allowed.
    #[test]
    fn more_evidence_never_refuses(chosen in prop::collection::vec(0..RULES.len(), 0..5), claims in 0_usize..3) {
        let one = situation(&chosen.iter().map(|at| RULES[*at]).collect::<Vec<_>>());
        let less = Facts { claims: (1..=claims).map(claim).collect(), signers: vec![], ..facts() };
        let more = Facts { signers: facts().signers, lock: Lock::Named, claims: vec![claim(1), claim(2)], ..facts() };
        prop_assert!(one.decide(&less, &[]).is_err() || one.decide(&more, &[]).is_ok());
    }
}
