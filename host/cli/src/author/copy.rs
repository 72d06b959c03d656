//! A copy of the source of others, with nothing in it but files, folders, and links that
//! stay inside, and a digest of it.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, count};
use rustix::fs::OFlags;

/// What is at the top of a project and is no source: what version control and builds
/// leave there. A prebuilt module must not pass for one that was built.
const LEFT_OUT: [&str; 9] =
    [".build", ".git", ".hg", ".jj", ".svn", ".venv", "node_modules", "target", "venv"];
/// The end of a name of a built plugin. What is beside it has a further end.
const PLUGIN: &[u8] = b".wasm";
/// The greatest number of files, folders and links.
const ENTRIES: u64 = 50_000;
/// The greatest size of all files, in bytes.
const BYTES: u64 = 512 << 20;
/// The greatest depth of folders.
const DEPTH: usize = 64;
/// What the digest is for, so that it is not one of something else.
const CONTEXT: &str = "runner 2026-11 source of a plugin";

/// What was copied.
pub(super) struct Copied {
    /// A digest of the names and contents, in order.
    pub(super) blake3: blake3::Hash,
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// Copies a folder into another one, which must not be there. Modes and times are not
/// copied.
///
/// # Errors
/// [`Kind::Refused`] for a link that leads out, for anything else that is neither a file
/// nor a folder, and for too much of it; any I/O error.
pub(super) fn copy(from: &Path, to: &Path) -> Result<Copied> {
    let root = fs::canonicalize(from).map_err(Error::at("open the folder", from))?;
    let digest = blake3::Hasher::new_derive_key(CONTEXT);
    let mut copy = Copy { root, to: to.to_owned(), digest, entries: 0, files: 0, bytes: 0 };
    copy.folder(Path::new(""), 0)?;
    Ok(Copied { blake3: copy.digest.finalize(), files: copy.files, bytes: copy.bytes })
}

struct Copy {
    /// Without links on its way.
    root: PathBuf,
    to: PathBuf,
    digest: blake3::Hasher,
    entries: u64,
    files: u64,
    bytes: u64,
}

impl Copy {
    fn folder(&mut self, path: &Path, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(self.refused(path, "its folders are too deep"));
        }
        let (from, to) = (self.root.join(path), self.to.join(path));
        fs::create_dir(&to).map_err(Error::at("create the folder", &to))?;
        let mut names = Vec::new();
        for entry in fs::read_dir(&from).map_err(Error::at("read the folder", &from))? {
            let name = entry.map_err(Error::at("read the folder", &from))?.file_name();
            if depth > 0 || !is_left_out(&name) {
                names.push(name);
            }
            if names.len() as u64 > ENTRIES {
                return Err(self.too_much(&count(ENTRIES, "file")));
            }
        }
        names.sort();
        for name in names {
            self.entries += 1;
            if self.entries > ENTRIES {
                return Err(self.too_much(&count(ENTRIES, "file")));
            }
            self.entry(&path.join(name), depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, depth: usize) -> Result<()> {
        let from = self.root.join(path);
        let metadata = fs::symlink_metadata(&from).map_err(Error::at("read the metadata of", &from))?;
        match metadata.file_type() {
            kind if kind.is_dir() => {
                self.tell(b'd', path, &[]);
                self.folder(path, depth + 1)
            }
            kind if kind.is_file() => self.file(path),
            kind if kind.is_symlink() => self.link(path),
            _ => Err(self.refused(path, "it is neither a file nor a folder")),
        }
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let (from, to) = (self.root.join(path), self.to.join(path));
        // It may have been exchanged for a link or a FIFO.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(flags)
            .open(&from)
            .map_err(Error::at("open", &from))?;
        let metadata = file.metadata().map_err(Error::at("read the metadata of", &from))?;
        if !metadata.is_file() {
            return Err(self.refused(path, "it is not a regular file"));
        }
        let left = BYTES - self.bytes;
        let mut bytes = Vec::new();
        file.take(left + 1).read_to_end(&mut bytes).map_err(Error::at("read", &from))?;
        if bytes.len() as u64 > left {
            return Err(self.too_much(&count(BYTES, "byte")));
        }
        self.bytes += bytes.len() as u64;
        self.files += 1;
        self.tell(b'f', path, &bytes);
        let mut copied = File::create_new(&to).map_err(Error::at("create", &to))?;
        copied.write_all(&bytes).map_err(Error::at("write", &to))
    }

    fn link(&mut self, path: &Path) -> Result<()> {
        let (from, to) = (self.root.join(path), self.to.join(path));
        let target = fs::read_link(&from).map_err(Error::at("read the link", &from))?;
        let leads_inside =
            target.is_relative() && fs::canonicalize(&from).is_ok_and(|real| real.starts_with(&self.root));
        if !leads_inside {
            return Err(self.refused(path, "it is a link that leads out of the folder, or nowhere"));
        }
        self.tell(b'l', path, target.as_os_str().as_bytes());
        symlink(&target, &to).map_err(Error::at("create the link", &to))
    }

    /// Adds an entry to the digest. Lengths keep two entries apart.
    fn tell(&mut self, kind: u8, path: &Path, content: &[u8]) {
        let path = path.as_os_str().as_bytes();
        self.digest.update(&[kind]);
        for part in [path, content] {
            self.digest.update(&(part.len() as u64).to_le_bytes());
            self.digest.update(part);
        }
    }

    fn refused(&self, path: &Path, why: &str) -> Error {
        Error::new(Kind::Refused, format!("{} is no part of a source", self.root.join(path).shown()))
            .because(why.to_owned())
            .hint("a rebuild takes files, folders, and links within the folder")
    }

    fn too_much(&self, limit: &str) -> Error {
        Error::new(Kind::Refused, format!("{} is too large for a source", self.root.shown()))
            .because(format!("the limit is {limit}"))
            .hint("give the folder of the plugin alone")
    }
}

/// Whether an entry at the top is no source.
fn is_left_out(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    let is_plugin =
        bytes.windows(PLUGIN.len() + 1).any(|part| part.starts_with(PLUGIN) && part[PLUGIN.len()] == b'.');
    LEFT_OUT.iter().any(|left_out| name == *left_out) || bytes.ends_with(PLUGIN) || is_plugin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(entries: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in entries {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn copied(folder: &tempfile::TempDir) -> Result<(Copied, tempfile::TempDir)> {
        let to = tempfile::tempdir().unwrap();
        copy(folder.path(), &to.path().join("copy")).map(|copied| (copied, to))
    }

    #[test]
    fn what_is_built_is_no_source() {
        let source = [("plugin.c", "int x;"), ("src/target/y.h", "1")];
        let plain = copied(&made(&source)).unwrap().0;
        assert_eq!((plain.files, plain.bytes), (2, 7));
        let more = [("x.wasm", "1"), ("x.wasm.minisig", "2"), (".build/x.wasm", "3"), (".git/HEAD", "4")];
        let (same, to) = copied(&made(&[&source[..], &more].concat())).unwrap();
        assert_eq!(same.blake3, plain.blake3);
        let found = fs::read_dir(to.path().join("copy")).unwrap().count();
        assert_eq!(found, 2);
        // All else counts: names, contents, and what is a part of which.
        for other in [
            [("plugin.c", "int y;"), ("src/target/y.h", "1")],
            [("plugin.cc", "int x;"), ("src/target/y.h", "1")],
            [("plugin.c", "int x;"), ("src/targety.h", "1")],
            [("plugin.c", "int x;"), ("src/target/y.h", "")],
        ] {
            assert_ne!(copied(&made(&other)).unwrap().0.blake3, plain.blake3);
        }
    }

    #[test]
    fn links_stay_inside() {
        let folder = made(&[("src/a.h", "1"), ("plugin.c", "2")]);
        let link = folder.path().join("src/link");
        symlink("../plugin.c", &link).unwrap();
        let (_, to) = copied(&folder).unwrap();
        assert_eq!(fs::read_link(to.path().join("copy/src/link")).unwrap(), Path::new("../plugin.c"));
        let absolute = folder.path().join("plugin.c");
        for target in ["/etc/passwd", "../..", "../../../etc/passwd", "nowhere", absolute.to_str().unwrap()] {
            fs::remove_file(&link).unwrap();
            symlink(target, &link).unwrap();
            let error = copied(&folder).err().unwrap();
            assert_eq!(error.kind(), Kind::Refused, "{target}");
            assert!(error.to_string().contains("src/link"), "{error}");
        }
    }

    #[test]
    fn what_is_odd_is_refused() {
        let folder = made(&[("plugin.c", "2")]);
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(copied(&folder).err().unwrap().kind(), Kind::Refused);
        fs::remove_file(&pipe).unwrap();
        let deep = vec!["d"; DEPTH + 2].join("/");
        fs::create_dir_all(folder.path().join(deep)).unwrap();
        assert_eq!(copied(&folder).err().unwrap().kind(), Kind::Refused);
        fs::remove_dir_all(folder.path().join("d")).unwrap();
        // A sparse file costs nothing to make.
        File::create(folder.path().join("large")).unwrap().set_len(BYTES).unwrap();
        let error = copied(&folder).err().unwrap();
        assert!(error.to_string().contains("is too large for a source"), "{error}");
    }
}
