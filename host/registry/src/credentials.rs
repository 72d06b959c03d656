//! Logins, as Docker, podman and others keep them: a file `config.json` or `auth.json`, or a
//! program that it names. Nothing of a login is ever shown or stored.

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
pub enum Credentials {
    /// Name and password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token that the server of tokens exchanges for one that opens the registry
    /// (<https://distribution.github.io/distribution/spec/auth/oauth/>).
    Refresh(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl Credentials {
    /// The login for a repository of a registry, of the file in `$DOCKER_CONFIG` or
    /// `~/.docker`, of the files in which podman and others keep logins, or of the program
    /// that such a file names for it. `None` if there is none.
    ///
    /// # Errors
    /// [`Kind::Usage`] if the file cannot be used, or the program fails;
    /// [`Kind::Interrupted`] if it takes longer than `limit`. No error holds anything
    /// that a program has written.
    pub fn of(registry: &Origin, repository: &str, limit: Duration) -> Result<Option<Self>> {
        let (registry, repository) = (registry.clone(), repository.to_owned());
        let (send, receive) = mpsc::channel();
        // The program cannot be ended from here, so it is left alone when it is too slow.
        std::thread::spawn(move || send.send(Self::find(&registry, &repository)));
        receive.recv_timeout(limit).unwrap_or_else(|_| {
            let limit = limit.as_secs();
            Err(Error::new(Kind::Interrupted, format!("no login was found within {limit} s"))
                .hint("the program that keeps logins, which config.json of docker names, has not answered"))
        })
    }

    fn find(registry: &Origin, repository: &str) -> Result<Option<Self>> {
        for Place { path, names } in places(registry, repository) {
            if !path.exists() {
                continue;
            }
            let config = read_small(&path, CONFIG_BYTES)?;
            for name in names {
                if let Some(found) = named(&config, &name, &path)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }
}

/// A file with logins, and the names under which the wanted one may be there.
struct Place {
    path: PathBuf,
    names: Vec<String>,
}

/// The files with logins, in the order in which they count.
fn places(registry: &Origin, repository: &str) -> Vec<Place> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let podman = |path: PathBuf| Place { path, names: podman_names(registry, repository) };
    // The user has named this one for all that containers need.
    if let Some(path) = variable("REGISTRY_AUTH_FILE") {
        return vec![podman(path)];
    }
    let home = variable("HOME");
    let below_home = |folder: &str| home.as_ref().map(|home| home.join(folder));
    let docker = variable("DOCKER_CONFIG").or_else(|| below_home(".docker"));
    let docker =
        docker.map(|folder| Place { path: folder.join("config.json"), names: docker_names(registry) });
    let config = variable("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
    let folders = [variable("XDG_RUNTIME_DIR"), config];
    let others = folders.into_iter().flatten().map(|folder| podman(folder.join("containers/auth.json")));
    docker.into_iter().chain(others).collect()
}

/// Under which names Docker keeps the login for a registry.
fn docker_names(registry: &Origin) -> Vec<String> {
    match registry.host() {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => vec![DOCKER_HUB.to_owned()],
        _ => vec![registry.to_string(), format!("https://{registry}")],
    }
}

/// Under which names podman and others keep it: the longest path that a repository is below
/// comes first (`containers-auth.json(5)`).
fn podman_names(registry: &Origin, repository: &str) -> Vec<String> {
    let host = match registry.host() {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        _ => registry.to_string(),
    };
    let parts: Vec<_> = repository.split('/').collect();
    let paths = (1..=parts.len()).rev().map(|number| format!("{host}/{}", parts[..number].join("/")));
    paths.chain([host.clone()]).chain(docker_names(registry)).collect()
}

fn named(config: &[u8], name: &str, path: &Path) -> Result<Option<Credentials>> {
    let cannot = |why: String| {
        Error::new(Kind::Usage, format!("cannot get the login for {name}"))
            .because(why)
            .hint(format!("{} says where it is", path.shown()))
    };
    match get_credential_from_reader(Cursor::new(config), name) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(Some(Credentials::Password { user, password }))
        }
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credentials::Refresh(token))),
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
        let login = Credentials::Password { user: "user".to_owned(), password: "secret".to_owned() };
        assert!(found == login);
        assert_eq!(format!("{found:?}"), "Credentials(..)");
        assert!(of(config, "c").unwrap().is_none());
        for config in [config, r#"{"credHelpers": {"b": "missing-secret"}}"#, "{", r#"{"credsStore": 1}"#] {
            let error = of(config, "b").unwrap_err();
            assert_eq!(error.kind(), Kind::Usage);
        }
        let token = r#"{"auths": {"b": {"identitytoken": "secret"}}}"#;
        let found = of(token, "b").unwrap().unwrap();
        assert!(found == Credentials::Refresh("secret".to_owned()));
        assert_eq!(format!("{found:?}"), "Credentials(..)");
    }

    #[test]
    fn the_login_for_the_longest_path_comes_first() {
        let names = podman_names(&"r.example.com:5000".parse().unwrap(), "a/b");
        let expected = ["r.example.com:5000/a/b", "r.example.com:5000/a", "r.example.com:5000"];
        assert_eq!(names[..3], expected);
        assert_eq!(podman_names(&"registry-1.docker.io".parse().unwrap(), "a")[1], "docker.io");
    }
}
