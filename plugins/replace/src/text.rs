//! A text to look for, in the given case or in either case.

use memchr::memchr2_iter;
use memchr::memmem::Finder;

/// The letters, ordered from rare to frequent in English.
const RARE_FIRST: &[u8] = b"zqxjkvbpygfwmucldrhsnioate";

/// A text to look for.
#[derive(Debug)]
pub(crate) enum Text {
    /// In the given case.
    Exact(Box<Finder<'static>>),
    /// In either ASCII case. It is found by its rarest byte. A regular
    /// expression would read all bytes one by one, because a vectorised search
    /// for several texts is not available in WebAssembly.
    Folded { text: Vec<u8>, rarest: usize },
}

/// Whether "either case" is the same as "either ASCII case". This is not so for
/// `k` and `s`, which also match the Kelvin sign and the long s.
pub(crate) fn is_ascii_folding(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii() && !matches!(byte.to_ascii_lowercase(), b'k' | b's'))
}

impl Text {
    pub(crate) fn exact(text: &[u8]) -> Self {
        Self::Exact(Box::new(Finder::new(text).into_owned()))
    }

    /// A text whose letters match either ASCII case.
    pub(crate) fn folded(text: &[u8]) -> Self {
        let text = text.to_vec();
        // Other bytes are considered rarer than most letters, but not than all.
        let rank =
            |byte: &u8| RARE_FIRST.iter().position(|letter| byte.eq_ignore_ascii_case(letter)).unwrap_or(8);
        let rarest = (0..text.len()).min_by_key(|&at| rank(&text[at])).unwrap_or(0);
        Self::Folded { text, rarest }
    }

    /// The text itself.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Exact(finder) => finder.needle(),
            Self::Folded { text, .. } => text,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Exact(finder) => finder.needle().len(),
            Self::Folded { text, .. } => text.len(),
        }
    }

    /// The offset of the first match.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Exact(finder) => finder.find(bytes),
            Self::Folded { text, rarest } => {
                let byte = text.get(*rarest)?;
                let (lower, upper) = (byte.to_ascii_lowercase(), byte.to_ascii_uppercase());
                memchr2_iter(lower, upper, bytes.get(*rarest..)?).find(|&start| {
                    bytes.get(start..start + text.len()).is_some_and(|found| found.eq_ignore_ascii_case(text))
                })
            }
        }
    }
}
