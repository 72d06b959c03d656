//! Makes a failing input smaller: parts are left out as long as it still fails.

use std::time::{Duration, Instant};

use runner_pipeline::error::Result;

/// How often an input is tried, at most.
const TRIES: usize = 400;
/// How long that may take.
const TIME: Duration = Duration::from_secs(20);

/// The smallest input that was found for which `fails` is still true. First lines
/// are left out, then bytes: halves, quarters, and so on.
///
/// # Errors
/// Those of `fails`.
pub(super) fn shrink(bytes: &[u8], mut fails: impl FnMut(&[u8]) -> Result<bool>) -> Result<Vec<u8>> {
    let mut effort = Effort { tries: 0, until: Instant::now() + TIME };
    let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let lines = fewer(lines, &mut effort, |lines| fails(&lines.concat()))?;
    let bytes: Vec<_> = lines.concat().into_iter().collect();
    fewer(bytes, &mut effort, |bytes| fails(bytes))
}

struct Effort {
    tries: usize,
    until: Instant,
}

impl Effort {
    fn is_over(&self) -> bool {
        self.tries >= TRIES || Instant::now() >= self.until
    }
}

/// Leaves parts out, as long as that still fails.
fn fewer<T: Clone>(
    mut parts: Vec<T>,
    effort: &mut Effort,
    mut fails: impl FnMut(&[T]) -> Result<bool>,
) -> Result<Vec<T>> {
    let mut size = parts.len().div_ceil(2);
    while size > 0 {
        let mut start = 0;
        while start < parts.len() {
            if effort.is_over() {
                return Ok(parts);
            }
            effort.tries += 1;
            let mut rest = parts.clone();
            rest.drain(start..(start + size).min(parts.len()));
            if fails(&rest)? {
                parts = rest;
            } else {
                start += size;
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let input = b"one\ntwo\nthree x\nfour\nfive y\nsix\n".repeat(4);
        let fails = |bytes: &[u8]| Ok(bytes.contains(&b'x') && bytes.contains(&b'y'));
        assert_eq!(shrink(&input, fails).unwrap().len(), 2);
    }

    #[test]
    fn what_cannot_be_smaller_stays() {
        assert_eq!(shrink(b"abc", |bytes| Ok(bytes == b"abc")).unwrap(), b"abc");
        assert_eq!(shrink(b"", |_| Ok(true)).unwrap(), b"");
    }
}
