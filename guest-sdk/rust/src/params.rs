//! The parameters of a run, as the plugin reads them.

/// Parameters with their values, defaults filled in and forms checked by the
/// host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: Vec<(String, String)>,
}

impl Params {
    /// The value, where there is one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn required(&self, name: &str) -> Result<&str, String> {
        self.get(name).ok_or_else(|| format!("the parameter `{name}` is missing"))
    }

    /// The value of a boolean; `false` when it is absent.
    ///
    /// # Errors
    /// When the value is neither `true` nor `false`.
    pub fn bool(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(format!("the parameter `{name}` must be true or false, not `{other}`")),
        }
    }

    /// The value of an integer, where there is one.
    ///
    /// # Errors
    /// When the value is no signed 64-bit integer.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, String> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(format!("the parameter `{name}` must be a 64-bit integer, not `{text}`")),
        }
    }

    /// Every name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        Self { values: values.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}
