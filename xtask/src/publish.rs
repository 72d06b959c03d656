//! `cargo xtask package`: packs every crate that is to be published, and
//! builds each from what was packed, with the others from their packages.
//! `cargo package --workspace` alone would take those that are not, too.

use std::process::Command;

use serde::Deserialize;

use crate::shell;

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    description: Option<String>,
    license: Option<String>,
    readme: Option<String>,
    keywords: Vec<String>,
    categories: Vec<String>,
    /// The registries that it may go to; `None` is any, and an empty list none.
    publish: Option<Vec<String>>,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    req: String,
}

#[derive(Debug, Deserialize)]
struct Target {
    kind: Vec<String>,
}

impl Package {
    fn has_binary(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "bin"))
    }
}

/// What each package must hold besides its sources.
const CONTENT: [&str; 2] = ["Cargo.toml", "LICENSE"];

fn publishable() -> Result<Vec<Package>, String> {
    let mut cargo = shell::cargo();
    let json = shell::output(cargo.args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--locked",
        "--offline",
    ]))?;
    let metadata: Metadata = serde_json::from_str(&json).map_err(|e| format!("cargo metadata: {e}"))?;
    let packages = metadata.packages.into_iter();
    Ok(packages.filter(|package| package.publish.as_ref().is_none_or(|to| !to.is_empty())).collect())
}

/// Packs, builds, and looks at what was packed. What is not committed is
/// packed, too.
pub(crate) fn run() -> Result<(), String> {
    let packages = publishable()?;
    packages.iter().try_for_each(check_manifest)?;
    let mut cargo = shell::cargo();
    cargo.args(["package", "--locked", "--allow-dirty"]);
    for package in &packages {
        cargo.args(["--package", &package.name]);
    }
    shell::run(&mut cargo)?;
    packages.iter().try_for_each(check)
}

/// Refuses a package without its licence, and one that holds a link: the file
/// that it leads to would be missing.
fn check(package: &Package) -> Result<(), String> {
    let folder = format!("{}-{}", package.name, package.version);
    let archive = shell::root().join("target/package").join(format!("{folder}.crate"));
    let list = shell::output(Command::new("tar").arg("-tvzf").arg(&archive))?;
    if let Some(link) = list.lines().find(|line| !line.starts_with('-')) {
        return Err(format!("{folder} holds something else than files: {link}"));
    }
    let missing = CONTENT.iter().find(|name| !list.contains(&format!(" {folder}/{name}")));
    missing.map_or(Ok(()), |name| Err(format!("{folder} lacks {name}")))
}

/// Refuses a crate that does not say what it is, one whose name was not chosen
/// for the registry, and a library that asks for an exact version: a program
/// that needs another version could not use the library.
fn check_manifest(package: &Package) -> Result<(), String> {
    let name = &package.name;
    if package.description.is_none() || package.license.is_none() || package.readme.is_none() {
        return Err(format!("{name} lacks a description, a licence or a README"));
    }
    if package.keywords.is_empty() || package.categories.is_empty() {
        return Err(format!("{name} lacks keywords or categories"));
    }
    let exact = package.dependencies.iter().find(|dependency| dependency.req.starts_with('='));
    if let Some(Dependency { name: other, req }) = exact
        && !package.has_binary()
    {
        return Err(format!("{name} is a library, and asks for `{other}` {req}"));
    }
    if !name.starts_with("runner-") {
        return Err(format!("{name} is to be published under a name that was not chosen"));
    }
    Ok(())
}

#[test]
fn what_is_published_says_what_it_is() {
    let packages = publishable().expect("cargo metadata");
    assert!(packages.len() >= 6, "{packages:?}");
    packages.iter().try_for_each(check_manifest).expect("complete manifests");
}
