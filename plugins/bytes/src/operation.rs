//! One operation, as it is written.

use crate::number::{Place, hex, number};
use crate::words::{Word, words};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Replaces bytes by as many.
    Overwrite,
    /// Adds bytes before those at an offset.
    Insert,
    /// Removes bytes.
    Delete,
    /// Adds bytes at the end.
    Append,
    /// Sets the size.
    Truncate,
}

/// New bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// These.
    Bytes(Vec<u8>),
    /// One byte, many times.
    Fill {
        /// The byte.
        byte: u8,
        /// How many.
        length: u64,
    },
}

impl Payload {
    /// How many bytes these are.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Fill { length, .. } => *length,
        }
    }

    /// Adds the bytes of a range of the payload to a buffer.
    pub fn write(&self, start: u64, end: u64, to: &mut Vec<u8>) {
        match self {
            Self::Bytes(bytes) => to.extend_from_slice(&bytes[start as usize..end as usize]),
            Self::Fill { byte, .. } => to.resize(to.len() + (end - start) as usize, *byte),
        }
    }
}

/// An operation whose places are not yet offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// What it does.
    pub verb: Verb,
    /// Where: the offset, or the new size.
    pub place: Place,
    /// The new bytes; none for those that only remove.
    pub new: Payload,
    /// How many bytes are removed by [`Verb::Delete`].
    pub length: u64,
    /// What the file must hold there.
    pub expect: Option<Vec<u8>>,
}

/// What the words of an operation say.
#[derive(Default)]
struct Parts {
    at: Option<Place>,
    size: Option<Place>,
    length: Option<u64>,
    new: Option<Vec<u8>>,
    fill: Option<u8>,
    expect: Option<Vec<u8>>,
}

impl Operation {
    /// Reads an operation. Its word `data` takes the next one of `data`.
    ///
    /// # Errors
    /// What is wrong with it, without quoting its values.
    pub fn read<'d>(line: &str, data: &mut impl Iterator<Item = &'d [u8]>) -> Result<Self, String> {
        let words = words(line)?;
        let (verb, words) = words.split_first().ok_or("it is empty")?;
        let kind = match (verb.name.as_str(), &verb.value) {
            ("overwrite", None) => Verb::Overwrite,
            ("insert", None) => Verb::Insert,
            ("delete", None) => Verb::Delete,
            ("append", None) => Verb::Append,
            ("truncate", None) => Verb::Truncate,
            _ => {
                return Err(
                    "its first word must be `overwrite`, `insert`, `delete`, `append` or `truncate`".into()
                );
            }
        };
        let mut parts = Parts::default();
        for word in words {
            parts.read(word, data)?;
        }
        parts.operation(kind, &verb.name)
    }
}

impl Parts {
    fn read<'d>(&mut self, word: &Word, data: &mut impl Iterator<Item = &'d [u8]>) -> Result<(), String> {
        let name = word.name.as_str();
        if name == "data" {
            if word.value.is_some() {
                return Err("`data` takes no value: the bytes are in the parameter `data`".into());
            }
            let bytes = data
                .next()
                .ok_or("there is no parameter `data` left for it; give one for each word `data`")?;
            return set(&mut self.new, bytes.to_vec(), "new bytes");
        }
        let value = word.value.as_deref().ok_or_else(|| format!("`{name}` must have a value: `{name}=...`"));
        let value = match name {
            "at" | "size" | "length" | "hex" | "text" | "fill" | "expect" | "expect-hex" => value?,
            _ => {
                return Err(format!(
                    "`{name}` is not one of `at`, `size`, `length`, `hex`, `text`, `data`, `fill`, `expect` and \
                     `expect-hex`"
                ));
            }
        };
        let in_name = |what: String| format!("`{name}`: {what}");
        match name {
            "at" => set(&mut self.at, Place::read(value).map_err(in_name)?, "`at`"),
            "size" => set(&mut self.size, Place::read(value).map_err(in_name)?, "`size`"),
            "length" => set(&mut self.length, number(value).map_err(in_name)?, "`length`"),
            // A variable of a script that is not set.
            "hex" | "text" if value.is_empty() => Err(format!("`{name}` has no bytes")),
            "hex" => set(&mut self.new, hex(value).map_err(in_name)?, "new bytes"),
            "text" => set(&mut self.new, value.to_vec(), "new bytes"),
            "expect" => set(&mut self.expect, value.to_vec(), "expected bytes"),
            "expect-hex" => set(&mut self.expect, hex(value).map_err(in_name)?, "expected bytes"),
            _ => match hex(value).map_err(in_name)?[..] {
                [byte] => set(&mut self.fill, byte, "`fill`"),
                _ => Err("`fill` must be one byte in two hexadecimal digits".into()),
            },
        }
    }

    fn operation(self, verb: Verb, name: &str) -> Result<Operation, String> {
        let Self { at, size, length, new, fill, expect } = self;
        if expect.as_ref().is_some_and(Vec::is_empty) {
            return Err("it expects no bytes".into());
        }
        let place = match verb {
            Verb::Append => none(at, "at", name).and(none(size, "size", name)).map(|()| Place::End(0))?,
            Verb::Truncate => {
                none(at, "at", name)?;
                size.ok_or("`truncate` needs `size=`, the new size")?
            }
            _ => {
                none(size, "size", name)?;
                at.ok_or_else(|| format!("`{name}` needs `at=`, the offset"))?
            }
        };
        let removes = matches!(verb, Verb::Delete | Verb::Truncate);
        if removes && (new.is_some() || fill.is_some()) {
            return Err(format!("`{name}` takes no new bytes"));
        }
        let new = match (new, fill, length) {
            (Some(_), Some(_), _) => return Err("it has new bytes and `fill`; give one of them".into()),
            (Some(_), None, Some(_)) => {
                return Err("`length` goes with `fill` and `delete`; the new bytes have a length".into());
            }
            (Some(bytes), None, None) => Payload::Bytes(bytes),
            (None, Some(byte), Some(length)) => Payload::Fill { byte, length },
            (None, Some(_), None) => return Err("`fill` needs `length=`".into()),
            (None, None, _) if removes => Payload::Bytes(Vec::new()),
            (None, None, _) => {
                return Err(format!("`{name}` needs new bytes: `hex=`, `text=`, `data` or `fill=`"));
            }
        };
        let length = match verb {
            Verb::Delete => length
                .or(expect.as_ref().map(|bytes| bytes.len() as u64))
                .ok_or("`delete` needs `length=`; to delete up to the end, use `truncate size=`")?,
            Verb::Truncate => none(length, "length", name).map(|()| 0)?,
            _ => 0,
        };
        if verb == Verb::Delete && length == 0 {
            return Err("it deletes no bytes".into());
        }
        Ok(Operation { verb, place, new, length, expect })
    }
}

/// Sets what may be given once.
fn set<T>(part: &mut Option<T>, value: T, what: &str) -> Result<(), String> {
    match part.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{what}: given twice")),
    }
}

/// Refuses what an operation does not take.
fn none<T>(part: Option<T>, what: &str, verb: &str) -> Result<(), String> {
    match part {
        None => Ok(()),
        Some(_) => Err(format!("`{verb}` does not take `{what}`")),
    }
}
