//! Types of columns, as far as they decide how a value is written and which
//! values fit. A value that does not fit would end the load, or, in MySQL
//! without strict mode, which dumps turn off, be replaced by another value in
//! silence.

/// The class of a column's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing is known or checked.
    Unknown,
    /// Text, with the limit in characters.
    Text(Option<usize>),
    /// An integer between these.
    Integer(i128, i128),
    /// A decimal or binary number.
    Number,
    Boolean,
    Date,
    /// A date with a time of day.
    DateTime,
    Time,
    Uuid,
    Json,
    /// An IP address or network of PostgreSQL.
    Network,
    /// `bytea` of PostgreSQL, written as `\x` and digits.
    Bytea,
    /// Bytes of MySQL, with the limit.
    Bytes(Option<usize>),
    Bits,
    /// One of these words.
    Words(Vec<Vec<u8>>),
}

impl Class {
    /// Whether values are numbers, whatever they are written like.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Integer(..) | Self::Number)
    }

    /// The class of a type, of which these are the words in lower case and the
    /// first argument. Words that do not belong to it may follow.
    pub(crate) fn of(words: &[String], argument: Option<usize>) -> Self {
        let integer = |bits: u32| match words.iter().any(|word| word == "unsigned") {
            true => Self::Integer(0, (1 << bits) - 1),
            false => Self::Integer(-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        };
        match words.first().map_or("", String::as_str) {
            "character" | "varchar" | "char" | "nvarchar" | "nchar" | "national" | "bpchar" => {
                Self::Text(argument)
            }
            "text" | "tinytext" | "mediumtext" | "longtext" | "citext" => Self::Text(None),
            "tinyint" => integer(8),
            "smallint" | "int2" | "smallserial" => integer(16),
            "mediumint" => integer(24),
            "int" | "integer" | "int4" | "serial" => integer(32),
            "bigint" | "int8" | "bigserial" => integer(64),
            "numeric" | "decimal" | "dec" | "real" | "double" | "float" | "float4" | "float8" | "fixed" => {
                Self::Number
            }
            "boolean" | "bool" => Self::Boolean,
            "date" => Self::Date,
            "timestamp" | "timestamptz" | "datetime" => Self::DateTime,
            "time" | "timetz" => Self::Time,
            "uuid" => Self::Uuid,
            "json" | "jsonb" => Self::Json,
            "inet" | "cidr" => Self::Network,
            "bytea" => Self::Bytea,
            "binary" | "varbinary" => Self::Bytes(argument),
            "blob" | "tinyblob" | "mediumblob" | "longblob" => Self::Bytes(None),
            "bit" => Self::Bits,
            _ => Self::Unknown,
        }
    }

    /// What values of the class are called, for messages.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Unknown => "anything".into(),
            Self::Text(None) => "text".into(),
            Self::Text(Some(chars)) => format!("at most {chars} characters"),
            Self::Integer(min, max) => format!("an integer from {min} to {max}"),
            Self::Number => "a number".into(),
            Self::Boolean => "a boolean".into(),
            Self::Date => "a date".into(),
            Self::DateTime => "a date and time".into(),
            Self::Time => "a time of day".into(),
            Self::Uuid => "a UUID".into(),
            Self::Json => "JSON".into(),
            Self::Network => "an IP address".into(),
            Self::Bytea | Self::Bytes(None) => "bytes".into(),
            Self::Bytes(Some(bytes)) => format!("at most {bytes} bytes"),
            Self::Bits => "bits".into(),
            Self::Words(_) => "one of the words of its type".into(),
        }
    }
}
