//! The files of the kernel that show the memory of the machine and of control
//! groups.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// In version 1, a limit this large means no limit: it is the largest possible
/// number of pages.
const NO_LIMIT: u64 = 1 << 62;

/// A limit, and how much of it is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) left: u64,
    pub(super) limit: u64,
}

/// The files to read.
#[derive(Debug)]
pub(super) struct Places {
    meminfo: PathBuf,
    /// The nearest pressure file that exists.
    pressure: Option<PathBuf>,
    /// The control group of this process, and all groups above it.
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    dir: PathBuf,
    names: &'static Names,
}

/// The file names of one version of control groups.
#[derive(Debug)]
struct Names {
    used: &'static str,
    limits: &'static [&'static str],
    /// Lines of `memory.stat`: the file pages that can be dropped at once are
    /// the sum of `file_pages` minus `not_droppable`.
    file_pages: [&'static str; 2],
    not_droppable: [&'static str; 2],
}

const VERSION_2: Names = Names {
    used: "memory.current",
    limits: &["memory.max", "memory.high"],
    file_pages: ["inactive_file", "active_file"],
    not_droppable: ["file_dirty", "file_writeback"],
};

const VERSION_1: Names = Names {
    used: "memory.usage_in_bytes",
    limits: &["memory.limit_in_bytes"],
    file_pages: ["total_inactive_file", "total_active_file"],
    not_droppable: ["total_dirty", "total_writeback"],
};

impl Places {
    pub(super) fn find(root: &Path) -> Self {
        let own = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
        let sys = root.join("sys/fs/cgroup");
        // `0::PATH` is version 2; `N:memory:PATH` is version 1. If both exist,
        // version 1 accounts for memory, and version 2 is mounted in `unified`.
        let mut groups = Vec::new();
        let mut pressure = Vec::new();
        for line in own.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
            if controllers.is_empty() {
                let base = if sys.join("unified").is_dir() { sys.join("unified") } else { sys.clone() };
                for dir in levels(&base, path) {
                    pressure.push(dir.join("memory.pressure"));
                    groups.push(Group { dir, names: &VERSION_2 });
                }
            } else if controllers.split(',').any(|controller| controller == "memory") {
                let dirs = levels(&sys.join("memory"), path);
                groups.extend(dirs.into_iter().map(|dir| Group { dir, names: &VERSION_1 }));
            }
        }
        pressure.push(root.join("proc/pressure/memory"));
        Self {
            meminfo: root.join("proc/meminfo"),
            pressure: pressure.into_iter().find(|path| some_stalled_us(path).is_some()),
            groups,
        }
    }

    pub(super) fn stalled_us(&self) -> Option<u64> {
        some_stalled_us(self.pressure.as_ref()?)
    }

    /// The memory of the machine and of every group with a limit.
    pub(super) fn rooms(&self) -> impl Iterator<Item = Room> {
        self.machine().into_iter().chain(self.groups.iter().filter_map(Group::room))
    }

    pub(super) fn machine(&self) -> Option<Room> {
        let text = read(&self.meminfo)?;
        let kib = |name: &str| number_after(&text, name).map(|kib| kib << 10);
        Some(Room { left: kib("MemAvailable:")?, limit: kib("MemTotal:")? })
    }
}

impl Group {
    /// Returns `None` if there is no limit.
    fn room(&self) -> Option<Room> {
        let read = |name: &str| read(&self.dir.join(name));
        // A missing limit is the word `max`, or the largest possible number.
        let limits = self.names.limits.iter().filter_map(|name| read(name)?.trim().parse().ok());
        let limit: u64 = limits.min().filter(|limit| *limit < NO_LIMIT)?;
        let used: u64 = read(self.names.used)?.trim().parse().ok()?;
        let stat = read("memory.stat").unwrap_or_default();
        let sum = |names: &[&str]| names.iter().filter_map(|name| number_after(&stat, name)).sum::<u64>();
        let droppable = sum(&self.names.file_pages).saturating_sub(sum(&self.names.not_droppable));
        Some(Room { left: limit.saturating_sub(used.saturating_sub(droppable)), limit })
    }
}

/// The directories of a group and of all groups above it. In a container, the
/// path may be the one on the host; then the mounted directory is the group.
fn levels(base: &Path, path: &str) -> Vec<PathBuf> {
    let own = base.join(path.trim_start_matches('/'));
    if path.contains("..") || !own.is_dir() {
        return vec![base.to_owned()];
    }
    own.ancestors().take_while(|dir| dir.starts_with(base)).map(Path::to_owned).collect()
}

/// The content of a kernel file. Such a file does not report its length; a
/// buffer of the usual size reads it in one call.
fn read(path: &Path) -> Option<String> {
    let mut text = String::with_capacity(8 << 10);
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Microseconds during which some task waited for memory, since boot.
fn some_stalled_us(path: &Path) -> Option<u64> {
    let text = read(path)?;
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split_whitespace().find_map(|field| field.strip_prefix("total="))?.parse().ok()
}

/// The number on the line that begins with this word.
fn number_after(text: &str, word: &str) -> Option<u64> {
    let words = |line: &str| -> Option<u64> {
        let mut words = line.split_whitespace();
        (words.next()? == word).then(|| words.next()?.parse().ok())?
    };
    text.lines().find_map(words)
}
