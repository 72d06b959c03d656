//! JSON from others, of which no two programs can have two opinions: a name that is
//! there twice is an error.

use std::collections::HashSet;
use std::fmt;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Maximum depth of objects and lists.
const DEPTH: usize = 16;
/// Maximum number of characters of a reason.
const WHY_CHARS: usize = 200;

/// Reads one JSON value.
///
/// # Errors
/// [`Kind::Refused`] if it is none, is nested too deeply, or an object has a name
/// twice.
pub(crate) fn read(bytes: &[u8]) -> Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let checked = Strict { depth: DEPTH }.deserialize(&mut reader).and_then(|()| reader.end());
    // The parser's own numbers do not depend on how it was built.
    checked.and_then(|()| serde_json::from_slice(bytes)).map_err(|error| wrong(&error.to_string()))
}

/// The error for what is not as it must be.
pub(crate) fn wrong(why: &str) -> Error {
    Error::new(Kind::Refused, "the attestation is not of its form").because(escape(why, WHY_CHARS))
}

#[derive(Clone, Copy)]
struct Strict {
    /// How much deeper it may go.
    depth: usize,
}

impl Strict {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        depth.map(|depth| Self { depth }).ok_or_else(|| E::custom("it is nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        while list.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let (inside, mut names) = (self.inside()?, HashSet::new());
        while let Some(name) = object.next_key::<String>()? {
            object.next_value_seed(inside)?;
            if !names.insert(name) {
                return Err(A::Error::custom("a name is there twice"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Map;

    use super::*;

    fn why(text: &str) -> String {
        let error = read(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        error.causes().next().unwrap().to_string()
    }

    #[test]
    fn what_has_two_meanings_is_refused() {
        assert!(why(r#"{"a":1,"b":{"c":1,"c":1}}"#).contains("twice"));
        assert!(why("{\"a\":1,\"\\u0061\":2}").contains("twice"));
        assert!(why("{} {}").contains("trailing"));
        assert!(why("").contains("EOF"));
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(why(&nested(DEPTH + 1)).contains("too deeply"));
        assert!(why(&nested(100_000)).contains("too deeply"));
        read(nested(DEPTH).as_bytes()).unwrap();
    }

    proptest! {
        /// Where no name is there twice, it reads what serde_json reads.
        #[test]
        fn the_rest_is_read_as_by_others(names in prop::collection::btree_set("[a-c]{0,2}", 0..4), number: i32) {
            let object: Map<String, Value> = names.into_iter().map(|name| (name, number.into())).collect();
            let value = Value::Array(vec![object.into(), Value::Null, true.into(), 0.5.into(), "x".into()]);
            prop_assert_eq!(read(value.to_string().as_bytes()).unwrap(), value);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }
    }
}
