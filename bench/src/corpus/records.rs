//! The records of each kind of corpus.
//!
//! In an access log, one line in a thousand contains `token=`, and one in
//! 100,000 contains `mallory`. In some kinds, the first line that starts in
//! each MiB or KiB also contains `marker=`. One CSV record in eight has a quoted
//! field with a comma, a doubled quote and a line end in it.

use std::io::Write;

use super::Kind;

/// Writes as many whole records as fit into `size` bytes: some programs add a
/// missing line end, and others reject a partial record.
pub(super) fn write(kind: Kind, size: u64, out: &mut impl Write) -> std::io::Result<()> {
    let mut numbers = Numbers(0x5EED);
    let mut record = Vec::with_capacity(512);
    if kind == Kind::Csv {
        record.extend_from_slice(b"id,name,email,phone,amount,note\n");
    }
    let mut left = size;
    let mut count = 0;
    // The MiB or KiB that has its marker already.
    let mut marked = None;
    let mut marker = |offset: u64, interval: u64| {
        let current = offset / interval;
        if marked.replace(current) == Some(current) { Marker::Absent } else { Marker::Present }
    };
    loop {
        let Some(rest) = left.checked_sub(record.len() as u64) else { return Ok(()) };
        out.write_all(&record)?;
        left = rest;
        record.clear();
        let (marker, end) = match kind {
            Kind::Log | Kind::Csv => (Marker::Absent, "\n"),
            Kind::Sparse => (marker(size - left, 1 << 20), "\n"),
            Kind::Dense => (marker(size - left, 1 << 10), "\n"),
            Kind::Line => (marker(size - left, 1 << 20), "; "),
            Kind::Crlf => (Marker::Absent, "\r\n"),
        };
        match kind {
            Kind::Csv => csv_record(&mut numbers, count, &mut record),
            _ => {
                log_line(&mut numbers, count, marker, &mut record);
                put(&[end], &mut record);
            }
        }
        count += 1;
    }
}

/// Whether a line of a log contains `marker=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Absent,
    Present,
}

const NAMES: [&str; 8] = ["ada", "bob", "carol", "dave", "eve", "frank", "grace", "heidi"];
const FAMILY_NAMES: [&str; 8] = ["Lee", "Novak", "Garcia", "Okafor", "Müller", "Tanaka", "Silva", "Khan"];
const PATHS: [&str; 8] = [
    "/",
    "/index.html",
    "/assets/app.js",
    "/assets/style.css",
    "/api/v1/items",
    "/api/v1/orders",
    "/search",
    "/login",
];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
    "curl/8.14.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
];
const STATUSES: [u16; 8] = [200, 200, 200, 200, 304, 404, 301, 500];

/// Appends a line of an access log, without its line end.
fn log_line(numbers: &mut Numbers, count: u64, marker: Marker, out: &mut Vec<u8>) {
    let bits = numbers.next();
    let user = if count % 100_000 == 99_999 {
        "mallory"
    } else if bits & 7 == 0 {
        pick(&NAMES, bits >> 3)
    } else {
        "-"
    };
    // A hundred lines per second.
    let second = count / 100;
    let (day, hour, minute) = (second / 86_400 % 28 + 1, second / 3600 % 24, second / 60 % 60);
    decimal(10, out);
    for shift in [8, 16, 24] {
        out.push(b'.');
        decimal(bits >> shift & 0xFF, out);
    }
    put(&[" - ", user, " ["], out);
    for (number, suffix) in [(day, "/Nov/2026:"), (hour, ":"), (minute, ":"), (second % 60, " +0000] \"")] {
        out.extend_from_slice(&[b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]);
        put(&[suffix], out);
    }
    put(&[if bits >> 32 & 7 == 0 { "POST " } else { "GET " }, pick(&PATHS, bits >> 35)], out);
    if marker == Marker::Present {
        put(&["?marker="], out);
        hex(numbers.next(), out);
    } else if count % 1000 == 999 {
        put(&["?token="], out);
        hex(numbers.next(), out);
    } else if bits >> 38 & 3 == 0 {
        put(&["?id="], out);
        decimal(bits >> 40 & 0xFFFF, out);
    }
    put(&[" HTTP/1.1\" "], out);
    decimal(u64::from(STATUSES[(bits >> 56 & 7) as usize]), out);
    put(&[" "], out);
    decimal(bits >> 44 & 0xF_FFFF, out);
    let (path, agent) = (pick(&PATHS, bits >> 59), pick(&AGENTS, bits >> 62));
    put(&[" \"https://www.example.com", path, "\" \"", agent, "\""], out);
}

/// Appends a CSV record, with its line end.
fn csv_record(numbers: &mut Numbers, count: u64, out: &mut Vec<u8>) {
    let bits = numbers.next();
    let (name, family) = (pick(&NAMES, bits), pick(&FAMILY_NAMES, bits >> 3));
    decimal(count + 1, out);
    put(&[",", name, " ", family, ",", name, "."], out);
    decimal(bits >> 6 & 0xFFFF, out);
    put(&["@example.com,+1-555-"], out);
    decimal(1_000_000 + bits % 9_000_000, out);
    put(&[","], out);
    decimal(bits >> 22 & 0xFFFF, out);
    put(&["."], out);
    decimal(10 + (bits >> 40 & 0x3F), out);
    let note = if bits >> 61 == 0 { "\"asked twice,\nsaid \"\"call again\"\"\"" } else { "none" };
    put(&[",", note, "\n"], out);
}

fn put(parts: &[&str], out: &mut Vec<u8>) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

fn pick<'a>(list: &[&'a str], bits: u64) -> &'a str {
    list[(bits % list.len() as u64) as usize]
}

fn decimal(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

fn hex(number: u64, out: &mut Vec<u8>) {
    for shift in (0..16).rev() {
        out.push(b"0123456789abcdef"[(number >> (shift * 4) & 15) as usize]);
    }
}

/// The generator SplitMix64. It is implemented here because a corpus must never
/// change, and no crate promises that for its generators.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ bits >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_stays_the_same() {
        for (kind, expected) in [
            (Kind::Log, "e2c40fa1cd3552a9"),
            (Kind::Sparse, "b7647fc087c0256f"),
            (Kind::Dense, "b55822b9bb8f44d4"),
            (Kind::Line, "d66d6321ba0cd479"),
            (Kind::Csv, "bd1355760c641b06"),
            (Kind::Crlf, "11ff4a96a89627d9"),
        ] {
            let mut content = Vec::new();
            write(kind, 1 << 20, &mut content).expect("a vector takes all");
            assert!(((1 << 20) - 512..=1 << 20).contains(&content.len()));
            assert!(content.ends_with(if kind == Kind::Line { "; " } else { "\n" }.as_bytes()));
            assert_eq!(&blake3::hash(&content).to_hex()[..16], expected, "{kind:?}");
        }
    }

    #[test]
    fn a_smaller_corpus_is_the_start_of_a_larger_one() {
        let (mut small, mut large) = (Vec::new(), Vec::new());
        write(Kind::Csv, 1000, &mut small).expect("a vector takes all");
        write(Kind::Csv, 5000, &mut large).expect("a vector takes all");
        assert!(large.starts_with(&small));
    }

    #[test]
    fn there_is_one_marker_per_mib_or_kib() {
        for (kind, expected) in [(Kind::Log, 0), (Kind::Sparse, 3), (Kind::Dense, 3072), (Kind::Line, 3)] {
            let mut content = Vec::new();
            write(kind, 3 << 20, &mut content).expect("a vector takes all");
            let count = content.windows(7).filter(|window| window == b"marker=").count();
            assert_eq!(count, expected, "{kind:?}");
            assert_eq!(content.contains(&b'\n'), kind != Kind::Line, "{kind:?}");
        }
    }
}
