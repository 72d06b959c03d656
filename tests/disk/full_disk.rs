//! Filesystems without room, and block devices: as root only.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use runner_tests::mount::{self, Mount};
use runner_tests::{Scratch, Snapshot, is_root, runner, skip};

fn tmpfs(bytes: u64) -> Option<Mount> {
    let size = format!("size={bytes}");
    Mount::new(&["-t", "tmpfs", "-o", &size, "tmpfs"].map(OsStr::new))
}

/// An image with an ext4 filesystem.
fn ext4(bytes: u64) -> Option<(Scratch, Mount)> {
    let scratch = Scratch::new();
    let image = scratch.path("image");
    fs::File::create(&image).unwrap().set_len(bytes).unwrap();
    // Without what root alone may use, and without a journal, which would
    // take most of it.
    let made = Command::new("mkfs.ext4").args(["-q", "-m", "0", "-O", "^has_journal"]).arg(&image).output();
    if !made.is_ok_and(|made| made.status.success()) {
        skip("cannot make an ext4 filesystem");
        return None;
    }
    let mount = Mount::new(&[OsStr::new("-o"), OsStr::new("loop"), image.as_os_str()])?;
    let _ = fs::remove_dir(mount.path("lost+found"));
    Some((scratch, mount))
}

/// Runs that cannot be done for want of room, on a filesystem of 4 MiB.
fn nothing_fits(place: &Path, path: &Path) {
    let full = |args: &[&str], what: &str| {
        let before = Snapshot::of(place);
        let ran =
            runner(["apply", "replace", path.to_str().unwrap(), "--set", "find=user"].iter().chain(args));
        let ran = ran.fails(2, what);
        assert_eq!(before, Snapshot::of(place), "{args:?}");
        ran
    };
    // A rewrite, of a file that takes more than half.
    fs::write(path, runner_tests::log_lines(5 << 19, "\n")).unwrap();
    full(&["--set", "with=u"], "are missing").says("to another filesystem with `-o OUT`");
    full(&["--set", "with=USER", "--strategy", "rewrite"], "are missing");
    // A new tail, with a journal that holds the old one and the new one.
    full(&["--set", "with=u", "--strategy", "in-place"], "are missing");
    // Without room for what is kept.
    full(&["--set", "with=USER", "--backup", ".old"], "No space left on device");

    // The patch of a file in which every other byte is changed is larger than
    // the file: there is no room for a journal.
    fs::write(path, "user;;;\n".repeat((5 << 19) / 8)).unwrap();
    full(&["--set", "with=USER"], "No space left on device");
    full(&["--set", "with=USERS"], "No space left on device");

    // Few edits fit in place whatever the size, up to the last block.
    let mut content = runner_tests::log_lines(3 << 20, "\n");
    fs::write(path, &content).unwrap();
    let few = ["--set", "find=user999@", "--set", "with=USER999@"];
    runner(["apply", "replace", path.to_str().unwrap()].iter().chain(&few)).ok();
    content = String::from_utf8(content).unwrap().replace("user999@", "USER999@").into_bytes();
    assert!(fs::read(path).unwrap() == content);
    assert_eq!(runner_tests::names(place), ["file"]);
}

#[test]
fn a_full_tmpfs_changes_nothing() {
    let Some(mount) = tmpfs(4 << 20) else { return };
    nothing_fits(&mount.place, &mount.path("file"));
}

#[test]
fn a_full_ext4_changes_nothing() {
    let Some((_image, mount)) = ext4(4 << 20) else { return };
    nothing_fits(&mount.place, &mount.path("file"));
}

#[test]
fn a_full_place_for_output_leaves_no_half_of_it() {
    let Some(mount) = tmpfs(256 << 10) else { return };
    let scratch = Scratch::new();
    let file = scratch.write("file", runner_tests::log_lines(2 << 20, "\n"));
    let before = (scratch.snapshot(), Snapshot::of(&mount.place));
    let (file, out) = (file.to_str().unwrap(), mount.path("out"));
    let args = ["replace", file, "--set", "find=user", "--set", "with=USER"];
    for (command, what) in [("apply", "are missing"), ("plan", "No space left on device")] {
        let ran = runner([command].iter().chain(&args).chain(&["-o", out.to_str().unwrap()]));
        ran.fails(2, what);
        assert_eq!(before, (scratch.snapshot(), Snapshot::of(&mount.place)));
    }
    let undo = ["apply", "--undo", out.to_str().unwrap()];
    runner(undo.iter().chain(&args)).fails(2, "No space left on device");
    assert_eq!(before, (scratch.snapshot(), Snapshot::of(&mount.place)));
}

/// A loop device, until it is dropped.
struct Loop(PathBuf);

impl Loop {
    fn new(image: &Path) -> Option<Self> {
        if !is_root() {
            skip("only root can make a loop device");
            return None;
        }
        let output = Command::new("losetup").args(["--find", "--show"]).arg(image).output().unwrap();
        if !output.status.success() {
            skip(&format!("cannot make a loop device: {}", String::from_utf8_lossy(&output.stderr)));
            return None;
        }
        Some(Self(String::from_utf8(output.stdout).unwrap().trim().into()))
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // The kernel keeps the flag for the next image.
        let _ = Command::new("blockdev").arg("--setrw").arg(&self.0).status();
        let _ = Command::new("losetup").arg("--detach").arg(&self.0).status();
    }
}

#[test]
fn a_block_device_is_changed_in_place() {
    let scratch = Scratch::new();
    let mut old = runner_tests::log_lines(1 << 20, "\n");
    old.truncate(1 << 20);
    let image = scratch.write("image", &old);
    let Some(device) = Loop::new(&image) else { return };
    let state = Scratch::new();
    let run = |args: &[&str]| {
        let mut command = runner_tests::command();
        command.env("XDG_STATE_HOME", state.dir()).args(args);
        runner_tests::Ran::of(command.output().unwrap())
    };
    let content = || fs::read(&device.0).unwrap();
    let name = device.0.to_str().unwrap();
    let devices =
        || runner_tests::names(Path::new("/dev")).into_iter().filter(|name| name.contains("runner")).count();

    let grow = ["apply", "replace", name, "--set", "find=user", "--set", "with=users"];
    run(&grow).fails(4, "edits that change lengths cannot be applied to a block device");
    let same = ["apply", "replace", name, "--set", "find=user", "--set", "with=USER"];
    let mut rewrite = same.to_vec();
    rewrite.extend(["--strategy", "rewrite"]);
    run(&rewrite).fails(4, "only a regular file can be replaced");
    assert!(content() == old, "refused");

    let undo = scratch.path("undo");
    let mut kept = same.to_vec();
    kept.extend(["--undo", undo.to_str().unwrap()]);
    run(&kept).ok().says("in place");
    let new = String::from_utf8(old.clone()).unwrap().replace("user", "USER").into_bytes();
    assert!(content() == new, "applied");
    let root = format!("{}  {name}\n", blake3::hash(&new));
    assert_eq!(run(&["verify", name]).ok().text(), root);
    run(&["undo", undo.to_str().unwrap(), name]).ok();
    assert!(content() == old, "undone");

    // The journal of a device stands in the state directory, and counts for
    // every node of it.
    let number = std::os::unix::fs::MetadataExt::rdev(&fs::metadata(&device.0).unwrap());
    let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
    let node = scratch.path("node");
    let made = Command::new("mknod").arg(&node).args(["b", &major.to_string(), &minor.to_string()]).status();
    assert!(made.unwrap().success());
    let node = node.to_str().unwrap();
    assert_eq!(runner_tests::names(state.dir()), ["runner"]);
    assert_eq!(runner_tests::names(&state.path("runner")), ["history.jsonl", "journal-key"]);
    assert_eq!(devices(), 0);
    let journal = state.path("runner").join(format!("block-{major}-{minor}.runner-journal"));
    let mut plan = same.to_vec();
    plan[0] = "plan";
    let saved = scratch.path("saved");
    plan.extend(["-o", saved.to_str().unwrap()]);
    run(&plan).ok();
    fs::copy(&saved, &journal).unwrap();
    fs::set_permissions(&journal, PermissionsExt::from_mode(0o600)).unwrap();
    run(&same).fails(6, "did not finish");
    run(&["verify", node]).fails(6, "did not finish");
    run(&["recover", name]).fails(4, "is not trusted");
    run(&["recover", "--trust-journal", name]).ok();
    assert!(content() == new, "recovered");
    assert_eq!(runner_tests::names(&state.path("runner")), ["history.jsonl", "journal-key"]);
}

/// What is mounted has its own idea of what the device holds.
#[test]
fn a_device_that_is_in_use_is_not_written() {
    let scratch = Scratch::new();
    let image = scratch.path("image");
    if !runner_tests::is_root() || !mount::make_filesystem("ext4", &image, 16 << 20) {
        return skip("only root can mount an ext4");
    }
    let Some(device) = Loop::new(&image) else { return };
    let name = device.0.to_str().unwrap();
    let mounted = Mount::try_new(&[device.0.as_os_str()]).unwrap();
    fs::write(mounted.path("file"), "a user\n").unwrap();
    mount::sync(&mounted.place);
    let before = fs::read(&device.0).unwrap();
    let apply = ["apply", "replace", name, "--set", "find=a user", "--set", "with=a USER"];
    runner(apply).fails(2, "cannot open").says("is mounted").says("unmount it first");
    runner!["recover", name].fails(2, "is mounted");
    // It may be looked at.
    runner(apply.iter().chain(&["--dry-run"])).ok();
    assert!(fs::read(&device.0).unwrap() == before);
    drop(mounted);
    let suffix = format!(".old-{}", std::process::id());
    runner(apply.iter().chain(&["--backup", &suffix])).fails(4, "would be stored in memory");
    assert!(!Path::new(&format!("{name}{suffix}")).exists());
    runner(apply).ok();
    let mounted = Mount::try_new(&[device.0.as_os_str()]).unwrap();
    assert_eq!(fs::read_to_string(mounted.path("file")).unwrap(), "a USER\n");
    drop(mounted);
    // A device may be read-only, whoever asks.
    assert!(Command::new("blockdev").arg("--setro").arg(&device.0).status().unwrap().success());
    runner(apply).fails(2, "Read-only file system");
}
