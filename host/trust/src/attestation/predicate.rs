//! Statements as JSON, and back.

use jiff::Timestamp;
use runner_pipeline::error::Result;
use semver::Version;
use serde_json::{Map, Value, json};

use super::build::Build;
use super::claim::{Approval, Statement, Vetting, check_criteria};
use super::json::wrong;
use super::subject::hex;

/// Types of predicates.
const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
const SIMPLE_RESULT: &str = "https://in-toto.io/attestation/svr/v0.2";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// How the configuration of a vetting is called, so that the results of other tests
/// are not taken for one.
const VET: &str = "runner plugin vet";
/// Types of builds and builders, so that other provenance is not taken for a build
/// that was repeated here.
const BUILD_TYPE: &str = "urn:runner:plugin-rebuild:v1";
const BUILDER: &str = "urn:runner:plugin-rebuild";
/// Maximum number of texts in a list, and of characters in a text.
const MAX_TEXTS: usize = 256;
const MAX_CHARS: usize = 1024;

/// Type and content of the predicate. `key` is the signer's.
pub(super) fn to_json(statement: &Statement, key: &[u8; 32]) -> (String, Value) {
    match statement {
        Statement::Vetted(vetting) => (TEST_RESULT.to_owned(), vetted(vetting)),
        Statement::Approved(Approval { criteria, time }) => {
            let verifier = json!({ "id": format!("urn:runner:key:{}", hex(key)), "policies": [] });
            let predicate =
                json!({ "verifier": verifier, "timeCreated": time.to_string(), "properties": criteria });
            (SIMPLE_RESULT.to_owned(), predicate)
        }
        Statement::Built(build) => (PROVENANCE.to_owned(), built(build)),
        Statement::Other(predicate) => (predicate.clone(), json!({})),
    }
}

fn vetted(vetting: &Vetting) -> Value {
    let Vetting { is_passed, runner, time, report_sha256, passed, failed } = vetting;
    let configuration = json!({
        "name": VET,
        "digest": { "sha256": hex(report_sha256) },
        "mediaType": "application/json",
        "annotations": { "runner": runner.to_string(), "time": time.to_string() },
    });
    json!({
        "result": if *is_passed { "PASSED" } else { "FAILED" },
        "configuration": [configuration],
        "passedTests": passed,
        "warnedTests": [],
        "failedTests": failed,
    })
}

fn built(build: &Build) -> Value {
    let Build { language, runner, time, source_blake3, revision, tools } = build;
    let mut parameters = Map::new();
    parameters.insert("language".to_owned(), language.as_str().into());
    if let Some(revision) = revision {
        parameters.insert("revision".to_owned(), revision.as_str().into());
    }
    let versions: Map<String, Value> =
        tools.iter().map(|(tool, version)| (tool.clone(), version.as_str().into())).collect();
    json!({
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": parameters,
            "resolvedDependencies": [
                { "name": "source", "digest": { "blake3": source_blake3.to_string() } },
            ],
        },
        "runDetails": {
            "builder": {
                "id": BUILDER,
                "version": { "runner": runner.to_string() },
                "builderDependencies": [
                    { "name": "tools", "uri": BUILD_TYPE, "annotations": versions },
                ],
            },
            "metadata": { "finishedOn": time.to_string() },
        },
    })
}

/// Reads the predicate of a statement.
///
/// # Errors
/// [`Kind::Refused`](runner_pipeline::error::Kind::Refused) if its type is known and
/// it is not of that type.
pub(super) fn from_json(statement: &Value) -> Result<Statement> {
    let kind = text(&statement["predicateType"], "predicateType")?;
    let predicate = &statement["predicate"];
    let found = match kind.as_str() {
        TEST_RESULT => vetting(predicate)?.map(Statement::Vetted),
        SIMPLE_RESULT => Some(Statement::Approved(approval(predicate)?)),
        PROVENANCE => build(predicate)?.map(Statement::Built),
        _ => None,
    };
    Ok(found.unwrap_or(Statement::Other(kind)))
}

/// `None` if it is the result of other tests.
fn vetting(predicate: &Value) -> Result<Option<Vetting>> {
    let [configuration] = list(&predicate["configuration"], "configuration")? else { return Ok(None) };
    if configuration["name"] != VET {
        return Ok(None);
    }
    let failed = texts(&predicate["failedTests"], "failedTests")?;
    let warned = texts(&predicate["warnedTests"], "warnedTests")?;
    let passed = texts(&predicate["passedTests"], "passedTests")?;
    let result = text(&predicate["result"], "result")?;
    let is_passed = match result.as_str() {
        "PASSED" if failed.is_empty() && warned.is_empty() && !passed.is_empty() => true,
        "FAILED" | "WARNED" => false,
        _ => return Err(wrong("its `result` does not fit its tests")),
    };
    let said = &configuration["annotations"];
    Ok(Some(Vetting {
        is_passed,
        runner: version(&said["runner"])?,
        time: time(&said["time"])?,
        report_sha256: digest(&configuration["digest"]["sha256"])?.into(),
        passed,
        failed,
    }))
}

fn approval(predicate: &Value) -> Result<Approval> {
    let criteria = texts(&predicate["properties"], "properties")?;
    check_criteria(&criteria).map_err(|error| wrong(error.what()))?;
    text(&predicate["verifier"]["id"], "verifier.id")?;
    Ok(Approval { criteria, time: time(&predicate["timeCreated"])? })
}

/// `None` if another program has built it, in its own way.
fn build(predicate: &Value) -> Result<Option<Build>> {
    let (definition, run) = (&predicate["buildDefinition"], &predicate["runDetails"]);
    if definition["buildType"] != BUILD_TYPE || run["builder"]["id"] != BUILDER {
        return Ok(None);
    }
    let builder = &run["builder"];
    let tools = builder["builderDependencies"][0]["annotations"].as_object();
    let tools = tools.ok_or_else(|| wrong("it does not name its tools"))?;
    if tools.len() > MAX_TEXTS {
        return Err(wrong("it names too many tools"));
    }
    let tools = tools.iter().map(|(tool, version)| Ok((tool.clone(), text(version, "annotations")?)));
    let parameters = &definition["externalParameters"];
    let revision = match &parameters["revision"] {
        Value::Null => None,
        revision => Some(text(revision, "revision")?),
    };
    Ok(Some(Build {
        language: text(&parameters["language"], "language")?,
        runner: version(&builder["version"]["runner"])?,
        time: time(&run["metadata"]["finishedOn"])?,
        source_blake3: digest(&definition["resolvedDependencies"][0]["digest"]["blake3"])?,
        revision,
        tools: tools.collect::<Result<_>>()?,
    }))
}

fn list<'v>(value: &'v Value, field: &str) -> Result<&'v [Value]> {
    let list = value.as_array().filter(|list| list.len() <= MAX_TEXTS);
    list.map(Vec::as_slice).ok_or_else(|| wrong(&format!("its `{field}` is no list, or too long")))
}

fn texts(value: &Value, field: &str) -> Result<Vec<String>> {
    list(value, field)?.iter().map(|value| text(value, field)).collect()
}

fn text(value: &Value, field: &str) -> Result<String> {
    let text = value.as_str().filter(|text| text.len() <= MAX_CHARS);
    text.map(str::to_owned).ok_or_else(|| wrong(&format!("its `{field}` is no text, or too long")))
}

fn version(value: &Value) -> Result<Version> {
    let text = text(value, "runner")?;
    text.parse().map_err(|_| wrong("its `runner` is no version"))
}

/// A time with its offset; the form is that of RFC 3339.
fn time(value: &Value) -> Result<Timestamp> {
    let text = text(value, "time")?;
    text.parse().map_err(|_| wrong("its time is none"))
}

/// 32 bytes in hexadecimal digits.
fn digest(value: &Value) -> Result<blake3::Hash> {
    let text = text(value, "digest")?;
    blake3::Hash::from_hex(text).map_err(|_| wrong("a digest is not 64 hexadecimal digits"))
}
