use proptest::prelude::*;

use super::*;

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

/// Text with the letters of western Europe.
fn latin() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 .,;:!?\"'()<>{}=/\\\\@_\\-\t\r\nÀ-ÿ£§°ß]{4,200}"
}

proptest! {
    /// Latin text in UTF-16 is known without a mark, with other letters in it.
    #[test]
    fn utf_16_of_latin_text_is_known(text in latin(), others in "[a-z]{30}[–“”€łЖ日😀]{0,3}") {
        for text in [text.clone(), format!("{text}{others}")] {
            let le = Foreign::Utf16Le { has_mark: false };
            prop_assert_eq!(recognise(&utf16(&text, u16::to_le_bytes)), Some(le));
            let be = Foreign::Utf16Be { has_mark: false };
            prop_assert_eq!(recognise(&utf16(&text, u16::to_be_bytes)), Some(be));
        }
    }

    /// Text of other scripts is known by its spaces and line ends.
    #[test]
    fn utf_16_of_other_scripts_is_known(
        lines in prop::collection::vec("[Жа-я]{3,20}|[א-ת]{3,20}|[ア-ン]{3,20}|[一-龥]{3,20}|[가-힣]{3,20}|[ก-ฮ]{3,20}|[α-ω]{3,20}", 4..20),
        end in prop::sample::select(vec!["\n", "\r\n", " "]),
    ) {
        let text: String = lines.iter().map(|line| format!("{line}{end}")).collect();
        let le = Foreign::Utf16Le { has_mark: false };
        prop_assert_eq!(recognise(&utf16(&text, u16::to_le_bytes)), Some(le));
        let be = Foreign::Utf16Be { has_mark: false };
        prop_assert_eq!(recognise(&utf16(&text, u16::to_be_bytes)), Some(be));
    }

    /// UTF-32 is known without a mark.
    #[test]
    fn utf_32_is_known(text in "[a-zÀ-ÿЖ日😀 \n]{4,40}") {
        let wide = |to_bytes: fn(u32) -> [u8; 4]| -> Vec<u8> {
            text.chars().flat_map(|char| to_bytes(char.into())).collect()
        };
        prop_assert_eq!(recognise(&wide(u32::to_le_bytes)), Some(Foreign::Utf32Le));
        prop_assert_eq!(recognise(&wide(u32::to_be_bytes)), Some(Foreign::Utf32Be));
    }

    /// A head may be cut anywhere.
    #[test]
    fn a_cut_unit_does_not_matter(text in latin(), cut in 0_usize..3) {
        let bytes = utf16(&format!("{text}end"), u16::to_le_bytes);
        let found = recognise(&bytes[..bytes.len() - cut]);
        prop_assert_eq!(found, Some(Foreign::Utf16Le { has_mark: false }));
    }

    /// Text in UTF-8 or an 8-bit encoding is not foreign, with NULs as well.
    #[test]
    fn other_text_is_not_foreign(
        words in prop::collection::vec(("[a-zA-Z0-9À-ÿЖ日]{2,12}", "[ \n\t\0,;]|\0\0"), 1..60),
        as_latin in any::<bool>(),
    ) {
        let text: String = words.into_iter().map(|(word, mark)| word + &mark).collect();
        let bytes = match as_latin {
            true => text.chars().map(|c| c as u8).collect(),
            false => text.into_bytes(),
        };
        // A letter that happens to be a NUL or a mark in its lowest byte.
        prop_assume!(!bytes.starts_with(b"\xff\xfe") && !bytes.starts_with(b"\xfe\xff"));
        // Nor, with controls after it, the header of zlib.
        prop_assume!(!is_zlib(&bytes));
        prop_assert_eq!(recognise(&bytes), None);
    }

    /// Text whose first letters are the header of zlib, without controls.
    #[test]
    fn text_with_the_first_letters_of_zlib_is_not_foreign(
        header in prop::sample::select(vec![0x5e_u8, 0x9c, 0xda]),
        rest in prop::collection::vec(prop::sample::select(b" \t\nazAZ09.,\xc4\xda\xe9\xfc".to_vec()), 0..60),
    ) {
        prop_assert_eq!(recognise(&[&[b'x', header][..], &rest].concat()), None);
    }

    /// Random bytes, and small numbers of 16, 32 and 64 bits. Random bytes may begin
    /// with the two bytes of gzip or zlib, or with a mark of UTF-16; nothing tells
    /// them apart then.
    #[test]
    fn binary_data_is_not_foreign(
        random in prop::collection::vec(any::<u8>(), 40..4000),
        numbers in prop::collection::vec(0_u16..300, 40..400),
    ) {
        let is_marked = random.starts_with(b"\xff\xfe") || random.starts_with(b"\xfe\xff");
        prop_assume!(!is_marked && !matches!(random[0], 0x1f | 0x78));
        prop_assert_eq!(recognise(&random), None);
        let wide: Vec<u8> = numbers.iter().flat_map(|n| u32::from(*n).to_le_bytes()).collect();
        prop_assert_eq!(recognise(&wide), None);
        let wide: Vec<u8> = numbers.iter().flat_map(|n| u64::from(*n).to_be_bytes()).collect();
        prop_assert_eq!(recognise(&wide), None);
        prop_assume!(numbers.contains(&0));
        let narrow: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        prop_assert_eq!(recognise(&narrow), None);
    }

    /// No input panics.
    #[test]
    fn short_heads_are_fine(head in prop::collection::vec(any::<u8>(), 0..12)) {
        let _ = recognise(&head);
    }
}

#[test]
fn marks_are_known() {
    let cases: &[(&[u8], Option<Foreign>)] = &[
        (b"\xff\xfea\0", Some(Foreign::Utf16Le { has_mark: true })),
        (b"\xfe\xff\0a", Some(Foreign::Utf16Be { has_mark: true })),
        (b"\xff\xfe", Some(Foreign::Utf16Le { has_mark: true })),
        (b"\xff\xfe\0\0a\0\0\0", Some(Foreign::Utf32Le)),
        (b"\0\0\xfe\xff\0\0\0a", Some(Foreign::Utf32Be)),
        // A NUL in UTF-16: as UTF-32, the next unit would be none.
        (b"\xff\xfe\0\0a\0b\0", Some(Foreign::Utf16Le { has_mark: true })),
        (b"\xef\xbb\xbftext", None),
        (b"", None),
        (b"a\0b\0", None),
    ];
    for (head, expected) in cases {
        assert_eq!(recognise(head), *expected, "{head:x?}");
    }
}

#[test]
fn formats_are_known_by_their_first_bytes() {
    let cases: &[(&[u8], Option<Foreign>)] = &[
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", Some(Foreign::Compressed(Format::Gzip))),
        (b"\x28\xb5\x2f\xfd\x04\x58", Some(Foreign::Compressed(Format::Zstd))),
        (b"\xfd7zXZ\0\0\x04", Some(Foreign::Compressed(Format::Xz))),
        (b"BZh91AY&SY\0\0", Some(Foreign::Compressed(Format::Bzip2))),
        (b"BZh9\x17rE8P\x90\0\0\0\0", Some(Foreign::Compressed(Format::Bzip2))),
        (b"BZh9 is how it begins", None),
        (b"BZh0AY&SY\0\0\0", None),
        (b"PK\x03\x04\x14\0", Some(Foreign::Zip)),
        (b"PK\x05\x06\0\0", Some(Foreign::Zip)),
        (b"PK is a dog food", None),
        (b"7z\xbc\xaf\x27\x1c\0\x04", Some(Foreign::SevenZip)),
        (b"Rar!\x1a\x07\x01\0", Some(Foreign::Rar)),
        (b"\x04\x22\x4d\x18\x64\x40", Some(Foreign::Lz4)),
        (b"\x1f\x9d\x90abc", Some(Foreign::Compress)),
        (b"\x1f\x9d\xffabc", None),
        (b"LZIP\x01\x0c", Some(Foreign::Lzip)),
        (b"LZIP is a program", None),
        (b"\x89LZO\0\r\n\x1a\n\x10", Some(Foreign::Lzop)),
        (b"\xff\x06\0\0sNaPpY\x01", Some(Foreign::Snappy)),
        // pcap, both orders; pcapng; PDF; PNG; JPEG; ELF; SQLite; tar's zeros.
        (b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0", None),
        (b"\xa1\xb2\xc3\xd4\0\x02\0\x04\0\0\0\0\0\0\0\0\0\x04\0\0\0\0\0\x01", None),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0", None),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", None),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\0\0\0\x01\0", None),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01", None),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0", None),
        (b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20", None),
        (&[0; 1024], None),
    ];
    for (head, expected) in cases {
        assert_eq!(recognise(head), *expected, "{head:x?}");
        for end in 0..head.len() {
            let found = recognise(&head[..end]);
            assert!(found.is_none() || found == *expected, "{:x?}: {found:?}", &head[..end]);
        }
    }
}

/// A skippable frame comes first in files of pzstd, and in seekable ones.
#[test]
fn skippable_frames_are_looked_over() {
    let skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd";
    let zstd = [&skippable[..], b"\x28\xb5\x2f\xfd\x04\x58"].concat();
    assert_eq!(recognise(&zstd), Some(Foreign::Compressed(Format::Zstd)));
    assert_eq!(recognise(skippable), None);
}

#[test]
fn each_has_a_name_and_an_advice() {
    let gzip = Foreign::Compressed(Format::Gzip);
    assert_eq!(gzip.name(), "a gzip file");
    assert!(gzip.advice().contains("--decompress"));
    assert_eq!(gzip.format(), Some(Format::Gzip));
    let utf16 = Foreign::Utf16Be { has_mark: true };
    assert!(utf16.advice().contains("--encoding utf-16be"));
    assert_eq!(utf16.encoding(), Some(Encoding::UTF_16BE));
    assert_eq!((Foreign::Zip.format(), Foreign::Zip.encoding()), (None, None));
}

#[test]
fn formats_without_a_magic_number_are_known() {
    // `printf hello | xz --format=lzma | xxd`, and `zlib.compress(b"hello")`.
    let lzma = b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x34\x19\x49\xee\x8d\xe9";
    let zlib = b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\0\x06\x2c\x02\x15";
    assert_eq!(recognise(lzma), Some(Foreign::Lzma));
    assert_eq!(recognise(zlib), Some(Foreign::Zlib));
    for text in [&b"]\n"[..], b"]]]]]]]]]]]]]]", b"x^2 + y", b"x\x9cuvre \xe9t\xe9\n", b"x\xdaber\n"] {
        assert_eq!(recognise(text), None, "{}", text.escape_ascii());
    }
}
