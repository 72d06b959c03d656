//! The size of a receipt for a file of 1 TiB with 1,000 edits, and the time to check it,
//! without the file: `cargo run --release -p runner-trust --example receipt`.

use std::time::Instant;

use runner_pipeline::error::Result;
use runner_pipeline::hash::proof::{After, Builder, Content};
use runner_pipeline::hash::{Cv, GROUP_BYTES, Tree};
use runner_pipeline::patch::PluginId;
use runner_pipeline::run::Edited;
use runner_trust::minisign;
use runner_trust::receipt::{Edits, Key, Param, Receipt, Signed, Value};
use runner_trust::secret::SecretKey;

const GROUPS: u64 = 1 << 24;
const EDITS: u64 = 1000;
const BYTES: u64 = 16;

fn value(version: u8) -> Cv {
    *blake3::hash(&[version]).as_bytes()
}

/// A file in which all groups are the same, but for those that are edited. These are as
/// far apart as they can be: then they share the least of their paths.
fn receipt() -> Result<Receipt> {
    let (same, changed) = (value(0), value(1));
    let (mut builder, mut old, mut new) = (Builder::new(), Tree::new(), Tree::new());
    let mut places = Vec::new();
    for index in 0..GROUPS {
        let is_changed = index % (GROUPS / EDITS) == 4711 && (places.len() as u64) < EDITS;
        if is_changed {
            places.push(Edited { start: index * GROUP_BYTES, old_bytes: BYTES, new_bytes: BYTES });
        }
        builder.push(same, if is_changed { After::Changed(changed) } else { After::Same });
        old.push(same);
        new.push(if is_changed { changed } else { same });
    }
    let content = |tree: &Tree| Content { size: GROUPS * GROUP_BYTES, root: tree.finish() };
    let (old, new) = (content(&old), content(&new));
    Ok(Receipt {
        runner: semver::Version::new(0, 1, 0),
        time: jiff::Timestamp::now(),
        file: "app.log".to_owned(),
        plugin: PluginId {
            name: "redact".to_owned(),
            version: "1.2.0".to_owned(),
            digest: "00".repeat(32),
            evidence: Vec::new(),
        },
        params: vec![Param { name: "what".to_owned(), value: Value::Shown("email".to_owned()) }],
        conversion: Vec::new(),
        proof: builder.finish(None, &old, &new)?,
        old,
        new,
        written: "in-place".to_owned(),
        verified: "direct".to_owned(),
        appended_bytes: 0,
        edits: Edits {
            count: EDITS,
            old_bytes: EDITS * BYTES,
            new_bytes: EDITS * BYTES,
            places: Some(places),
        },
    })
}

fn main() -> Result<()> {
    let begun = Instant::now();
    let receipt = receipt()?;
    println!("{} bytes of hash values, in {:?} with both trees", receipt.proof.values.len(), begun.elapsed());
    let pair = minisign::generate(None)?;
    let line = receipt.sign(&Key::open(&SecretKey::new(pair.secret.clone())?, None)?)?;
    println!("the receipt has {} bytes", line.len());
    let begun = Instant::now();
    let signed = Signed::parse(line.as_bytes())?;
    assert!(signed.is_signed_by(&pair.public.parse()?));
    println!("checked in {:?}", begun.elapsed());
    Ok(())
}
