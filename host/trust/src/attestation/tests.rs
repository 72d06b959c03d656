use std::fs;
use std::process::Command;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::id::Id;
use crate::minisign;

const SSH_SECRET: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACDWD5JmdlWQu/nE13SS7deRbfX5O2dFsJKyAgfMUcdXLAAAAIi7xDXwu8Q1
8AAAAAtzc2gtZWQyNTUxOQAAACDWD5JmdlWQu/nE13SS7deRbfX5O2dFsJKyAgfMUcdXLA
AAAEAW8UA8dw4/D1DZ1AU9off76rFoOU5bw5UWxUud48MkDdYPkmZ2VZC7+cTXdJLt15Ft
9fk7Z0WwkrICB8xRx1csAAAABHRlc3QB
-----END OPENSSH PRIVATE KEY-----
";
const SSH_PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINYPkmZ2VZC7+cTXdJLt15Ft9fk7Z0WwkrICB8xRx1cs test";

fn subject(id: &str, plugin: &[u8]) -> Subject {
    Subject::new(&id.parse::<Id>().unwrap(), plugin)
}

fn keys() -> Vec<(SecretKey, Signer)> {
    let pair = minisign::generate(None).unwrap();
    let minisign = (SecretKey::new(pair.secret).unwrap(), pair.public.parse().unwrap());
    vec![minisign, (SecretKey::new(SSH_SECRET.to_owned()).unwrap(), SSH_PUBLIC.parse().unwrap())]
}

fn statements() -> Vec<Statement> {
    let time = "2026-11-28T13:00:00Z".parse().unwrap();
    let text = |text: &str| text.to_owned();
    vec![
        Statement::Vetted(Vetting {
            is_passed: true,
            runner: "0.1.0".parse().unwrap(),
            time,
            report_sha256: [7; 32],
            passed: vec![text("describe"), text("windows")],
            failed: vec![],
        }),
        Statement::Approved(Approval { criteria: vec![text("safe-to-run"), text("read-source")], time }),
        Statement::Built(Build {
            language: text("c"),
            runner: "0.1.0-rc.1".parse().unwrap(),
            time,
            source_blake3: blake3::hash(b"source"),
            revision: Some(text("4f1c2d7")),
            tools: vec![(text("clang"), text("Debian clang version 19.1.7"))],
        }),
    ]
}

#[test]
fn what_is_signed_is_claimed_by_its_key_alone() {
    let (one, other) = (subject("acme:x@1.0.0", b"plugin"), subject("acme:x@1.0.0", b"other"));
    for statement in statements() {
        for (secret, public) in keys() {
            let made = Attestation::sign(&statement, &one, &secret, None).unwrap();
            let claim = made.claim(&public, &one).unwrap();
            assert_eq!((&claim.statement, &claim.signer, &claim.subject), (&statement, &public, &one));
            assert_eq!(made.named_keys().collect::<Vec<_>>(), [public.to_string()]);
            assert_eq!(Some(claim.key), public.ed25519());
            let why = |signer: &Signer, subject: &Subject| {
                let error = made.claim(signer, subject).unwrap_err();
                assert_eq!(error.kind(), Kind::Refused);
                error.to_string()
            };
            assert!(why(&public, &other).contains("is about another plugin"));
            assert!(why(&public, &subject("acme:x@1.0.1", b"plugin")).contains("is about another plugin"));
            let stranger = minisign::generate(None).unwrap().public.parse().unwrap();
            assert!(why(&stranger, &one).contains("this key has not signed"));
            assert!(made.is_signed_by(&public) && !made.is_signed_by(&stranger));
            assert_eq!(claims(std::slice::from_ref(&made), &[stranger, public], &one), [claim]);
        }
    }
}

/// Signs any JSON as if it were a statement.
fn signed(payload: &str) -> (Attestation, Signer) {
    let (secret, public) = keys().remove(0);
    let line = Envelope::sign(payload.as_bytes().to_vec(), &secret.open(None).unwrap()).to_line();
    (Attestation::parse(line.as_bytes()).unwrap(), public)
}

#[test]
fn a_signed_statement_must_still_be_of_its_form() {
    let subject = subject("acme:x@1.0.0", b"plugin");
    let (secret, _) = keys().remove(0);
    for statement in statements() {
        let made = Attestation::sign(&statement, &subject, &secret, None).unwrap();
        let good = String::from_utf8(made.envelope.payload.clone()).unwrap();
        let (again, public) = signed(&good);
        assert_eq!(again.claim(&public, &subject).unwrap().statement, statement);
        let list = good[good.find("\"subject\":[").unwrap()..].split_once(']').unwrap().0.to_owned() + "]";
        let one = list.strip_prefix("\"subject\":[").unwrap().strip_suffix(']').unwrap();
        let sha256 = format!("\"{}\"", subject.sha256_hex());
        for (from, to) in [
            ("Statement/v1", "Statement/v0.1"),
            (list.as_str(), "\"subject\":[]"),
            (&list, &format!("\"subject\":[{one},{one}]")),
            (&list, &format!("\"subject\":{one}")),
            (&list, &format!("{list},{list}")),
            (&sha256, "7"),
            (&sha256, &format!("\"{}\"", "0".repeat(64))),
            ("\"sha256\":\"", "\"sha512\":\""),
            ("\"blake3\":\"", "\"blake2\":\""),
            ("acme:x@1.0.0", "acme:y@1.0.0"),
            ("2026-11-28T13", "2026-11-28T33"),
            ("2026-11-28T13:00:00Z", "2026-11-28"),
            ("\"predicateType\"", "\"predicateTypes\""),
            ("\"PASSED\"", "\"DONE\""),
            ("\"failedTests\":[]", "\"failedTests\":[\"describe\"]"),
            ("\"warnedTests\":[]", "\"warnedTests\":[\"describe\"]"),
            ("\"passedTests\":[\"describe\",\"windows\"]", "\"passedTests\":[]"),
            ("safe-to-run", "Safe to run"),
            ("safe-to-run", "read-source"),
            ("\"c\"", "7"),
            ("\"runner\":\"0.1.0", "\"runner\":\"0.1"),
        ] {
            let changed = good.replacen(from, to, 1);
            if changed != good {
                let (attestation, public) = signed(&changed);
                let error = attestation.claim(&public, &subject).unwrap_err();
                assert_eq!(error.kind(), Kind::Refused, "{from} -> {to}");
                assert_eq!(claims(&[attestation], &[public], &subject), []);
            }
        }
    }
}

#[test]
fn what_others_say_in_other_ways_counts_for_nothing() {
    let subject = subject("acme:x@1.0.0", b"plugin");
    let (secret, _) = keys().remove(0);
    for (statement, from, to) in statements()
        .iter()
        .zip(["runner plugin vet", "svr/v0.2", "plugin-rebuild:v1"])
        .map(|(statement, from)| (statement, from, from.replace(['v', 'p'], "w")))
    {
        let made = Attestation::sign(statement, &subject, &secret, None).unwrap();
        let text = String::from_utf8(made.envelope.payload).unwrap();
        let (attestation, public) = signed(&text.replace(from, &to));
        let claim = attestation.claim(&public, &subject).unwrap();
        assert!(matches!(claim.statement, Statement::Other(_)), "{claim:?}");
        assert_eq!((claim.statement.time(), claim.statement.runner()), (None, None));
    }
}

#[test]
fn a_file_has_limits() {
    let subject = subject("acme:x@1.0.0", b"plugin");
    let (secret, _) = keys().remove(0);
    let made: Vec<_> = statements()
        .iter()
        .map(|statement| Attestation::sign(statement, &subject, &secret, None).unwrap())
        .collect();
    let text = file_text(&made);
    assert_eq!(parse_file(text.as_bytes()).unwrap(), made);
    // The same twice, empty lines, and another line end.
    let odd = format!("\n{text}\r\n{}", text.replace('\n', "\r\n"));
    assert_eq!(parse_file(odd.as_bytes()).unwrap(), made);
    assert_eq!(parse_file(b"").unwrap(), []);
    let refused = |bytes: &[u8]| {
        let error = parse_file(bytes).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        error.to_string()
    };
    assert!(refused(&vec![b'\n'; MAX_FILE_BYTES + 1]).contains("the limit is 1048576"));
    assert!(refused(format!("\n{text}{{}}").as_bytes()).contains("line 5"));
    assert!(refused(&[text.as_bytes(), b"\xff"].concat()).contains("line 4"));
    let long = format!("{}{}", " ".repeat(MAX_LINE_BYTES), made[0].line());
    assert!(refused(long.as_bytes()).contains("line 1"));
    // The same under other names of the key is there once, and is read a limited number of times.
    let named = |number: usize| made[0].line().replace("\"keyid\":\"", &format!("\"keyid\":\"{number}"));
    let same = |count: usize| (0..count).map(|number| named(number) + "\n").collect::<String>();
    assert_eq!(parse_file(same(MAX_ATTESTATIONS).as_bytes()).unwrap().len(), 1);
    assert!(refused(same(MAX_ATTESTATIONS + 1).as_bytes()).contains("more than 64 attestations"));
    let again = format!("{}\n", made[0].line()).repeat(MAX_ATTESTATIONS + 1);
    assert!(refused(again.as_bytes()).contains("more than 64 attestations"));
    let one = |number: usize| {
        let criteria = vec![format!("c{number}")];
        let statement =
            Statement::Approved(Approval { criteria, time: "2026-11-28T13:00:00Z".parse().unwrap() });
        Attestation::sign(&statement, &subject, &secret, None).unwrap()
    };
    let mut full = Vec::new();
    (0..MAX_ATTESTATIONS).for_each(|number| add(&mut full, one(number)).unwrap());
    assert_eq!(parse_file(file_text(&full).as_bytes()).unwrap(), full);
    assert_eq!(add(&mut full, made[1].clone()).unwrap_err().kind(), Kind::Refused);
    add(&mut full, one(0)).unwrap();
    assert_eq!(full.len(), MAX_ATTESTATIONS);
}

#[test]
fn what_a_signed_statement_says_is_escaped() {
    let other = Statement::Other("\u{1b}[2J".to_owned());
    assert!(!other.to_string().contains('\u{1b}'));
    let Statement::Built(build) = statements().remove(2) else { panic!("it is a build") };
    let build = Build {
        language: "\u{1b}c".to_owned(),
        tools: vec![("\u{202e}".to_owned(), "x\n".to_owned())],
        ..build
    };
    let shown = Statement::Built(build).to_string();
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\n']), "{shown:?}");
}

/// What OpenSSL checks, given the bytes as the protocol lays them out.
#[test]
fn openssl_verifies_what_is_signed() {
    let scratch = tempfile::tempdir().unwrap();
    let subject = subject("acme:x@1.0.0", b"plugin");
    for (secret, public) in keys() {
        let made = Attestation::sign(&statements()[1], &subject, &secret, None).unwrap();
        let value: Value = serde_json::from_str(made.line()).unwrap();
        assert_eq!(value["payloadType"], "application/vnd.in-toto+json");
        let payload = &made.envelope.payload;
        let message =
            [format!("DSSEv1 28 application/vnd.in-toto+json {} ", payload.len()).as_bytes(), payload]
                .concat();
        // The header of an Ed25519 key in a certificate's form (RFC 8410).
        let header = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let key = [&header[..], &public.ed25519().unwrap()].concat();
        let place = |name: &str| scratch.path().join(name);
        fs::write(place("key.der"), key).unwrap();
        fs::write(place("signature"), made.envelope.signatures[0].1).unwrap();
        let is_verified = |message: &[u8]| {
            fs::write(place("message"), message).unwrap();
            let openssl = Command::new("openssl")
                .args(["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER"])
                .args(["-inkey", "key.der", "-sigfile", "signature", "-in", "message"])
                .current_dir(scratch.path())
                .output()
                .expect("openssl is installed");
            openssl.status.success()
        };
        assert!(is_verified(&message));
        assert!(!is_verified(payload));
    }
}

proptest! {
    /// One changed byte anywhere in the line, and it says the same or nothing.
    #[test]
    fn a_changed_byte_changes_no_claim(at: prop::sample::Index, byte: u8) {
        let subject = subject("acme:x@1.0.0", b"plugin");
        let (secret, public) = keys().remove(1);
        let made = Attestation::sign(&statements()[1], &subject, &secret, None).unwrap();
        let mut line = made.line().as_bytes().to_vec();
        let at = at.index(line.len());
        line[at] = byte;
        if let Ok(changed) = Attestation::parse(&line) && let Ok(claim) = changed.claim(&public, &subject) {
            prop_assert_eq!(claim.statement, statements().remove(1));
        }
    }
}
