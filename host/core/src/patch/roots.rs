//! Whether a patch knows the root hashes of the whole file.

use super::format::NAME;

/// Which hashes a patch holds besides those of the groups that it lists.
///
/// Each kind has a version of the format of its own, so that no reader takes a
/// patch without roots for one whose roots it has checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Roots {
    /// The BLAKE3 root of the whole file, before and after. All of the file was
    /// read. Version 2 of the format.
    #[default]
    Whole,
    /// None: only the listed groups were read. The patch is in in-place form,
    /// so each of them has its values before and after. Version 3 of the
    /// format.
    Touched,
}

/// The versions of the format that can be read.
pub(super) const VERSIONS: [Roots; 2] = [Roots::Whole, Roots::Touched];

impl Roots {
    /// The version of the format.
    pub(super) fn version(self) -> u32 {
        match self {
            Self::Whole => 2,
            Self::Touched => 3,
        }
    }

    /// The first bytes of a patch.
    pub(super) fn magic(self) -> [u8; 12] {
        let mut magic = [0; 12];
        magic[..NAME.len()].copy_from_slice(&NAME);
        magic[NAME.len()..].copy_from_slice(&self.version().to_le_bytes());
        magic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_magic() {
        assert_eq!(Roots::Whole.magic(), *b"RUNPATCH\x02\0\0\0");
        assert_eq!(Roots::Touched.magic(), *b"RUNPATCH\x03\0\0\0");
    }
}
