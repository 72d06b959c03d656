//! A registry that answers as a test wants, by TLS, and remembers what it was asked.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::authority::Authority;
use crate::packages::User;

/// Two hosts of this machine: the registry, and another server.
const HOSTS: [&str; 2] = ["127.0.0.1", "127.0.0.2"];
/// How often something comes of what is slow.
const SLOW: Duration = Duration::from_millis(100);

/// What the registry was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which of the two hosts.
    pub host: usize,
    pub method: String,
    pub path: String,
    /// Whether a login was sent.
    pub has_login: bool,
    pub body: Vec<u8>,
}

/// What it answers.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Content,
}

#[derive(Clone, Debug)]
pub enum Content {
    Bytes(Vec<u8>),
    /// As many bytes as are said to come.
    Said(u64),
    /// It does not end.
    Endless,
    /// It does not end either, with few bytes a second.
    Slow,
}

impl Answer {
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Content::Bytes(bytes.into()) }
    }

    pub fn of(status: u16, name: &str, value: &str) -> Self {
        let headers = vec![(name.to_owned(), value.to_owned())];
        Self { status, headers, body: Content::Bytes(Vec::new()) }
    }

    pub fn content(body: Content) -> Self {
        Self { status: 200, headers: Vec::new(), body }
    }
}

/// The answers of each host by path; 404 for others.
pub type Answers = BTreeMap<(usize, String), Answer>;

/// A running server. Its threads end with the tests.
pub struct Hostile {
    pub authority: Authority,
    pub port: u16,
    answers: Arc<Mutex<Answers>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Default for Hostile {
    fn default() -> Self {
        Self::start()
    }
}

impl Hostile {
    pub fn start() -> Self {
        let authority = Authority::new();
        let (certificate, key) = authority.server();
        let config = Arc::new(config(&certificate, &key));
        let listeners = loop {
            let first = TcpListener::bind((HOSTS[0], 0)).unwrap();
            let port = first.local_addr().unwrap().port();
            if let Ok(second) = TcpListener::bind((HOSTS[1], port)) {
                break [first, second];
            }
        };
        let port = listeners[0].local_addr().unwrap().port();
        let hostile = Self { authority, port, answers: Arc::default(), asked: Arc::default() };
        for (host, listener) in listeners.into_iter().enumerate() {
            let (answers, asked) = (Arc::clone(&hostile.answers), Arc::clone(&hostile.asked));
            let config = Arc::clone(&config);
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let (answers, asked) = (Arc::clone(&answers), Arc::clone(&asked));
                    let config = Arc::clone(&config);
                    // A client may go at any time.
                    thread::spawn(move || serve(host, stream, &config, &answers, &asked));
                }
            });
        }
        hostile
    }

    /// The name of one of the two hosts in references.
    pub fn host(&self, host: usize) -> String {
        format!("{}:{}", HOSTS[host], self.port)
    }

    /// Answers so from now on, and forgets what it was asked.
    pub fn answers(&self, answers: &Answers) {
        self.answers.lock().unwrap().clone_from(answers);
        self.asked.lock().unwrap().clear();
    }

    /// What it was asked since.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn config(certificate: &Path, key: &Path) -> ServerConfig {
    let certificates = CertificateDer::pem_file_iter(certificate).unwrap().collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap()
}

fn serve(
    host: usize,
    stream: TcpStream,
    config: &Arc<ServerConfig>,
    answers: &Mutex<Answers>,
    asked: &Mutex<Vec<Asked>>,
) -> io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut first = String::new();
    stream.read_line(&mut first)?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (mut has_login, mut length) = (false, 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        has_login |= line.starts_with("authorization:");
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = Vec::new();
    (&mut stream).take(length).read_to_end(&mut body)?;
    asked.lock().unwrap().push(Asked { host, method, path: path.clone(), has_login, body });
    let found = answers.lock().unwrap().get(&(host, path)).cloned();
    let answer = found.unwrap_or_else(|| Answer::of(404, "x-nothing", "here"));
    write(stream.get_mut(), &answer)
}

fn write(stream: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match &answer.body {
        Content::Bytes(bytes) => head.push_str(&format!("content-length: {}\r\n", bytes.len())),
        Content::Said(bytes) => head.push_str(&format!("content-length: {bytes}\r\n")),
        Content::Endless | Content::Slow => {}
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    match &answer.body {
        Content::Bytes(bytes) => stream.write_all(bytes)?,
        Content::Said(_) | Content::Endless => loop {
            stream.write_all(&[b' '; 1 << 14])?;
        },
        Content::Slow => loop {
            stream.write_all(b" ")?;
            stream.flush()?;
            thread::sleep(SLOW);
        },
    }
    stream.flush()
}

/// A signed plugin as a registry has it: the parts that a hostile one swaps.
pub struct Artifact {
    pub manifest: Value,
    pub plugin: Vec<u8>,
    pub signature: String,
}

impl Artifact {
    /// Packs, signs and pushes a plugin into a layout, and takes it from there.
    pub fn of(author: &User, version: &str, mark: u8) -> Self {
        // What is signed is not replaced otherwise.
        let _ = fs::remove_file(author.scratch.path("x.wasm.minisig"));
        let plugin = fs::read(author.pack("x.wasm", version, mark)).unwrap();
        author.plugin(&["sign", "x.wasm", "--key", "key"]).ok();
        let _ = fs::remove_dir_all(author.scratch.path("layout"));
        author.plugin(&["push", "x.wasm", "oci:layout:x"]).ok();
        let index: Value = serde_json::from_str(&author.read("layout/index.json")).unwrap();
        let digest = index["manifests"][0]["digest"].as_str().unwrap();
        let manifest = author.read(&format!("layout/blobs/sha256/{}", &digest[7..]));
        let manifest = serde_json::from_str(&manifest).unwrap();
        Self { manifest, plugin, signature: author.read("x.wasm.minisig") }
    }

    /// The answers of a registry with this artifact under the tag `x`.
    pub fn answers(&self) -> Answers {
        let mut answers = Answers::new();
        put_manifest(&mut answers, Some("x"), &self.manifest);
        put_blob(&mut answers, self.manifest["layers"][0]["digest"].as_str().unwrap(), &self.plugin);
        answers
    }

    /// The same without the annotation with the signature.
    pub fn bare(&self) -> Value {
        let mut manifest = self.manifest.clone();
        manifest["annotations"].as_object_mut().unwrap().remove("runner-plugin.minisig").unwrap();
        manifest
    }
}

pub fn put_blob(answers: &mut Answers, digest: &str, bytes: &[u8]) {
    answers.insert((0, format!("/v2/a/g/blobs/{digest}")), Answer::bytes(bytes));
}

/// Returns the digest.
pub fn put_manifest(answers: &mut Answers, tag: Option<&str>, manifest: &Value) -> String {
    let bytes = serde_json::to_vec(manifest).unwrap();
    let digest = digest(&bytes);
    for name in tag.iter().copied().chain([digest.as_str()]) {
        answers.insert((0, format!("/v2/a/g/manifests/{name}")), Answer::bytes(bytes.clone()));
    }
    digest
}

/// Lists a signature of `subject`, as registries with the API do.
pub fn refer(answers: &mut Answers, subject: &str, of: &str, signature: &str) {
    let listed = signature_manifest(answers, subject, signature);
    answers.insert((0, format!("/v2/a/g/referrers/{of}")), Answer::bytes(list(&[listed])));
}

/// Puts a signature of `subject` there, and returns what a list says of it.
pub fn signature_manifest(answers: &mut Answers, subject: &str, signature: &str) -> Value {
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    const ARTIFACT: &str = "application/vnd.runner-plugin.signature.v1";
    let blob = digest(signature.as_bytes());
    put_blob(answers, &blob, signature.as_bytes());
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": ARTIFACT,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(b"{}"), "size": 2},
        "layers": [{
            "mediaType": "application/vnd.runner-plugin.minisig", "digest": blob, "size": signature.len(),
        }],
        "subject": {"mediaType": MANIFEST, "digest": subject, "size": 1},
    });
    let listed = put_manifest(answers, None, &manifest);
    let size = serde_json::to_vec(&manifest).unwrap().len();
    json!({"mediaType": MANIFEST, "artifactType": ARTIFACT, "digest": listed, "size": size})
}

/// A list of manifests.
pub fn list(manifests: &[Value]) -> Vec<u8> {
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests,
    });
    serde_json::to_vec(&index).unwrap()
}

/// The digest of some content, as OCI writes it.
pub fn digest(bytes: &[u8]) -> String {
    runner_registry::digest::Digest::of(bytes).to_string()
}
