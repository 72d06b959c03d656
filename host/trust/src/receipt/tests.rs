//! Receipts that hold, and hostile ones.

use proptest::prelude::*;
use runner_pipeline::hash::proof::{After, Builder};
use runner_pipeline::hash::{GROUP_BYTES, group_cv};
use runner_pipeline::patch::Evidence;
use serde_json::{Value as Json, json};

use super::*;
use crate::minisign;

const GROUP: u64 = GROUP_BYTES;

fn content(bytes: &[u8]) -> Content {
    Content { size: bytes.len() as u64, root: blake3::hash(bytes) }
}

fn cvs(bytes: &[u8]) -> Vec<[u8; 32]> {
    let groups = bytes.chunks(GROUP as usize).zip(0..);
    groups.map(|(group, index)| group_cv(group, index, bytes.len() as u64)).collect()
}

/// A file of five groups, of which the second and the last are changed.
fn receipt() -> Receipt {
    let old: Vec<u8> = (0..4 * GROUP + 100).map(|at| (at % 253) as u8).collect();
    let mut new = old.clone();
    let places = [(GROUP + 7, 5), (4 * GROUP, 100)];
    for (start, bytes) in places {
        new[start as usize..(start + bytes) as usize].iter_mut().for_each(|byte| *byte = !*byte);
    }
    let mut builder = Builder::new();
    for (before, after) in cvs(&old).into_iter().zip(cvs(&new)) {
        builder.push(before, if before == after { After::Same } else { After::Changed(after) });
    }
    let (old, new) = (content(&old), content(&new));
    let evidence = Evidence { id: Some("acme:redact@1.2.0".to_owned()), ..Evidence::default() };
    let place = |(start, bytes)| Edited { start, old_bytes: bytes, new_bytes: bytes };
    Receipt {
        runner: "0.1.0".parse().unwrap(),
        time: "2026-11-28T13:00:00Z".parse().unwrap(),
        file: "app.log".to_owned(),
        plugin: PluginId {
            name: "redact".to_owned(),
            version: "1.2.0".to_owned(),
            digest: "00".repeat(32),
            evidence: vec![evidence],
        },
        params: vec![
            Param { name: "what".to_owned(), value: Value::Shown("email".to_owned()) },
            Param { name: "key".to_owned(), value: Value::Hidden(commitment(&[7; 32], "key", b"secret")) },
        ],
        conversion: Vec::new(),
        proof: builder.finish(None, &old, &new).unwrap(),
        old,
        new,
        written: "in-place".to_owned(),
        verified: "from the medium".to_owned(),
        appended_bytes: 0,
        edits: Edits { count: 3, old_bytes: 105, new_bytes: 105, places: Some(places.map(place).to_vec()) },
    }
}

/// A key, and its public one.
fn key() -> (Key, Signer) {
    let pair = minisign::generate(None).unwrap();
    let key = Key::open(&SecretKey::new(pair.secret.clone()).unwrap(), None).unwrap();
    (key, pair.public.parse().unwrap())
}

/// Signs a statement, whatever it says.
fn signed(statement: &Json, key: &Key) -> String {
    Envelope::sign(statement.to_string().into_bytes(), &key.0).to_line()
}

fn why(line: &[u8]) -> String {
    let error = Signed::parse(line).expect_err("a receipt that does not hold");
    assert_eq!(error.kind(), Kind::Verification, "{error:?}");
    error.causes().next().map_or_else(String::new, ToString::to_string)
}

#[test]
fn what_is_signed_is_read_and_only_its_key_fits() {
    let ((key, signer), (_, other)) = (key(), key());
    let line = receipt().sign(&key).unwrap();
    assert!(line.ends_with('\n') && line.trim_end().lines().count() == 1);
    let found = Signed::parse(line.as_bytes()).unwrap();
    assert_eq!(found.receipt, receipt());
    assert!(found.is_signed_by(&signer) && !found.is_signed_by(&other));
    assert_eq!(found.named_keys().collect::<Vec<_>>(), [signer.to_string()]);
    assert!(!line.contains("secret"));
}

#[test]
fn every_bit_of_a_receipt_counts_or_changes_nothing() {
    let (key, signer) = key();
    let line = receipt().sign(&key).unwrap();
    let mut harmless = 0;
    for at in 0..line.len() * 8 {
        let mut bytes = line.clone().into_bytes();
        bytes[at / 8] ^= 1 << (at % 8);
        let Ok(found) = Signed::parse(&bytes) else { continue };
        if found.is_signed_by(&signer) {
            // Such as the name of the key, or the line end.
            assert_eq!(found.receipt, receipt(), "bit {at}");
            harmless += 1;
        }
    }
    assert!(harmless < 8 * 100, "{harmless} bits are neither signed nor checked");
}

/// A change of a statement.
type Change = fn(&mut Json);

#[test]
fn hostile_receipts_are_refused_though_they_are_signed() {
    let (key, _) = key();
    let good = form::to_json(&receipt());
    Signed::parse(signed(&good, &key).as_bytes()).expect("without a change, it holds");
    let changes: &[(&str, Change)] = &[
        ("_type", |s| s["_type"] = "x".into()),
        ("predicateType", |s| s["predicateType"] = "https://slsa.dev/provenance/v1".into()),
        ("exactly one file", |s| s["subject"] = json!([s["subject"][0], s["subject"][0]])),
        ("not the new content", |s| {
            s["subject"][0]["digest"]["blake3"] = s["predicate"]["old"]["blake3"].clone()
        }),
        ("no name", |s| s["subject"][0]["name"] = 7.into()),
        ("old content", |s| s["predicate"]["old"]["blake3"] = "00".repeat(32).into()),
        ("hexadecimal", |s| s["predicate"]["old"]["blake3"] = "AA".repeat(32).into()),
        ("the sizes do not fit", |s| s["predicate"]["old"]["size"] = 5.into()),
        ("invalid", |s| s["predicate"]["old"]["size"] = (-1).into()),
        ("invalid", |s| s["predicate"]["old"]["size"] = 1e30.into()),
        ("base64", |s| s["predicate"]["proof"] = "!".into()),
        ("number of hash values", |s| s["predicate"]["proof"] = "".into()),
        ("number of hash values", |s| s["predicate"]["changed"] = json!([])),
        ("a range is", |s| s["predicate"]["changed"] = json!([[1, 2]])),
        ("a range is", |s| s["predicate"]["changed"][1][1] = (5 * GROUP).into()),
        ("a range is", |s| s["predicate"]["changed"][1][0] = u64::MAX.into()),
        ("the sizes do not fit", |s| s["predicate"]["tail"] = (1 << 20).into()),
        ("its time", |s| s["predicate"]["time"] = "yesterday".into()),
        ("missing field", |s| _ = s["predicate"].as_object_mut().unwrap().remove("verified")),
        ("one of a value and a hash", |s| s["predicate"]["parameters"][1]["value"] = "x".into()),
        ("one of a value and a hash", |s| s["predicate"]["parameters"][0]["value"] = Json::Null),
        // Edits.
        ("is not where", |s| s["predicate"]["edits"]["places"][0][0] = (GROUP - 2).into()),
        ("is not where", |s| s["predicate"]["edits"]["places"][0][0] = (2 * GROUP - 2).into()),
        ("is not where", |s| s["predicate"]["edits"]["places"][0] = json!([2 * GROUP + 7, 5, 5])),
        ("is not where", |s| s["predicate"]["edits"]["places"][0][2] = 4.into()),
        ("is not where", |s| s["predicate"]["edits"]["places"][0] = json!([GROUP, 0, 0])),
        ("out of order", |s| s["predicate"]["edits"]["places"][1][1] = 101.into()),
        ("out of order", |s| s["predicate"]["edits"]["places"][1][1] = u64::MAX.into()),
        ("out of order", |s| s["predicate"]["edits"]["places"][1][0] = (GROUP + 8).into()),
        ("number of edited bytes", |s| s["predicate"]["edits"]["places"][0] = json!([GROUP + 7, 6, 6])),
        ("number of edits", |s| s["predicate"]["edits"]["count"] = 1.into()),
        ("number of edits", |s| s["predicate"]["edits"]["places"] = json!([])),
        ("does not list", |s| s["predicate"]["edits"]["places"] = Json::Null),
        ("without an edit", |s| s["predicate"]["edits"]["count"] = 0.into()),
        ("the sizes do not fit the edits", |s| s["predicate"]["edits"]["newBytes"] = 104.into()),
        ("the sizes do not fit the edits", |s| s["predicate"]["edits"]["oldBytes"] = u64::MAX.into()),
        ("too many edits", |s| {
            s["predicate"]["edits"]["places"] = vec![json!([0, 1, 1]); MAX_EDITED + 1].into()
        }),
        ("too many ranges", |s| s["predicate"]["changed"] = vec![json!([0, 1]); 1 << 17].into()),
        ("too long", |s| s["predicate"]["proof"] = "AAAA".repeat(1_500_000).into()),
    ];
    for (expected, change) in changes {
        let mut statement = good.clone();
        change(&mut statement);
        assert_ne!(statement, good, "{expected}");
        let found = why(signed(&statement, &key).as_bytes());
        assert!(found.contains(expected), "{found}, not {expected}");
    }
}

#[test]
fn a_receipt_is_bounded_and_has_one_meaning() {
    let (key, _) = key();
    assert!(why(&vec![b' '; MAX_BYTES + 1]).contains("the limit is"));
    let text = form::to_json(&receipt()).to_string();
    let twice = text.replacen("\"changed\"", "\"tail\":null,\"changed\"", 1);
    assert_ne!(text, twice);
    let line = Envelope::sign(twice.into_bytes(), &key.0).to_line();
    assert!(why(line.as_bytes()).contains("twice"));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let line = Envelope::sign(deep.into_bytes(), &key.0).to_line();
    assert!(why(line.as_bytes()).contains("too deeply"));
    for text in ["", "{}", "[]", "null", "{\"payloadType\":\"application/vnd.in-toto+json\"}"] {
        why(text.as_bytes());
    }
    // An attestation about a plugin is no receipt.
    let mut other = receipt();
    other.edits.count = 0;
    assert_eq!(other.sign(&key).unwrap_err().kind(), Kind::Verification, "what does not hold is not signed");
}

#[test]
fn a_salted_value_is_a_plain_sha_256() {
    let salt = [0xab; SALT_BYTES];
    let mut bytes = salt.to_vec();
    bytes.extend_from_slice(b"name\0value");
    let plain: [u8; 32] = {
        use sha2::{Digest as _, Sha256};
        Sha256::digest(&bytes).into()
    };
    assert_eq!(commitment(&salt, "name", b"value"), plain);
    assert_ne!(commitment(&[0; SALT_BYTES], "name", b"value"), plain);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is done to the bytes, it is refused, or says the same as before.
    #[test]
    fn damaged_receipts_never_say_something_else(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..8),
    ) {
        let (key, signer) = key();
        let mut bytes = receipt().sign(&key).unwrap().into_bytes();
        for (at, byte, how) in cuts {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => _ = bytes.remove(at),
                _ => bytes.truncate(at.max(1)),
            }
        }
        if let Ok(found) = Signed::parse(&bytes) {
            prop_assert!(!found.is_signed_by(&signer) || found.receipt == receipt());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = Signed::parse(&bytes);
        let _ = form::from_json(&bytes);
    }
}
