//! A disk that may lose anything that was not synced: directories of files,
//! each with the content that programs see and the content on the medium.
//!
//! After a crash, this model may leave:
//!
//! - of each write since the last sync, any subset of its sectors,
//!   independently of earlier and later writes;
//! - any of the sizes that the file had since then; bytes that were never
//!   written read as zeros or as garbage;
//! - of a file that grows, the size at the end of its old last block, with zeros
//!   from the old end on: XFS writes these before it logs the new size;
//! - of the directory changes since the last sync of their directory, a prefix
//!   in order, or any subset in which no change depends on a missing one;
//! - owner, mode and so on, old or new since the last full sync.

mod directory;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use crate::choices::Choices;

pub use directory::{Directory, NameChange};

pub type Inode = u64;

/// Size of a block of the filesystem.
const BLOCK: usize = 4096;

#[derive(Debug, Clone, Default)]
pub struct Disk {
    pub files: BTreeMap<Inode, Node>,
    pub directory: Directory,
    /// The file that another process has open.
    pub held: Option<Inode>,
    clock: i128,
}

/// One file.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The content that programs read.
    pub cache: Vec<u8>,
    /// The content that is certain to be on the medium.
    durable: Vec<u8>,
    /// The changes since then.
    dirty: Vec<Change>,
    /// Represents owner, mode and all other attributes of an inode.
    pub attributes: u32,
    durable_attributes: u32,
    pub born: i128,
    pub modified: i128,
    pub changed: i128,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Resize(usize),
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                image.resize(image.len().max(end), 0);
                image[*offset..end].copy_from_slice(bytes);
            }
            Self::Resize(bytes) => image.resize(*bytes, 0),
        }
    }

    fn size_after(&self, before: usize) -> usize {
        match self {
            Self::Write { offset, bytes } => before.max(offset + bytes.len()),
            Self::Resize(bytes) => *bytes,
        }
    }
}

impl Node {
    /// The content of the medium if the kernel wrote out everything that it
    /// knows to be unwritten.
    pub fn on_medium(&self) -> Cow<'_, [u8]> {
        if self.dirty.is_empty() {
            return Cow::Borrowed(&self.durable);
        }
        let mut image = self.durable.clone();
        self.dirty.iter().for_each(|change| change.apply(&mut image));
        Cow::Owned(image)
    }

    pub fn sync(&mut self, attributes: bool) {
        for change in self.dirty.drain(..) {
            change.apply(&mut self.durable);
        }
        if attributes {
            self.durable_attributes = self.attributes;
        }
    }

    /// Simulates a failed sync: some of the data is written, and the kernel
    /// considers all of it written.
    pub fn lose(&mut self, choices: &mut Choices) {
        self.durable = self.crashed(choices);
        self.dirty.clear();
    }

    /// Drops cached content that will not be written.
    pub fn evict(&mut self) {
        self.cache = self.on_medium().into_owned();
    }

    fn crashed(&self, choices: &mut Choices) -> Vec<u8> {
        let mut image = self.durable.clone();
        if self.dirty.is_empty() {
            return image;
        }
        let sizes: Vec<usize> = self
            .dirty
            .iter()
            .scan(self.durable.len(), |size, change| {
                *size = change.size_after(*size);
                Some(*size)
            })
            .collect();
        let resizes = sizes.iter().any(|size| *size != self.durable.len());
        // Changes of size take effect in order; the first `reach` of them do.
        let reach = if resizes { choices.pick(sizes.len() + 1) } else { sizes.len() };
        let unwritten = if resizes { [0, 0xa5][choices.pick(2)] } else { 0 };
        let sector = [512, 4096][choices.pick(2)];
        for (index, change) in self.dirty.iter().enumerate() {
            match change {
                Change::Write { offset, bytes } => {
                    tear(&mut image, *offset, bytes, sector, unwritten, choices)
                }
                Change::Resize(size) if index < reach => image.resize(*size, 0),
                Change::Resize(_) => {}
            }
        }
        let size = reach.checked_sub(1).map_or(self.durable.len(), |last| sizes[last]);
        image.resize(size, unwritten);
        if let Some(Change::Resize(to)) = self.dirty.get(reach)
            && to.min(&size.next_multiple_of(BLOCK)) > &size
            && choices.pick(2) == 0
        {
            image.resize(size.next_multiple_of(BLOCK).min(*to), 0);
        }
        image
    }
}

/// Writes some sectors of `bytes`.
fn tear(
    image: &mut Vec<u8>,
    offset: usize,
    bytes: &[u8],
    sector: usize,
    unwritten: u8,
    choices: &mut Choices,
) {
    let end = offset + bytes.len();
    image.resize(image.len().max(end), unwritten);
    let sectors = offset / sector..end.div_ceil(sector);
    // All, none, or any subset of them.
    let mode = if sectors.len() == 1 { choices.pick(2) } else { choices.pick(3) };
    for index in sectors {
        if mode == 0 || mode == 2 && choices.coin() {
            let (from, to) = ((index * sector).max(offset), ((index + 1) * sector).min(end));
            image[from..to].copy_from_slice(&bytes[from - offset..to - offset]);
        }
    }
}

impl Disk {
    /// A disk with one durable file.
    pub fn with(path: &Path, content: &[u8], attributes: u32) -> Self {
        let mut disk = Self::default();
        disk.add(path, content, attributes);
        disk
    }

    /// Adds a durable file.
    pub fn add(&mut self, path: &Path, content: &[u8], attributes: u32) {
        let inode = self.create(path).expect("it is new");
        self.write(inode, 0, content);
        let node = self.files.get_mut(&inode).expect("just made");
        node.attributes = attributes;
        node.sync(true);
        self.directory.sync(path.parent());
    }

    pub fn tick(&mut self) -> i128 {
        self.clock += 1;
        self.clock
    }

    pub fn create(&mut self, path: &Path) -> io::Result<Inode> {
        let inode = self.files.keys().next_back().map_or(1, |last| last + 1);
        self.directory.change(NameChange::Put(path.to_owned(), inode))?;
        let now = self.tick();
        self.files.insert(
            inode,
            Node {
                attributes: 0o600,
                durable_attributes: 0o600,
                born: now,
                modified: now,
                changed: now,
                ..Node::default()
            },
        );
        Ok(inode)
    }

    pub fn write(&mut self, inode: Inode, offset: usize, bytes: &[u8]) {
        self.change(inode, Change::Write { offset, bytes: bytes.to_vec() });
    }

    /// Changes what programs read at an offset, but not the data on its way to
    /// the medium.
    pub fn show(&mut self, inode: Inode, offset: usize, bytes: &[u8]) {
        let node = self.files.get_mut(&inode).expect("files stay while they are open");
        node.cache[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    pub fn resize(&mut self, inode: Inode, bytes: usize) {
        self.change(inode, Change::Resize(bytes));
    }

    fn change(&mut self, inode: Inode, change: Change) {
        let now = self.tick();
        let node = self.files.get_mut(&inode).expect("files stay while they are open");
        change.apply(&mut node.cache);
        node.dirty.push(change);
        (node.modified, node.changed) = (now, now);
    }

    /// The file that programs see under a name.
    pub fn read(&self, path: &Path) -> Option<&Node> {
        self.directory.now.get(path).map(|inode| &self.files[inode])
    }

    /// A disk as a crash of this one may leave it.
    pub fn crash(&self, choices: &mut Choices) -> Self {
        let names = self.directory.crash(choices);
        let files = names.values().collect::<BTreeSet<_>>().into_iter().map(|inode| {
            let node = &self.files[inode];
            let image = node.crashed(choices);
            let kept = node.attributes == node.durable_attributes || choices.pick(2) == 0;
            let attributes = if kept { node.attributes } else { node.durable_attributes };
            let node = Node {
                cache: image.clone(),
                durable: image,
                dirty: Vec::new(),
                attributes,
                durable_attributes: attributes,
                ..*node
            };
            (*inode, node)
        });
        let files = files.collect();
        let directory = Directory { now: names.clone(), durable: names, pending: Vec::new() };
        Self { files, directory, held: None, clock: self.clock }
    }
}
