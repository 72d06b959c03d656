//! The kinds of files that are signed. Each says first what it is, so that nothing else
//! that was signed passes for it.

use std::path::Path;

use runner_pipeline::error::Result;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::text::{self, wrong};

/// The `kind` of a list of revoked plugins.
pub const REVOCATIONS: &str = "runner-revocations";
/// The `kind` of a list of audits.
pub const AUDITS: &str = "runner-audits";
/// The `kind` of a statement that one key follows another one.
pub const ROTATION: &str = "runner-rotation";

/// The form of all of them.
pub(crate) const FORM: u32 = 1;

/// Each kind, what it is, and the command that takes it.
const ALL: [(&str, &str, &str); 3] = [
    (REVOCATIONS, "list of revoked plugins", "trust revoke"),
    (AUDITS, "list of audits", "trust import"),
    (ROTATION, "statement of a new key", "trust rotate"),
];

/// How such a file begins.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    form: u32,
}

/// Reads the content of a file of one of these kinds.
///
/// # Errors
/// [`Kind::Usage`](runner_pipeline::error::Kind), with the path, if it is not of this kind
/// or form; one of another kind comes with the command that takes it.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8], path: &Path, kind: &str) -> Result<T> {
    let head: Head = text::parse(bytes, path)?;
    if (head.kind.as_str(), head.form) == (kind, FORM) {
        return text::parse(bytes, path);
    }
    let known = |kind: &str| ALL.into_iter().find(|(known, ..)| *known == kind);
    let what = known(kind).map_or("such file", |(_, what, _)| what);
    let error =
        wrong(path, None, &format!("it is no {what}, which begins with `kind = \"{kind}\"` and `form = 1`"));
    Err(match known(&head.kind).filter(|_| head.kind != kind) {
        Some((_, what, command)) => error.hint(format!("it is a {what}: `runner {command} FILE` takes it")),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audits::Audits;
    use crate::revocation::List;
    use crate::rotation::Statement;

    #[test]
    fn a_file_of_another_kind_is_named() {
        let path = Path::new("list");
        let span = ("2026-11-01T00:00:00Z".parse().unwrap(), "2026-12-01T00:00:00Z".parse().unwrap());
        let (list, audits) = (List::new("a", span).to_text(), Audits::new("a", span).to_text());
        let said = [
            List::parse(audits.as_bytes(), path).unwrap_err(),
            Audits::parse(list.as_bytes(), path).unwrap_err(),
            Statement::parse(list.as_bytes(), path).unwrap_err(),
        ];
        let hints: Vec<_> = said.iter().map(|error| error.hints()[0].to_string()).collect();
        assert_eq!(hints[0], "it is a list of audits: `runner trust import FILE` takes it");
        assert_eq!(hints[1], "it is a list of revoked plugins: `runner trust revoke FILE` takes it");
        assert_eq!(hints[2], hints[1]);
        // Another form, and what is none of them.
        for text in [list.replace("form = 1", "form = 2"), "x = 1".to_owned()] {
            let error = List::parse(text.as_bytes(), path).unwrap_err();
            assert!(error.hints().is_empty());
            assert!(
                error.causes().next().unwrap().to_string().starts_with("it is no list of revoked plugins")
            );
        }
    }
}
