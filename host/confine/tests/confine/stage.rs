//! Where attempts are made: namespaces of their own, so that what succeeds in
//! a control run does no harm.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use crate::raw::{self, call, text};

/// What an attempt can aim at. The process that made it is the parent.
pub(crate) struct Stage {
    /// The id of the parent of whatever makes an attempt.
    pub(crate) parent: i64,
    /// A page that is mapped read-only, of a file in memory that is sealed.
    pub(crate) block: i64,
    /// Descriptors that are kept: of that file, and of a terminal of its own.
    pub(crate) block_fd: i64,
    pub(crate) terminal: i64,
    /// Some memory of the parent, at the same address in its children.
    pub(crate) memory: &'static [u64],
    _open: Vec<OwnedFd>,
}

impl Stage {
    /// Enters new namespaces, in which this process is the first one, and runs
    /// `run` there. Gives why not, if there can be none.
    pub(crate) fn enter(run: impl FnOnce(&Self) -> i32) -> Result<i32, String> {
        let new = libc::CLONE_NEWNS
            | libc::CLONE_NEWPID
            | libc::CLONE_NEWNET
            | libc::CLONE_NEWIPC
            | libc::CLONE_NEWUTS;
        call(libc::SYS_unshare, &[new.into()]).map_err(|e| format!("unshare gives error {e}"))?;
        let end = raw::child(|| {
            // The time of the whole program.
            raw::call(libc::SYS_setitimer, &[0, raw::at(&[0_i64; 4])]).unwrap();
            match Self::new() {
                Ok(stage) => run(&stage),
                Err(why) => {
                    eprintln!("{why}");
                    NO_STAGE
                }
            }
        });
        match end {
            raw::End::Code(NO_STAGE) => Err("there are no namespaces to be had".to_owned()),
            raw::End::Code(code) => Ok(code),
            raw::End::Signal(signal) => Err(format!("the first process died of signal {signal}")),
        }
    }

    fn new() -> Result<Self, String> {
        let mount = |what, place, kind, flags: u64| {
            let arguments = [text(what), text(place), text(kind), flags.cast_signed()];
            call(libc::SYS_mount, &arguments).map_err(|e| format!("mount of {place:?} gives error {e}"))
        };
        mount(c"none", c"/", c"none", libc::MS_REC | libc::MS_PRIVATE)?;
        mount(c"proc", c"/proc", c"proc", 0)?;
        mount(c"tmpfs", c"/tmp", c"tmpfs", 0)?;
        std::env::set_current_dir("/tmp").map_err(|e| e.to_string())?;
        let zeros: [u64; 2] = [0, 0];
        call(libc::SYS_prlimit64, &[0, libc::RLIMIT_CORE.into(), raw::at(&zeros)]).unwrap();
        let file = rustix::fs::memfd_create(c"block", rustix::fs::MemfdFlags::ALLOW_SEALING).unwrap();
        rustix::fs::ftruncate(&file, 4096).unwrap();
        let block_fd = i64::from(file.as_raw_fd());
        let seals = rustix::fs::SealFlags::FUTURE_WRITE
            | rustix::fs::SealFlags::GROW
            | rustix::fs::SealFlags::SHRINK
            | rustix::fs::SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, seals).unwrap();
        // What is mapped before the seal could be made writable.
        let arguments = [0, 4096, libc::PROT_READ.into(), libc::MAP_SHARED.into(), block_fd, 0];
        let block = call(libc::SYS_mmap, &arguments).unwrap();
        let flags = rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY;
        let master = rustix::pty::openpt(flags).map_err(|e| format!("no terminal: {e}"))?;
        Ok(Self {
            parent: std::process::id().into(),
            block,
            block_fd,
            terminal: master.as_raw_fd().into(),
            memory: Box::leak(Box::new([0; 64])),
            _open: vec![file, master],
        })
    }

    /// Makes the files anew that attempts may have changed.
    pub(crate) fn reset(&self) {
        for entry in fs::read_dir(".").unwrap() {
            let path = entry.unwrap().path();
            // It may be a directory, or something is mounted on it.
            if fs::remove_file(&path).is_err() {
                let _ = fs::remove_dir(&path);
            }
        }
        fs::write("file", "content").unwrap();
        if !Path::new("folder").exists() {
            fs::create_dir("folder").unwrap();
        }
        std::os::unix::fs::symlink("file", "link").unwrap();
        fs::copy("/bin/true", "program").unwrap();
    }
}

/// What the first process ends with if it cannot set the stage.
const NO_STAGE: i32 = 99;
