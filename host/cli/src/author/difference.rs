//! The first difference of two outputs, for people.

use std::time::{Duration, Instant};

use runner_pipeline::escape::group_digits;
use similar::TextDiff;

/// Maximum number of lines that are shown.
const DIFF_LINES: usize = 40;
/// Bytes of either side, from the first difference on, in which differences are
/// looked for.
const DIFF_BYTES: usize = 64 << 10;
/// Bytes before the first difference that are shown with it.
const BEFORE_BYTES: usize = 200;
/// Maximum number of characters of a line that are shown.
const LINE_CHARS: usize = 300;
/// After this time, the lines that are left count as different.
const DIFF_TIME: Duration = Duration::from_secs(1);

/// The lines that differ: `-` before those expected, `+` before those found.
/// `None` if both are the same.
pub(super) fn difference(expected: &[u8], found: &[u8]) -> Option<String> {
    if expected == found {
        return None;
    }
    let first = expected.iter().zip(found).take_while(|(one, other)| one == other).count();
    let start = start(expected, first);
    let before = lines_in(&expected[..start]);
    let part = |bytes: &[u8]| {
        let rest = &bytes[start..];
        escaped(&rest[..rest.len().min(first - start + DIFF_BYTES)])
    };
    let (old, new) = (part(expected), part(found));
    let diff = TextDiff::configure().deadline(Instant::now() + DIFF_TIME).diff_lines(&old, &new);
    let text = diff.unified_diff().context_radius(1).to_string();
    let mut shown: Vec<_> = text.lines().map(cut).collect();
    let left_out = shown.len().saturating_sub(DIFF_LINES);
    shown.truncate(DIFF_LINES);
    let mut text = shown.join("\n");
    if start > 0 {
        let (line, offset) = (group_digits(before as u64 + 1), group_digits(start as u64));
        text = format!("from line {line} (offset {offset}) on:\n{text}");
    }
    if left_out > 0 {
        text.push_str(&format!("\n... and {left_out} more lines"));
    }
    let longest = expected.len().max(found.len());
    if longest > first + DIFF_BYTES {
        text.push_str(&format!(
            "\n... and perhaps more: {} bytes were expected, {} came out",
            group_digits(expected.len() as u64),
            group_digits(found.len() as u64)
        ));
    }
    Some(text)
}

/// Where to begin: at the line before that of the first difference, if both are
/// short.
fn start(bytes: &[u8], first: usize) -> usize {
    if first <= BEFORE_BYTES {
        return 0;
    }
    let near = &bytes[first - BEFORE_BYTES..first];
    let ends = near.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    first - BEFORE_BYTES + ends.rev().take(2).last().unwrap_or(0)
}

/// The start of a line.
fn cut(line: &str) -> String {
    // All characters of an escaped text have one byte.
    match line.get(..LINE_CHARS) {
        Some(start) if start.len() < line.len() => format!("{start}... ({} more)", line.len() - start.len()),
        _ => line.to_owned(),
    }
}

fn lines_in(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// The lines with all but printable characters escaped, also their ends.
fn escaped(bytes: &[u8]) -> String {
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    lines.map(|line| format!("{}\n", line.escape_ascii())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_bytes() {
        let text = difference(b"a\nb\nc\n", b"a\nb\xff\nc").unwrap();
        assert_eq!(text, "@@ -1,3 +1,3 @@\n a\\n\n-b\\n\n-c\\n\n+b\\xff\\n\n+c");
        assert_eq!(difference(b"same", b"same"), None);
    }

    #[test]
    fn a_difference_far_inside_is_found_and_placed() {
        let old: Vec<u8> = (0..200_000).flat_map(|number| format!("{number}\n").into_bytes()).collect();
        let mut new = old.clone();
        new[1_000_000] = b'x';
        new.push(b'y');
        let text = difference(&old, &new).unwrap();
        assert!(text.starts_with("from line 158,730 (offset 999,993) on:\n@@ -1,"), "{text}");
        assert!(text.lines().count() < 12, "{text}");
        assert!(text.contains("came out"), "{text}");
    }

    /// Whatever the two are, this ends soon, and shows little.
    #[test]
    fn large_differences_take_little() {
        let (old, new) = (vec![b'a'; 20 << 20], b"b\n".repeat(10 << 20));
        let text = difference(&old, &new).unwrap();
        assert!(text.len() < 20_000, "{}", text.len());
    }
}
