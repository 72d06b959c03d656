//! The host's checks of the user's parameters before `begin`.

use crate::{Manifest, ParamKind, Params};

/// Checks parameters against the manifest and adds defaults.
pub(super) fn check(manifest: &Manifest, given: &[(&str, &str)]) -> Result<Params, String> {
    for (at, (name, value)) in given.iter().enumerate() {
        if given[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(format!("the parameter `{name}` was given twice"));
        }
        let spec = manifest.params.iter().find(|spec| spec.name == *name);
        let spec = spec.ok_or_else(|| format!("the plugin has no parameter `{name}`"))?;
        let fits = match spec.kind {
            ParamKind::Text | ParamKind::Secret => true,
            ParamKind::Integer => value.parse::<i64>().is_ok(),
            ParamKind::Boolean => matches!(*value, "true" | "false"),
        };
        if !fits {
            return Err(format!("the parameter `{name}` cannot be `{value}`"));
        }
    }
    let mut values = Vec::new();
    for spec in &manifest.params {
        let value = given.iter().find(|(name, _)| *name == spec.name).map(|(_, value)| *value);
        match value.or(spec.default.as_deref()) {
            Some(value) => values.push((spec.name.clone(), value)),
            None if spec.required => return Err(format!("the parameter `{}` is missing", spec.name)),
            None => {}
        }
    }
    Ok(values.into_iter().collect())
}
