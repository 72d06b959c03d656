//! What a plugin says of itself.

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// A short name: lower-case letters, digits and hyphens.
    pub name: String,
    /// The plugin's own version, as in semantic versioning.
    pub version: String,
    /// One line: what the plugin does.
    pub summary: String,
    /// An SPDX licence expression.
    pub license: String,
    /// Every parameter; the host refuses any other.
    pub params: Vec<ParamSpec>,
}

impl Manifest {
    /// A manifest without parameters, under the Apache-2.0 licence.
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            summary: summary.into(),
            license: "Apache-2.0".into(),
            params: Vec::new(),
        }
    }

    /// Sets the licence.
    #[must_use]
    pub fn license(mut self, expression: &str) -> Self {
        self.license = expression.into();
        self
    }

    /// Adds a parameter.
    #[must_use]
    pub fn param(mut self, spec: ParamSpec) -> Self {
        self.params.push(spec);
        self
    }
}

/// One parameter that a plugin takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamSpec {
    /// The name, as in `--set NAME=VALUE`.
    pub name: String,
    /// The form of its values.
    pub kind: ParamKind,
    /// The run is refused when a required parameter is missing.
    pub required: bool,
    /// Passed by the host when the user gives no value.
    pub default: Option<String>,
    /// One line for the reader of `runner plugin inspect`.
    pub doc: String,
}

/// What a parameter's value must look like. The host checks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// Any text.
    Text,
    /// A signed 64-bit decimal integer.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Any text that must be neither shown nor stored.
    Secret,
}

impl ParamSpec {
    fn new(name: &str, kind: ParamKind, doc: &str) -> Self {
        Self { name: name.into(), kind, required: false, default: None, doc: doc.into() }
    }

    /// An optional parameter that takes any text.
    pub fn text(name: &str, doc: &str) -> Self {
        Self::new(name, ParamKind::Text, doc)
    }

    /// An optional parameter that takes a signed 64-bit integer.
    pub fn integer(name: &str, doc: &str) -> Self {
        Self::new(name, ParamKind::Integer, doc)
    }

    /// An optional parameter that takes `true` or `false`.
    pub fn boolean(name: &str, doc: &str) -> Self {
        Self::new(name, ParamKind::Boolean, doc)
    }

    /// An optional parameter whose text is neither shown nor stored.
    pub fn secret(name: &str, doc: &str) -> Self {
        Self::new(name, ParamKind::Secret, doc)
    }

    /// Makes the parameter required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Gives the parameter a default.
    #[must_use]
    pub fn default(mut self, value: &str) -> Self {
        self.default = Some(value.into());
        self
    }
}
