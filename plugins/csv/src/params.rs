//! Reads parameters.

use runner_plugin::Params;

/// The value of a parameter that is given at most once and is not empty.
pub(crate) fn one<'p>(params: &'p Params, name: &str) -> Option<&'p str> {
    params.get(name).filter(|value| !value.is_empty())
}

/// A number from zero on.
///
/// # Errors
/// If it is negative.
pub(crate) fn count(params: &Params, name: &str) -> Result<u64, String> {
    match params.integer(name)? {
        None => Ok(0),
        Some(value) => u64::try_from(value).map_err(|_| format!("`{name}` must not be negative")),
    }
}
