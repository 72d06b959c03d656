//! Which plugin is meant: by the lock file of the project, and what is installed.

use runner_pipeline::error::{Error, Kind, Result};
use runner_trust::id::Request;

use crate::index::{Index, Installed};
use crate::lock_file::{LockFile, NAME};
use crate::locked::Locked;

/// Whether something counts that no lock file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    /// What the lock file names is taken from there, and everything else from what
    /// is installed.
    Usual,
    /// Only what the lock file names.
    Strict,
}

/// Finds the plugin that is asked for. Without a version, and if the lock file does
/// not say which, it is the highest that is installed.
///
/// # Errors
/// [`Kind::Refused`] if it is not installed, or not as the lock file says; under
/// [`Locking::Strict`], if that does not name it.
pub fn resolve<'i>(
    request: &Request,
    index: &'i Index,
    lock: Option<&LockFile>,
    locking: Locking,
) -> Result<&'i Installed> {
    match lock.and_then(|lock| lock.get(request)) {
        Some(locked) => of_lock(request, index, locked),
        None if locking == Locking::Strict => {
            Err(Error::new(Kind::Refused, format!("no {NAME} here names the plugin {request}"))
                .hint(format!("`runner plugin lock {request}` writes it there, if it is installed"))
                .hint(format!("{NAME} is looked for in the current folder")))
        }
        None => highest(request, index),
    }
}

/// The highest installed version that is asked for.
///
/// # Errors
/// [`Kind::Refused`] if there is none.
pub fn highest<'i>(request: &Request, index: &'i Index) -> Result<&'i Installed> {
    let asked = index.plugins().iter().filter(|plugin| request.is_for(&plugin.id));
    asked.max_by(|one, two| one.id.version.cmp(&two.id.version)).ok_or_else(|| {
        let others: Vec<_> =
            index.plugins().iter().filter(|plugin| request.is_for_package(&plugin.id)).collect();
        let error = Error::new(Kind::Refused, format!("the plugin {request} is not installed"));
        match others[..] {
            [] => error
                .hint("`runner plugin list` shows what is; `runner plugin install FILE` installs a plugin"),
            _ => {
                let others: Vec<_> = others.iter().map(|plugin| plugin.id.version.to_string()).collect();
                error.hint(format!("installed versions: {}", others.join(", ")))
            }
        }
    })
}

/// What the lock file names, if it is installed as it is there.
fn of_lock<'i>(request: &Request, index: &'i Index, locked: &Locked) -> Result<&'i Installed> {
    if !request.is_for(&locked.id) {
        let what = format!("{NAME} demands {}, and {request} is asked for", locked.id);
        return Err(Error::new(Kind::Refused, what)
            .hint(format!("`runner plugin lock {request}` changes it, if this version is installed")));
    }
    let Some(found) = index.get(&locked.id) else {
        let what = format!("the plugin {}, which {NAME} demands, is not installed", locked.id);
        return Err(Error::new(Kind::Refused, what)
            .because(format!("its digest is {}", locked.blake3))
            .hint(get_it(locked)));
    };
    match locked.difference(found) {
        None => Ok(found),
        Some(why) => Err(not_locked(locked, why)),
    }
}

/// The error for an installed plugin that is not what the lock file says.
#[must_use]
pub fn not_locked(locked: &Locked, why: String) -> Error {
    let id = &locked.id;
    Error::new(Kind::Refused, format!("the plugin {id} is not the one that {NAME} demands"))
        .because(why)
        .hint(get_it(locked))
        .hint(format!(
            "if {NAME} is wrong, take it from the project again; `runner plugin lock {id}` would take what is \
             installed here, whatever that is"
        ))
}

/// How to get what the lock file names.
fn get_it(locked: &Locked) -> String {
    match &locked.source {
        Some(_) => format!("`runner plugin install --locked` installs what {NAME} names, and nothing else"),
        None => format!(
            "`runner plugin install --locked FILE` installs what {NAME} names, and nothing else; it does not \
             say where the file is"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plugin;

    fn index() -> Index {
        let mut index = Index::default();
        for id in ["a:x@1.9.0", "a:x@1.10.0", "a:y@1.0.0"] {
            index.put(plugin(id, id.as_bytes())).unwrap();
        }
        index
    }

    fn lock(id: &str, content: &[u8]) -> LockFile {
        let mut lock = LockFile::default();
        lock.put(Locked::new(&plugin(id, content), content, &[]));
        lock
    }

    fn found(request: &str, lock: Option<&LockFile>, locking: Locking) -> Result<String, String> {
        let (index, request) = (index(), request.parse().unwrap());
        match resolve(&request, &index, lock, locking) {
            Ok(plugin) => Ok(plugin.id.to_string()),
            Err(error) => {
                assert_eq!(error.kind(), Kind::Refused);
                Err(error.to_string())
            }
        }
    }

    #[test]
    fn the_lock_file_comes_first() {
        use Locking::{Strict, Usual};
        let nine = lock("a:x@1.9.0", b"a:x@1.9.0");
        assert_eq!(found("a:x", None, Usual).unwrap(), "a:x@1.10.0");
        assert_eq!(found("a:x@1.9.0", None, Usual).unwrap(), "a:x@1.9.0");
        assert_eq!(found("a:x", Some(&nine), Usual).unwrap(), "a:x@1.9.0");
        assert_eq!(found("a:x", Some(&nine), Strict).unwrap(), "a:x@1.9.0");
        assert_eq!(found("a:y", Some(&nine), Usual).unwrap(), "a:y@1.0.0");
        let error = |request, lock, locking| found(request, lock, locking).unwrap_err();
        assert!(error("a:y", Some(&nine), Strict).contains("names the plugin a:y"));
        assert!(error("a:y", None, Strict).contains("names the plugin a:y"));
        assert!(error("a:x@1.10.0", Some(&nine), Usual).contains("demands a:x@1.9.0"));
        assert!(error("a:z", None, Usual).contains("a:z is not installed"));
        assert!(error("a:x@3.0.0", None, Usual).contains("a:x@3.0.0 is not installed"));
        let other = lock("a:x@1.9.0", b"other");
        assert!(error("a:x", Some(&other), Usual).contains("is not the one that runner.lock demands"));
        let gone = lock("a:x@1.8.0", b"");
        assert!(error("a:x", Some(&gone), Usual).contains("which runner.lock demands, is not installed"));
    }

    #[test]
    fn the_signer_of_a_lock_file_counts() {
        let mut nine = lock("a:x@1.9.0", b"a:x@1.9.0");
        let mut signed = nine.plugins()[0].clone();
        signed.signer = Some("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".parse().unwrap());
        nine.put(signed);
        let error = found("a:x", Some(&nine), Locking::Usual).unwrap_err();
        assert!(error.contains("is not the one that runner.lock demands"));
    }
}
