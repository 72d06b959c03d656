//! The host's checks of the user's parameters before `begin`.

use crate::{Manifest, ParamKind, ParamSpec, Params, Value};

/// Checks parameters against the manifest and adds defaults. A value is the
/// text that a user writes; a value from a file is not read from one here, but
/// passed as it is.
pub(super) fn check(manifest: &Manifest, given: &[(&str, &str)]) -> Result<Params, String> {
    for (at, (name, value)) in given.iter().enumerate() {
        let spec = manifest.params.iter().find(|spec| spec.name == *name);
        let spec = spec.ok_or_else(|| format!("the plugin has no parameter `{name}`"))?;
        if !spec.repeats && given[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(format!("the parameter `{name}` was given twice"));
        }
        convert(spec, value)?;
    }
    let mut values = Vec::new();
    for spec in &manifest.params {
        let mut of_name =
            given.iter().filter(|(name, _)| *name == spec.name).map(|(_, value)| *value).peekable();
        if of_name.peek().is_none() && spec.default.is_none() && spec.required {
            return Err(format!("the parameter `{}` is missing", spec.name));
        }
        let default = if of_name.peek().is_none() { spec.default.as_deref() } else { None };
        for value in of_name.chain(default) {
            values.push((spec.name.clone(), convert(spec, value)?));
        }
    }
    Ok(values.into_iter().collect())
}

fn convert(spec: &ParamSpec, text: &str) -> Result<Value, String> {
    let value = match spec.kind {
        ParamKind::Text | ParamKind::Secret => Some(Value::Text(text.to_owned())),
        ParamKind::Integer => text.parse().ok().map(Value::Integer),
        ParamKind::Boolean => text.parse().ok().map(Value::Boolean),
        ParamKind::Bytes => unescape(text).map(Value::Bytes),
        ParamKind::Choice => {
            spec.choices.iter().any(|word| word == text).then(|| Value::Text(text.to_owned()))
        }
    };
    let form = || match spec.kind {
        ParamKind::Choice => format!("one of `{}`", spec.choices.join("`, `")),
        kind => format!("of the kind {kind:?}"),
    };
    value.ok_or_else(|| format!("the parameter `{}` must be {}, not `{text}`", spec.name, form()))
}

/// The bytes that a text with escapes stands for.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match letters.next()? {
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            '0' => bytes.push(0),
            '\\' => bytes.push(b'\\'),
            'x' => {
                let digits = [letters.next()?.to_digit(16)?, letters.next()?.to_digit(16)?];
                bytes.push((digits[0] * 16 + digits[1]) as u8);
            }
            'u' => {
                if letters.next()? != '{' {
                    return None;
                }
                let digits: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
                let letter = char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?;
                bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
    }
    Some(bytes)
}
