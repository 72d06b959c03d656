//! Snapshots of directories, which show that nothing was touched or left.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Everything in a directory: what appears, vanishes or changes shows.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<String, Entry>);

#[derive(PartialEq, Eq)]
pub struct Entry {
    content: Option<Vec<u8>>,
    inode: u64,
    mode: u32,
    modified_ns: i128,
    changed_ns: i128,
}

impl Snapshot {
    pub fn of(dir: &Path) -> Self {
        let entry = |path: &Path| {
            let meta = fs::symlink_metadata(path).unwrap();
            let modified_ns = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
            let changed_ns = i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec());
            let content = meta.is_file().then(|| fs::read(path).unwrap());
            Entry { content, inode: meta.ino(), mode: meta.mode(), modified_ns, changed_ns }
        };
        Self(names(dir).into_iter().map(|name| (name.clone(), entry(&dir.join(name)))).collect())
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let content = self.content.as_ref().map(|content| (content.len(), blake3::hash(content)));
        let Self { inode, mode, modified_ns, changed_ns, .. } = self;
        write!(f, "{content:?} inode {inode} mode {mode:o} at {modified_ns}/{changed_ns}")
    }
}

/// The entries of a directory, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
