//! Damage is an error, never a shorter or another content.

use proptest::prelude::*;
use runner_codec::Format;
use runner_codec::compression::{Problem, Settings};

use crate::stage::{error, pack, problem, text, unpack};

fn small(format: Format) -> Settings {
    Settings::of(format).with_level(1).unwrap()
}

/// A file that is cut anywhere.
#[test]
fn every_truncation_is_an_error() {
    for format in Format::ALL {
        let content = text(3000);
        let packed = pack(&small(format), &content);
        for end in 0..packed.len() {
            let error = error(format, &packed[..end]);
            assert_eq!(error.problem, Problem::Truncated, "{format:?} {end}");
            assert_eq!(error.offset, end as u64, "{format:?}");
        }
        // The first of two is whole: only at its end may the file end.
        let two = [&packed[..], &packed].concat();
        for end in packed.len()..two.len() {
            let read = unpack(format, &two[..end]);
            assert_eq!(read.is_ok(), end == packed.len(), "{format:?} {end}");
        }
    }
}

/// Offsets at which a flip changes no content: time, level and system in the
/// header of gzip.
fn is_free(format: Format, offset: usize) -> bool {
    format == Format::Gzip && (4..10).contains(&offset)
}

#[test]
fn every_flipped_bit_is_an_error_or_changes_nothing() {
    for format in Format::ALL {
        let content = text(1500);
        let packed = pack(&small(format), &content);
        let mut errors = 0;
        for bit in 0..packed.len() * 8 {
            let mut flipped = packed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match unpack(format, &flipped) {
                Ok(read) => assert!(read == content, "{format:?} {bit}"),
                Err(error) => {
                    assert!(!is_free(format, bit / 8), "{format:?} {bit}: {error}");
                    errors += 1;
                }
            }
        }
        assert!(errors > packed.len() * 7, "{format:?}: {errors} of {} bits", packed.len() * 8);
    }
}

#[test]
fn anything_after_the_end_is_an_error_at_its_offset() {
    for format in Format::ALL {
        let packed = pack(&small(format), b"content");
        let length = packed.len() as u64;
        for rest in [&b"garbage"[..], b"x", b"\n", b"BZx", b"\x1f\x9d", &[0xfd, b'7', b'z', b'Y']] {
            let whole = [&packed[..], rest].concat();
            let error = error(format, &whole);
            assert_eq!(error.problem, Problem::TrailingData, "{format:?} {rest:?}");
            assert_eq!(error.offset, length, "{format:?} {rest:?}");
        }
    }
    // Zeros pad gzip at its end, and xz in units of four. Nothing else is padded.
    let gzip = pack(&small(Format::Gzip), b"content");
    for zeros in [1, 3, 511, 70_000] {
        let padded = [&gzip[..], &vec![0; zeros]].concat();
        assert_eq!(unpack(Format::Gzip, &padded).unwrap(), b"content");
        for rest in [&b"x"[..], &gzip] {
            let error = error(Format::Gzip, &[&padded[..], rest].concat());
            let offset = (gzip.len() + zeros) as u64;
            assert_eq!((error.problem, error.offset), (Problem::TrailingData, offset), "{zeros}");
        }
    }
    for format in [Format::Zstd, Format::Bzip2] {
        let whole = [&pack(&small(format), b"content")[..], &[0; 512]].concat();
        assert_eq!(problem(format, &whole), Problem::TrailingData);
    }
    let xz = pack(&small(Format::Xz), b"content");
    assert_eq!(unpack(Format::Xz, &[&xz[..], &[0; 512]].concat()).unwrap(), b"content");
    assert_eq!(problem(Format::Xz, &[&xz[..], &[0; 511]].concat()), Problem::Truncated);
    assert_eq!(problem(Format::Xz, &[&xz[..], &[0; 3], &xz].concat()), Problem::TrailingData);
}

#[test]
fn another_format_is_an_error_at_the_start() {
    for format in Format::ALL {
        for other in [&b"plain text, and more of it"[..], b"PK\x03\x04", &[0xff; 40]] {
            let error = error(format, other);
            assert_eq!((error.problem, error.offset), (Problem::WrongStart, 0), "{format:?}");
        }
    }
}

proptest! {
    /// Whatever the bytes: no panic, and no end without an error or a trailer.
    #[test]
    fn arbitrary_bytes_end(
        format in prop::sample::select(Format::ALL.to_vec()),
        start in 0_usize..20,
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let mut packed = pack(&small(format), b"x");
        packed.truncate(start.min(packed.len() - 1));
        packed.extend(bytes);
        prop_assert!(unpack(format, &packed).is_err());
    }

    /// The same for bytes in the middle of a good file.
    #[test]
    fn overwritten_bytes_never_change_the_content(
        format in prop::sample::select(Format::ALL.to_vec()),
        at in 0_usize..2000,
        bytes in prop::collection::vec(any::<u8>(), 1..30),
    ) {
        let content = text(6000);
        let mut packed = pack(&small(format), &content);
        for (place, byte) in packed.iter_mut().skip(at).zip(bytes) {
            *place = byte;
        }
        if let Ok(read) = unpack(format, &packed) {
            prop_assert!(read == content);
        }
    }
}
