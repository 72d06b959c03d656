//! The names that people give to encodings.

use std::fmt;

use encoding_rs as rs;

use super::encoding::{Encoding, Kind};
use super::table::TABLES;

/// What a label asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// This encoding.
    Fixed(Encoding),
    /// UTF-16 in the order that the byte order mark tells.
    Utf16ByMark,
}

/// A label that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelError {
    /// Nothing is known by this label.
    Unknown(String),
    /// This encoding is known. But its text would not stay the same where it is
    /// not edited.
    NotReversible(&'static str),
    /// The text does not begin with the byte order mark that tells the order.
    NoMark,
}

impl Choice {
    /// The encoding of a text that begins with `head`.
    ///
    /// # Errors
    /// For [`Choice::Utf16ByMark`], if there is no byte order mark.
    pub fn encoding(self, head: &[u8]) -> Result<Encoding, LabelError> {
        match (self, head) {
            (Self::Fixed(encoding), _) => Ok(encoding),
            (Self::Utf16ByMark, [0xff, 0xfe, ..]) => Ok(Encoding::UTF_16LE),
            (Self::Utf16ByMark, [0xfe, 0xff, ..]) => Ok(Encoding::UTF_16BE),
            (Self::Utf16ByMark, _) => Err(LabelError::NoMark),
        }
    }
}

/// Labels that the Encoding Standard does not have, or takes for a fixed order.
const OTHERS: &[(&str, Choice)] = &[
    ("utf-16", Choice::Utf16ByMark),
    ("utf16", Choice::Utf16ByMark),
    ("ucs-2", Choice::Utf16ByMark),
    ("iso-10646-ucs-2", Choice::Utf16ByMark),
    ("csunicode", Choice::Utf16ByMark),
    ("unicode", Choice::Utf16ByMark),
    ("utf16le", Choice::Fixed(Encoding::UTF_16LE)),
    ("utf-16-le", Choice::Fixed(Encoding::UTF_16LE)),
    ("ucs-2le", Choice::Fixed(Encoding::UTF_16LE)),
    ("utf16be", Choice::Fixed(Encoding::UTF_16BE)),
    ("utf-16-be", Choice::Fixed(Encoding::UTF_16BE)),
    ("ucs-2be", Choice::Fixed(Encoding::UTF_16BE)),
];

/// Labels of encodings of Windows that mean these. All other labels that the
/// Encoding Standard gives to them mean an encoding of ISO.
const WINDOWS: &[(&rs::Encoding, &[&str], &str)] = &[
    (rs::WINDOWS_1252, &["windows-1252", "cp1252", "x-cp1252"], "ISO-8859-1"),
    (rs::WINDOWS_1254, &["windows-1254", "cp1254", "x-cp1254"], "ISO-8859-9"),
    (rs::WINDOWS_874, &["windows-874", "dos-874"], "ISO-8859-11"),
];

/// Labels of ASCII, which the Encoding Standard gives to windows-1252.
const ASCII: &[&str] = &["ascii", "us-ascii", "ansi_x3.4-1968", "ansi-x3.4-1968"];

impl Encoding {
    /// The encoding with this label: one of the Encoding Standard, in upper or
    /// lower case, or one that `iconv` and Python use for it.
    ///
    /// `latin1`, `iso-8859-1`, `iso-8859-9`, `iso-8859-11` and `ascii` mean what
    /// they say, not encodings of Windows as they do in browsers. `utf-16` needs
    /// a byte order mark.
    ///
    /// # Errors
    /// For labels that are not known, and encodings whose text would not stay
    /// the same where it is not edited.
    pub fn for_label(label: &str) -> Result<Choice, LabelError> {
        let asked = label.trim().to_ascii_lowercase();
        let found = find(&asked).or_else(|| find(&asked.replace('_', "-")));
        found.unwrap_or_else(|| Err(LabelError::Unknown(label.to_owned())))
    }
}

fn find(label: &str) -> Option<Result<Choice, LabelError>> {
    if let Some((_, choice)) = OTHERS.iter().find(|(other, _)| *other == label) {
        return Some(Ok(*choice));
    }
    if ASCII.contains(&label) {
        return table("US-ASCII");
    }
    let label = if label == "latin-1" { "latin1" } else { label };
    let found = rs::Encoding::for_label(label.as_bytes()).filter(|_| label != "replacement")?;
    let windows = WINDOWS.iter().find(|(encoding, own, _)| *encoding == found && !own.contains(&label));
    if let Some((_, _, iso)) = windows {
        return table(iso);
    }
    let fixed = |encoding| Some(Ok(Choice::Fixed(encoding)));
    match found {
        _ if found == rs::UTF_8 => fixed(Encoding::UTF_8),
        _ if found == rs::UTF_16LE => fixed(Encoding::UTF_16LE),
        _ if found == rs::UTF_16BE => fixed(Encoding::UTF_16BE),
        // Encodings that browsers refuse to decode, such as ISO-2022-KR.
        _ if found == rs::REPLACEMENT => Some(Err(LabelError::NotReversible("this stateful encoding"))),
        _ => table(found.name()).or(Some(Err(LabelError::NotReversible(found.name())))),
    }
}

fn table(name: &str) -> Option<Result<Choice, LabelError>> {
    let table = TABLES.iter().find(|table| table.name == name)?;
    Some(Ok(Choice::Fixed(Encoding(Kind::SingleByte(table)))))
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(label) => write!(
                f,
                "there is no encoding {label:?}; there are utf-16le, utf-16be, utf-16 (with a byte order \
                 mark), iso-8859-1 to 16, windows-874 and 1250 to 1258, koi8-r, koi8-u, ibm866, macintosh, \
                 x-mac-cyrillic, us-ascii"
            ),
            Self::NotReversible(name) => write!(
                f,
                "text in {name} cannot be decoded and encoded again to the same bytes; convert it to UTF-8 \
                 first, for example with `iconv`"
            ),
            Self::NoMark => f.write_str(
                "the text does not begin with a byte order mark; use utf-16le or utf-16be instead of utf-16",
            ),
        }
    }
}

impl std::error::Error for LabelError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(label: &str) -> Result<&'static str, LabelError> {
        match Encoding::for_label(label)? {
            Choice::Fixed(encoding) => Ok(encoding.name()),
            Choice::Utf16ByMark => Ok("by mark"),
        }
    }

    #[test]
    fn labels_mean_what_they_say() {
        for (label, expected) in [
            ("latin1", "ISO-8859-1"),
            ("Latin-1", "ISO-8859-1"),
            ("ISO-8859-1", "ISO-8859-1"),
            ("iso8859_1", "ISO-8859-1"),
            ("l1", "ISO-8859-1"),
            ("cp819", "ISO-8859-1"),
            ("cp1252", "windows-1252"),
            ("windows-1252", "windows-1252"),
            ("Windows_1252", "windows-1252"),
            ("latin5", "ISO-8859-9"),
            ("cp1254", "windows-1254"),
            ("tis-620", "ISO-8859-11"),
            ("windows-874", "windows-874"),
            ("ascii", "US-ASCII"),
            ("US-ASCII", "US-ASCII"),
            ("iso8859_15", "ISO-8859-15"),
            ("iso-8859-8-i", "ISO-8859-8-I"),
            ("koi8", "KOI8-R"),
            ("cp866", "IBM866"),
            ("mac", "macintosh"),
            ("utf-8", "UTF-8"),
            ("utf8", "UTF-8"),
            ("utf-16", "by mark"),
            ("UTF16", "by mark"),
            ("utf-16le", "UTF-16LE"),
            ("utf_16_le", "UTF-16LE"),
            ("utf-16be", "UTF-16BE"),
        ] {
            assert_eq!(name(label), Ok(expected), "{label}");
        }
    }

    #[test]
    fn others_are_refused() {
        for label in ["shift_jis", "gbk", "gb2312", "gb18030", "big5", "euc-kr", "euc-jp", "iso-2022-jp"] {
            assert!(matches!(name(label), Err(LabelError::NotReversible(_))), "{label}");
        }
        assert!(matches!(name("iso-2022-kr"), Err(LabelError::NotReversible(_))));
        for label in ["", "utf-7", "cp437", "replacement", "nonsense"] {
            assert_eq!(name(label), Err(LabelError::Unknown(label.to_owned())));
        }
    }

    #[test]
    fn each_name_is_its_own_label() {
        for encoding in Encoding::all() {
            assert_eq!(Encoding::for_label(encoding.name()), Ok(Choice::Fixed(encoding)));
        }
    }

    #[test]
    fn a_mark_tells_the_order() {
        let choice = Choice::Utf16ByMark;
        assert_eq!(choice.encoding(b"\xff\xfea\0"), Ok(Encoding::UTF_16LE));
        assert_eq!(choice.encoding(b"\xfe\xff\0a"), Ok(Encoding::UTF_16BE));
        assert_eq!(choice.encoding(b"a\0"), Err(LabelError::NoMark));
        assert_eq!(Choice::Fixed(Encoding::UTF_16BE).encoding(b"\xff\xfe"), Ok(Encoding::UTF_16BE));
    }
}
