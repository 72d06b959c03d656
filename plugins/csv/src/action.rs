//! The actions on the columns of a record.

use crate::dialect::Dialect;
use crate::record::{Field, Record};
use runner_plugin::Edits;

/// The context of BLAKE3's key derivation. Changing it changes every pseudonym.
const CONTEXT: &str = "runner-csv 2026-11-22 pseudonyms";

/// Number of hexadecimal digits of a pseudonym: 128 bits, so that pseudonyms
/// can replace values in joins of tables.
const DIGITS: usize = 32;

/// The byte that masks consist of.
pub(crate) const MASK: u8 = b'*';

/// The action on a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// The field is kept.
    Keep,
    /// Each byte of the content becomes [`MASK`].
    Mask,
    /// A pseudonym replaces the content, unless the content is empty.
    Hash,
    /// This value replaces the content.
    Set(Value),
    /// The field is removed together with one delimiter.
    Drop,
}

/// An encoded value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// The encoding as a whole field.
    bare: Vec<u8>,
    /// The encoding between existing quotes.
    inner: Vec<u8>,
}

impl Value {
    /// Encodes a value.
    ///
    /// # Errors
    /// If the dialect cannot express the value.
    pub(crate) fn new(value: &str, dialect: Dialect) -> Result<Self, String> {
        let must_quote = dialect.must_quote(value.as_bytes());
        let (bare, inner) = match dialect.quote {
            None if must_quote => {
                return Err(format!("the value `{value}` cannot be written with `quote=none`"));
            }
            None => (value.into(), value.into()),
            Some(quote) => {
                let mut inner = Vec::with_capacity(value.len());
                for byte in value.bytes() {
                    inner.extend(std::iter::repeat_n(byte, if byte == quote { 2 } else { 1 }));
                }
                let bare = if must_quote { [&[quote], &inner[..], &[quote]].concat() } else { value.into() };
                (bare, inner)
            }
        };
        Ok(Self { bare, inner })
    }
}

/// A parsed record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// The window that contains the record.
    pub(crate) bytes: &'a [u8],
    pub(crate) record: &'a Record,
    /// Its first [`Plan::fields`] fields, or all if there are fewer.
    pub(crate) fields: &'a [Field],
    pub(crate) kind: RowKind,
}

/// The kind of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// The names of the columns.
    Header,
    /// Values.
    Data,
}

/// The actions on the columns.
#[derive(Debug)]
pub(crate) struct Plan {
    dialect: Dialect,
    /// One action per column; further columns are kept.
    actions: Vec<Action>,
    /// The actions on the header, where only dropping makes sense.
    header: Vec<Action>,
    /// Number of fields that [`Plan::apply`] needs.
    fields: usize,
    key: Option<[u8; blake3::KEY_LEN]>,
    /// Buffer for a decoded value, reused to save allocations.
    decoded: Vec<u8>,
}

impl Plan {
    /// Creates a plan for these actions, with the secret key of the pseudonyms.
    pub(crate) fn new(dialect: Dialect, actions: Vec<Action>, secret: Option<&str>) -> Self {
        let drops = actions.contains(&Action::Drop);
        let header = match drops {
            true => actions
                .iter()
                .map(|action| if *action == Action::Drop { Action::Drop } else { Action::Keep })
                .collect(),
            false => Vec::new(),
        };
        Self {
            dialect,
            // If two fields follow the last dropped one, a delimiter is left,
            // so the record does not become an empty line.
            fields: actions.len() + usize::from(drops),
            header,
            actions,
            key: secret.map(|secret| blake3::derive_key(CONTEXT, secret.as_bytes())),
            decoded: Vec::new(),
        }
    }

    /// Number of fields needed of each record.
    pub(crate) fn fields(&self) -> usize {
        self.fields
    }

    /// Whether every edit keeps the length.
    pub(crate) fn is_length_preserving(&self) -> bool {
        self.actions.iter().all(|action| matches!(action, Action::Keep | Action::Mask))
    }

    /// Adds the edits of one record. Missing columns are ignored.
    pub(crate) fn apply(&mut self, row: Row<'_>, edits: &mut Edits) {
        let Row { bytes, record, fields, kind } = row;
        if record.content.is_empty() {
            return;
        }
        let actions = match kind {
            RowKind::Header => &self.header,
            RowKind::Data => &self.actions,
        };
        let is_whole = fields.last().is_some_and(|last| last.end == record.content.end);
        if is_whole && self.becomes_empty(actions, fields) {
            // One empty field. Without quotes, this can only be an empty line.
            edits.replace_with(record.content.clone(), |out| {
                out.extend(self.dialect.quote.iter().chain(&self.dialect.quote))
            });
            return;
        }
        let mut has_kept = false;
        for (field, action) in fields.iter().zip(actions) {
            match action {
                Action::Drop if has_kept => edits.delete(field.start - 1..field.end),
                Action::Drop => edits.delete(field.start..field.end + 1),
                _ => has_kept = true,
            }
            let content = field.content();
            match action {
                Action::Keep | Action::Drop => {}
                Action::Mask => {
                    if bytes[content.clone()].iter().any(|&byte| byte != MASK) {
                        edits
                            .replace_with(content.clone(), |out| out.resize(out.len() + content.len(), MASK));
                    }
                }
                Action::Hash => {
                    if let Some(key) = self.key.as_ref().filter(|_| !content.is_empty()) {
                        decode(
                            &bytes[content.clone()],
                            self.dialect.quote.filter(|_| field.quoted),
                            &mut self.decoded,
                        );
                        let hex = blake3::keyed_hash(key, &self.decoded).to_hex();
                        edits.replace(content, &hex.as_bytes()[..DIGITS]);
                    }
                }
                Action::Set(value) => {
                    let new = if field.quoted { &value.inner } else { &value.bare };
                    if bytes[content.clone()] != new[..] {
                        edits.replace(content, new);
                    }
                }
            }
        }
    }

    /// Whether a record that consists of these fields would become an empty
    /// line. Readers skip empty lines, so the following rows would move up.
    fn becomes_empty(&self, actions: &[Action], fields: &[Field]) -> bool {
        let mut kept =
            fields.iter().enumerate().filter(|(place, _)| actions.get(*place) != Some(&Action::Drop));
        match (kept.next(), kept.next()) {
            (None, _) => true,
            (Some((place, field)), None) => {
                !field.quoted
                    && match actions.get(place) {
                        Some(Action::Set(value)) => value.bare.is_empty(),
                        _ => field.content().is_empty(),
                    }
            }
            _ => false,
        }
    }
}

/// Decodes doubled quotes.
pub(crate) fn decode(content: &[u8], quote: Option<u8>, out: &mut Vec<u8>) {
    out.clear();
    let mut rest = content;
    if let Some(quote) = quote {
        while let Some(at) = memchr::memchr(quote, rest) {
            out.extend_from_slice(&rest[..=at]);
            rest = rest.get(at + 2..).unwrap_or_default();
        }
    }
    out.extend_from_slice(rest);
}
