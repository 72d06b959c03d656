use std::fs;

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
