//! Memory is bounded, and what cannot be done is said.

use std::io::{self, Read};

use runner_codec::compression::{Check, Error, GzipHeader, Limits, Problem, Settings};
use runner_codec::{Decoder, Encoder, Format};

use crate::stage::{pack, problem};

fn with_limit(format: Format, packed: &[u8], memory_bytes: u64) -> Result<u64, Problem> {
    let mut decoder = Decoder::with_limits(packed, format, Limits { memory_bytes });
    let copied = io::copy(&mut decoder, &mut io::sink());
    copied.map_err(|error| Error::of(&error).expect("an error of the codec").problem.clone())
}

/// The header of a frame that `zstd --long=31` writes.
#[test]
fn a_long_window_names_the_memory_it_needs() {
    let mut packed = vec![0x28, 0xb5, 0x2f, 0xfd, 0x04, 0xa8];
    // One block of one raw byte, the last one. The checksum is not reached.
    packed.extend([0x09, 0, 0, b'x', 0, 0, 0, 0]);
    let needed = Some((1 << 31) + (1 << 20));
    let limit_bytes = Limits::default().memory_bytes;
    assert_eq!(problem(Format::Zstd, &packed), Problem::Memory { needed_bytes: needed, limit_bytes });
    assert!(matches!(with_limit(Format::Zstd, &packed, 3 << 30), Err(Problem::Damaged(_))));
    let message = io::Error::from(Error {
        format: Format::Zstd,
        offset: 0,
        problem: Problem::Memory { needed_bytes: needed, limit_bytes },
    });
    assert_eq!(
        message.to_string(),
        "the zstd data at offset 0 needs 2148532224 bytes of memory; the limit is 268435456 bytes"
    );
}

#[test]
fn a_dictionary_of_xz_counts() {
    let nine = Settings::of(Format::Xz).with_level(9).unwrap();
    let packed = pack(&nine, b"x");
    assert_eq!(with_limit(Format::Xz, &packed, 66 << 20), Ok(1));
    let limit_bytes = 32 << 20;
    assert_eq!(
        with_limit(Format::Xz, &packed, limit_bytes),
        Err(Problem::Memory { needed_bytes: Some(65 << 20), limit_bytes })
    );
}

/// A thousandth of its content, and not held at once.
#[test]
fn a_bomb_is_streamed() {
    for format in Format::ALL {
        let mut encoder = Encoder::new(Vec::new(), &Settings::of(format).with_level(1).unwrap()).unwrap();
        io::copy(&mut io::repeat(0).take(20 << 20), &mut encoder).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(with_limit(format, &packed, 16 << 20), Ok(20 << 20), "{format:?}");
    }
}

#[test]
fn a_long_window_is_kept() {
    let settings = Settings::Zstd { level: 3, checksum: true, long_window_log: Some(27) };
    let packed = pack(&settings, b"x");
    let mut decoder = Decoder::new(&packed[..], Format::Zstd);
    io::copy(&mut decoder, &mut io::sink()).unwrap();
    assert_eq!(decoder.settings(), settings);
}

#[test]
fn extra_fields_that_are_not_understood_are_not_dropped() {
    let header = GzipHeader { extra: Some(b"RA\x02\0\0\0".to_vec()), ..GzipHeader::default() };
    let settings = Settings::Gzip { level: 6, header };
    let error = Encoder::new(Vec::new(), &settings).unwrap_err();
    assert!(error.to_string().contains("extra fields"), "{error}");
}

#[test]
fn levels_are_those_of_the_program() {
    for (format, level, is_right) in [
        (Format::Gzip, 0, true),
        (Format::Gzip, 10, false),
        (Format::Zstd, -7, true),
        (Format::Zstd, 23, false),
        (Format::Xz, 9, true),
        (Format::Bzip2, 0, false),
    ] {
        assert_eq!(Settings::of(format).with_level(level).is_ok(), is_right, "{format:?} {level}");
    }
    let message = Settings::of(Format::Bzip2).with_level(0).unwrap_err();
    assert_eq!(message, "bzip2 has levels 1 to 9, not 0");
    assert_eq!(Settings::of(Format::Xz), Settings::of(Format::Xz).with_level(6).unwrap());
    assert!(matches!(Settings::of(Format::Xz), Settings::Xz { check: Check::Crc64, .. }));
}
