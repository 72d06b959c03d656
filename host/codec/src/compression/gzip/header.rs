//! The header of a gzip member (RFC 1952, section 2.3).

use flate2::Crc;

use crate::compression::Problem;
use crate::compression::error::damaged;

const HAS_CRC: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;
/// Longer headers are refused: their length has no limit in the format.
const HEADER_BYTES_MAX: usize = 1 << 20;

/// What the header of a gzip member holds besides the level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Whether the writer took the data for text.
    pub is_text: bool,
    /// Whether a checksum of the header follows it.
    pub has_crc: bool,
    /// When the content was last changed, in seconds since 1970; 0: unknown.
    pub mtime: u32,
    /// The byte that tells the filesystem of the writer; 3: Unix.
    pub os: u8,
    /// Subfields that programs keep there, whole.
    pub extra: Option<Vec<u8>>,
    /// The name of the file before it was compressed.
    pub name: Option<Vec<u8>>,
    /// A comment for people.
    pub comment: Option<Vec<u8>>,
}

impl Default for Header {
    /// No name and no time, as `gzip -n` writes it.
    fn default() -> Self {
        Self { is_text: false, has_crc: false, mtime: 0, os: 3, extra: None, name: None, comment: None }
    }
}

/// A header that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) header: Header,
    pub(super) level: u32,
    pub(super) bytes: usize,
}

/// A cursor that knows when there is not enough.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The bytes up to a zero, which is taken as well.
    fn text(&mut self) -> Option<Vec<u8>> {
        let end = memchr::memchr(0, self.0)?;
        self.take(end + 1).map(|text| text[..end].to_vec())
    }
}

impl Header {
    /// Whether the member is a block of BGZF, which tells its own length so that
    /// readers can jump to it.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.subfields()
            .is_some_and(|fields| fields.iter().any(|(id, data)| *id == *b"BC" && data.len() == 2))
    }

    /// The subfields of `extra`; `None` if there are none, or they are malformed.
    fn subfields(&self) -> Option<Vec<([u8; 2], &[u8])>> {
        let mut rest = Fields(self.extra.as_deref()?);
        let mut found = Vec::new();
        while let [a, b, low, high, ..] = *rest.0 {
            rest.take(4)?;
            found.push(([a, b], rest.take(usize::from(u16::from_le_bytes([low, high])))?));
        }
        rest.0.is_empty().then_some(found)
    }

    /// Reads a header. `None`: it goes on after `bytes`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Parsed>, Problem> {
        if bytes.iter().zip([0x1f, 0x8b]).any(|(found, expected)| *found != expected) {
            return Err(Problem::WrongStart);
        }
        if bytes.get(2).is_some_and(|method| *method != 8) {
            return Err(Problem::Unsupported("a method other than deflate"));
        }
        if bytes.get(3).is_some_and(|flags| flags & RESERVED != 0) {
            return Err(damaged("reserved flags are set in the header"));
        }
        let Some((header, level, after)) = Self::fields(bytes) else {
            let is_too_long = bytes.len() > HEADER_BYTES_MAX;
            return if is_too_long { Err(Problem::Unsupported("a header above 1 MiB")) } else { Ok(None) };
        };
        let mut length = bytes.len() - after.len();
        if header.has_crc {
            let Some(expected) = after.first_chunk() else { return Ok(None) };
            if crc16(&bytes[..length]) != u16::from_le_bytes(*expected) {
                return Err(damaged("the header does not match its checksum"));
            }
            length += 2;
        }
        Ok(Some(Parsed { header, level, bytes: length }))
    }

    /// The fields up to the checksum, the level, and what follows.
    fn fields(bytes: &[u8]) -> Option<(Self, u32, &[u8])> {
        let mut rest = Fields(bytes);
        let &[_, _, _, flags, m0, m1, m2, m3, extra_flags, os] = rest.take(10)? else { return None };
        let has = |flag| flags & flag != 0;
        let extra = match has(HAS_EXTRA) {
            true => {
                let length = u16::from_le_bytes(*rest.take(2)?.first_chunk()?);
                Some(rest.take(length.into())?.to_vec())
            }
            false => None,
        };
        let name = if has(HAS_NAME) { Some(rest.text()?) } else { None };
        let comment = if has(HAS_COMMENT) { Some(rest.text()?) } else { None };
        let level = match extra_flags {
            2 => 9,
            4 => 1,
            _ => 6,
        };
        let mtime = u32::from_le_bytes([m0, m1, m2, m3]);
        let (is_text, has_crc) = (flags & 1 != 0, has(HAS_CRC));
        Some((Self { is_text, has_crc, mtime, os, extra, name, comment }, level, rest.0))
    }

    /// The header as bytes.
    pub(super) fn write(&self, level: u32) -> Vec<u8> {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags = flag(self.is_text, 1)
            | flag(self.has_crc, HAS_CRC)
            | flag(self.extra.is_some(), HAS_EXTRA)
            | flag(self.name.is_some(), HAS_NAME)
            | flag(self.comment.is_some(), HAS_COMMENT);
        let extra_flags = match level {
            9 => 2,
            1 => 4,
            _ => 0,
        };
        let mut bytes = vec![0x1f, 0x8b, 8, flags];
        bytes.extend(self.mtime.to_le_bytes());
        bytes.extend([extra_flags, self.os]);
        if let Some(extra) = &self.extra {
            // It was read from a field of this length.
            let length = u16::try_from(extra.len()).unwrap_or(u16::MAX);
            bytes.extend(length.to_le_bytes());
            bytes.extend(&extra[..length.into()]);
        }
        for text in [&self.name, &self.comment].into_iter().flatten() {
            bytes.extend(text.split(|byte| *byte == 0).next().unwrap_or_default());
            bytes.push(0);
        }
        if self.has_crc {
            bytes.extend(crc16(&bytes).to_le_bytes());
        }
        bytes
    }
}

/// The lower half of the CRC32.
fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = Crc::new();
    crc.update(bytes);
    (crc.sum() & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = Option<Vec<u8>>> {
        prop::option::of(prop::collection::vec(1_u8.., 0..40))
    }

    proptest! {
        /// What was written is read, and nothing less of it is a header.
        #[test]
        fn it_round_trips(
            flags in any::<(bool, bool)>(),
            (mtime, os) in any::<(u32, u8)>(),
            extra in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
            (name, comment) in (text(), text()),
            level in prop::sample::select(vec![1_u32, 6, 9]),
            after in prop::collection::vec(any::<u8>(), 0..4),
        ) {
            let header = Header { is_text: flags.0, has_crc: flags.1, mtime, os, extra, name, comment };
            let mut bytes = header.write(level);
            let length = bytes.len();
            for end in 0..length {
                prop_assert_eq!(Header::parse(&bytes[..end]), Ok(None));
            }
            bytes.extend(after);
            prop_assert_eq!(Header::parse(&bytes), Ok(Some(Parsed { header, level, bytes: length })));
        }
    }

    #[test]
    fn a_blocked_member_is_known_by_its_subfield() {
        let with = |extra: &[u8]| Header { extra: Some(extra.to_vec()), ..Header::default() };
        assert!(with(b"BC\x02\0\x1b\0").is_blocked());
        assert!(with(b"XY\x01\0zBC\x02\0\x1b\0").is_blocked());
        assert!(!with(b"BC\x03\0abc").is_blocked());
        assert!(!with(b"BC\x02\0\x1b").is_blocked());
        assert!(!with(b"XYBC\x02\0\x1b\0").is_blocked());
        assert!(!Header::default().is_blocked());
    }
}
