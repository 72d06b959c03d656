//! What is compressed is decompressed, however it is cut.

use std::io::{Read, Write};

use proptest::prelude::*;
use runner_codec::compression::{Check, GzipHeader, Parts, Settings};
use runner_codec::{Decoder, Encoder, Format};

use crate::stage::{Pieces, noise, pack, text, unpack};

fn content() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![Just(0_usize), 1..40_usize, 1..100_000_usize];
    (length, any::<bool>()).prop_map(|(length, is_text)| if is_text { text(length) } else { noise(length) })
}

/// Settings with which other properties run as well.
fn settings() -> impl Strategy<Value = Settings> {
    let blocked = GzipHeader { extra: Some(b"BC\x02\0\0\0".to_vec()), ..GzipHeader::default() };
    let named = GzipHeader {
        is_text: true,
        has_crc: true,
        mtime: 1_700_000_000,
        name: Some(b"a.log".to_vec()),
        ..GzipHeader::default()
    };
    let low = |format, level| Settings::of(format).with_level(level).unwrap();
    prop::sample::select(vec![
        Settings::of(Format::Gzip),
        low(Format::Gzip, 0),
        low(Format::Gzip, 1),
        Settings::Gzip { level: 9, header: named },
        Settings::Gzip { level: 6, header: blocked },
        Settings::of(Format::Zstd),
        low(Format::Zstd, -5),
        low(Format::Zstd, 1),
        Settings::Zstd { level: 5, checksum: false, long_window_log: None },
        low(Format::Xz, 0),
        Settings::Xz { level: 0, check: Check::Sha256 },
        Settings::Xz { level: 1, check: Check::Crc32 },
        low(Format::Bzip2, 1),
        Settings::of(Format::Bzip2),
    ])
}

/// What of the settings a file shows.
fn shown(settings: &Settings) -> Settings {
    match settings.clone() {
        Settings::Zstd { .. } => settings.clone().with_level(3).unwrap(),
        Settings::Gzip { level, mut header } => {
            let is_blocked = header.is_blocked();
            if is_blocked {
                header.extra = None;
            }
            Settings::Gzip { level: if matches!(level, 1 | 9) { level } else { 6 }, header }
        }
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn content_comes_back(
        content in content(),
        settings in settings(),
        writes in prop::collection::vec(1_usize..65_536, 1..4),
        reads in prop::collection::vec(1_usize..65_536, 1..4),
        sources in prop::collection::vec(1_usize..65_536, 1..4),
        flush_at in prop::option::of(0_usize..4),
    ) {
        let mut encoder = Encoder::new(Vec::new(), &settings).unwrap();
        let (mut rest, mut turn) = (&content[..], 0);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(writes[turn % writes.len()]));
            encoder.write_all(piece).unwrap();
            if flush_at == Some(turn) {
                encoder.flush().unwrap();
            }
            rest = after;
            turn += 1;
        }
        let packed = encoder.finish().unwrap();
        prop_assert_eq!(Format::of(&packed), Some(settings.format()));
        let source = Pieces { bytes: &packed, sizes: &sources, turn: 0 };
        let mut decoder = Decoder::new(source, settings.format());
        let (mut found, mut turn, mut buffer) = (Vec::new(), 0, vec![0; 65_536]);
        loop {
            let size = reads[turn % reads.len()];
            let count = decoder.read(&mut buffer[..size]).unwrap();
            if count == 0 {
                break;
            }
            found.extend_from_slice(&buffer[..count]);
            turn += 1;
        }
        prop_assert!(found == content, "{} bytes instead of {}", found.len(), content.len());
        prop_assert_eq!(decoder.offset(), packed.len() as u64);
        let mut read = decoder.settings();
        if let Settings::Gzip { header, .. } = &mut read
            && header.is_blocked()
        {
            header.extra = None;
        }
        // An empty xz stream has no block that tells a level.
        if settings.format() != Format::Xz || !content.is_empty() {
            prop_assert_eq!(read, shown(&settings));
        }
    }

    /// Members that stand one after another are read as one content.
    #[test]
    fn members_are_joined(contents in prop::collection::vec(content(), 1..4), settings in settings()) {
        let packed: Vec<_> = contents.iter().flat_map(|content| pack(&settings, content)).collect();
        let joined = contents.concat();
        prop_assert!(unpack(settings.format(), &packed).unwrap() == joined);
    }

    /// What was flushed can be read before the file is complete.
    #[test]
    fn a_flush_shows_everything(content in content(), settings in settings()) {
        let mut encoder = Encoder::new(Vec::new(), &settings).unwrap();
        encoder.write_all(&content).unwrap();
        encoder.flush().unwrap();
        let debug = format!("{encoder:?}");
        prop_assert!(debug.starts_with("Encoder"));
        encoder.write_all(b"the rest").unwrap();
        let whole = encoder.finish().unwrap();
        prop_assert!(unpack(settings.format(), &whole).unwrap() == [&content[..], b"the rest"].concat());
    }
}

#[test]
fn parts_are_counted() {
    let skippable = [&0x184d_2a53_u32.to_le_bytes()[..], &3_u32.to_le_bytes(), b"abc"].concat();
    let frame = pack(&Settings::of(Format::Zstd), b"x");
    let parts = |format, packed: &[u8]| {
        let mut decoder = Decoder::new(packed, format);
        std::io::copy(&mut decoder, &mut std::io::sink()).unwrap();
        decoder.parts()
    };
    let zstd = [&skippable[..], &frame, &skippable, &frame].concat();
    assert_eq!(Format::of(&zstd), Some(Format::Zstd));
    assert_eq!(parts(Format::Zstd, &zstd), Parts { members: 2, skipped_bytes: 22 });
    let member = pack(&Settings::of(Format::Gzip), b"x");
    let gzip = [&member[..], &member, &[0; 5]].concat();
    assert_eq!(parts(Format::Gzip, &gzip), Parts { members: 2, skipped_bytes: 5 });
    let stream = pack(&Settings::Xz { level: 0, check: Check::Crc64 }, b"x");
    let xz = [&stream[..], &[0; 8], &stream, &[0; 4]].concat();
    assert_eq!(parts(Format::Xz, &xz), Parts { members: 2, skipped_bytes: 12 });
}

/// A sink that what was flushed can be taken from.
#[test]
fn flushed_bytes_reach_the_sink() {
    for format in Format::ALL {
        let content = text(1000);
        let mut sink = Vec::new();
        {
            let mut encoder = Encoder::new(&mut sink, &Settings::of(format)).unwrap();
            encoder.write_all(&content).unwrap();
            encoder.flush().unwrap();
        }
        let mut found = vec![0; content.len()];
        let read = Decoder::new(&sink[..], format).read_exact(&mut found);
        // bzip2 decompresses a block only once the next one begins.
        if format != Format::Bzip2 {
            read.unwrap();
            assert!(found == content, "{format:?}");
        }
    }
}

/// A decoder that is not ready has nothing left: its source is asked next.
#[test]
fn what_is_ready_is_returned_without_the_source() {
    struct Once<'a>(&'a [u8], usize);
    impl Read for Once<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.1 += 1;
            self.0.read(&mut buffer[..1000.min(self.0.len())])
        }
    }
    for format in Format::ALL {
        let content = text(200_000);
        let packed = pack(&Settings::of(format).with_level(1).unwrap(), &content);
        let mut decoder = Decoder::new(Once(&packed, 0), format);
        let (mut found, mut buffer) = (Vec::new(), [0; 700]);
        loop {
            let (is_ready, asked) = (decoder.is_ready(), decoder.source_mut().1);
            let count = decoder.read(&mut buffer).unwrap();
            if !is_ready && asked > 0 && count > 0 {
                assert!(decoder.source_mut().1 > asked, "{format:?}");
            }
            if count == 0 {
                break;
            }
            found.extend_from_slice(&buffer[..count]);
        }
        assert!(found == content, "{format:?}");
    }
}
