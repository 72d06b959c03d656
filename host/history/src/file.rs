//! The file of a history.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::locks;
use runner_pipeline::storage::{PrivateDirectory, lock_briefly};
use rustix::fs::{FlockOperation, flock};

use crate::chain::{self, Chain, Head, MAX_LINE_BYTES};
use crate::entry::Entry;

/// The name of the file in its directory.
const FILE: &str = "history.jsonl";

/// A history that can be appended to, by several threads and processes at once.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// The size of the file, and the hash of its last line, when this process
    /// last appended.
    end: Option<(u64, blake3::Hash)>,
}

impl History {
    /// Opens the history in a directory, both of which are created if need be.
    ///
    /// # Errors
    /// [`Kind::Refused`] if another user may access either; any I/O error.
    pub fn open(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE);
        let file = PrivateDirectory::open_or_create(directory)?.open_to_append(FILE);
        let file = file.map_err(Error::at("open", &path))?.ok_or_else(|| not_private(&path))?;
        Ok(Self { path, state: Mutex::new(State { file, end: None }) })
    }

    /// Appends an entry. It is durable after [`sync`](Self::sync).
    ///
    /// # Errors
    /// Any I/O error. Then nothing is appended, or a part of a line, which the
    /// next append removes.
    pub fn append(&self, entry: &Entry) -> Result<()> {
        let mut state = locks::lock(&self.state);
        let State { file, end } = &mut *state;
        lock_briefly(&*file).map_err(self.failed("lock"))?;
        let appended = last_line(file, end.take()).map_err(self.failed("read")).and_then(|(size, last)| {
            let line = chain::link(last, entry)?;
            let hash = blake3::hash(line.as_bytes());
            let bytes = line + "\n";
            file.write_all(bytes.as_bytes()).map_err(self.failed("append to"))?;
            Ok((size + bytes.len() as u64, hash))
        });
        // It is also released when the file is closed.
        let _ = flock(&*file, FlockOperation::Unlock);
        *end = Some(appended?);
        Ok(())
    }

    /// Makes all entries durable.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn sync(&self) -> Result<()> {
        locks::lock(&self.state).file.sync_data().map_err(self.failed("sync"))
    }

    /// Reads the history in a directory; `None` if there is none.
    ///
    /// # Errors
    /// [`Kind::Refused`] if another user may access it; any I/O error.
    pub fn read(directory: &Path) -> Result<Option<Chain<BufReader<File>>>> {
        let path = directory.join(FILE);
        match PrivateDirectory::open(directory) {
            Err(_) if !path.exists() => Ok(None),
            Err(error) => Err(error),
            Ok(private) => match private.open_file(FILE, u64::MAX) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(Error::io("open", &path, error)),
                Ok(Some((file, _))) => Ok(Some(Chain::new(BufReader::new(file)))),
                Ok(None) => Err(not_private(&path)),
            },
        }
    }

    fn failed(&self, what: &'static str) -> impl FnOnce(io::Error) -> Error {
        Error::at(what, &self.path)
    }
}

fn not_private(path: &Path) -> Error {
    Error::new(Kind::Refused, format!("{} is not a file that only this user can access", path.shown()))
        .hint("move it away; then a new history begins")
}

/// The size of the file, and the hash of its last line. A part of a line at the
/// end, from an append that was cut off, is removed first.
fn last_line(file: &mut File, known: Option<(u64, blake3::Hash)>) -> io::Result<(u64, blake3::Hash)> {
    let size = file.metadata()?.len();
    if let Some(known) = known.filter(|(end, _)| *end == size) {
        return Ok(known);
    }
    // The last line, the line feed before it, and a part of one more.
    let start = size.saturating_sub(2 * MAX_LINE_BYTES + 2);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(size - start).read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    if whole == 0 && start > 0 {
        return Err(io::Error::other("the last line is too long"));
    }
    if whole < tail.len() {
        file.set_len(start + whole as u64)?;
    }
    let end = start + whole as u64;
    let Some(last) = tail[..whole].strip_suffix(b"\n") else { return Ok((end, Head::EMPTY.hash)) };
    let line = last.iter().rposition(|byte| *byte == b'\n').map_or(last, |before| &last[before + 1..]);
    Ok((end, blake3::hash(line)))
}
