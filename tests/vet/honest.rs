//! Plugins without a known fault pass.

use runner_tests::repository;

use super::{AMPLE_TIME, vet, with_status};

/// The bundled plugins, with the parameters and inputs of their cases.
#[test]
fn bundled_plugins_pass() {
    for name in ["bytes", "csv", "json", "newline", "redact", "replace", "sql"] {
        let report = vet(
            &repository().join(format!("plugins/{name}/{name}.wasm")),
            &[&["--rounds", "60"], &AMPLE_TIME[..]].concat(),
        );
        assert_eq!(with_status(&report, "fail"), [""; 0], "{name}: {report:#}");
        assert!(report["inputs"]["changed"].as_u64().unwrap() > 0, "{name}: {report:#}");
    }
}

/// The plugin of each SDK that uses every part of the contract.
#[test]
fn plugins_of_all_languages_pass() {
    let framings =
        ["bytes", "fields", "fixed", "length-prefixed", "lines", "overlapping", "quoted", "sequential"];
    for (index, framing) in framings.into_iter().enumerate() {
        let languages = ["assemblyscript", "c", "cpp", "rust", "go", "zig"];
        let language = languages[index % languages.len()];
        let fixture = repository().join(format!("tests/languages/fixtures/{language}/conform.wasm"));
        let set = format!("framing={framing}");
        let report = vet(&fixture, &[&["--set", &set, "--rounds", "30"], &AMPLE_TIME[..]].concat());
        assert_eq!(with_status(&report, "fail"), [""; 0], "{language} {framing}: {report:#}");
    }
}
