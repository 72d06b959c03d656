//! Reads the state of the machine's memory: `/proc/meminfo`, the kernel's
//! pressure stall information (PSI), and the limits of this process's control
//! groups, of versions 1 and 2. A value that cannot be read is unknown, and
//! never an error.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::Facts;
use crate::locks;

/// In version 1, a limit this large means no limit: it is the largest possible
/// number of pages.
const NO_LIMIT: u64 = 1 << 62;
/// Minimum interval between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// Inspects the machine once in a while.
#[derive(Debug)]
pub struct Watch {
    root: PathBuf,
    /// Determined at the first look: most small runs end without one.
    places: OnceLock<Places>,
    last: Mutex<Option<Look>>,
}

#[derive(Debug)]
struct Look {
    at: Instant,
    stalled_us: Option<u64>,
}

impl Watch {
    /// A watch over this process.
    #[must_use]
    pub fn new() -> Self {
        Self::under(Path::new("/"))
    }

    /// A watch that reads `proc` and `sys` below `root`.
    fn under(root: &Path) -> Self {
        Self { root: root.to_owned(), places: OnceLock::new(), last: Mutex::new(None) }
    }

    /// The state of the machine; `None` if it was reported a moment ago.
    pub fn look(&self) -> Option<Facts> {
        let mut last = locks::lock(&self.last);
        let now = Instant::now();
        let elapsed = last.as_ref().map(|last| now - last.at);
        if elapsed.is_some_and(|elapsed| elapsed < INTERVAL) {
            return None;
        }
        let places = self.places.get_or_init(|| Places::find(&self.root));
        let stalled_us = places.stalled_us();
        let before = last.replace(Look { at: now, stalled_us }).and_then(|last| last.stalled_us);
        let stalled_percent = match (before, stalled_us, elapsed) {
            (Some(before), Some(now), Some(elapsed)) => Some(percent(
                now.saturating_sub(before),
                u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            )),
            _ => None,
        };
        let left_percent = places.rooms().map(|room| percent(room.left, room.limit)).min();
        Some(Facts { stalled_percent, left_percent })
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes that this process can use without hurting other processes: the minimum
/// for the machine and every control group of the process. `None` when nothing
/// is known.
#[must_use]
pub fn available_bytes() -> Option<u64> {
    Places::find(Path::new("/")).rooms().map(|room| room.left).min()
}

/// A limit, and how much of it is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    left: u64,
    limit: u64,
}

/// `part` of `whole` in percent, rounded down.
fn percent(part: u64, whole: u64) -> u8 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    u8::try_from(percent.min(100)).unwrap_or(100)
}

/// The files to read.
#[derive(Debug)]
struct Places {
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
    fn find(root: &Path) -> Self {
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

    fn stalled_us(&self) -> Option<u64> {
        some_stalled_us(self.pressure.as_ref()?)
    }

    /// The memory of the machine and of every group with a limit.
    fn rooms(&self) -> impl Iterator<Item = Room> {
        self.machine().into_iter().chain(self.groups.iter().filter_map(Group::room))
    }

    fn machine(&self) -> Option<Room> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A simulated machine made of files.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new(cgroup: &str) -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            machine.write("proc/self/cgroup", cgroup);
            machine.write("proc/meminfo", "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:    600 kB\n");
            machine
        }

        fn write(&self, name: &str, content: &str) {
            let path = self.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }

        fn rooms(&self) -> Vec<(u64, u64)> {
            let places = Places::find(self.0.path());
            places.rooms().map(|room| (room.left, room.limit)).collect()
        }
    }

    const MACHINE: (u64, u64) = (600 << 10, 1000 << 10);

    #[test]
    fn a_machine_without_groups_has_what_is_available() {
        assert_eq!(Machine::new("").rooms(), [MACHINE]);
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(Watch::under(empty.path()).look(), Some(Facts::default()));
    }

    #[test]
    fn every_group_of_version_2_up_to_the_root_counts() {
        let machine = Machine::new("0::/a/b\n");
        machine.write("sys/fs/cgroup/a/b/memory.max", "max\n");
        machine.write("sys/fs/cgroup/a/b/memory.high", "5000\n");
        machine.write("sys/fs/cgroup/a/b/memory.current", "4000\n");
        // Of 2,000 bytes of pages, 500 can be dropped.
        let stat = "anon 3000\ninactive_file 1200\nactive_file 800\nfile_dirty 1000\nfile_writeback 500\n";
        machine.write("sys/fs/cgroup/a/b/memory.stat", stat);
        machine.write("sys/fs/cgroup/a/memory.max", "3000\n");
        machine.write("sys/fs/cgroup/a/memory.current", "4000\n");
        assert_eq!(machine.rooms(), [MACHINE, (1500, 5000), (0, 3000)]);
        machine.write("sys/fs/cgroup/a/memory.max", "max\n");
        machine.write("sys/fs/cgroup/a/b/memory.max", "4500\n");
        assert_eq!(machine.rooms(), [MACHINE, (1000, 4500)]);
    }

    #[test]
    fn groups_of_version_1_count_too() {
        let machine = Machine::new("9:name=systemd:/\n4:cpu,memory:/a\n0::/\n");
        machine.write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9000\n");
        machine.write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "8500\n");
        let stat = "inactive_file 1\ntotal_inactive_file 300\ntotal_active_file 50\ntotal_dirty 150\n";
        machine.write("sys/fs/cgroup/memory/a/memory.stat", stat);
        assert_eq!(machine.rooms(), [MACHINE, (700, 9000)]);
        // Without a limit, the other files are not read.
        machine.write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(machine.rooms(), [MACHINE]);
        // In a container that sees the host's path, the mounted directory is
        // the group.
        let machine = Machine::new("4:memory:/docker/0123\n");
        machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "100\n");
        machine.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "40\n");
        assert_eq!(machine.rooms(), [MACHINE, (60, 100)]);
        let machine = Machine::new("0::/../x\n");
        machine.write("sys/fs/cgroup/memory.max", "100\n");
        machine.write("sys/fs/cgroup/memory.current", "40\n");
        assert_eq!(machine.rooms(), [MACHINE, (60, 100)]);
    }

    #[test]
    fn stalls_are_told_as_a_part_of_the_time() {
        let machine = Machine::new("0::/a\n");
        let some =
            |total| format!("some avg10=1.50 avg60=0.00 avg300=0.00 total={total}\nfull avg10=0 total=7\n");
        machine.write("proc/pressure/memory", &some(5));
        assert_eq!(Places::find(machine.0.path()).stalled_us(), Some(5));
        // The pressure file of the group is nearer.
        machine.write("sys/fs/cgroup/a/memory.pressure", &some(1000));
        let watch = Watch::under(machine.0.path());
        let first = Facts { stalled_percent: None, left_percent: Some(60) };
        assert_eq!(watch.look(), Some(first));
        assert_eq!(watch.look(), None, "a moment ago");
        // Pretends that the first look was a while ago.
        let long_ago = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        watch.last.lock().unwrap().as_mut().unwrap().at = long_ago;
        machine.write("sys/fs/cgroup/a/memory.pressure", &some(u64::MAX));
        assert_eq!(watch.look(), Some(Facts { stalled_percent: Some(100), ..first }));
        watch.last.lock().unwrap().as_mut().unwrap().at = long_ago;
        assert_eq!(watch.look(), Some(Facts { stalled_percent: Some(0), ..first }));
    }

    #[test]
    fn this_machine_can_be_read() {
        let room = Places::find(Path::new("/")).machine().unwrap();
        assert!(room.left <= room.limit && room.limit > 1 << 24, "{room:?}");
        assert!(available_bytes().unwrap() <= room.limit);
        assert!(Watch::new().look().unwrap().left_percent.is_some());
    }

    #[test]
    fn percents_are_rounded_down_and_end_at_100() {
        assert_eq!((percent(0, 0), percent(1, 200), percent(199, 200)), (0, 0, 99));
        assert_eq!((percent(5, 1), percent(u64::MAX, u64::MAX)), (100, 100));
    }
}
