//! An authority of our own, which issues a certificate for servers on this machine.

use std::path::{Path, PathBuf};

use crate::{Ran, Scratch, program};

/// The names in the certificate.
const NAMES: &str = "subjectAltName=IP:127.0.0.1,IP:127.0.0.2,DNS:localhost\nextendedKeyUsage=serverAuth\n";

/// Certificates in a folder of their own.
pub struct Authority(Scratch);

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Issues certificates, with `openssl`.
    pub fn new() -> Self {
        let made = Self(Scratch::new());
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let ca = ["-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=authority", "-days", "2", "-x509"];
        made.openssl(&[&["req"], &key[..], &ca].concat());
        let server = ["-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"];
        made.openssl(&[&["req"], &key[..], &server].concat());
        made.0.write("names", NAMES);
        let signs =
            ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
        made.openssl(&[&["x509", "-req", "-in", "server.csr", "-out", "server.crt"], &signs[..]].concat());
        made
    }

    fn openssl(&self, args: &[&str]) {
        Ran::of(program("openssl").args(args).current_dir(self.0.dir()).output().unwrap()).ok();
    }

    /// The folder with `ca.crt`, and nothing but certificates of the authority, for
    /// programs that want one.
    pub fn folder(&self) -> PathBuf {
        let folder = self.0.path("trusted");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(self.ca(), folder.join("ca.crt")).unwrap();
        folder
    }

    /// The authority's certificate.
    pub fn ca(&self) -> PathBuf {
        self.0.path("ca.crt")
    }

    /// The server's certificate and its key.
    pub fn server(&self) -> (PathBuf, PathBuf) {
        (self.0.path("server.crt"), self.0.path("server.key"))
    }

    /// Some folder for files of servers.
    pub fn scratch(&self) -> &Path {
        self.0.dir()
    }
}
