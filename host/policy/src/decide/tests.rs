mod imported;

use std::path::Path;

use proptest::prelude::*;
use runner_store::digest::Digest;

use super::*;
use crate::facts::{Claim, REBUILT, VETTED};
use crate::revocation::{Accepted, List};
use crate::rules::tests::read;
use crate::trust::tests::KEYS;

const NOW: &str = "2026-11-28T12:00:00Z";

fn key(name: &str, at: usize, role: Role) -> Key {
    Key {
        name: name.into(),
        signer: KEYS[at].parse().unwrap(),
        plugins: vec!["acme:*".parse().unwrap()],
        role,
        until: None,
        level: Level::User,
    }
}

fn situation(policies: &[&str]) -> Situation {
    let keys = vec![key("author", 0, Role::Author), key("one", 1, Role::Vet), key("two", 2, Role::Vet)];
    let group = |name: &str, keys: &[&str], min| crate::trust::Group {
        name: name.into(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        min,
        level: Level::User,
    };
    Situation {
        trust: Trust { keys, groups: vec![group("vetters", &["one", "two"], 2)] },
        policies: policies.iter().map(|text| read(text).unwrap()).collect(),
        lists: Lists::default(),
        imports: vec![],
        now: NOW.parse().unwrap(),
    }
}

fn claim(at: usize) -> Claim {
    Claim {
        key: KEYS[at].parse().unwrap(),
        criteria: vec!["safe".into()],
        runner: Some("0.2.0".parse().unwrap()),
        time: "2026-11-01T00:00:00Z".parse().unwrap(),
    }
}

fn facts() -> Facts {
    Facts {
        name: "acme:x".into(),
        origin: Origin::Installed,
        id: Some("acme:x@1.0.0".parse().unwrap()),
        digest: Digest::of(b"x"),
        signers: vec![KEYS[0].parse().unwrap()],
        claims: vec![],
        lock: Lock::Absent,
    }
}

fn why(situation: &Situation, facts: &Facts) -> Option<String> {
    let error = situation.decide(facts, &[]).err()?;
    assert_eq!(error.kind(), Kind::Refused);
    assert!(!error.hints().is_empty());
    Some(error.causes().next().unwrap().to_string())
}

fn list(more: &str) -> Lists {
    let text = format!(
        "kind = \"runner-revocations\"\nform = 1\nname = \"l\"\nsequence = 1\nissued = \"2026-11-28T10:00:00Z\"\n\
         expires = \"2027-01-01T00:00:00Z\"\n{more}"
    );
    let list = List::parse(text.as_bytes(), Path::new("list")).unwrap();
    let mut lists = Lists::default();
    let accepted = Accepted { signed_by: vec!["s".into()], plugins: vec!["*".parse().unwrap()], list };
    lists.accept(accepted, NOW.parse().unwrap()).unwrap();
    lists
}

#[test]
fn without_a_policy_nothing_is_demanded() {
    let open = situation(&[]);
    for origin in [Origin::Bundled, Origin::File, Origin::Installed] {
        assert_eq!(why(&open, &Facts { origin, signers: vec![], ..facts() }), None, "{origin:?}");
    }
}

#[test]
fn a_signer_must_be_trusted_for_it_and_not_expired() {
    let mut by = situation(&["signed-by = 'author'"]);
    assert_eq!(why(&by, &facts()), None);
    assert_eq!(why(&by, &Facts { signers: vec![], ..facts() }).unwrap(), "no signature over it was verified");
    assert_eq!(why(&by, &Facts { origin: Origin::Bundled, signers: vec![], ..facts() }), None);
    let vetter = Facts { signers: vec![KEYS[1].parse().unwrap()], ..facts() };
    assert!(why(&by, &vetter).unwrap().starts_with("it is signed by one (RW"));
    let foreign = Facts { id: Some("b:x@1.0.0".parse().unwrap()), ..facts() };
    assert!(why(&by, &foreign).is_some());
    by.trust.keys[0].until = Some(NOW.parse().unwrap());
    assert!(why(&by, &facts()).unwrap().contains("which has expired"));
    assert_eq!(why(&by, &Facts { lock: Lock::Named, ..facts() }), None, "it is known from before");
    // A clock that is set back gives nothing back.
    by.now = "2020-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(why(&by, &facts()), None);
    by.trust.keys[0].until = Some("2026-11-28T09:00:00Z".parse().unwrap());
    by.lists = list("");
    assert!(why(&by, &facts()).is_some());
}

#[test]
fn a_key_of_the_user_does_not_meet_a_demand_of_the_machine() {
    let mut by = situation(&["signed-by = ['author', 'authors']"]);
    by.policies[0].level = Level::Machine;
    assert!(why(&by, &facts()).is_some());
    let group = crate::trust::Group {
        name: "authors".into(),
        keys: vec!["author".into()],
        min: 1,
        level: Level::User,
    };
    by.trust.groups.push(group);
    assert!(why(&by, &facts()).is_some());
    by.trust.keys[0].level = Level::Machine;
    assert_eq!(why(&by, &facts()), None);
}

#[test]
fn as_many_must_have_vetted_as_are_demanded() {
    let wants = |vetted: &str| situation(&[&format!("vetted = {{ {vetted} }}")]);
    let by = |at: &[usize]| Facts { claims: at.iter().map(|at| claim(*at)).collect(), ..facts() };
    assert_eq!(why(&wants("by = ['one']"), &by(&[1])), None);
    assert_eq!(why(&wants("by = ['one']"), &by(&[2])).unwrap(), "of one, 1 must have vetted it: nobody has");
    assert!(why(&wants("by = ['one', 'two'], min = 2"), &by(&[1, 1])).is_some(), "one counts once");
    assert_eq!(why(&wants("by = ['one', 'two'], min = 2"), &by(&[1, 2])), None);
    assert!(why(&wants("by = ['vetters']"), &by(&[1])).is_some());
    assert_eq!(why(&wants("by = ['vetters']"), &by(&[2, 1])), None);
    assert!(why(&wants("by = ['author']"), &by(&[0])).is_some(), "the author does not vet");
    for (more, is_met) in [
        ("criteria = ['safe']", true),
        ("criteria = ['safe', 'private']", false),
        ("runner = '>=0.2.0'", true),
        ("runner = '>=0.3.0'", false),
        ("max-age = '30d'", true),
        ("max-age = '20d'", false),
    ] {
        assert_eq!(why(&wants(&format!("by = ['one'], {more}")), &by(&[1])).is_none(), is_met, "{more}");
    }
    let mut future = by(&[1]);
    future.claims[0].time = "2026-12-24T00:00:00Z".parse().unwrap();
    assert!(why(&wants("by = ['one']"), &future).is_some());
}

#[test]
fn a_key_under_two_names_is_one_party() {
    let mut wants = situation(&["vetted = { by = ['one', 'again'], min = 2, criteria = ['safe'] }"]);
    wants.trust.keys.push(key("again", 1, Role::Vet));
    let of = |claims: &[Claim]| Facts { claims: claims.to_vec(), ..facts() };
    assert!(why(&wants, &of(&[claim(1)])).is_some());
    wants.trust.keys.push(key("again", 2, Role::Vet));
    assert_eq!(why(&wants, &of(&[claim(1), claim(2)])), None);
}

#[test]
fn a_rebuild_counts_only_under_another_key_than_the_authors() {
    let mut wants = situation(&["vetted = { by = ['one', 'self'], criteria = ['runner:rebuilt'] }"]);
    let rebuilt = |at: usize| Claim { criteria: vec![REBUILT.into()], ..claim(at) };
    let of = |claims: &[Claim]| Facts { claims: claims.to_vec(), ..facts() };
    assert_eq!(why(&wants, &of(&[rebuilt(1)])), None);
    assert!(why(&wants, &of(&[claim(1)])).is_some(), "it was not built again");
    // The author's own key, to which a company has given the role.
    wants.trust.keys.push(key("self", 0, Role::Vet));
    assert!(why(&wants, &of(&[rebuilt(0)])).unwrap().ends_with("nobody has"));
    let unsigned = Facts { signers: vec![], ..of(&[rebuilt(0)]) };
    assert!(why(&wants, &unsigned).is_some(), "a signature that was removed changes nothing");
    assert_eq!(why(&wants, &of(&[rebuilt(0), rebuilt(1)])), None, "another one says it, too");
    // Another key of the same party.
    wants.trust.keys[3] = key("author", 2, Role::Vet);
    wants.policies = vec![read("vetted = { by = ['author'], criteria = ['runner:rebuilt'] }").unwrap()];
    assert!(why(&wants, &of(&[rebuilt(2)])).is_some());
    wants.policies = vec![read("vetted = { by = ['author'], criteria = ['safe'] }").unwrap()];
    assert_eq!(why(&wants, &of(&[claim(2)])), None, "it may say something else");
    // Who has signed it without being a trusted author.
    wants.trust.keys = vec![key("one", 1, Role::Vet)];
    wants.policies = vec![read("vetted = { by = ['one'], criteria = ['runner:rebuilt'] }").unwrap()];
    let own = Facts { signers: vec![KEYS[1].parse().unwrap()], ..of(&[rebuilt(1)]) };
    assert!(why(&wants, &own).is_some());
    assert_eq!(why(&wants, &of(&[rebuilt(1)])), None);
}

#[test]
fn what_is_revoked_is_refused_whatever_the_policy() {
    let mut open = situation(&[]);
    let digest = facts().digest;
    open.lists = list(&format!("[[revoked]]\ndigest = \"{digest}\"\nwhy = \"it leaks\"\n"));
    assert_eq!(why(&open, &facts()).unwrap(), "it leaks (list l, number 1, signed by s)");
    open.lists = list(&format!("[[revoked]]\nkey = \"{}\"\nwhy = \"stolen\"\n", KEYS[1]));
    open.policies = vec![read("vetted = { by = ['one'] }").unwrap()];
    assert!(why(&open, &Facts { claims: vec![claim(1)], ..facts() }).is_some(), "a stolen key vets nothing");
    // A list that has expired.
    open.policies = vec![];
    open.now = "2027-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(open.decide(&facts(), &[]).unwrap().warnings.len(), 1);
    open.policies = vec![read("stale-lists = 'refuse'").unwrap()];
    assert!(why(&open, &facts()).unwrap().contains("has expired at 2027-01-01T00:00:00Z"));
    open.policies = vec![read("lists = ['l', 'm']").unwrap()];
    assert_eq!(why(&open, &facts()).unwrap(), "the list m of revoked plugins is not known");
}

#[test]
fn a_rule_is_for_some_files_and_plugins() {
    let some = situation(&["[[rule]]\nfor-files = '/srv/pii/**'\nfor-plugins = 'acme:x'\npinned = true"]);
    let is_refused = |facts: &Facts, files: &[&str]| {
        let files: Vec<_> = files.iter().map(PathBuf::from).collect();
        some.decide(facts, &files).is_err()
    };
    assert!(is_refused(&facts(), &["/tmp/x", "/srv/pii/a/b"]));
    assert!(!is_refused(&facts(), &["/tmp/x"]) && !is_refused(&facts(), &[]));
    assert!(!is_refused(&Facts { id: Some("acme:y@1.0.0".parse().unwrap()), ..facts() }, &["/srv/pii/a"]));
    assert!(!is_refused(&Facts { lock: Lock::Named, ..facts() }, &["/srv/pii/a"]));
    let bundled = situation(&["refuse-bundled = true\nrefuse-files = true"]);
    for (origin, is_met) in [(Origin::Bundled, false), (Origin::File, false), (Origin::Installed, true)] {
        assert_eq!(why(&bundled, &Facts { origin, ..facts() }).is_none(), is_met);
    }
}

fn hints(situation: &Situation, facts: &Facts) -> Vec<String> {
    situation.decide(facts, &[]).unwrap_err().hints().to_vec()
}

#[test]
fn hints_name_the_command_for_what_is_missing() {
    let of = |vetted: &str, claims: &[Claim]| {
        let facts = Facts { claims: claims.to_vec(), ..facts() };
        hints(&situation(&[&format!("vetted = {{ {vetted} }}")]), &facts)
    };
    let vetted = Claim { criteria: vec![VETTED.into()], ..claim(1) };
    let said = of("by = ['one'], criteria = ['runner:vetted', 'safe']", &[vetted]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("`runner plugin attest FILE.wasm --key KEY --approve safe`"), "{said:?}");
    let said = of("by = ['one'], criteria = ['runner:vetted', 'safe']", &[claim(1)]);
    assert!(said.len() == 1 && said[0].contains("`runner plugin vet FILE.wasm --json > REPORT`"), "{said:?}");
    assert!(of("by = ['one'], criteria = ['runner:rebuilt']", &[])[0].contains("`runner plugin rebuild`"));
    assert!(of("by = ['one']", &[])[0].contains("`runner plugin vet"));
    // One has said it, and two must: the hint is the same for the second one.
    let said = of("by = ['one', 'two'], min = 2, criteria = ['safe']", &[claim(1)]);
    assert!(said.len() == 1 && said[0].contains("--approve safe"), "{said:?}");
    let said = of("by = ['three']", &[]);
    assert!(said[1].contains("`runner trust add three KEY.pub --role vet --for PLUGINS`"), "{said:?}");
}

#[test]
fn what_limits_a_plugin_is_named() {
    let one = situation(&[
        "max-memory = '2M'\nno-downgrade = true\n[[rule]]\nmax-memory = '1M'\ncapabilities = []",
    ]);
    let verdict = one.decide(&facts(), &[]).unwrap();
    let rule = "that is what policy.toml demands, the policy of the user";
    assert_eq!(verdict.max_memory, Some(Limit { most: 1 << 20, by: format!("{rule}, rule in line 3") }));
    assert_eq!(verdict.no_downgrade.as_deref(), Some(rule));
    assert!(verdict.withheld.iter().all(|limit| limit.by.ends_with("rule in line 3")));
    let open = situation(&["pinned = true"]);
    assert_eq!(why(&open, &Facts { lock: Lock::Named, ..facts() }), None);
    let said = why(&open, &Facts { lock: Lock::Open, ..facts() }).unwrap();
    assert_eq!(said, "runner.lock names it, and other users may write to that file");
}

#[test]
fn what_is_revoked_names_what_can_be_done() {
    let mut open = situation(&[]);
    open.lists = list(&format!("[[revoked]]\ndigest = \"{}\"\nwhy = \"x\"\n", facts().digest));
    for (origin, what) in [
        (Origin::Bundled, "install a release of runner that is not affected"),
        (Origin::File, "use a version that is not affected"),
        (Origin::Installed, "`runner plugin update`"),
    ] {
        let hints = hints(&open, &Facts { origin, ..facts() });
        assert!(hints[0].contains(what), "{hints:?}");
    }
}
