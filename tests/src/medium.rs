//! A medium that remembers: an image in memory, served as one file over FUSE
//! and mounted through a loop device. It logs every write and every flush in
//! the order in which they arrive, and reads of it can be made to fail. As
//! root only.

mod image;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, UNIX_EPOCH};

use fuser::{
    BackgroundSession, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite, Request,
    WriteFlags,
};

use self::image::BLOCK_BYTES;
pub use self::image::Image;
use crate::mount::{Mount, unmount};
use crate::{Scratch, is_root, skip};

/// Nothing but us changes what is served.
const FOREVER: Duration = Duration::from_secs(1 << 30);

/// What arrived at a medium.
#[derive(Clone)]
pub enum Arrival {
    Write {
        offset: u64,
        bytes: Vec<u8>,
    },
    /// All that was written before is durable from here on.
    Flush,
}

struct State {
    image: Image,
    /// Counts the images that were put in; the file is called after it.
    generation: u64,
    log: Vec<Arrival>,
    unreadable: Option<Vec<u8>>,
    lost: Option<Vec<u8>>,
    /// Reads that were refused, or writes that were lost.
    failed: u64,
}

/// A medium, in its drive.
pub struct Medium {
    state: Arc<Mutex<State>>,
    session: Option<BackgroundSession>,
    place: PathBuf,
    _scratch: Scratch,
}

impl Medium {
    pub fn new(bytes: u64) -> Option<Self> {
        if !is_root() {
            skip("only root can mount");
            return None;
        }
        let image = Image::new(bytes);
        let state = State { image, generation: 0, log: Vec::new(), unreadable: None, lost: None, failed: 0 };
        let state = Arc::new(Mutex::new(state));
        let scratch = Scratch::new();
        let place = scratch.path("medium");
        std::fs::create_dir(&place).unwrap();
        match fuser::spawn_mount(Served(state.clone()), &place, &fuser::Config::default()) {
            Ok(session) => Some(Self { state, session: Some(session), place, _scratch: scratch }),
            Err(error) => {
                skip(&format!("FUSE does not work here: {error}"));
                None
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The file to make a filesystem on, and to mount.
    pub fn path(&self) -> PathBuf {
        self.place.join(file_name(self.state().generation))
    }

    /// Mounts the filesystem on it; nothing but the defaults.
    pub fn mount(&self) -> Result<Mount, String> {
        Mount::of_image(&self.path())
    }

    /// What is on it now, and what has arrived since it was put in or asked.
    pub fn take(&self) -> (Image, Vec<Arrival>) {
        let mut state = self.state();
        (state.image.clone(), std::mem::take(&mut state.log))
    }

    /// Puts in something else. It gets another name, so that nobody takes what
    /// he has cached for it.
    pub fn put(&self, image: Image) {
        let mut state = self.state();
        state.image = image;
        state.generation += 1;
        state.log.clear();
    }

    /// How much has arrived.
    pub fn arrived(&self) -> usize {
        self.state().log.len()
    }

    /// From now on, what holds these bytes cannot be read.
    pub fn refuse_to_read(&self, bytes: &[u8]) {
        self.state().unreadable = Some(bytes.to_vec());
    }

    /// From now on, writes that complete these bytes go well, and never arrive.
    pub fn lose(&self, bytes: &[u8]) {
        self.state().lost = Some(bytes.to_vec());
    }

    /// From now on, all is well. Returns how often it was not.
    pub fn mend(&self) -> u64 {
        let mut state = self.state();
        (state.unreadable, state.lost) = (None, None);
        std::mem::take(&mut state.failed)
    }
}

impl State {
    /// Whether the bytes to lose would be on the medium with this write. They
    /// may lie across the border of two writes.
    fn completes_lost(&self, offset: u64, data: &[u8]) -> bool {
        let reach = self.lost.as_ref().map_or(0, Vec::len).min(BLOCK_BYTES);
        let before = offset.saturating_sub(reach as u64);
        let around = [
            self.image.read(before, (offset - before) as usize),
            data.to_vec(),
            self.image.read(offset + data.len() as u64, reach),
        ];
        holds(&around.concat(), self.lost.as_ref())
    }
}

fn holds(bytes: &[u8], what: Option<&Vec<u8>>) -> bool {
    what.is_some_and(|what| memchr::memmem::find(bytes, what).is_some())
}

impl Drop for Medium {
    fn drop(&mut self) {
        // A loop device may hold it a moment longer than its mount.
        unmount(&self.place);
        if let Some(session) = self.session.take() {
            let joined = session.join();
            assert!(joined.is_ok() || std::thread::panicking(), "{joined:?}");
        }
    }
}

fn file_name(generation: u64) -> String {
    format!("image-{generation}")
}

/// What the kernel is told of the file; its inode number comes from its
/// generation.
fn attributes(ino: INodeNo, state: &State) -> FileAttr {
    let root = ino == INodeNo::ROOT;
    FileAttr {
        ino,
        size: if root { 0 } else { state.image.bytes },
        blocks: state.image.bytes / 512,
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind: if root { FileType::Directory } else { FileType::RegularFile },
        perm: if root { 0o755 } else { 0o600 },
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

fn inode(state: &State) -> INodeNo {
    INodeNo(state.generation + 2)
}

struct Served(Arc<Mutex<State>>);

impl Filesystem for Served {
    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let state = self.0.lock().unwrap();
        if name == file_name(state.generation).as_str() {
            reply.entry(&FOREVER, &attributes(inode(&state), &state), Generation(0));
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&FOREVER, &attributes(ino, &self.0.lock().unwrap()));
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        // So that every read of the loop device is seen here, too.
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut state = self.0.lock().unwrap();
        let bytes = state.image.read(offset, size as usize);
        let bad = holds(&bytes, state.unreadable.as_ref());
        state.failed += u64::from(bad);
        if bad || ino != inode(&state) { reply.error(Errno::EIO) } else { reply.data(&bytes) }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let mut state = self.0.lock().unwrap();
        if ino != inode(&state) {
            return reply.error(Errno::EIO);
        }
        if state.completes_lost(offset, data) {
            state.failed += 1;
            return reply.written(data.len() as u32);
        }
        state.image.write(offset, data);
        state.log.push(Arrival::Write { offset, bytes: data.to_vec() });
        reply.written(data.len() as u32);
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let mut state = self.0.lock().unwrap();
        if ino == inode(&state) {
            state.log.push(Arrival::Flush);
        }
        reply.ok();
    }
}
