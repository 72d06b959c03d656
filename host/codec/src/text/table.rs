//! Encodings of one byte a character.

use std::sync::LazyLock;

use encoding_rs::{self as rs, DecoderResult};

use super::sequence;

/// The Encoding Standard's encodings of one byte a character.
const STANDARD: [&rs::Encoding; 28] = [
    rs::IBM866,
    rs::ISO_8859_2,
    rs::ISO_8859_3,
    rs::ISO_8859_4,
    rs::ISO_8859_5,
    rs::ISO_8859_6,
    rs::ISO_8859_7,
    rs::ISO_8859_8,
    rs::ISO_8859_8_I,
    rs::ISO_8859_10,
    rs::ISO_8859_13,
    rs::ISO_8859_14,
    rs::ISO_8859_15,
    rs::ISO_8859_16,
    rs::KOI8_R,
    rs::KOI8_U,
    rs::MACINTOSH,
    rs::WINDOWS_874,
    rs::WINDOWS_1250,
    rs::WINDOWS_1251,
    rs::WINDOWS_1252,
    rs::WINDOWS_1253,
    rs::WINDOWS_1254,
    rs::WINDOWS_1255,
    rs::WINDOWS_1256,
    rs::WINDOWS_1257,
    rs::WINDOWS_1258,
    rs::X_MAC_CYRILLIC,
];

/// Encodings that the Encoding Standard takes for one of Windows: there the
/// bytes 80 to 9F are characters, here they are control codes. A character of
/// Windows must not get into such a file.
const ISO: [(&str, &rs::Encoding); 3] =
    [("ISO-8859-1", rs::WINDOWS_1252), ("ISO-8859-9", rs::WINDOWS_1254), ("ISO-8859-11", rs::WINDOWS_874)];

/// Every table.
pub(super) static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let standard = STANDARD.iter().map(|encoding| (encoding.name(), high_half(encoding)));
    let iso = ISO.iter().map(|(name, windows)| {
        let mut chars = high_half(windows);
        for (byte, char) in (0x80..0xa0).zip(&mut chars) {
            *char = Some(char::from(byte));
        }
        (*name, chars)
    });
    let user = (rs::X_USER_DEFINED.name(), high_half(rs::X_USER_DEFINED));
    let ascii = ("US-ASCII", [None; 128]);
    standard.chain(iso).chain([user, ascii]).map(|(name, chars)| Table::new(name, &chars)).collect()
});

/// The characters of the bytes 80 to FF. The Encoding Standard keeps ASCII in
/// all of these encodings.
fn high_half(encoding: &'static rs::Encoding) -> [Option<char>; 128] {
    std::array::from_fn(|index| {
        // The index is below 128.
        let byte = 0x80 | index as u8;
        let mut text = [0; 4];
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let (result, _, written) = decoder.decode_to_utf8_without_replacement(&[byte], &mut text, true);
        if result != DecoderResult::InputEmpty {
            return None;
        }
        std::str::from_utf8(&text[..written]).ok()?.chars().next()
    })
}

/// An encoding of one byte a character, which has ASCII.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The sequence of each byte, and its length in the last place.
    pub(super) sequences: [[u8; 4]; 256],
    /// For the high byte of a code point, where in `bytes` its 256 places are.
    /// Place 0 has none.
    pages: [u8; 256],
    /// The byte of each code point; 0: none.
    bytes: Vec<[u8; 256]>,
}

impl Table {
    fn new(name: &'static str, high: &[Option<char>; 128]) -> Self {
        let mut table = Self { name, sequences: [[0; 4]; 256], pages: [0; 256], bytes: vec![[0; 256]] };
        for byte in 0..=u8::MAX {
            let char = if byte < 0x80 { Some(char::from(byte)) } else { high[usize::from(byte & 0x7f)] };
            let mut sequence = [0; 4];
            let length = match char {
                Some(char) => char.encode_utf8(&mut sequence).len(),
                None => {
                    sequence[..2].copy_from_slice(&sequence::raw(byte));
                    2
                }
            };
            sequence[3] = length as u8;
            table.sequences[usize::from(byte)] = sequence;
            if let Some(char) = char {
                let [high, low] = (u32::from(char) as u16).to_be_bytes().map(usize::from);
                if table.pages[high] == 0 {
                    table.pages[high] = table.bytes.len() as u8;
                    table.bytes.push([0; 256]);
                }
                table.bytes[usize::from(table.pages[high])][low] = byte;
            }
        }
        table
    }

    /// The byte of a character.
    pub(super) fn byte(&self, char: char) -> Option<u8> {
        self.byte_of(u16::try_from(u32::from(char)).ok()?)
    }

    /// The byte of a code point.
    pub(super) fn byte_of(&self, code: u16) -> Option<u8> {
        let [high, low] = code.to_be_bytes().map(usize::from);
        let byte = self.bytes[usize::from(self.pages[high])][low];
        (byte != 0 || code == 0).then_some(byte)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::text::sequence::{First, Sequence, first};

    /// Every byte of every table comes back, no two bytes are one character, and
    /// no other character has a byte.
    #[test]
    fn tables_can_be_reversed() {
        assert_eq!(TABLES.len(), 33);
        for table in TABLES.iter() {
            let mut found = BTreeSet::new();
            for byte in 0..=u8::MAX {
                let sequence = table.sequences[usize::from(byte)];
                let length = usize::from(sequence[3]);
                match first(&sequence[..length]) {
                    First::Whole(Sequence::Char(char), of) if of == length => {
                        assert_eq!(table.byte(char), Some(byte), "{}", table.name);
                        assert!(found.insert(char), "{} {char:?}", table.name);
                    }
                    First::Whole(Sequence::Raw(raw), 2) if length == 2 && byte >= 0x80 => {
                        assert_eq!(raw, byte, "{}", table.name);
                    }
                    other => panic!("{} {byte:x}: {other:?}", table.name),
                }
            }
            for char in '\0'..=char::MAX {
                assert_eq!(table.byte(char).is_some(), found.contains(&char), "{} {char:?}", table.name);
            }
        }
    }

    /// The encodings that are one byte a character, and no others.
    #[test]
    fn no_encoding_is_forgotten() {
        let names: BTreeSet<_> = TABLES.iter().map(|table| table.name).collect();
        for encoding in STANDARD {
            assert!(encoding.is_single_byte(), "{}", encoding.name());
        }
        let labels = ["ibm866", "macintosh", "x-mac-cyrillic", "x-user-defined", "koi8-u", "koi8-r"];
        let windows = (1250..=1258).map(|number| format!("windows-{number}"));
        let iso = (1..=16).filter(|part| *part != 12).map(|part| format!("iso-8859-{part}"));
        for label in windows.chain(iso).chain(labels.map(str::to_owned)) {
            let encoding = rs::Encoding::for_label(label.as_bytes()).unwrap();
            assert!(encoding.is_single_byte() && names.contains(encoding.name()), "{label}");
        }
    }
}
