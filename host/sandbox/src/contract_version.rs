//! Which version of the contract a plugin was built for, as the names of its
//! imports and exports say.

use runner_pipeline::error::{Error, Kind, Result};

use crate::bindings::GUEST;

/// The package of the contract, in all its versions.
pub(crate) const PACKAGE: &str = "runner:plugin/";

/// A version: major, minor and patch. A part that a name leaves out is 0.
type Version = (u64, u64, u64);

/// The version of the contract in which this host speaks with plugins.
#[must_use]
pub fn contract_version() -> String {
    shown(version(GUEST).unwrap_or_default())
}

/// Refuses a plugin that was built for another version of the contract, newer or
/// older.
///
/// Versions before 1.0.0 are compatible if their minor numbers are the same, as
/// in semantic versioning. One that is newer may still ask for what this version
/// does not have.
///
/// # Errors
/// [`Kind::Plugin`], with both versions and what to do.
pub(crate) fn check<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let own = version(GUEST).unwrap_or_default();
    let mut found = names.filter_map(version).collect::<Vec<_>>();
    found.sort_unstable();
    let (oldest, newest) = match found[..] {
        [] => return Ok(()),
        [oldest, .., newest] => (oldest, newest),
        [only] => (only, only),
    };
    let needs = |needed| {
        let what = format!(
            "`{name}` needs version {} of the plugin contract; this runner has {}",
            shown(needed),
            shown(own)
        );
        Error::new(Kind::Plugin, what)
    };
    if newest > own {
        return Err(
            needs(newest).hint("use a newer release of runner, or build the plugin with an older SDK")
        );
    }
    if (oldest.0, oldest.1) != (own.0, own.1) {
        return Err(needs(oldest).hint("ask for a newer release of the plugin, or build it with a newer SDK"));
    }
    Ok(())
}

/// The version in a name such as `runner:plugin/guest@0.2.0#begin`, or
/// `cm32p2|runner:plugin/guest@0.2|begin`, which leaves out what may differ
/// between compatible versions.
fn version(name: &str) -> Option<Version> {
    let (_, rest) = name.split_once(PACKAGE)?;
    let (_, rest) = rest.split_once('@')?;
    let text = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut parts = text.split('.').map(str::parse);
    let mut next = || parts.next().unwrap_or(Ok(0)).ok();
    Some((next()?, next()?, next()?))
}

fn shown((major, minor, patch): Version) -> String {
    format!("{major}.{minor}.{patch}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(names: &[&str]) -> Option<String> {
        check("it", names.iter().copied()).err().map(|error| error.to_string())
    }

    #[test]
    fn names_have_versions() {
        for (name, expected) in [
            ("runner:plugin/guest@0.2.0#begin", Some((0, 2, 0))),
            ("cm32p2|runner:plugin/guest@0.2|begin", Some((0, 2, 0))),
            ("runner:plugin/host@12.0.3-draft", Some((12, 0, 3))),
            ("runner:plugin/guest", None),
            ("runner:plugin/guest@", None),
            ("runner:plugin/guest@99999999999999999999", None),
            ("wasi:cli/run@0.3.0", None),
            ("_start", None),
        ] {
            assert_eq!(version(name), expected, "{name}");
        }
    }

    #[test]
    fn the_one_that_does_not_fit_is_named() {
        assert_eq!(refusal(&[]), None);
        assert_eq!(refusal(&[GUEST, "runner:plugin/host@0.2", "memory"]), None);
        let newer = "`it` needs version 0.3.0 of the plugin contract; this runner has 0.2.0";
        assert_eq!(refusal(&["runner:plugin/guest@0.3.0#begin"]).unwrap(), newer);
        assert_eq!(refusal(&[GUEST, "runner:plugin/host@0.3.0"]).unwrap(), newer);
        assert_eq!(refusal(&["runner:plugin/host@0.1.0", "runner:plugin/guest@0.3.0"]).unwrap(), newer);
        assert!(refusal(&["runner:plugin/guest@0.2.1"]).unwrap().contains("needs version 0.2.1"));
        assert!(refusal(&["runner:plugin/guest@0.1.0#begin"]).unwrap().contains("needs version 0.1.0"));
    }
}
