//! A plugin's description of itself, and the parameters that it takes.

/// Maximum number of bytes of a plugin's name, of its version, and of a
/// parameter's name. Each is one word of printable ASCII.
pub const MAX_NAME_BYTES: usize = 64;

/// Maximum number of characters of a line for readers. The host truncates
/// longer lines.
pub const MAX_LINE_CHARS: usize = 400;

/// Maximum number of bytes of a parameter's default.
pub const MAX_DEFAULT_BYTES: usize = 64 << 10;

/// Maximum number of parameters of a plugin.
pub const MAX_PARAMS: usize = 256;

/// Maximum number of words that a parameter of the kind
/// [`ParamKind::Choice`] may take.
pub const MAX_CHOICES: usize = 256;

/// Maximum number of tables of a plugin.
pub const MAX_TABLES: usize = 16;

/// A plugin's description of itself. It must always be the same.
///
/// The host refuses a manifest that breaks a rule below. It escapes the lines
/// that are only meant for readers before it shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Manifest {
    /// A short name: lower-case letters, digits and hyphens, up to
    /// [`MAX_NAME_BYTES`].
    pub name: String,
    /// The plugin's own version, as in semantic versioning, up to
    /// [`MAX_NAME_BYTES`].
    pub version: String,
    /// One line that says what the plugin does, up to [`MAX_LINE_CHARS`].
    pub summary: String,
    /// An SPDX licence expression, up to [`MAX_LINE_CHARS`].
    pub license: String,
    /// Every parameter, up to [`MAX_PARAMS`], each with a name of its own. The
    /// host refuses any parameter that is not listed here.
    pub params: Vec<ParamSpec>,
    /// A capability: every table that the user may hand to the plugin, up to
    /// [`MAX_TABLES`], each with a name of its own. The host refuses any other.
    pub tables: Vec<TableSpec>,
    /// A capability: whether the plugin takes a seed.
    pub seed: bool,
}

impl Manifest {
    /// A manifest without parameters, under the Apache-2.0 licence.
    #[must_use]
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            summary: summary.into(),
            license: "Apache-2.0".into(),
            params: Vec::new(),
            tables: Vec::new(),
            seed: false,
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

    /// Adds several parameters.
    #[must_use]
    pub fn params(mut self, specs: impl IntoIterator<Item = ParamSpec>) -> Self {
        self.params.extend(specs);
        self
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, spec: TableSpec) -> Self {
        self.tables.push(spec);
        self
    }

    /// Asks for a seed.
    #[must_use]
    pub fn seed(mut self) -> Self {
        self.seed = true;
        self
    }
}

/// A table that the user may hand to a plugin, read-only, as in
/// `--table NAME=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct TableSpec {
    /// The name: lower-case letters, digits and hyphens, up to
    /// [`MAX_NAME_BYTES`].
    pub name: String,
    /// Whether the host refuses a run without this table.
    pub required: bool,
    /// One line of help, up to [`MAX_LINE_CHARS`].
    pub doc: String,
}

/// One parameter that a plugin takes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct ParamSpec {
    /// The name, as in `--set NAME=VALUE`: printable ASCII without `=`, up to
    /// [`MAX_NAME_BYTES`].
    pub name: String,
    /// The form of its values.
    pub kind: ParamKind,
    /// Whether the host refuses a run without this parameter.
    pub required: bool,
    /// Whether it may be given several times. The plugin gets all values, in
    /// the order in which they were given.
    pub repeats: bool,
    /// Whether a value `@PATH` stands for the content of that file, and a value
    /// that begins with `@@` for one that begins with `@`.
    pub from_file: bool,
    /// The value that the host passes when the user gives none: of the form
    /// that `kind` asks for, up to [`MAX_DEFAULT_BYTES`]. A parameter that is
    /// neither given nor defaulted is absent.
    pub default: Option<String>,
    /// One line of help, shown by `runner plugin inspect`, up to
    /// [`MAX_LINE_CHARS`].
    pub doc: String,
    /// The words of [`ParamKind::Choice`], up to [`MAX_CHOICES`]; empty for
    /// every other kind.
    pub choices: Vec<String>,
}

impl ParamSpec {
    fn new(name: &str, kind: ParamKind, doc: &str) -> Self {
        Self {
            name: name.into(),
            kind,
            required: false,
            repeats: false,
            from_file: false,
            default: None,
            doc: doc.into(),
            choices: Vec::new(),
        }
    }

    /// An optional parameter that takes any text.
    #[must_use]
    pub fn text(name: &str, doc: &str) -> Self {
        Self::new(name, ParamKind::Text, doc)
    }

    /// An optional parameter that takes a signed 64-bit integer.
    #[must_use]
    pub fn integer(name: &str, doc: &str) -> Self {
        Self::new(name, ParamKind::Integer, doc)
    }

    /// An optional parameter that takes `true` or `false`.
    #[must_use]
    pub fn boolean(name: &str, doc: &str) -> Self {
        Self::new(name, ParamKind::Boolean, doc)
    }

    /// An optional parameter whose text is neither shown nor stored.
    #[must_use]
    pub fn secret(name: &str, doc: &str) -> Self {
        Self::new(name, ParamKind::Secret, doc)
    }

    /// An optional parameter that takes any bytes, with escapes.
    #[must_use]
    pub fn bytes(name: &str, doc: &str) -> Self {
        Self::new(name, ParamKind::Bytes, doc)
    }

    /// An optional parameter that takes one of these words.
    #[must_use]
    pub fn choice(name: &str, choices: &[&str], doc: &str) -> Self {
        let choices = choices.iter().map(|&word| word.to_owned()).collect();
        Self { choices, ..Self::new(name, ParamKind::Choice, doc) }
    }

    /// Makes the parameter required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Lets the parameter be given several times.
    #[must_use]
    pub fn repeats(mut self) -> Self {
        self.repeats = true;
        self
    }

    /// Lets a value `@PATH` stand for the content of a file.
    #[must_use]
    pub fn from_file(mut self) -> Self {
        self.from_file = true;
        self
    }

    /// Gives the parameter a default.
    #[must_use]
    pub fn default(mut self, value: &str) -> Self {
        self.default = Some(value.into());
        self
    }
}

/// The form of a parameter's values. The host checks the form, and converts
/// the value before the plugin sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum ParamKind {
    /// Any text.
    Text,
    /// A signed 64-bit decimal integer.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Any text that must be neither shown nor stored. Patches and reports
    /// hold a placeholder instead.
    Secret,
    /// Text in which `\n`, `\r`, `\t`, `\0`, `\\`, `\xHH` and `\u{H..}`
    /// stand for bytes, and any other `\` is an error.
    Bytes,
    /// One of the words in [`ParamSpec::choices`].
    Choice,
}

/// A value of a parameter, converted by the host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Value {
    /// For [`ParamKind::Text`], [`ParamKind::Secret`] and
    /// [`ParamKind::Choice`].
    Text(String),
    /// For [`ParamKind::Bytes`].
    Bytes(Vec<u8>),
    /// For [`ParamKind::Integer`].
    Integer(i64),
    /// For [`ParamKind::Boolean`].
    Boolean(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A parameter with one value, after the manifest's checks and defaults. A
/// parameter with several values comes several times.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Param {
    /// A name from the manifest.
    pub name: String,
    /// A value of the form that the manifest asks for.
    pub value: Value,
    /// The value as the user gave it, for patches and reports. For a file, this
    /// is its name and the hash of its content. The plugin does not see this
    /// field.
    pub given: String,
    /// Whether the value must be neither shown nor stored. The plugin does not
    /// see this field.
    pub secret: bool,
}
