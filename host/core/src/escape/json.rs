//! Formats events as JSON, for programs and terminals.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::{is_hidden, shown};

/// An event as one line, with a line end. Control characters, and characters
/// that reorder or hide text, become JSON's own escapes, so nothing is lost and
/// a terminal executes nothing.
#[must_use]
pub fn json_line(event: &Value) -> String {
    let text = event.to_string();
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c.is_control() || is_hidden(c) {
            // The character is inside a string: outside strings, JSON is plain
            // ASCII.
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

/// Adds the name of a file to an event: unchanged under `key` if it is UTF-8;
/// otherwise with escapes such as `\xff`, and in hex under `key_hex`.
#[must_use]
pub fn with_name(mut event: Value, key: &str, path: &Path) -> Value {
    use super::Raw;
    match path.to_str() {
        Some(name) => event[key] = name.into(),
        None => {
            event[key] = shown(path).to_string().into();
            let hex: String = path.raw().iter().map(|byte| format!("{byte:02x}")).collect();
            event[format!("{key}_hex")] = hex.into();
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_lost_and_nothing_is_obeyed() {
        let text = "a\u{9b}2J\n\u{202e}\u{e0041}\x7fé";
        let line = json_line(&json!({ "event": text }));
        assert_eq!(line, "{\"event\":\"a\\u009b2J\\n\\u202e\\udb40\\udc41\\u007fé\"}\n");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["event"], text);
    }

    #[test]
    fn names_that_are_no_text_are_whole_in_hex() {
        let name = Path::new(OsStr::from_bytes(b"a\xff"));
        let event = with_name(json!({ "event": "x" }), "file", name);
        assert_eq!(event, json!({ "event": "x", "file": "a\\xff", "file_hex": "61ff" }));
        let event = with_name(json!({ "event": "x" }), "file", Path::new("é\n"));
        assert_eq!(event, json!({ "event": "x", "file": "é\n" }));
    }
}
