//! The section in which a plugin describes itself, so that what it is can be read
//! without running it.
//!
//! It is a custom section `runner-plugin` at the top level of the module or component,
//! with JSON. It is written once, before the plugin is signed: writing it changes the
//! bytes. A host that runs the plugin must compare it with what the plugin says when
//! it is asked ([`Package::check`]): the section is only a claim.

use runner_contract::Manifest;
use runner_pipeline::error::{Error, Kind, Result};
use semver::Version;
use serde::{Deserialize, Serialize};
use wasmparser::{Parser, Payload};

use crate::id::Id;

/// The name of the section.
pub const SECTION: &str = "runner-plugin";
/// The greatest size of its content, in bytes.
pub const MAX_SECTION_BYTES: usize = 64 << 10;
/// Sections that other programs read, too, and that are written beside it
/// (<https://github.com/WebAssembly/tool-conventions>, as `wasm-metadata` does).
const OTHERS: [&str; 3] = ["description", "licenses", "version"];

/// What the section says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// The identity.
    pub id: Id,
    /// The version of the contract.
    pub contract: Version,
    /// What the plugin says of itself, parameters included.
    pub manifest: Manifest,
    /// What it wants beyond the usual: limits that its author names, and the tables and the
    /// seed of the manifest.
    #[serde(default, skip_serializing_if = "Wants::is_usual")]
    pub wants: Wants,
    /// How it was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
}

/// What a plugin wants beyond the usual. The user must grant it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wants {
    /// Memory of an instance, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Time for a window, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// The names of the tables that it wants to read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// Whether it wants a seed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub seed: bool,
}

/// Whether a field is left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Wants {
    /// The same, with the tables and the seed that a manifest names.
    #[must_use]
    pub fn with_inputs(self, manifest: &Manifest) -> Self {
        let tables = manifest.tables.iter().map(|table| table.name.clone()).collect();
        Self { tables, seed: manifest.seed, ..self }
    }

    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether no more is wanted than was granted.
    #[must_use]
    pub fn is_within(&self, granted: &Self) -> bool {
        let fits = |wanted: Option<u64>, granted: Option<u64>| wanted <= granted;
        fits(self.memory_bytes, granted.memory_bytes)
            && fits(self.timeout_ms, granted.timeout_ms)
            && self.tables.iter().all(|table| granted.tables.contains(table))
            && self.seed <= granted.seed
    }
}

/// How a plugin was built: data, never commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The language, as `runner plugin new` calls it.
    pub language: String,
    /// Where the source is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The revision of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

impl Package {
    /// Reads the section of a module or component; `None` if it has none.
    ///
    /// # Errors
    /// [`Kind::Plugin`] if the bytes are no WebAssembly, or the section is there
    /// twice, too large, or not what it must be.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let mut found: Option<Self> = None;
        let mut first = None;
        for (name, content) in sections(bytes)? {
            if name != SECTION {
                continue;
            }
            if first.is_some() {
                return Err(wrong("it is there twice".to_owned()));
            }
            if content.len() > MAX_SECTION_BYTES {
                return Err(wrong(format!(
                    "it has {} bytes; the limit is {MAX_SECTION_BYTES}",
                    content.len()
                )));
            }
            first = Some(content);
            found = Some(serde_json::from_slice(content).map_err(|error| wrong(error.to_string()))?);
        }
        if let Some(package) = &found {
            package.check_itself()?;
        }
        Ok(found)
    }

    /// The module or component with this section, and those that other programs
    /// read, at its end.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it has such a section already, or this one says two
    /// different things; [`Kind::Plugin`] if the bytes are no WebAssembly.
    pub fn write(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        self.check_itself()?;
        let there: Vec<&str> = sections(bytes)?.into_iter().map(|(name, _)| name).collect();
        if there.contains(&SECTION) {
            return Err(Error::new(Kind::Usage, "the plugin has a section that describes it already")
                .hint("build the plugin again; the section is written once, before it is signed"));
        }
        let json = serde_json::to_vec(self).expect("a package has only JSON types");
        if json.len() > MAX_SECTION_BYTES {
            let what = format!("the description has {} bytes; the limit is {MAX_SECTION_BYTES}", json.len());
            return Err(Error::new(Kind::Usage, what).hint("shorten the texts of the parameters"));
        }
        let version = self.id.version.to_string();
        let Manifest { summary, license, .. } = &self.manifest;
        let mut packed = bytes.to_vec();
        for (name, content) in OTHERS.into_iter().zip([summary, license, &version]) {
            if !there.contains(&name) && !content.is_empty() {
                append(&mut packed, name, content.as_bytes());
            }
        }
        append(&mut packed, SECTION, &json);
        Ok(packed)
    }

    /// Compares the section with what the plugin says when it is asked, and with
    /// the version of the contract in which it was asked.
    ///
    /// # Errors
    /// [`Kind::Refused`], with the first difference.
    pub fn check(&self, described: &Manifest, contract: &str) -> Result<()> {
        let own = &self.manifest;
        let differs = [
            ("contract", self.contract.to_string() != contract),
            ("name", own.name != described.name),
            ("version", own.version != described.version),
            ("summary", own.summary != described.summary),
            ("licence", own.license != described.license),
            ("parameters", own.params != described.params),
            ("tables", own.tables != described.tables),
            ("seed", own.seed != described.seed),
        ];
        match differs.into_iter().find(|(_, differs)| *differs) {
            None => Ok(()),
            Some((what, _)) => Err(Error::new(
                Kind::Refused,
                format!("the plugin's section and the plugin itself differ: {what}"),
            )
            .hint("whoever packed it described another plugin; do not use it")),
        }
    }

    /// The identity and the manifest must name the same plugin.
    fn check_itself(&self) -> Result<()> {
        if self.id.name != self.manifest.name {
            return Err(wrong(format!("it is called {} and {}", self.id.name, self.manifest.name)));
        }
        if self.id.version.to_string() != self.manifest.version {
            return Err(wrong(format!("its versions are {} and {}", self.id.version, self.manifest.version)));
        }
        if self.wants != self.wants.clone().with_inputs(&self.manifest) {
            return Err(wrong(
                "the tables and the seed that it wants are not those that it takes".to_owned(),
            ));
        }
        Ok(())
    }
}

fn wrong(why: String) -> Error {
    Error::new(Kind::Plugin, format!("the section `{SECTION}` of the plugin is wrong"))
        .because(runner_pipeline::escape::escape(&why, 200))
}

/// The custom sections at the top level, in order.
fn sections(bytes: &[u8]) -> Result<Vec<(&str, &[u8])>> {
    let mut found = Vec::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| {
            Error::new(Kind::Plugin, "the plugin is not valid WebAssembly").because(error.to_string())
        })?;
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 => found.push((section.name(), section.data())),
            _ => {}
        }
    }
    Ok(found)
}

/// Appends a custom section, as the core specification lays it out (5.5.3).
fn append(module: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut body = Vec::new();
    number(&mut body, name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(content);
    module.push(0);
    number(module, body.len());
    module.extend_from_slice(&body);
}

/// An unsigned number in LEB128.
fn number(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use runner_contract::{ParamSpec, TableSpec};

    use super::*;

    fn package() -> Package {
        let manifest = Manifest::new("redact", "1.2.0", "Masks").param(ParamSpec::text("field", "A field"));
        Package {
            id: "acme:redact@1.2.0".parse().unwrap(),
            contract: Version::new(0, 2, 0),
            manifest,
            wants: Wants::default(),
            recipe: Some(Recipe { language: "c".to_owned(), source: None, revision: None }),
        }
    }

    fn module() -> Vec<u8> {
        wat::parse_str("(module (memory 1) (func (export \"f\")))").unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let component =
            wat::parse_str("(component (core module (@custom \"runner-plugin\" \"inner\")))").unwrap();
        for bytes in [module(), component] {
            assert_eq!(Package::read(&bytes).unwrap(), None);
            let packed = package().write(&bytes).unwrap();
            assert!(packed.starts_with(&bytes));
            assert_eq!(Package::read(&packed).unwrap(), Some(package()));
            let found = sections(&packed).unwrap();
            assert_eq!(found[0], ("description", &b"Masks"[..]));
            assert_eq!(found[2], ("version", &b"1.2.0"[..]));
            assert_eq!(package().write(&packed).unwrap_err().kind(), Kind::Usage);
        }
    }

    #[test]
    fn a_section_that_is_wrong_is_refused() {
        let with = |contents: &[&[u8]]| {
            let mut bytes = module();
            contents.iter().for_each(|content| append(&mut bytes, SECTION, content));
            Package::read(&bytes).unwrap_err().causes().next().unwrap().to_string()
        };
        let good = serde_json::to_string(&package()).unwrap();
        assert!(with(&[good.as_bytes(), good.as_bytes()]).contains("twice"));
        assert!(with(&[&vec![b' '; MAX_SECTION_BYTES + 1]]).contains("the limit is 65536"));
        assert!(with(&[b"{}"]).contains("missing field"));
        assert!(with(&[good.replace("acme:redact@", "acme:other@").as_bytes()]).contains("other and redact"));
        assert!(with(&[good.replace("redact@1.2.0", "redact@1.2.1").as_bytes()]).contains("1.2.1 and 1.2.0"));
        assert!(with(&[good.replacen('{', "{\"more\":1,", 1).as_bytes()]).contains("unknown field"));
        assert!(Package::read(b"no module").is_err());
        let cut = package().write(&module()).unwrap();
        assert!(Package::read(&cut[..cut.len() - 1]).is_err());
    }

    #[test]
    fn a_plugin_that_is_another_one_is_refused() {
        let package = package();
        package.check(&package.manifest, "0.2.0").unwrap();
        let mut other = package.manifest.clone();
        other.params[0].required = true;
        assert!(package.check(&other, "0.2.0").unwrap_err().to_string().ends_with("differ: parameters"));
        let other = Manifest { seed: true, ..package.manifest.clone() };
        assert!(package.check(&other, "0.2.0").unwrap_err().to_string().ends_with("differ: seed"));
        let error = package.check(&package.manifest, "0.3.0").unwrap_err();
        assert!(error.to_string().ends_with("differ: contract"));
    }

    #[test]
    fn a_grant_covers_what_is_not_more() {
        let wants = |memory_bytes, timeout_ms| Wants { memory_bytes, timeout_ms, ..Wants::default() };
        let granted = wants(Some(5), Some(5));
        assert!(granted.is_within(&granted) && Wants::default().is_within(&Wants::default()));
        assert!(wants(Some(4), None).is_within(&granted) && wants(None, Some(5)).is_within(&granted));
        for more in [wants(Some(6), Some(5)), wants(Some(5), Some(6))] {
            assert!(!more.is_within(&granted));
        }
        let tables = |names: &[&str]| Wants {
            tables: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Wants::default()
        };
        let seed = Wants { seed: true, ..Wants::default() };
        for one in [wants(Some(1), None), wants(None, Some(1)), tables(&["a"]), seed.clone()] {
            assert!(!one.is_within(&Wants::default()));
            assert!(Wants::default().is_within(&one) && one.is_within(&one));
        }
        assert!(tables(&["b"]).is_within(&tables(&["a", "b"])));
        assert!(!tables(&["a", "c"]).is_within(&tables(&["a", "b"])));
    }

    #[test]
    fn a_package_wants_what_its_manifest_takes() {
        let plain = package();
        let table = TableSpec { name: "names".to_owned(), required: false, doc: "Names".to_owned() };
        let manifest = plain.manifest.clone().table(table).seed();
        let hidden = Package { manifest: manifest.clone(), ..plain.clone() };
        assert!(hidden.write(&module()).unwrap_err().to_string().contains("is wrong"));
        let wants = Wants::default().with_inputs(&manifest);
        assert_eq!((wants.tables.as_slice(), wants.seed), (&["names".to_owned()][..], true));
        let open = Package { manifest, wants: wants.clone(), ..plain.clone() };
        let packed = open.write(&module()).unwrap();
        assert_eq!(Package::read(&packed).unwrap().unwrap().wants, wants);
        // And no more than that.
        let more = Package { wants: Wants { seed: true, ..Wants::default() }, ..plain };
        assert!(more.write(&module()).is_err());
    }

    #[test]
    fn large_sections_have_long_numbers() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 60_000] {
            let mut bytes = module();
            append(&mut bytes, "x", &vec![1; length]);
            assert_eq!(sections(&bytes).unwrap()[0].1.len(), length);
        }
    }
}
