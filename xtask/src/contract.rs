//! The contract's versions in `wit/` do not change once they are frozen, and a
//! new one that claims to be compatible is.
//!
//! `wit/FROZEN` has a line for each frozen version: its number, and the BLAKE3 hash
//! of its text without comments, as the printer of `wit-component` writes it. So
//! comments can still be corrected.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wit_component::{OutputToString, WitPrinter};
use wit_parser::Resolve;

use crate::shell;

/// The interface that the host provides. A plugin that does not know of a new
/// function does not call it.
const PROVIDED: &str = "host";
/// The interface of types. A plugin that does not know of a new type has no use
/// for it.
const TYPES: &str = "types";

/// The text of a version without comments, in the printer's layout.
fn printed(wit: &str) -> Result<String, String> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("plugin.wit", wit).map_err(|error| format!("{error:?}"))?;
    let mut printer = WitPrinter::new(OutputToString::default());
    printer.emit_docs(false).print(&resolve, package, &[]).map_err(|error| error.to_string())?;
    Ok(printer.output.to_string())
}

/// Each item of a printed package with its text: interfaces and worlds by their
/// names, and what is in them by both names.
fn items(printed: &str) -> BTreeMap<String, String> {
    let mut items = BTreeMap::new();
    let mut outer = String::new();
    let mut item: Option<(String, String)> = None;
    for line in printed.lines().filter(|line| !line.is_empty()) {
        let indent = line.len() - line.trim_start().len();
        if indent == 0 {
            if let Some(name) = line.strip_suffix(" {") {
                name.clone_into(&mut outer);
                items.insert(outer.clone(), String::new());
            }
            continue;
        }
        if indent == 2 && item.is_none() {
            // `record edit {`, `log: func(...);`, `use types.{level};`
            let name = line.trim().split(['{', ':', '(', ';']).next().unwrap_or_default();
            item = Some((format!("{outer}/{}", name.trim()), String::new()));
        }
        let Some((name, mut text)) = item.take() else { continue };
        text.push_str(line.trim());
        text.push('\n');
        if indent == 2 && !line.ends_with('{') {
            items.insert(name, text);
        } else {
            item = Some((name, text));
        }
    }
    items
}

/// What makes a later version incompatible with an earlier one of the same minor
/// number. A plugin that was built for the earlier one must run unchanged.
fn incompatible(earlier: &str, later: &str) -> Result<Vec<String>, String> {
    let (earlier, later) = (items(&printed(earlier)?), items(&printed(later)?));
    let mut wrong = Vec::new();
    for (name, text) in &earlier {
        match later.get(name) {
            None => wrong.push(format!("{name} is gone")),
            Some(other) if other != text => wrong.push(format!("{name} has changed")),
            Some(_) => {}
        }
    }
    let may_be_new =
        |name: &str| [PROVIDED, TYPES].iter().any(|place| name.starts_with(&format!("interface {place}/")));
    let new = later.keys().filter(|name| !earlier.contains_key(*name) && !may_be_new(name));
    wrong.extend(new.map(|name| format!("{name} is new, and older plugins do not have it")));
    Ok(wrong)
}

/// A number of a version, for comparing.
fn number(version: &str) -> Option<[u64; 3]> {
    let parts: Option<Vec<u64>> = version.split('.').map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

/// All versions in a folder, in order.
fn versions(folder: &Path) -> Vec<(String, String)> {
    let names =
        fs::read_dir(folder).expect("`wit` can be read").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> =
        names.filter_map(|name| name.into_string().ok()).filter(|name| name != "FROZEN").collect();
    names.sort_by_key(|name| number(name).unwrap_or_else(|| panic!("wit/{name} is no version")));
    let read = |name: String| {
        let text = fs::read_to_string(folder.join(&name).join("plugin.wit")).expect("a contract");
        (name, text)
    };
    names.into_iter().map(read).collect()
}

#[test]
fn frozen_versions_have_not_changed() {
    let folder = shell::root().join("wit");
    let frozen = fs::read_to_string(folder.join("FROZEN")).unwrap();
    let versions: BTreeMap<_, _> = versions(&folder).into_iter().collect();
    assert!(!frozen.is_empty());
    for line in frozen.lines() {
        let (version, digest) = line.split_once(' ').unwrap();
        let text = printed(&versions[version]).unwrap();
        let found = blake3::hash(text.as_bytes()).to_hex();
        assert_eq!(digest, found.as_str(), "wit/{version} is frozen: make a new version instead");
    }
}

#[test]
fn each_version_is_what_its_folder_says() {
    let versions = versions(&shell::root().join("wit"));
    for (version, text) in &versions {
        assert!(text.contains(&format!("package runner:plugin@{version};")), "wit/{version}");
    }
    for pair in versions.windows(2) {
        let [(earlier, old), (later, new)] = pair else { unreachable!("pairs") };
        if number(earlier).unwrap()[..2] == number(later).unwrap()[..2] {
            assert_eq!(incompatible(old, new).unwrap(), [""; 0], "wit/{later} after wit/{earlier}");
        }
    }
}

#[test]
fn what_an_older_plugin_would_not_bear_is_found() {
    let text = fs::read_to_string(shell::root().join("wit/0.2.0/plugin.wit")).unwrap();
    let with = |from: &str, to: &str| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        incompatible(&text, &text.replace(from, to)).unwrap()
    };
    assert_eq!(with("/// A value of a parameter, converted by the host.", "/// A value."), [""; 0]);
    assert_eq!(with("runner:plugin@0.2.0;", "runner:plugin@0.2.1;"), [""; 0]);
    let more = "log: func(level: level, message: string);\n clock: func() -> u64;";
    assert_eq!(with("log: func(level: level, message: string);", more), [""; 0]);
    assert_eq!(with("record byte-range {", "record unused { x: u8 }\n record byte-range {"), [""; 0]);

    let changed = |what: &str| vec![format!("interface {what} has changed")];
    assert_eq!(with("consumed: u64,", "consumed: u64, more: bool,"), changed("types/record reply"));
    assert_eq!(with("sequential,\n    }", "sequential, other,\n    }"), changed("types/variant framing"));
    assert_eq!(
        with("table-size: func(name: string) -> option<u64>;", "table-size: func(name: string) -> u64;"),
        changed("host/table-size")
    );
    assert_eq!(
        with("describe: func() -> manifest;", "describe: func() -> string;"),
        changed("guest/describe")
    );
    assert_eq!(with("log: func(level: level, message: string);", ""), ["interface host/log is gone"]);
    let end = "describe: func() -> manifest;\n end: func();";
    let new = with("describe: func() -> manifest;", end);
    assert_eq!(new, ["interface guest/end is new, and older plugins do not have it"]);
}
