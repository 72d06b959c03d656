//! Errors whose text does not say which file they are about.

use std::path::Path;

use runner_pipeline::error::{Error, Kind};
use runner_pipeline::escape::shown;

/// Whether an error is about a file, but neither its text nor its causes name
/// one, so that the name must be added: a plugin, and the code that looks for
/// records, do not know it.
pub(super) fn is_unnamed(file: &Path, error: &Error) -> bool {
    match error.kind() {
        // Whatever word of a plugin's message looks like the name of the file.
        Kind::Plugin => return true,
        // A plugin that refuses its parameters, or the file.
        Kind::Usage if error.words().is_some() => return true,
        // A request to stop is not about the file.
        Kind::Interrupted => return false,
        _ => {}
    }
    let mut texts = std::iter::once(error.to_string()).chain(error.causes().map(ToString::to_string));
    // Most errors contain an absolute path: of the file, of one that belongs to
    // it, or of the output that they are about.
    let given = shown(file).to_string();
    !texts.any(|text| text.contains('/') || has_word(&text, &given))
}

/// Whether a text contains a name that is not a part of a longer word.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !name.is_empty() && !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unnamed(kind: Kind, what: &str) -> bool {
        is_unnamed(Path::new("f.txt"), &Error::new(kind, what))
    }

    #[test]
    fn a_name_is_added_where_there_is_none() {
        assert!(unnamed(Kind::Io, "the record at offset 0 is longer than the limit"));
        assert!(unnamed(Kind::Internal, "a worker thread has panicked"));
        assert!(unnamed(Kind::Io, "there are other names such as f.txt-old and of.txt"));
        assert!(unnamed(Kind::Plugin, "the plugin does not like f.txt"));
        assert!(unnamed(Kind::Usage, "the edit at offset 1 changes the length"));
        let said = Error::new(Kind::Usage, "plugin `magic` failed").said("f.txt is no file of magic");
        assert!(is_unnamed(Path::new("f.txt"), &said));
    }

    #[test]
    fn a_name_is_not_repeated() {
        for what in [
            "cannot open f.txt",
            "f.txt has a different BLAKE3 root",
            "cannot open /directory/f.txt",
            "cannot create /directory/f.txt.runner-new",
            "/directory/out has a name that is reserved",
        ] {
            assert!(!unnamed(Kind::Io, what), "{what}");
        }
        let within = Error::new(Kind::Io, "cannot open f.txt").within("nothing was written");
        assert!(!is_unnamed(Path::new("f.txt"), &within));
        assert!(!unnamed(Kind::Interrupted, "interrupted"));
    }
}
