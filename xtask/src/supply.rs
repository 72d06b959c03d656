//! Checks the licences, versions and sources of all dependencies against
//! `deny.toml`.
//!
//! `cargo deny` reads the same file, and also runs if it is installed. Building
//! it takes longer than building all of this project's own code. The few checks
//! that need no network are done here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;

use crate::shell;

/// The suffix of a source that is Cargo's default registry.
const INDEX: &str = "/crates.io-index";

/// The parts of `deny.toml` that are read here.
#[derive(Debug, Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    skip: Vec<Skip>,
}

#[derive(Debug, Deserialize)]
struct Skip {
    /// `NAME@VERSION`; the last parts of the version may be omitted.
    #[serde(rename = "crate")]
    spec: String,
}

impl Skip {
    fn is_of(&self, package: &Package) -> bool {
        let Some((name, version)) = self.spec.split_once('@') else { return false };
        let rest = package.version.strip_prefix(version);
        name == package.name && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// `None` for packages of the workspace.
    source: Option<String>,
}

/// Checks everything, and runs `cargo deny` if it is installed.
pub(crate) fn run() -> Result<(), String> {
    let path = shell::root().join("deny.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("deny.toml: {error}"))?;
    let policy: Policy = toml::from_str(&text).map_err(|error| format!("deny.toml: {error}"))?;
    let target = shell::output(shell::cargo().args(["-vV"]))?;
    let target = target.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let mut metadata = shell::cargo();
    metadata.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", target]);
    let metadata: Metadata = serde_json::from_str(&shell::output(&mut metadata)?)
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let faults = faults(&policy, &metadata.packages);
    if !faults.is_empty() {
        return Err(format!("deny.toml does not allow these:\n{}", faults.join("\n")));
    }
    eprintln!("deny.toml allows all {} packages", metadata.packages.len());
    let is_installed =
        shell::cargo().args(["deny", "--version"]).output().is_ok_and(|it| it.status.success());
    if is_installed {
        shell::run(shell::cargo().args(["deny", "--locked", "check", "licenses", "bans", "sources"]))?;
    }
    Ok(())
}

/// Violations of the policy, one line each.
fn faults(policy: &Policy, packages: &[Package]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let Package { name, version, license, source } = package;
        match license {
            Some(license) if is_allowed(license, &policy.licenses.allow) => {}
            Some(license) => faults.push(format!("{name} {version} has the licence {license}")),
            None => faults.push(format!("{name} {version} does not state a licence")),
        }
        if source.as_ref().is_some_and(|source| !(source.starts_with("registry+") && source.ends_with(INDEX)))
        {
            faults.push(format!("{name} {version} is not from the registry"));
        }
        if !policy.bans.skip.iter().any(|skip| skip.is_of(package)) {
            versions.entry(name).or_default().insert(version);
        }
    }
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let versions: Vec<_> = versions.iter().copied().collect();
        faults.push(format!("{name} is used in several versions: {}", versions.join(", ")));
    }
    for skip in &policy.bans.skip {
        if !packages.iter().any(|package| skip.is_of(package)) {
            faults.push(format!("{} is listed under `skip`, but is not used", skip.spec));
        }
    }
    faults
}

/// Whether a licence expression (SPDX, or `/` for "or", as in older packages)
/// can be met by licences that are allowed.
fn is_allowed(expression: &str, allow: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let allowed = any(&mut words, allow);
    allowed && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allow: &BTreeSet<String>) -> bool {
    let mut allowed = all(words, allow);
    while words.next_if_eq(&"OR").is_some() {
        allowed |= all(words, allow);
    }
    allowed
}

fn all(words: &mut Words<'_>, allow: &BTreeSet<String>) -> bool {
    let mut allowed = one(words, allow);
    while words.next_if_eq(&"AND").is_some() {
        allowed &= one(words, allow);
    }
    allowed
}

fn one(words: &mut Words<'_>, allow: &BTreeSet<String>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let allowed = any(words, allow);
        return words.next_if_eq(&")").is_some() && allowed;
    }
    let mut name = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        name = format!("{name} WITH {}", words.next().unwrap_or_default());
    }
    allow.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        toml::from_str(
            "[licenses]\nallow = ['MIT', 'Apache-2.0 WITH LLVM-exception', 'Zlib']\n\
             [bans]\nskip = [{ crate = 'old@0.1' }]\n",
        )
        .expect("a policy")
    }

    fn package(name: &str, version: &str) -> Package {
        Package {
            name: name.into(),
            version: version.into(),
            license: Some("MIT".into()),
            source: Some(format!("registry+index{INDEX}")),
        }
    }

    #[test]
    fn this_tree_is_allowed() {
        run().expect("all is allowed");
    }

    #[test]
    fn licences_are_met() {
        let allow = policy().licenses.allow;
        for expression in [
            "MIT",
            "GPL-3.0-only OR MIT",
            "MIT/Apache-2.0",
            "(GPL-3.0-only OR MIT) AND Zlib",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
        ] {
            assert!(is_allowed(expression, &allow), "{expression}");
        }
        for expression in
            ["", "Apache-2.0", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(MIT", "MIT)", "MIT MIT", "MIT AND"]
        {
            assert!(!is_allowed(expression, &allow), "{expression}");
        }
    }

    #[test]
    fn what_is_forbidden_is_found() {
        let fine = || vec![package("one", "1.0.0"), package("old", "0.1.2"), package("old", "0.2.0")];
        assert_eq!(faults(&policy(), &fine()), [""; 0]);
        let with = |package: Package| {
            let mut packages = fine();
            packages.push(package);
            faults(&policy(), &packages)
        };
        assert_eq!(with(package("one", "2.0.0")), ["one is used in several versions: 1.0.0, 2.0.0"]);
        assert_eq!(with(package("old", "0.10.0")), ["old is used in several versions: 0.10.0, 0.2.0"]);
        let licence =
            |licence: Option<&str>| Package { license: licence.map(Into::into), ..package("x", "1.0.0") };
        assert_eq!(with(licence(Some("GPL-3.0-only"))), ["x 1.0.0 has the licence GPL-3.0-only"]);
        assert_eq!(with(licence(None)), ["x 1.0.0 does not state a licence"]);
        let source =
            |source: Option<&str>| Package { source: source.map(Into::into), ..package("x", "1.0.0") };
        assert_eq!(with(source(Some("git+https://example.com/x"))), ["x 1.0.0 is not from the registry"]);
        assert_eq!(with(source(None)), [""; 0]);
        assert_eq!(
            faults(&policy(), &[package("one", "1.0.0")]),
            ["old@0.1 is listed under `skip`, but is not used"]
        );
    }
}
