//! What a process keeps.

use std::os::fd::RawFd;
use std::path::PathBuf;

use crate::Layer;

/// Which system calls are allowed after
/// [`on_all_threads`](crate::on_all_threads).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// For a process whose code is mapped and whose threads run: memory that is
    /// private and not executable, waiting, waking, and ending.
    Run,
    /// For a process that compiles, with threads: as [`Calls::Run`], and
    /// starting threads, and making memory executable that is not writable.
    Compile,
    /// For a process that speaks to servers: as [`Calls::Compile`], and sockets of TCP
    /// and UDP that connect, and reading files. Which files and which ports is left to
    /// [`Policy::reads`] and [`Policy::connects_to`]. Other calls give an error.
    Network,
    /// For a process that runs programs, such as compilers, in namespaces of its own
    /// ([`enter_namespaces`](crate::enter_namespaces)). Everything is allowed but what
    /// leads out of them: sockets, rings of requests, keys of the kernel, and new
    /// namespaces.
    Programs,
}

/// Resource limits. Those that are lower already stay as they are. Besides
/// these, nothing dumps core, no memory can
/// be locked, and there are no message queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Private writable memory in bytes (`RLIMIT_DATA`). It counts neither
    /// shared memory nor page tables.
    pub data_bytes: Option<u64>,
    /// All mapped memory in bytes (`RLIMIT_AS`), which also bounds page tables.
    /// The policy of the second step may have a lower limit than the first.
    pub address_space_bytes: Option<u64>,
    /// Bytes up to which files can be written (`RLIMIT_FSIZE`); pipes have no
    /// limit.
    pub file_bytes: u64,
    /// Descriptors between the steps: each that is opened there must have a
    /// lower number (`RLIMIT_NOFILE`). After the second step there can be no
    /// new ones, except with [`Calls::Programs`].
    pub descriptors: u64,
    /// Processes and threads that the user may have in the namespace
    /// (`RLIMIT_NPROC`). The kernel exempts root.
    pub processes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { data_bytes: None, address_space_bytes: None, file_bytes: 0, descriptors: 64, processes: None }
    }
}

/// What a process keeps when it confines itself.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) calls: Calls,
    pub(crate) parent: u32,
    pub(crate) keep: Vec<RawFd>,
    pub(crate) written: Vec<RawFd>,
    pub(crate) limits: Limits,
    pub(crate) readable: Vec<PathBuf>,
    pub(crate) executable: Vec<PathBuf>,
    pub(crate) devices: Vec<PathBuf>,
    pub(crate) own: Vec<PathBuf>,
    pub(crate) ports: Vec<u16>,
    off: Vec<Layer>,
}

impl Policy {
    /// A policy with all layers that keeps no descriptor, not even the standard
    /// streams. `parent` is the id of the process that started this one; it
    /// must come from there, in an argument, as it may have died meanwhile.
    #[must_use]
    pub fn new(calls: Calls, parent: u32) -> Self {
        Self {
            calls,
            parent,
            keep: Vec::new(),
            written: Vec::new(),
            limits: Limits::default(),
            readable: Vec::new(),
            executable: Vec::new(),
            devices: Vec::new(),
            own: Vec::new(),
            ports: Vec::new(),
            off: Vec::new(),
        }
    }

    /// Keeps a descriptor. One that is not open is no error.
    #[must_use]
    pub fn keep(mut self, descriptor: RawFd) -> Self {
        self.keep.push(descriptor);
        self
    }

    /// Keeps a descriptor, which may be written to.
    #[must_use]
    pub fn keep_writable(mut self, descriptor: RawFd) -> Self {
        self.written.push(descriptor);
        self.keep(descriptor)
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Leaves files, and all that is in these folders, to be opened for reading.
    /// Those that do not exist are passed over. It is for [`Calls::Network`]: the
    /// other filters allow no opening.
    #[must_use]
    pub fn reads(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.readable.extend(paths);
        self
    }

    /// Leaves programs, and all that is in these folders, to be read and executed.
    /// Those that do not exist are passed over.
    #[must_use]
    pub fn executes(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.executable.extend(paths);
        self
    }

    /// Leaves device files to be read and written, such as `/dev/null`.
    #[must_use]
    pub fn uses_devices(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.devices.extend(paths);
        self
    }

    /// Leaves these folders, with all that is in them, to be changed, and what is there
    /// to be executed. No device, FIFO or socket can be made there.
    #[must_use]
    pub fn owns(mut self, folders: impl IntoIterator<Item = PathBuf>) -> Self {
        self.own.extend(folders);
        self
    }

    /// Leaves TCP connections to these ports, of any host. It is for such a process,
    /// too. Where UDP goes is not looked at.
    #[must_use]
    pub fn connects_to(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports.extend(ports);
        self
    }

    /// Switches a layer off. **For tests alone**, which show what each layer
    /// stops. [`Layers`](crate::Layers) reports it as missing.
    #[must_use]
    pub fn without(mut self, layer: Layer) -> Self {
        self.off.push(layer);
        self
    }

    pub(crate) fn has(&self, layer: Layer) -> bool {
        !self.off.contains(&layer)
    }
}
