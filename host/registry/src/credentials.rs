//! Logins, as Docker and others keep them: a file `config.json`, or a program that
//! it names. Nothing of a login is ever shown or stored.

use std::env;
use std::fmt;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, shown};
use runner_pipeline::storage::read_small;
use serde::{Deserialize, Serialize};

use crate::origin::Origin;

/// The greatest size of the file, in bytes.
const CONFIG_BYTES: u64 = 1 << 20;
/// Under which name the login of Docker Hub is kept.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// What helpers answer that have no login for a server.
const NOT_FOUND: &str = "credentials not found";

/// A login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl Credentials {
    /// The login for a registry, of the file in `$DOCKER_CONFIG` or `~/.docker`, or
    /// of the program that the file names for it. `None` if there is none.
    ///
    /// # Errors
    /// [`Kind::Usage`] if the file cannot be used, or the program fails;
    /// [`Kind::Interrupted`] if it takes longer than `limit`. No error holds anything
    /// that a program has written.
    pub fn of(registry: &Origin, limit: Duration) -> Result<Option<Self>> {
        let registry = registry.clone();
        let (send, receive) = mpsc::channel();
        // The program cannot be ended from here, so it is left alone when it is too slow.
        std::thread::spawn(move || send.send(Self::find(&registry)));
        receive.recv_timeout(limit).unwrap_or_else(|_| {
            let limit = limit.as_secs();
            Err(Error::new(Kind::Interrupted, format!("no login was found within {limit} s"))
                .hint("the program that keeps logins, which config.json of docker names, has not answered"))
        })
    }

    fn find(registry: &Origin) -> Result<Option<Self>> {
        let Some(path) = path().filter(|path| path.exists()) else { return Ok(None) };
        let config = read_small(&path, CONFIG_BYTES)?;
        let names = match registry.host() {
            "docker.io" | "index.docker.io" | "registry-1.docker.io" => vec![DOCKER_HUB.to_owned()],
            _ => vec![registry.to_string(), format!("https://{registry}")],
        };
        for name in names {
            if let Some(found) = named(&config, &name, &path)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// The file with logins.
fn path() -> Option<PathBuf> {
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".docker"));
    let folder = env::var_os("DOCKER_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    Some(folder.or_else(home)?.join("config.json"))
}

fn named(config: &[u8], name: &str, path: &Path) -> Result<Option<Credentials>> {
    let cannot = |why: String| {
        Error::new(Kind::Usage, format!("cannot get the login for {name}"))
            .because(why)
            .hint(format!("{} says where it is", path.shown()))
    };
    match get_credential_from_reader(Cursor::new(config), name) {
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Some(Credentials { user, password })),
        Ok(DockerCredential::IdentityToken(_)) => {
            Err(cannot("it is an identity token, which this program cannot use".to_owned()))
        }
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
            if stdout.contains(NOT_FOUND) || stderr.contains(NOT_FOUND) =>
        {
            Ok(None)
        }
        // Helpers write secrets: nothing of their output is passed on.
        Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
            let helper = helper.strip_prefix("docker-credential-").unwrap_or(&helper);
            Err(cannot(format!("the program docker-credential-{} has failed", shown(helper))))
        }
        Err(error) => Err(cannot(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_read_and_never_shown() {
        let of = |config: &str, name: &str| named(config.as_bytes(), name, Path::new("config.json"));
        // "user:secret"
        let config = r#"{"auths": {"a:1": {"auth": "dXNlcjpzZWNyZXQ="}, "b": {"auth": "secret"}}}"#;
        let found = of(config, "a:1").unwrap().unwrap();
        assert_eq!((found.user.as_str(), found.password.as_str()), ("user", "secret"));
        assert_eq!(format!("{found:?}"), "Credentials(..)");
        assert!(of(config, "c").unwrap().is_none());
        for config in [config, r#"{"credHelpers": {"b": "missing-secret"}}"#, "{", r#"{"credsStore": 1}"#] {
            let error = of(config, "b").unwrap_err();
            assert_eq!(error.kind(), Kind::Usage);
        }
        let token = r#"{"auths": {"b": {"identitytoken": "secret"}}}"#;
        assert!(!format!("{:?}", of(token, "b").unwrap_err()).contains("secret\""));
    }
}
