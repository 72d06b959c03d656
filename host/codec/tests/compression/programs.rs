//! Files of other programs are read, and ours are read by them. A program that
//! is not installed is left out; `gzip`, `xz`, `bzip2` and Python are wanted.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use runner_codec::compression::{Check, Limits, Settings};
use runner_codec::{Decoder, Foreign, Format, recognise};

use crate::stage::{noise, pack, text, unpack};

/// The output of a program; `None` if it is not installed.
fn run(command: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// Programs that write the format, and the level that the file shows.
const WRITERS: &[(&[&str], Format, Option<u32>)] = &[
    (&["gzip", "-c"], Format::Gzip, Some(6)),
    (&["gzip", "-9c"], Format::Gzip, Some(9)),
    (&["gzip", "-1c"], Format::Gzip, Some(1)),
    (&["pigz", "-c"], Format::Gzip, None),
    (&["bgzip", "-c"], Format::Gzip, Some(6)),
    (&["7z", "a", "-si", "-so", "-tgzip", "x"], Format::Gzip, None),
    (&["zstd", "-c"], Format::Zstd, None),
    (&["zstd", "-19c"], Format::Zstd, None),
    (&["zstd", "--long=27", "-c"], Format::Zstd, None),
    (&["zstd", "--no-check", "-c"], Format::Zstd, None),
    (&["pzstd", "-c"], Format::Zstd, None),
    (&["xz", "-c"], Format::Xz, Some(6)),
    (&["xz", "-0c"], Format::Xz, Some(0)),
    (&["xz", "-9ec"], Format::Xz, Some(9)),
    (&["xz", "-c", "-T2", "--block-size=100000"], Format::Xz, Some(6)),
    (&["xz", "-c", "--x86", "--lzma2=preset=2"], Format::Xz, Some(2)),
    (&["xz", "-c", "--check=none"], Format::Xz, Some(6)),
    (&["xz", "-c", "--check=sha256"], Format::Xz, Some(6)),
    (&["pixz", "-t"], Format::Xz, None),
    (&["bzip2", "-c"], Format::Bzip2, Some(9)),
    (&["bzip2", "-1c"], Format::Bzip2, Some(1)),
    (&["pbzip2", "-c", "-b1"], Format::Bzip2, Some(9)),
    (&["lbzip2", "-c"], Format::Bzip2, Some(9)),
    (
        &[
            "python3",
            "-c",
            "import sys,gzip; sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read()))",
        ],
        Format::Gzip,
        Some(9),
    ),
    (
        &["python3", "-c", "import sys,bz2; sys.stdout.buffer.write(bz2.compress(sys.stdin.buffer.read()))"],
        Format::Bzip2,
        Some(9),
    ),
    (
        &[
            "python3",
            "-c",
            "import sys,lzma; sys.stdout.buffer.write(lzma.compress(sys.stdin.buffer.read()))",
        ],
        Format::Xz,
        Some(6),
    ),
];

/// Programs that read the format.
const READERS: &[(&[&str], Format)] = &[
    (&["gzip", "-dc"], Format::Gzip),
    (&["pigz", "-dc"], Format::Gzip),
    (&["zstd", "-dc"], Format::Zstd),
    (&["pzstd", "-dc"], Format::Zstd),
    (&["xz", "-dc"], Format::Xz),
    (&["bzip2", "-dc"], Format::Bzip2),
    (&["pbzip2", "-dc"], Format::Bzip2),
    (&["lbzip2", "-dc"], Format::Bzip2),
    (
        &[
            "python3",
            "-c",
            "import sys,gzip; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))",
        ],
        Format::Gzip,
    ),
    (
        &[
            "python3",
            "-c",
            "import sys,bz2; sys.stdout.buffer.write(bz2.decompress(sys.stdin.buffer.read()))",
        ],
        Format::Bzip2,
    ),
    (
        &[
            "python3",
            "-c",
            "import sys,lzma; sys.stdout.buffer.write(lzma.decompress(sys.stdin.buffer.read()))",
        ],
        Format::Xz,
    ),
];

fn contents() -> [Vec<u8>; 3] {
    [Vec::new(), b"x".to_vec(), [text(250_000), noise(70_000)].concat()]
}

fn level(settings: &Settings) -> Option<u32> {
    match settings {
        Settings::Gzip { level, .. } | Settings::Xz { level, .. } | Settings::Bzip2 { level } => Some(*level),
        _ => None,
    }
}

#[test]
fn files_of_other_programs_are_read() {
    for (command, format, expected) in WRITERS {
        for content in contents() {
            let Some(packed) = run(command, &content) else {
                eprintln!("{} is not installed", command[0]);
                break;
            };
            // Some write nothing for nothing.
            if packed.is_empty() {
                continue;
            }
            assert_eq!(
                Format::of(&packed),
                Some(*format),
                "{command:?} {:x?}",
                &packed[..packed.len().min(40)]
            );
            let limits = Limits { memory_bytes: 1 << 30 };
            let mut decoder = Decoder::with_limits(&packed[..], *format, limits);
            let mut found = Vec::new();
            decoder.read_to_end(&mut found).unwrap_or_else(|error| panic!("{command:?}: {error}"));
            assert!(found == content, "{command:?}");
            let settings = decoder.settings();
            // An empty xz stream has no block that tells a level.
            if let Some(expected) = expected.filter(|_| !content.is_empty()) {
                assert_eq!(level(&settings), Some(expected), "{command:?}");
            }
            let again = pack(&settings, &found);
            assert!(unpack(*format, &again).unwrap() == content, "{command:?}");
        }
    }
}

#[test]
fn ours_are_read_by_other_programs() {
    let sha256 = Settings::Xz { level: 2, check: Check::Sha256 };
    for (command, format) in READERS {
        for content in contents() {
            let all = [Settings::of(*format), Settings::of(*format).with_level(1).unwrap(), sha256.clone()];
            for settings in all.iter().filter(|settings| settings.format() == *format) {
                let packed = pack(settings, &content);
                let Some(found) = run(command, &[&packed[..], &packed].concat()) else {
                    eprintln!("{} is not installed", command[0]);
                    break;
                };
                assert!(found == [&content[..], &content].concat(), "{command:?} {settings:?}");
            }
        }
    }
}

/// A rewritten file of `bgzip` is one of `bgzip` still.
#[test]
fn blocks_stay_blocks() {
    let content = text(300_000);
    let Some(packed) = run(&["bgzip", "-c"], &content) else { return };
    let mut decoder = Decoder::new(&packed[..], Format::Gzip);
    decoder.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(decoder.parts().members, 6);
    let again = pack(&decoder.settings(), &content);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.gz");
    std::fs::write(&path, &again).unwrap();
    let path = path.to_str().unwrap();
    // Reads the index, and from the middle of the file.
    run(&["bgzip", "-r", path], b"").unwrap();
    let middle = run(&["bgzip", "-b", "200000", "-s", "100", path], b"").unwrap();
    assert_eq!(middle, &content[200_000..200_100]);
    assert_eq!(again[again.len() - 28..], packed[packed.len() - 28..]);
}

/// Name and time of the file stay in the header.
#[test]
fn the_header_of_gzip_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    std::fs::write(&path, b"content").unwrap();
    run(&["gzip", "-9", path.to_str().unwrap()], b"").unwrap();
    let packed = std::fs::read(path.with_extension("log.gz")).unwrap();
    let mut decoder = Decoder::new(&packed[..], Format::Gzip);
    decoder.read_to_end(&mut Vec::new()).unwrap();
    let again = pack(&decoder.settings(), b"content");
    let length = 10 + "a.log".len() + 1;
    assert_eq!(again[..length], packed[..length]);
}

/// What other programs write is recognised, also what is not read.
#[test]
fn files_of_other_programs_are_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    std::fs::write(&path, text(5000)).unwrap();
    let (path, zip) = (path.to_str().unwrap(), folder.path().join("a.zip"));
    let archive = folder.path().join("a.7z");
    run(&["zip", "-q", zip.to_str().unwrap(), path], b"");
    run(&["7z", "a", archive.to_str().unwrap(), path], b"");
    let written = [
        (run(&["lz4", "-c", path], b""), Foreign::Lz4),
        (run(&["lz4", "-lc", path], b""), Foreign::Lz4),
        (run(&["compress", "-c", path], b""), Foreign::Compress),
        (run(&["lzip", "-c", path], b""), Foreign::Lzip),
        (std::fs::read(zip).ok(), Foreign::Zip),
        (std::fs::read(archive).ok(), Foreign::SevenZip),
        (run(&["iconv", "-t", "UTF-16", path], b""), Foreign::Utf16Le { has_mark: true }),
        (run(&["iconv", "-t", "UTF-16LE", path], b""), Foreign::Utf16Le { has_mark: false }),
        (run(&["iconv", "-t", "UTF-16BE", path], b""), Foreign::Utf16Be { has_mark: false }),
        (run(&["iconv", "-t", "UTF-32", path], b""), Foreign::Utf32Le),
    ];
    for (bytes, expected) in written {
        match bytes {
            Some(bytes) => assert_eq!(recognise(&bytes), Some(expected)),
            None => eprintln!("no program writes {}", expected.name()),
        }
    }
}
