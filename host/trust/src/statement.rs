//! What a signature says: that these bytes are this plugin.
//!
//! A signature over bytes alone could be shown for another name or version: whoever
//! serves an old, signed version under a new number would pass. So the signed text
//! names the identity and the digest, and all of it must match.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

use crate::id::Id;

/// The first word of the text, so that a signature made for something else is not
/// taken for one over a plugin.
const PURPOSE: &str = "runner-plugin";

/// The same for lists and statements.
const TEXT_PURPOSE: &str = "runner-text";

/// The text that is signed together with a plugin.
#[must_use]
pub fn text(id: &Id, digest: &blake3::Hash) -> String {
    format!("{PURPOSE} id={}:{} version={} blake3={digest}", id.namespace, id.name, id.version)
}

/// The same with a line end: what is signed in the format of OpenSSH, whose program
/// reads it from a file or a pipe.
#[must_use]
pub fn line(id: &Id, digest: &blake3::Hash) -> String {
    text(id, digest) + "\n"
}

/// The text that is signed together with a list or a statement.
#[must_use]
pub fn of_text(text: &str) -> String {
    format!("{TEXT_PURPOSE} blake3={}", blake3::hash(text.as_bytes()))
}

/// Whether a comment says that its signature is for another list or statement.
#[must_use]
pub fn is_for_other_text(comment: &str, text: &str) -> bool {
    comment.starts_with(TEXT_PURPOSE) && comment != of_text(text)
}

/// Compares a signed text with what it must say.
///
/// # Errors
/// [`Kind::Refused`], with the first field that differs.
pub fn check(found: &str, id: &Id, digest: &blake3::Hash) -> Result<()> {
    let expected = text(id, digest);
    if found == expected {
        return Ok(());
    }
    let (mut has, mut wants) = (found.split(' '), expected.split(' '));
    let why = loop {
        match (has.next(), wants.next()) {
            (Some(has), Some(wants)) if has == wants => {}
            (Some(has), Some(wants)) => {
                break format!("it says `{}`, and this plugin has `{wants}`", shown(has));
            }
            (None, Some(wants)) => break format!("it does not say `{wants}`"),
            (Some(more), None) => break format!("it also says `{}`", shown(more)),
            (None, None) => break "it has other blanks".to_owned(),
        }
    };
    Err(Error::new(Kind::Refused, "the signature is for another plugin").because(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_counts() {
        let id: Id = "acme:redact@1.2.0".parse().unwrap();
        let digest = blake3::hash(b"plugin");
        let own = text(&id, &digest);
        check(&own, &id, &digest).unwrap();
        let refused =
            |found: &str| check(found, &id, &digest).unwrap_err().causes().next().unwrap().to_string();
        assert!(refused(&own.replace("acme:redact", "acme:other")).contains("it says `id=acme:other`"));
        assert!(refused(&own.replace("1.2.0", "1.1.0")).contains("it says `version=1.1.0`"));
        assert!(refused(&text(&id, &blake3::hash(b"other"))).contains("it says `blake3="));
        assert!(refused("timestamp:1 file:x").contains("it says `timestamp:1`"));
        assert!(refused(&format!("{own} more")).contains("it also says `more`"));
        assert!(refused(own.rsplit_once(' ').unwrap().0).contains("it does not say `blake3="));
        assert!(refused("").contains("it says ``"));
    }
}
