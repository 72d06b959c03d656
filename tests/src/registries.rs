//! A registry that others have written, on this machine, with TLS and a password.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::authority::Authority;
use crate::packages::User;
use crate::{Ran, has, program};

/// How long a registry may take to start.
const START: Duration = Duration::from_secs(60);
/// `user:password`.
const LOGIN: &str = "dXNlcjpwYXNzd29yZA==";

/// A running registry. It is killed when this is dropped.
pub struct Registry {
    pub authority: Authority,
    child: Child,
    port: u16,
}

/// Programs without which there is no registry.
pub fn missing() -> Option<&'static str> {
    ["docker-registry", "htpasswd", "openssl", "skopeo"].into_iter().find(|name| !has(name))
}

impl Registry {
    /// Starts Debian's registry.
    pub fn start() -> Self {
        let authority = Authority::new();
        let folder = authority.scratch();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let passwords = program("htpasswd").args(["-Bbn", "user", "password"]).output().unwrap();
        fs::write(folder.join("passwords"), Ran::of(passwords).ok().stdout).unwrap();
        let (certificate, key) = authority.server();
        let config = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    \
             enabled: true\nhttp:\n  addr: 127.0.0.1:{port}\n  tls:\n    certificate: {}\n    key: {}\nauth:\n  \
             htpasswd:\n    realm: test\n    path: {}\n",
            folder.join("data").display(),
            certificate.display(),
            key.display(),
            folder.join("passwords").display(),
        );
        fs::write(folder.join("config.yml"), config).unwrap();
        let mut child = program("docker-registry")
            .args(["serve", "config.yml"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                child.try_wait().unwrap().is_none() && began.elapsed() < START,
                "the registry has not started"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { authority, child, port }
    }

    /// Its name in references.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Lets a user trust it and log in.
    pub fn known_to(&self, user: &User) {
        fs::copy(self.authority.ca(), user.scratch.path("ca.crt")).unwrap();
        user.log_in(&self.host(), LOGIN);
    }

    /// A file of the registry, by its path in `/docker/registry/v2`.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.authority.scratch().join("data/docker/registry/v2").join(name)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl User {
    /// Writes a login, as Docker keeps it: `NAME:PASSWORD` in base64.
    pub fn log_in(&self, host: &str, login: &str) {
        fs::create_dir_all(self.scratch.path("docker")).unwrap();
        let config = format!("{{\"auths\": {{\"{host}\": {{\"auth\": \"{login}\"}}}}}}");
        self.scratch.write("docker/config.json", config);
    }

    /// Where programs are: those that give logins are beside the login.
    fn programs(&self) -> Vec<std::path::PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        [self.scratch.path("docker")].into_iter().chain(std::env::split_paths(&path)).collect()
    }

    /// Runs `runner plugin` with the network of this user: their login, and their
    /// authority.
    pub fn online(&self, args: &[&str]) -> Ran {
        Ran::of(self.online_command(args).output().unwrap())
    }

    /// The command that [`User::online`] runs.
    pub fn online_command(&self, args: &[&str]) -> Command {
        let mut command = self.command();
        command
            .env("XDG_RUNTIME_DIR", self.scratch.path("runtime"))
            .env("HOME", self.scratch.path("home"))
            .env("DOCKER_CONFIG", self.scratch.path("docker"))
            .env("RUNNER_CONFIG_DIR", self.scratch.path("config"))
            .env("SSL_CERT_FILE", self.scratch.path("ca.crt"))
            .env("PATH", std::env::join_paths(self.programs()).unwrap());
        command.arg("plugin").args(args);
        command
    }
}
