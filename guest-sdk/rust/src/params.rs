//! The parameters of a run, as the plugin reads them.

use runner_contract::Value;

/// Parameters with their values. The host has checked them, converted them and
/// added defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: Vec<(String, Value)>,
}

impl Params {
    /// The text of a parameter of the kind text, secret or choice, if it is
    /// present: the first one, if it repeats.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All texts of a parameter that repeats, in the order in which they were
    /// given.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.values(name).filter_map(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The text of a required parameter.
    ///
    /// # Errors
    /// If it is absent.
    pub fn required(&self, name: &str) -> Result<&str, String> {
        self.get(name).ok_or_else(|| missing(name))
    }

    /// The bytes of a parameter of the kind bytes, if it is present: the first
    /// ones, if it repeats.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.all_bytes(name).next()
    }

    /// All values of a parameter of the kind bytes that repeats.
    pub fn all_bytes<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.values(name).filter_map(|value| match value {
            Value::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        })
    }

    /// The value of a boolean parameter; `false` if it is absent.
    ///
    /// # Errors
    /// If the parameter is of another kind.
    pub fn bool(&self, name: &str) -> Result<bool, String> {
        match self.values(name).next() {
            None => Ok(false),
            Some(Value::Boolean(truth)) => Ok(*truth),
            Some(_) => Err(format!("the parameter `{name}` must be true or false")),
        }
    }

    /// The value of an integer parameter, if it is present.
    ///
    /// # Errors
    /// If the parameter is of another kind.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, String> {
        match self.values(name).next() {
            None => Ok(None),
            Some(Value::Integer(number)) => Ok(Some(*number)),
            Some(_) => Err(format!("the parameter `{name}` must be an integer")),
        }
    }

    /// All values of a parameter, in the order in which they were given.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let name = name.to_owned();
        self.values.iter().filter(move |(key, _)| *key == name).map(|(_, value)| value)
    }

    /// All names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }
}

fn missing(name: &str) -> String {
    format!("the parameter `{name}` is missing")
}

impl<N: Into<String>> FromIterator<(N, Value)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(values: I) -> Self {
        Self { values: values.into_iter().map(|(name, value)| (name.into(), value)).collect() }
    }
}
