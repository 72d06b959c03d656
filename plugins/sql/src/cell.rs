//! Writes what becomes of one value of a row.

use std::ops::Range;

use runner_plugin::Edits;

use crate::change::{Change, Shape};
use crate::fault::{Parse, fault};
use crate::lexis::Lexis;
use crate::literal::{CAPITALS, SMALL, encode_hex, encode_string};
use crate::types::Class;
use crate::value::{Value, Written};
use crate::view::Quotes;

/// Buffers for a value, reused to save allocations.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(crate) old: Vec<u8>,
    pub(crate) new: Vec<u8>,
}

/// Adds the edit of a value in an `INSERT`. Returns whether there is one.
pub(crate) fn change_value(
    change: &Change,
    (value, group): (&Value, &[u8]),
    (bytes, lexis): (&[u8], &Lexis),
    buffers: &mut Buffers,
    edits: &mut Edits,
) -> Parse<bool> {
    let Buffers { old, new } = buffers;
    old.clear();
    new.clear();
    let at = value.range.start;
    let is_known = match (&value.written, change.constant()) {
        (Written::Default, _) => return Ok(false),
        (Written::Null, None) => return Ok(false),
        (written, _) if change.is_null() => {
            if *written != Written::Null {
                edits.replace(value.range.clone(), b"NULL");
            }
            return Ok(*written != Written::Null);
        }
        _ => value.decode(bytes, lexis.dialect, old),
    };
    if !is_known {
        let Some(constant) = change.constant() else {
            return fault(
                at,
                change.refusal("the value is not a literal, so it cannot be read; use `set` or `null`"),
            );
        };
        write_literal(change, constant, lexis, new);
    } else {
        match change.apply(old, shape(&value.written, &change.class, lexis), group, new) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => return fault(at, error),
        }
    }
    match is_known {
        true => write(value, lexis, new, edits),
        false => edits.replace(value.range.clone(), new),
    }
    Ok(true)
}

fn shape(written: &Written, class: &Class, lexis: &Lexis) -> Shape {
    match written {
        Written::Number => Shape::Number,
        Written::Boolean => Shape::Boolean,
        Written::Bits(_) => Shape::Bits,
        Written::Hex(_) => Shape::Bytes,
        // The bits of MySQL are the bytes of the string.
        Written::Text(..) if *class == Class::Bits && lexis.is_mysql() => Shape::Bytes,
        _ => Shape::Text,
    }
}

/// Adds an edit that writes `new` in the form of the old value.
fn write(value: &Value, lexis: &Lexis, new: &[u8], edits: &mut Edits) {
    match &value.written {
        Written::Text(inner, quotes) => {
            let encode = |out: &mut Vec<u8>| encode_string(new, *quotes, lexis.dialect, out);
            edits.replace_with(inner.clone(), encode);
        }
        // `0x` alone is a name.
        Written::Hex(_) if new.is_empty() => edits.replace(value.range.clone(), b"''"),
        Written::Hex(digits) => edits.replace_with(digits.clone(), |out| encode_hex(new, CAPITALS, out)),
        Written::Bits(digits) => edits.replace(digits.clone(), new),
        Written::Dollar(_) | Written::Expression => {
            edits.replace_with(value.range.clone(), |out| quote(new, lexis, out));
        }
        _ => edits.replace(value.range.clone(), new),
    }
}

/// Appends a string.
fn quote(value: &[u8], lexis: &Lexis, out: &mut Vec<u8>) {
    out.push(b'\'');
    encode_string(value, Quotes { quote: b'\'', backslash: lexis.backslash }, lexis.dialect, out);
    out.push(b'\'');
}

/// Appends a constant where there was no literal whose form could be kept.
fn write_literal(change: &Change, constant: &[u8], lexis: &Lexis, out: &mut Vec<u8>) {
    match &change.class {
        class if class.is_number() => out.extend_from_slice(constant),
        Class::Bits => out.extend([b"b'", constant, b"'"].concat()),
        Class::Bytea => {
            out.extend(b"'\\x");
            encode_hex(constant, SMALL, out);
            out.push(b'\'');
        }
        _ => quote(constant, lexis, out),
    }
}

/// Adds the edit of a field of a `COPY`. Returns whether there is one.
pub(crate) fn change_field(
    change: &Change,
    (field, group): (Range<usize>, &[u8]),
    bytes: &[u8],
    buffers: &mut Buffers,
    edits: &mut Edits,
) -> Parse<bool> {
    let Buffers { old, new } = buffers;
    old.clear();
    new.clear();
    let text = &bytes[field.clone()];
    let is_null = text == b"\\N";
    if change.is_null() {
        if !is_null {
            edits.replace(field, b"\\N");
        }
        return Ok(!is_null);
    }
    if is_null && change.constant().is_none() {
        return Ok(false);
    }
    let decoded = match text.contains(&b'\\') {
        false => text,
        true if is_null => b"",
        true => {
            crate::copy::decode(text, old);
            &old[..]
        }
    };
    let is_changed = match (change.apply(decoded, Shape::Text, group, new), is_null) {
        (Err(error), _) => return fault(field.start, error),
        // An empty string is not NULL.
        (Ok(is_changed), is_null) => is_changed || is_null,
    };
    if is_changed {
        edits.replace_with(field, |out| crate::copy::encode(new, out));
    }
    Ok(is_changed)
}
