//! Conversions with native stand-ins for plugins; the model changes the content
//! in memory.

use std::fs;
use std::io::{Read, Write};

use proptest::prelude::*;
use runner_codec::compression::Settings;
use runner_codec::{Decoder, Encoder, Encoding, Format, TextDecoder, TextEncoder};
use runner_contract::{Edits, FileHead, Framing, Job, Window};

use crate::convert::Convert;
use crate::engine::transform::Instance;
use crate::error::{Kind, Result};
use crate::patch::Header;
use crate::pipe;
use crate::run::{self, Begun, Event, Options, Program, Report};
use crate::storage::mmap::Mapping;
use crate::storage::{Entry, Storage as _};

/// Replaces each `old` in lines.
fn replacing(old: &'static [u8], new: &'static [u8]) -> impl Fn(FileHead<'_>) -> Result<Begun> + Sync {
    move |_| {
        let transform = move |window: &Window<'_>, edits: &mut Edits| -> Result<(), String> {
            memchr::memmem::find_iter(window.bytes, old)
                .filter(|at| window.owned.contains(at))
                .for_each(|at| edits.replace(at..at + old.len(), new));
            Ok(())
        };
        Ok((Job::new(Framing::lines()).text(), Instance::local(transform)))
    }
}

fn replaced(content: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let (mut result, mut rest) = (Vec::new(), content);
    while let Some(at) = memchr::memmem::find(rest, old) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    result.extend_from_slice(rest);
    result
}

/// Runs a program on a file with this content. Also returns what the file has
/// afterwards.
fn changed(
    content: &[u8],
    (old, new): (&'static [u8], &'static [u8]),
    convert: Convert,
) -> (Result<Report>, Vec<u8>, Vec<Event>) {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("file");
    fs::write(&file, content).expect("a file");
    let begin = replacing(old, new);
    let program = Program::native("replacing", &begin);
    let options = Options { convert, threads: 1, window_bytes: 1 << 16, ..Options::default() };
    let mut events = Vec::new();
    let report = run::apply(&file, &program, &options, &mut |event| events.push(event));
    (report, fs::read(&file).expect("the file"), events)
}

fn compressed(content: &[u8], format: Format) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), &Settings::of(format)).expect("an encoder");
    encoder.write_all(content).expect("compressed");
    encoder.finish().expect("compressed")
}

fn decompressed(file: &[u8], format: Format) -> Vec<u8> {
    let mut content = Vec::new();
    Decoder::new(file, format).read_to_end(&mut content).expect("decompressed");
    content
}

/// Lines that do not compress well.
fn lines(count: u64) -> Vec<u8> {
    let line = |n: u64| format!("{n} user{} {}\n", n % 7, blake3::hash(&n.to_le_bytes()).to_hex());
    (0..count).map(line).collect::<String>().into_bytes()
}

#[test]
fn a_compressed_file_has_the_edited_content() {
    let unzip = Convert::NOTHING.decompressed(None);
    for format in Format::ALL {
        for count in [1, 4_000] {
            let content = lines(count);
            let file = compressed(&content, format);
            let (report, after, _) = changed(&file, (b"user0", b"somebody else"), unzip);
            let report = report.expect("a change");
            assert_eq!(report.post_root, Some(blake3::hash(&after)));
            assert_eq!(report.pre_root, Some(blake3::hash(&file)));
            let expected = replaced(&content, b"user0", b"somebody else");
            assert!(decompressed(&after, format) == expected, "{format:?}");

            let (report, after, _) = changed(&file, (b"nobody", b"x"), unzip);
            assert_eq!(report.expect("no change").stats.edits, 0);
            assert!(after == file, "{format:?}: it was compressed again");
        }
    }
}

#[test]
fn a_damaged_file_stays() {
    let unzip = Convert::NOTHING.decompressed(None);
    for format in Format::ALL {
        let file = compressed(&lines(2_000), format);
        let mut damaged = file.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x55;
        let longer = [&file[..], b"more"].concat();
        for broken in [&file[..file.len() - 1], &file[..file.len() / 2], &damaged, &longer] {
            let (report, after, _) = changed(broken, (b"user0", b"x"), unzip);
            let error = report.expect_err("damage");
            assert_eq!(error.kind(), Kind::Io, "{error}");
            assert!(error.what().starts_with("cannot decompress: "), "{error}");
            assert!(after == broken, "{format:?}");
        }
    }
}

/// A file that is shorter than its mapping reads as zeros there. They are not
/// taken for content, nor for the reason of a failure.
#[test]
fn what_cannot_be_read_is_an_error() {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("file");
    let content = lines(4_000);
    let utf_16: Vec<u8> = content.iter().flat_map(|&byte| [byte, 0]).collect();
    let encoded = Convert::NOTHING.decoded("utf-16le").expect("a label");
    for (bytes, convert) in
        [(compressed(&content, Format::Gzip), Convert::NOTHING.decompressed(None)), (utf_16, encoded)]
    {
        let there = bytes.len() / 2 / 4096 * 4096;
        fs::write(&path, &bytes[..there]).expect("a file");
        let file = fs::File::open(&path).expect("the file");
        let mapping = Mapping::new(&file, bytes.len() as u64, &path).expect("a mapping");
        let begin = replacing(b"user0", b"somebody else");
        let program = Program::native("replacing", &begin);
        let options = Options { convert, threads: 1, window_bytes: 1 << 16, ..Options::default() };
        let mut identity = crate::storage::OsStorage.stat(&file).expect("its metadata").identity;
        identity.size = bytes.len() as u64;
        let header = Header {
            plugin: program.id.clone(),
            params: Vec::new(),
            conversion: Vec::new(),
            target: "file".into(),
            identity: (&identity).into(),
            group_bytes: crate::hash::GROUP_BYTES,
        };
        let spill = Entry::unpinned(scratch.path().join("spill"));
        let destination = (&crate::storage::OsStorage, spill, header);
        let made = super::make_patch(destination, &mapping, &program, &options, &mut |_| {});
        let error = made.map(drop).expect_err("half of the file is missing");
        assert!(error.to_string().contains("was cut short"), "{error}");
    }
}

#[test]
fn what_is_not_compressed_is_refused() {
    let unzip = Convert::NOTHING.decompressed(None);
    let twice = compressed(&compressed(b"user0\n", Format::Gzip), Format::Xz);
    let wide = compressed(
        &"user0\n".repeat(9).encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        Format::Zstd,
    );
    let cases: [(&[u8], &str); 4] = [
        (b"user0\n", "this is not compressed with gzip, zstd, xz or bzip2"),
        (b"", "this is empty, not compressed with gzip, zstd, xz or bzip2"),
        (&twice, "the content of the compressed file is gzip data again"),
        (&wide, "plugin `replacing` reads text, and this is UTF-16 text"),
    ];
    for (file, what) in cases {
        let (report, after, _) = changed(file, (b"user0", b"x"), unzip);
        let error = report.expect_err(what);
        assert_eq!(error.kind(), Kind::Refused, "{error}");
        assert!(error.what().starts_with(what), "{error}");
        assert!(after == file);
    }
}

#[test]
fn members_become_one_and_that_is_said() {
    let unzip = Convert::NOTHING.decompressed(Some(1));
    let file = [compressed(b"user0\n", Format::Gzip), compressed(b"user1\n", Format::Gzip)].concat();
    let (report, after, events) = changed(&file, (b"user1", b"x"), unzip);
    report.expect("a change");
    assert_eq!(decompressed(&after, Format::Gzip), b"user0\nx\n");
    assert!(events.contains(&Event::Merged { members: 2, skipped_bytes: 0 }), "{events:?}");
}

#[test]
fn utf_16_in_gzip() {
    let both = Convert::NOTHING.decompressed(None).decoded("utf-16").expect("a label");
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_be_bytes).collect() };
    let file = compressed(&wide("\u{feff}user0 = \u{20ac}\n"), Format::Gzip);
    let (report, after, _) = changed(&file, (b"user0", "\u{1f600}".as_bytes()), both);
    report.expect("a change");
    assert_eq!(decompressed(&after, Format::Gzip), wide("\u{feff}\u{1f600} = \u{20ac}\n"));
}

#[test]
fn what_an_encoding_cannot_hold_has_a_place() {
    let convert = Convert::NOTHING.decoded("windows-1252").expect("a label");
    let file = b"\xfc\nb\xfc user0\n";
    let (report, after, _) = changed(file, (b"user0", "\u{2192}".as_bytes()), convert);
    let error = report.expect_err("a character that does not exist");
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(
        error.what(),
        "cannot encode an edit: windows-1252 has no character '\u{2192}' (U+2192) at line 2, offset 5"
    );
    assert_eq!(after, file);
}

#[test]
fn an_encoding_that_the_file_contradicts_is_refused() {
    let wide: Vec<u8> = "\u{feff}user0\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (file, label) in [
        (&wide[..], "utf-16be"),
        (&wide, "latin1"),
        (b"user0\n", "utf-16"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\0\0\0", "latin1"),
    ] {
        let (report, after, _) =
            changed(file, (b"user0", b"x"), Convert::NOTHING.decoded(label).expect("a label"));
        assert_eq!(report.expect_err(label).kind(), Kind::Refused);
        assert!(after == file);
    }
    assert_eq!(Convert::NOTHING.decoded("shift_jis").expect_err("no way back").kind(), Kind::Usage);
}

fn encoding() -> impl Strategy<Value = Encoding> {
    proptest::sample::select(Encoding::all().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any bytes in any encoding come out of a pipe as they went in.
    #[test]
    fn a_pipe_keeps_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2000), encoding in encoding()) {
        let convert = Convert::NOTHING.decoded(encoding.name()).expect("a label");
        let options = pipe::Options { convert, no_text: crate::engine::readable::NoText::Show, ..pipe::Options::default() };
        let mut out = Vec::new();
        pipe::run(&mut &bytes[..], &mut out, &replacing(b"does not occur", b"x"), &options).expect("no edit");
        prop_assert_eq!(out, bytes);
    }

    /// A file has the bytes that encoding the edited text gives.
    #[test]
    fn a_file_is_what_its_edited_text_is(
        text in prop::collection::vec(prop::sample::select(vec!["user0", "\n", "a", "\r\n", "   "]), 0..400),
        times in 1_usize..200,
        encoding in encoding(),
    ) {
        let content = text.concat().repeat(times);
        let encode = |text: &[u8]| {
            let mut encoder = TextEncoder::new(Vec::new(), encoding);
            encoder.write_all(text).and_then(|()| encoder.finish()).expect("ASCII")
        };
        let file = encode(content.as_bytes());
        let convert = Convert::NOTHING.decoded(encoding.name()).expect("a label");
        let (report, after, _) = changed(&file, (b"user0", b"!\n!"), convert);
        report.expect("a change");
        prop_assert!(after == encode(&replaced(content.as_bytes(), b"user0", b"!\n!")));
        let mut decoded = Vec::new();
        TextDecoder::new(&after[..], encoding).read_to_end(&mut decoded).expect("any bytes");
        prop_assert!(decoded == replaced(content.as_bytes(), b"user0", b"!\n!"));
    }
}
