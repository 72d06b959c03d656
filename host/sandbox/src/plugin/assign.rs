//! Which of several plugins a parameter or a table is for.
//!
//! `NAME=VALUE` is for the plugin that has a parameter of this name, if only one
//! has. `PLUGIN.NAME=VALUE` names the plugin, or its number in the list.

use std::path::PathBuf;

use runner_contract::Manifest;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

use super::Grants;
use super::params::Given;

/// For each plugin its name, unlike those of the others, its parameters and
/// what is granted to it.
pub(super) struct Assigned(pub(super) Vec<(String, Vec<Given>, Grants)>);

/// The plugins of a list.
struct List<'a>(Vec<(String, &'a Manifest)>);

impl Assigned {
    /// # Errors
    /// If something could be for several plugins, or is for none of several.
    pub(super) fn new<'a>(
        manifests: impl Iterator<Item = &'a Manifest>,
        given: Vec<Given>,
        (tables, seed): (Vec<(String, PathBuf)>, Option<u64>),
    ) -> Result<Self> {
        let list = List::new(manifests.collect());
        let mut all: Vec<_> =
            list.0.iter().map(|(name, _)| (name.clone(), Vec::new(), Grants::default())).collect();
        for given in given {
            let (index, name) = list.find(&given, "parameter", |manifest, name| {
                manifest.params.iter().any(|spec| spec.name == name)
            })?;
            all[index].1.push(Given { name, ..given });
        }
        for (name, path) in tables {
            let given = Given::set(&name, "");
            let (index, name) = list.find(&given, "table", |manifest, name| {
                manifest.tables.iter().any(|spec| spec.name == name)
            })?;
            all[index].2.tables.push((name, path));
        }
        let is_for = |manifest: &Manifest| manifest.seed || list.0.len() == 1;
        let takers = list.0.iter().zip(&mut all).filter(|((_, manifest), _)| is_for(manifest));
        let takers: Vec<_> = takers.map(|(_, one)| &mut one.2).collect();
        if seed.is_some() && takers.is_empty() {
            return Err(Error::new(Kind::Usage, "none of the plugins takes a seed"));
        }
        takers.into_iter().for_each(|grants| grants.seed = seed);
        Ok(Self(all))
    }
}

impl<'a> List<'a> {
    fn new(manifests: Vec<&'a Manifest>) -> Self {
        let is_twice = |name: &str| manifests.iter().filter(|manifest| manifest.name == name).count() > 1;
        let named = |(index, manifest): (usize, &&'a Manifest)| match is_twice(&manifest.name) {
            true => (format!("{}-{}", manifest.name, index + 1), *manifest),
            false => (manifest.name.clone(), *manifest),
        };
        Self(manifests.iter().enumerate().map(named).collect())
    }

    /// The plugin that something is for, and its name there.
    fn find(
        &self,
        given: &Given,
        what: &str,
        has: impl Fn(&Manifest, &str) -> bool,
    ) -> Result<(usize, String)> {
        // One plugin says itself what it does not have.
        if self.0.len() == 1 {
            return Ok((0, given.name.clone()));
        }
        let having: Vec<_> = (0..self.0.len()).filter(|index| has(self.0[*index].1, &given.name)).collect();
        match having[..] {
            [index] => return Ok((index, given.name.clone())),
            [] => {}
            _ => return Err(self.ambiguous(given, what, &having)),
        }
        if let Some((plugin, name)) = given.name.split_once('.') {
            let number = plugin.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let named = self.0.iter().position(|(label, _)| label == plugin);
            let twice = self.0.iter().any(|(_, manifest)| manifest.name == plugin);
            if let Some(index) = named.or(number.filter(|index| *index < self.0.len())) {
                return Ok((index, name.to_owned()));
            }
            if twice {
                return Err(self.ambiguous(&Given { name: name.to_owned(), ..given.clone() }, what, &[]));
            }
        }
        let names = self.0.iter().map(|(label, _)| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let which = match given.origin.place() {
            None => format!("{what} `{}`", shown(&given.name)),
            Some(place) => format!("the {what} on {place}"),
        };
        Err(Error::new(Kind::Usage, format!("none of the plugins {names} has {which}"))
            .hint("`runner plugin inspect PLUGIN` shows what a plugin takes"))
    }

    fn ambiguous(&self, given: &Given, what: &str, having: &[usize]) -> Error {
        let all: Vec<_> = (0..self.0.len()).collect();
        let having = if having.is_empty() { &all } else { having };
        let name = shown(&given.name).to_string();
        let plugins: Vec<_> = having.iter().map(|index| format!("`{}`", self.0[*index].0)).collect();
        let ways: Vec<_> = having.iter().map(|index| format!("`{}.{name}=...`", self.0[*index].0)).collect();
        Error::new(Kind::Usage, format!("{what} `{name}` could be for {}", plugins.join(" or ")))
            .hint(format!("say for which: {}", ways.join(" or ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_contract::ParamSpec;

    fn manifest(name: &str, params: &[&str]) -> Manifest {
        params
            .iter()
            .fold(Manifest::new(name, "1", ""), |manifest, param| manifest.param(ParamSpec::text(param, "")))
    }

    fn assign(manifests: &[Manifest], set: &[&str]) -> Result<Vec<(String, Vec<String>)>, String> {
        let given = set.iter().map(|name| Given::set(name, "v")).collect();
        let assigned = Assigned::new(manifests.iter(), given, (Vec::new(), None));
        let names = |given: Vec<Given>| given.into_iter().map(|given| given.name).collect();
        assigned
            .map(|all| all.0.into_iter().map(|(name, given, _)| (name, names(given))).collect())
            .map_err(|error| error.to_string())
    }

    fn one(name: &str, params: &[&str]) -> (String, Vec<String>) {
        (name.to_owned(), params.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_parameter_is_for_the_plugin_that_has_it_or_that_is_named() {
        let two = [manifest("newline", &["to"]), manifest("redact", &["kinds", "x.y"])];
        let expected = vec![one("newline", &["to"]), one("redact", &["kinds", "x.y"])];
        assert_eq!(assign(&two, &["to", "kinds", "x.y"]), Ok(expected.clone()));
        assert_eq!(assign(&two, &["newline.to", "redact.kinds", "redact.x.y"]), Ok(expected.clone()));
        assert_eq!(assign(&two, &["1.to", "2.kinds", "2.x.y"]), Ok(expected));
        // What a plugin does not have, it says itself.
        assert_eq!(assign(&two, &["2.z"]), Ok(vec![one("newline", &[]), one("redact", &["z"])]));
        assert_eq!(
            assign(&two, &["z"]),
            Err("none of the plugins `newline`, `redact` has parameter `z`".to_owned())
        );
        assert!(assign(&two, &["3.to"]).is_err() && assign(&two, &["0.to"]).is_err());
        assert_eq!(assign(&two[..1], &["newline.to"]), Ok(vec![one("newline", &["newline.to"])]));
    }

    #[test]
    fn what_could_be_for_two_is_an_error_that_names_both() {
        let two = [manifest("csv", &["mask"]), manifest("json", &["mask"])];
        assert_eq!(assign(&two, &["mask"]), Err("parameter `mask` could be for `csv` or `json`".to_owned()));
        let twice = [manifest("replace", &["find"]), manifest("replace", &["find"])];
        let error = "parameter `find` could be for `replace-1` or `replace-2`";
        assert_eq!(assign(&twice, &["find"]), Err(error.to_owned()));
        assert_eq!(assign(&twice, &["replace.find"]), Err(error.to_owned()));
        let expected = vec![one("replace-1", &["find"]), one("replace-2", &["find"])];
        assert_eq!(assign(&twice, &["1.find", "replace-2.find"]), Ok(expected));
    }
}
