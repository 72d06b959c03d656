//! The operations, one by one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use runner_pipeline::error::{Error, Result};
use runner_pipeline::storage::mmap::Mapping;
use rustix::fs::{MemfdFlags, memfd_create};

use runner_pipeline::storage::{ALIGN_BYTES, Access, Entry, FileType, Identity, Resized, Stat, Storage};

use super::{Kind, Simulated, SimulatedFile, Synced};
use crate::disk::{Disk, Inode, NameChange};

impl Storage for Simulated {
    type File = SimulatedFile;

    fn open(&self, entry: &Entry, access: Access) -> io::Result<SimulatedFile> {
        let direct = access == Access::Direct;
        if direct && self.fault_plan.no_direct {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.look(|disk| Ok(SimulatedFile::new(find(disk, entry)?, direct)))
    }

    fn create(&self, entry: &Entry) -> io::Result<SimulatedFile> {
        self.change(Kind::Grow, |disk, _| Ok(SimulatedFile::new(disk.create(entry.path())?, false)))
    }

    fn read_at(&self, file: &SimulatedFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.change(Kind::Read, |disk, half| {
            let node = &disk.files[&file.inode];
            let medium = file.direct.then(|| node.on_medium());
            let content = medium.as_deref().unwrap_or(&node.cache);
            let start = at(offset).min(content.len());
            let mut count = buffer.len().min(content.len() - start);
            let whole_blocks = start.is_multiple_of(ALIGN_BYTES) && buffer.len().is_multiple_of(ALIGN_BYTES);
            if file.direct && count > 0 && !whole_blocks {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            if half && count > 1 {
                let step = if file.direct { ALIGN_BYTES } else { 1 };
                count = (count / 2).next_multiple_of(step).min(count);
            }
            buffer[..count].copy_from_slice(&content[start..start + count]);
            Ok(count)
        })
    }

    fn write_at(&self, file: &SimulatedFile, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.trust(file);
        let aligned = |number: usize| number.is_multiple_of(ALIGN_BYTES);
        if file.direct && !(aligned(at(offset)) && aligned(bytes.len()) && aligned(bytes.as_ptr() as usize)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let written = self.written(file.inode, at(offset), bytes);
        self.change(Kind::Write, |disk, half| {
            let count = if half && bytes.len() > 1 { bytes.len() / 2 } else { bytes.len() };
            disk.write(file.inode, at(offset), &written[..count]);
            if self.fault_plan.unseen && !file.direct {
                disk.show(file.inode, at(offset), &bytes[..count]);
            }
            Ok(count)
        })
    }

    fn map(&self, file: &SimulatedFile, bytes: u64, path: &Path) -> Result<Mapping> {
        let content = self.look(|disk| Ok(disk.files[&file.inode].cache.clone()));
        let memory = content.and_then(|content| {
            let memory = File::from(memfd_create("simulated", MemfdFlags::CLOEXEC)?);
            memory.write_all_at(&content, 0)?;
            Ok(memory)
        });
        Mapping::new(&memory.map_err(Error::at("map", path))?, bytes, path)
    }

    fn set_len(&self, file: &SimulatedFile, bytes: u64) -> io::Result<()> {
        self.trust(file);
        self.change(Kind::Grow, |disk, _| {
            disk.resize(file.inode, at(bytes));
            Ok(())
        })
    }

    /// The system does this in one step, with a lease. The result does not
    /// depend on a sync, so any descriptor will do.
    fn set_len_if(&self, file: &SimulatedFile, expected: u64, bytes: u64) -> io::Result<Resized> {
        self.change(Kind::Grow, |disk, _| {
            let size = disk.files[&file.inode].cache.len();
            if disk.held == Some(file.inode) {
                return Ok(Resized::InUse);
            }
            if size != at(expected) {
                return Ok(Resized::Not(size as u64));
            }
            disk.resize(file.inode, at(bytes));
            Ok(Resized::Done)
        })
    }

    fn in_use(&self, file: &SimulatedFile, _patience: Duration) -> io::Result<bool> {
        self.look(|disk| Ok(disk.held == Some(file.inode)))
    }

    fn append(&self, file: &SimulatedFile, bytes: &[u8]) -> io::Result<usize> {
        self.trust(file);
        self.change(Kind::Write, |disk, half| {
            let count = if half && bytes.len() > 1 { bytes.len() / 2 } else { bytes.len() };
            disk.write(file.inode, disk.files[&file.inode].cache.len(), &bytes[..count]);
            Ok(count)
        })
    }

    fn set_mode(&self, file: &SimulatedFile, mode: u32) -> io::Result<()> {
        self.change(Kind::Change, |disk, _| {
            let now = disk.tick();
            let node = disk.files.get_mut(&file.inode).expect("an open file");
            (node.attributes, node.changed) = (mode, now);
            Ok(())
        })
    }

    fn direct(&self, file: &SimulatedFile) -> io::Result<SimulatedFile> {
        if self.fault_plan.no_direct {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.look(|_| Ok(SimulatedFile::new(file.inode, true)))
    }

    fn sync_data(&self, file: &SimulatedFile) -> io::Result<()> {
        self.sync_file(file, false)
    }

    fn sync_all(&self, file: &SimulatedFile) -> io::Result<()> {
        self.sync_file(file, true)
    }

    fn sync_parent(&self, entry: &Entry) -> io::Result<()> {
        self.sync(Synced::ParentOf(entry.path()))
    }

    fn evict(&self, file: &SimulatedFile) -> io::Result<bool> {
        self.change(Kind::Look, |disk, _| {
            if !self.fault_plan.no_evict {
                disk.files.get_mut(&file.inode).expect("an open file").evict();
            }
            Ok(!self.fault_plan.no_evict)
        })
    }

    fn stat(&self, file: &SimulatedFile) -> io::Result<Stat> {
        self.look(|disk| Ok(stat(disk, file.inode)))
    }

    fn stat_entry(&self, entry: &Entry) -> io::Result<Stat> {
        self.look(|disk| Ok(stat(disk, find(disk, entry)?)))
    }

    fn find_beside(&self, entry: &Entry, is: &dyn Fn(&Stat) -> bool) -> io::Result<Option<Entry>> {
        self.look(|disk| {
            let directory = entry.path().parent();
            let mut beside = disk.directory.now.iter().filter(|(path, _)| path.parent() == directory);
            let found = beside.find(|(_, inode)| is(&stat(disk, **inode)));
            Ok(found.map(|(path, _)| entry.sibling(path.file_name().expect("a name"))))
        })
    }

    fn copy_attributes(&self, from: &SimulatedFile, to: &SimulatedFile) -> io::Result<()> {
        self.change(Kind::Change, |disk, _| {
            let (now, attributes) = (disk.tick(), disk.files[&from.inode].attributes);
            let node = disk.files.get_mut(&to.inode).expect("an open file");
            (node.attributes, node.changed) = (attributes, now);
            Ok(())
        })
    }

    fn free_bytes(&self, _entry: &Entry) -> io::Result<u64> {
        self.look(|_| Ok(1 << 40))
    }

    fn overwrite_allocates(&self, _file: &SimulatedFile) -> io::Result<bool> {
        self.look(|_| Ok(false))
    }

    fn exchange(&self, a: &Entry, b: &Entry) -> io::Result<bool> {
        if self.fault_plan.no_exchange {
            return self.look(|_| Ok(false));
        }
        self.change_name(NameChange::Exchange(a.path().to_owned(), b.path().to_owned())).map(|()| true)
    }

    fn rename(&self, from: &Entry, to: &Entry) -> io::Result<()> {
        self.change_name(NameChange::Rename(from.path().to_owned(), to.path().to_owned()))
    }

    fn rename_new(&self, from: &Entry, to: &Entry) -> io::Result<()> {
        // The run does not commit with this name.
        self.change(Kind::Change, |disk, _| {
            if find(disk, to).is_ok() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            disk.directory.change(NameChange::Rename(from.path().to_owned(), to.path().to_owned()))
        })
    }

    fn link(&self, from: &Entry, to: &Entry) -> io::Result<()> {
        self.change(Kind::Change, |disk, _| {
            let inode = find(disk, from)?;
            disk.directory.change(NameChange::Put(to.path().to_owned(), inode))
        })
    }

    fn remove(&self, entry: &Entry) -> io::Result<()> {
        self.change(Kind::Change, |disk, _| {
            disk.directory.change(NameChange::Remove(entry.path().to_owned()))
        })
    }
}

fn find(disk: &Disk, entry: &Entry) -> io::Result<Inode> {
    disk.directory.now.get(entry.path()).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn stat(disk: &Disk, inode: Inode) -> Stat {
    let node = &disk.files[&inode];
    Stat {
        identity: Identity {
            device: (0, 1),
            inode,
            born_ns: Some(node.born),
            changed_ns: node.changed,
            modified_ns: node.modified,
            size: node.cache.len() as u64,
        },
        file_type: FileType::Regular,
        mode: node.attributes,
        owner: rustix::process::geteuid().as_raw(),
        links: disk.directory.now.values().filter(|other| **other == inode).count() as u64,
        allocated_bytes: node.cache.len() as u64,
    }
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).expect("simulated files are small")
}
