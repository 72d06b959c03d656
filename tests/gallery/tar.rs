//! `tar-scrub` against GNU tar: what is scrubbed is what tar itself makes with
//! other owners and times.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};

use runner_tests::{Ran, Random, Scratch, command, program, repository, seed};

/// How many trees are made.
const TREES: u64 = 6;
/// How owners and times are given to tar for what must come out.
const SCRUBBED: [&str; 4] = ["--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
/// Without the times that tar has no option to set.
const NO_OTHER_TIMES: &str = "--pax-option=delete=atime,delete=ctime";

fn run(arguments: &[&str], input: &Path, more: &[&str]) -> Ran {
    let mut command = command();
    command.args(arguments).arg(repository().join("gallery/tar-scrub/tar-scrub.wasm")).arg(input).args(more);
    Ran::of(command.output().unwrap())
}

/// What the plugin makes of an archive, with the usual windows and with small ones.
fn scrubbed(archive: &Path) -> PathBuf {
    let [usual, small] = ["out", "small-out"].map(|end| archive.with_extension(end));
    for (output, window) in [(&usual, "1M"), (&small, "64K")] {
        let _ = fs::remove_file(output);
        run(&["apply"], archive, &["--window", window, "-o", output.to_str().unwrap()]).ok();
    }
    assert!(fs::read(&usual).unwrap() == fs::read(small).unwrap(), "windows make a difference");
    usual
}

fn tar(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = program("tar").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "tar {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Packs the folder `tree`.
fn pack(scratch: &Scratch, name: &str, arguments: &[&str]) -> PathBuf {
    let fixed = ["--sort=name", "-cf", name];
    tar(scratch.dir(), &[arguments, &fixed, &["tree"]].concat());
    scratch.path(name)
}

fn name(random: &mut Random, most: u64) -> String {
    let length = 1 + random.below(most) as usize;
    let letter = |_| char::from(b'a' + random.below(26) as u8);
    (0..length).map(letter).collect()
}

/// A file with data here and there, and holes between.
fn write_sparse(path: &Path, random: &mut Random) {
    let file = File::create(path).unwrap();
    for part in 0..random.below(60) {
        file.write_all_at(&[b'x'; 700], (part * 3 + random.below(2)) << 14).unwrap();
    }
    file.set_len(4 << 20).unwrap();
}

/// Makes the folder `tree`, with names of up to `most` bytes.
fn make_tree(scratch: &Scratch, random: &mut Random, most: u64) {
    let mut folders = vec![scratch.path("tree")];
    fs::create_dir(&folders[0]).unwrap();
    let mut files = Vec::new();
    for _ in 0..2 + random.below(25) {
        let folder = folders[random.below(folders.len() as u64) as usize].clone();
        let path = folder.join(name(random, most));
        if path.exists() {
            continue;
        }
        match random.below(8) {
            0 | 1 if folder.ancestors().count() < scratch.dir().ancestors().count() + 4 => {
                fs::create_dir(&path).unwrap();
                folders.push(path);
            }
            2 => symlink(name(random, most), path).unwrap(),
            3 if !files.is_empty() => {
                let file: &PathBuf = &files[random.below(files.len() as u64) as usize];
                fs::hard_link(file, path).unwrap();
            }
            4 => write_sparse(&path, random),
            _ => {
                let sizes = [0, 1, 511, 512, 513, 70_000, 1_500_000];
                let bytes: Vec<u8> =
                    (0..sizes[random.below(7) as usize]).map(|_| random.below(256) as u8).collect();
                fs::write(&path, bytes).unwrap();
                files.push(path);
            }
        }
    }
}

/// An archive without the zeros at its end, which fill up its last record.
fn trimmed(archive: &Path) -> Vec<u8> {
    let mut bytes = fs::read(archive).unwrap();
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
    bytes.truncate(end);
    bytes
}

/// Tar lists the same members, and extracts the same content.
fn holds_the_same(scratch: &Scratch, archive: &Path, expected: &Path) {
    let list = |archive: &Path| tar(scratch.dir(), &["--full-time", "-tvf", archive.to_str().unwrap()]);
    let [found, wanted] = [archive, expected].map(|archive| String::from_utf8(list(archive)).unwrap());
    assert_eq!(found, wanted, "{}", archive.display());
    let folder = scratch.path("extracted");
    fs::create_dir(&folder).unwrap();
    tar(&folder, &["-xf", archive.to_str().unwrap()]);
    let ran = program("diff")
        .args(["-r", "--no-dereference"])
        .arg(scratch.path("tree"))
        .arg(folder.join("tree"))
        .output();
    let ran = Ran::of(ran.unwrap());
    assert_eq!(ran.code, 0, "{}: {}", archive.display(), ran.text());
    fs::remove_dir_all(folder).unwrap();
}

/// Every format, with short names and long ones, and numbers that need other
/// forms than octal digits. `RUNNER_SEED` chooses other trees.
#[test]
fn archives_are_those_of_tar_with_other_owners() {
    let mut random = Random(seed());
    for tree in 0..TREES {
        let scratch = Scratch::in_memory();
        let has_long_names = tree % 3 == 2;
        make_tree(&scratch, &mut random, if has_long_names { 140 } else { 12 });
        let formats: &[&[&str]] = &[
            &["--format=v7"],
            &["--format=ustar"],
            &["--format=gnu"],
            &["--format=gnu", "-S"],
            &["--format=pax"],
            &["--format=pax", "-S"],
        ];
        for (number, format) in formats.iter().enumerate().skip(if has_long_names { 2 } else { 0 }) {
            let has_big_numbers = number >= 2;
            let id = random.below(if has_big_numbers { 1 << 31 } else { 1 << 21 });
            let time = random.below(if has_big_numbers { 1 << 35 } else { 1 << 32 });
            let time =
                if has_big_numbers && random.below(3) == 0 { format!("-{time}") } else { time.to_string() };
            let from = [
                format!("--owner=somebody:{id}"),
                format!("--group=friends:{id}"),
                format!("--mtime=@{time}.5"),
            ];
            let from: Vec<_> = from.iter().map(String::as_str).chain(format.iter().copied()).collect();
            let input = pack(&scratch, "input.tar", &from);
            let mut to = [&SCRUBBED[..], format].concat();
            if format[0] == "--format=pax" {
                to.push(NO_OTHER_TIMES);
            }
            let expected = pack(&scratch, "expected.tar", &to);
            let output = scrubbed(&input);
            // The names of pax headers have the number of tar's process in them,
            // and tar gives those of long names an owner of its own.
            if !has_long_names && number != 5 {
                assert!(trimmed(&output) == trimmed(&expected), "{format:?} differs");
            }
            holds_the_same(&scratch, &output, &expected);
            let again = run(&["apply", "--check"], &output, &[]);
            assert_eq!(again.code, 0, "a second run changes something: {}", again.stderr);
        }
    }
}

/// Archives one after the other, but none that is the content of a member.
#[test]
fn archives_in_one_file_are_all_scrubbed() {
    let scratch = Scratch::in_memory();
    make_tree(&scratch, &mut Random(seed()), 12);
    let inner = pack(&scratch, "inner.tar", &["--format=ustar"]);
    fs::rename(inner, scratch.path("tree/inner.tar")).unwrap();
    let [a, b] = ["a.tar", "b.tar"].map(|name| fs::read(pack(&scratch, name, &["--format=ustar"])).unwrap());
    let both = scratch.write("both.tar", [a, b].concat());
    let expected =
        fs::read(pack(&scratch, "expected.tar", &[&SCRUBBED[..], &["--format=ustar"]].concat())).unwrap();
    assert!(fs::read(scrubbed(&both)).unwrap() == [expected.clone(), expected].concat());
}

/// A broken archive is refused, and the message says where it is broken.
#[test]
fn broken_archives_are_refused() {
    let scratch = Scratch::in_memory();
    fs::create_dir(scratch.path("tree")).unwrap();
    fs::write(scratch.path("tree/a"), vec![b'a'; 3_000_000]).unwrap();
    fs::write(scratch.path("tree/b"), "b").unwrap();
    let archive = fs::read(pack(&scratch, "a.tar", &["--format=ustar"])).unwrap();
    let second = 1024 + 3_000_000_usize.next_multiple_of(512);
    for at in [0, 100, 124, 257, 400] {
        let mut broken = archive.clone();
        broken[second + at] ^= 0x10;
        let file = scratch.write("broken.tar", broken);
        run(&["apply"], &file, &[]).fails(3, "the checksum of a header is wrong").says("offset 3,001,344");
    }
    // Cut in a body, in a header.
    for (end, what, at) in [
        (2_000_000, "the archive is cut short", "offset 512"),
        (second + 100, "the last block is cut short", "offset 3,001,344"),
    ] {
        let file = scratch.write("cut.tar", &archive[..end]);
        run(&["apply"], &file, &[]).fails(3, what).says(at);
        // Of a stream, the length is not known.
        let ran = Ran::of(
            command()
                .args(["pipe"])
                .arg(repository().join("gallery/tar-scrub/tar-scrub.wasm"))
                .stdin(File::open(&file).unwrap())
                .output()
                .unwrap(),
        );
        assert!(ran.code != 0 && ran.stderr.contains(what), "{}", ran.stderr);
    }
}
