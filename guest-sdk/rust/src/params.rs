//! The parameters of a run, as the plugin reads them.

/// Parameters with their values. The host has checked them and added defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: Vec<(String, String)>,
}

impl Params {
    /// The value of a parameter, if it is present.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a required parameter.
    ///
    /// # Errors
    /// If it is absent.
    pub fn required(&self, name: &str) -> Result<&str, String> {
        self.get(name).ok_or_else(|| format!("the parameter `{name}` is missing"))
    }

    /// The value of a boolean parameter; `false` if it is absent.
    ///
    /// # Errors
    /// If the value is neither `true` nor `false`.
    pub fn bool(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(format!("the parameter `{name}` must be true or false, not `{other}`")),
        }
    }

    /// The value of an integer parameter, if it is present.
    ///
    /// # Errors
    /// If the value is not a signed 64-bit integer.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, String> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(format!("the parameter `{name}` must be a 64-bit integer, not `{text}`")),
        }
    }

    /// All names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        Self { values: values.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}
