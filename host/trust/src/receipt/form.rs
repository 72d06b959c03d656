//! The JSON of a receipt. What is not known is ignored, as in-toto demands.

use std::ops::Range;

use ct_codecs::{Base64, Decoder as _, Encoder as _};
use runner_pipeline::error::Result;
use runner_pipeline::hash::proof::{Content, MAX_RANGES, MAX_VALUES_BYTES, Proof};
use runner_pipeline::patch::PluginId;
use runner_pipeline::run::{Edited, MAX_EDITED};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{Edits, Param, Receipt, Value, of_receipt, wrong};
use crate::attestation::STATEMENT;
use crate::attestation::json::read;

/// The type of the predicate.
const PREDICATE: &str = "urn:runner:receipt:v1";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    runner: Version,
    time: String,
    plugin: PluginId,
    parameters: Vec<Parameter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    conversion: Vec<(String, String)>,
    old: Side,
    new: Side,
    written: String,
    verified: String,
    appended_bytes: u64,
    edits: Listed,
    changed: Vec<(u64, u64)>,
    tail: Option<u64>,
    proof: String,
}

#[derive(Serialize, Deserialize)]
struct Parameter {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salted_sha256: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Side {
    size: u64,
    blake3: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    count: u64,
    old_bytes: u64,
    new_bytes: u64,
    /// Start, old length, new length.
    places: Option<Vec<(u64, u64, u64)>>,
}

/// The statement.
pub(super) fn to_json(receipt: &Receipt) -> Json {
    let Receipt { proof, edits, .. } = receipt;
    let side = |content: &Content| Side { size: content.size, blake3: content.root.to_string() };
    let place = |place: &Edited| (place.start, place.old_bytes, place.new_bytes);
    let predicate = Predicate {
        runner: receipt.runner.clone(),
        time: receipt.time.to_string(),
        plugin: receipt.plugin.clone(),
        parameters: receipt.params.iter().map(parameter).collect(),
        conversion: receipt.conversion.clone(),
        old: side(&receipt.old),
        new: side(&receipt.new),
        written: receipt.written.clone(),
        verified: receipt.verified.clone(),
        appended_bytes: receipt.appended_bytes,
        edits: Listed {
            count: edits.count,
            old_bytes: edits.old_bytes,
            new_bytes: edits.new_bytes,
            places: edits.places.as_ref().map(|places| places.iter().map(place).collect()),
        },
        changed: proof.changed.iter().map(|range| (range.start, range.end)).collect(),
        tail: proof.tail,
        proof: Base64::encode_to_string(&proof.values).expect("the number of values is limited"),
    };
    let digest = json!({ "blake3": receipt.new.root.to_string() });
    json!({
        "_type": STATEMENT, "subject": [{ "name": receipt.file, "digest": digest }],
        "predicateType": PREDICATE, "predicate": predicate,
    })
}

fn parameter(param: &Param) -> Parameter {
    let (value, salted_sha256) = match &param.value {
        Value::Shown(value) => (Some(value.clone()), None),
        Value::Hidden(hash) => (None, Some(blake3::Hash::from_bytes(*hash).to_string())),
    };
    Parameter { name: param.name.clone(), value, salted_sha256 }
}

/// Reads a statement. Nothing of it is checked but its form.
///
/// # Errors
/// [`Kind::Verification`](runner_pipeline::error::Kind) if it is not of its form.
pub(super) fn from_json(bytes: &[u8]) -> Result<Receipt> {
    let mut statement = read(bytes).map_err(of_receipt)?;
    for (field, expected) in [("_type", STATEMENT), ("predicateType", PREDICATE)] {
        if statement[field] != expected {
            return Err(wrong(&format!("its `{field}` is not {expected}")));
        }
    }
    let predicate: Predicate =
        serde_json::from_value(statement["predicate"].take()).map_err(|error| wrong(&error.to_string()))?;
    let (old, new) = (content(&predicate.old)?, content(&predicate.new)?);
    let [subject] = statement["subject"].as_array().map(Vec::as_slice).unwrap_or_default() else {
        return Err(wrong("it is not about exactly one file"));
    };
    let file = subject["name"].as_str().ok_or_else(|| wrong("its subject has no name"))?.to_owned();
    if subject["digest"]["blake3"] != new.root.to_string() {
        return Err(wrong("its subject is not the new content"));
    }
    let edits = edits(predicate.edits)?;
    let proof = proof((predicate.changed, predicate.tail, &predicate.proof))?;
    Ok(Receipt {
        runner: predicate.runner,
        time: predicate.time.parse().map_err(|_| wrong("its time is none"))?,
        file,
        plugin: predicate.plugin,
        params: predicate.parameters.into_iter().map(param).collect::<Result<_>>()?,
        conversion: predicate.conversion,
        old,
        new,
        written: predicate.written,
        verified: predicate.verified,
        appended_bytes: predicate.appended_bytes,
        edits,
        proof,
    })
}

fn content(side: &Side) -> Result<Content> {
    hash(&side.blake3).map(|root| Content { size: side.size, root })
}

/// A hash in lower-case digits, the one form that it has.
fn hash(text: &str) -> Result<blake3::Hash> {
    let found = blake3::Hash::from_hex(text).ok().filter(|hash| hash.to_hex().as_str() == text);
    found.ok_or_else(|| wrong("a hash is not 64 lower-case hexadecimal digits"))
}

fn param(written: Parameter) -> Result<Param> {
    let value = match (written.value, written.salted_sha256) {
        (Some(value), None) => Value::Shown(value),
        (None, Some(hex)) => Value::Hidden(*hash(&hex)?.as_bytes()),
        _ => return Err(wrong("a parameter has not one of a value and a hash")),
    };
    Ok(Param { name: written.name, value })
}

fn edits(listed: Listed) -> Result<Edits> {
    let Listed { count, old_bytes, new_bytes, places } = listed;
    if places.as_ref().is_some_and(|places| places.len() > MAX_EDITED) {
        return Err(wrong("it lists too many edits"));
    }
    let place = |(start, old_bytes, new_bytes)| Edited { start, old_bytes, new_bytes };
    let places = places.map(|places| places.into_iter().map(place).collect());
    Ok(Edits { count, old_bytes, new_bytes, places })
}

fn proof((changed, tail, values): (Vec<(u64, u64)>, Option<u64>, &str)) -> Result<Proof> {
    if changed.len() > MAX_RANGES {
        return Err(wrong("it lists too many ranges"));
    }
    let changed = changed.into_iter().map(|(start, end)| Range { start, end }).collect();
    let values = Base64::decode_to_vec(values, None).map_err(|_| wrong("its proof is not in base64"))?;
    if values.len() > MAX_VALUES_BYTES + TAIL_BYTES {
        return Err(wrong("its proof is too long"));
    }
    Ok(Proof { changed, tail, values })
}

/// What the ends of both versions, and the subtrees of each size that are not joined,
/// may add to the greatest size of the values.
const TAIL_BYTES: usize = 4 * 64 * 64;
