//! The two files of this crate as text: TOML, with the version of their form.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The greatest size of either file, in bytes.
pub(crate) const MAX_BYTES: u64 = 4 << 20;
/// The greatest number of plugins in either file.
pub(crate) const MAX_PLUGINS: usize = 1000;
/// Maximum number of characters of a reason.
const WHY_CHARS: usize = 300;

/// The version of a file's form alone.
#[derive(Deserialize)]
struct Form {
    form: u32,
}

/// Reads a file of this form; `what` is for the message.
///
/// # Errors
/// [`Kind::Verification`] if it is not of this form.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8], form: u32, what: &str) -> Result<T> {
    let wrong = |why: &str| Error::new(Kind::Verification, what).because(escape(why, WHY_CHARS));
    let text = str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
    let found: Form = toml::from_str(text).map_err(|error| wrong(error.message()))?;
    if found.form != form {
        return Err(wrong(&format!("its form is {}; this runner reads form {form}", found.form)));
    }
    toml::from_str(text).map_err(|error| wrong(error.message()))
}

/// The text of a file.
pub(crate) fn write<T: Serialize>(value: &T) -> String {
    toml::to_string(value).expect("a list of tables with texts")
}
