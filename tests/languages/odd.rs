//! Odd lines: of 3,000 of them, the template of each language makes what is said
//! here in Rust, edit by edit, however the file is cut.

use std::fs;
use std::ops::Range;
use std::path::Path;

use runner_tests::{Random, Scratch, runner, seed};
use serde_json::Value;

use crate::alike::PATIENCE;

/// How many lines a file has.
const LINES: usize = 3000;

/// Sizes of windows in bytes, and numbers of threads.
const WINDOWS: [&str; 4] = ["1", "16", "100", "1048576"];
const THREADS: [&str; 2] = ["1", "2"];

/// By how many seconds stamps are shifted. No stamp can be shifted by the last
/// two, so these files have none that is one.
const SHIFTS: [i64; 10] =
    [3600, 0, 1, -1, 86_399, -86_401, 5_000_000_000, -12_622_780_800, i64::MAX, i64::MIN];

/// The number of its first byte, the last byte plus one, and what replaces them.
type Edit = (Range<usize>, Vec<u8>);

/// All days from the year 0 to the year 9999, in order.
struct Calendar(Vec<(u16, u8, u8)>);

impl Calendar {
    fn new() -> Self {
        let mut days = Vec::new();
        for year in 0..10_000_u16 {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if is_leap { 29 } else { 28 };
            let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(lengths) {
                days.extend((1..=length).map(|day| (year, month, day)));
            }
        }
        Self(days)
    }

    /// The stamp of a second of all of these days.
    fn stamp(&self, second: i64) -> Option<String> {
        let (year, month, day) = self.0.get(usize::try_from(second.div_euclid(86_400)).ok()?)?;
        let second = second.rem_euclid(86_400);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60))
    }

    /// Which second a stamp is, if it is one.
    fn second(&self, stamp: &[u8]) -> Option<i64> {
        let form = b"dddd-dd-ddTdd:dd:ddZ";
        let fits =
            |(byte, form): (&u8, &u8)| if *form == b'd' { byte.is_ascii_digit() } else { byte == form };
        if stamp.len() != form.len() || !stamp.iter().zip(form).all(fits) {
            return None;
        }
        let number =
            |digits: Range<usize>| -> u16 { str::from_utf8(&stamp[digits]).unwrap().parse().unwrap() };
        let date = (number(0..4), number(5..7) as u8, number(8..10) as u8);
        let day = self.0.binary_search(&date).ok()?;
        let [hour, minute, second] = [number(11..13), number(14..16), number(17..19)].map(i64::from);
        (hour < 24 && minute < 60 && second < 60)
            .then(|| ((day as i64 * 24 + hour) * 60 + minute) * 60 + second)
    }
}

/// The edits of a line whose stamps are shifted; `None` if one leaves the calendar.
fn shifted(line: &[u8], calendar: &Calendar, seconds: i64) -> Option<Vec<Edit>> {
    let (mut edits, mut at) = (Vec::new(), 0);
    while let Some(found) = line[at..].windows(3).position(|part| part == b"ts=") {
        at += found + 3;
        let Some(second) = line.get(at..at + 20).and_then(|stamp| calendar.second(stamp)) else { continue };
        edits.push((at..at + 20, calendar.stamp(second.checked_add(seconds)?)?.into_bytes()));
        at += 20;
    }
    Some(edits)
}

/// The edits of a line in which the letters after `level=` become capitals.
fn capitals(line: &[u8]) -> Vec<Edit> {
    let key = b"level=";
    let (mut edits, mut at) = (Vec::new(), 0);
    while let Some(found) = line[at..].windows(key.len()).position(|part| part == key) {
        at += found + key.len();
        let letters = line[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        edits.push((at..at + letters, line[at..at + letters].to_ascii_uppercase()));
        at += letters;
    }
    edits
}

/// Dates at the edges of months, centuries and the calendar.
const DATES: [&str; 12] = [
    "0000-01-01",
    "0000-02-29",
    "0001-01-01",
    "1582-10-15",
    "1899-12-31",
    "1900-02-28",
    "1970-01-01",
    "2000-02-29",
    "2024-12-31",
    "2100-02-28",
    "9999-01-01",
    "9999-12-31",
];
const TIMES: [&str; 4] = ["00:00:00", "23:59:59", "23:59:60", "24:00:00"];
/// What stands between stamps, and in place of bytes of theirs.
const WORDS: [&[u8]; 14] = [
    b"",
    b" ",
    b"x",
    b"ts=",
    b"ts",
    b"TS=",
    b"=",
    b"\r",
    b"\xff",
    b"\xe2\x80\xa8",
    b"\xc3\xa9",
    b"up ts=now",
    b"Z",
    b"ts=ts=",
];
const BYTES: &[u8] = b"00112359-:TZtz/., +\xff\xc2\xd9\x85\x0b";
const LEVELS: [&[u8]; 12] = [
    b"level=",
    b"LEVEL=",
    b"level",
    b"=",
    b"level=level=",
    b"warn",
    b"Info",
    b"DEBUG",
    b" ",
    b"\xc3\xa9",
    b"\xff",
    b"z9@[`{",
];

fn pick<'a, T: ?Sized>(random: &mut Random, from: &[&'a T]) -> &'a T {
    from[random.below(from.len() as u64) as usize]
}

/// Stamps, what is nearly one, and other words.
fn odd_line(random: &mut Random, calendar: &Calendar) -> Vec<u8> {
    let mut line = Vec::new();
    for _ in 0..random.below(5) {
        line.extend_from_slice(pick(random, &WORDS));
        let second = random.below(calendar.0.len() as u64 * 86_400) as i64;
        let mut stamp = match random.below(3) {
            0 => format!("{}T{}Z", pick(random, &DATES), pick(random, &TIMES)),
            _ => calendar.stamp(second).unwrap(),
        }
        .into_bytes();
        match random.below(4) {
            0 => stamp.truncate(random.below(20) as usize),
            1 => stamp[random.below(20) as usize] = BYTES[random.below(BYTES.len() as u64) as usize],
            _ => {}
        }
        line.extend_from_slice(pick(random, &[b"ts=", b"ts=", b"ts=", b"ts ", b"s="]));
        line.extend_from_slice(&stamp);
    }
    line
}

/// A file of lines, and its edits but for those that change nothing. `of` makes a
/// line and its edits, or nothing if the line cannot be used.
fn file(
    random: &mut Random,
    of: impl Fn(&mut Random) -> Option<(Vec<u8>, Vec<Edit>)>,
) -> (Vec<u8>, Vec<Edit>) {
    // Not what a compressed file or one in UTF-16 begins with.
    let (mut content, mut edits) = (b"odd lines\n".to_vec(), Vec::new());
    for number in 1..LINES {
        let (mut line, of_line) = std::iter::repeat_with(|| of(random)).flatten().next().unwrap();
        let start = content.len();
        edits.extend(of_line.into_iter().map(|(at, new)| (at.start + start..at.end + start, new)));
        if number == LINES / 2 {
            line.resize(line.len() + 100_000, b'.');
        }
        content.append(&mut line);
        match random.below(20) {
            _ if number == LINES - 1 => {}
            0 => content.extend_from_slice(b"\r\n"),
            1 => content.extend_from_slice(b"\n\n"),
            _ => content.push(b'\n'),
        }
    }
    edits.retain(|(at, new)| content[at.clone()] != **new);
    (content, edits)
}

/// The edits that a patch has.
fn planned(scratch: &Scratch, plugin: &Path, options: &[&str]) -> Vec<Edit> {
    let (file, patch) = (scratch.path("file"), scratch.path("patch"));
    let (plugin, file, saved) = (plugin.to_str().unwrap(), file.to_str().unwrap(), patch.to_str().unwrap());
    let args = ["plan", "--compile-timeout", PATIENCE, plugin, file, "-o", saved];
    runner(args.iter().chain(options)).ok();
    let shown = runner(["show", patch.to_str().unwrap(), "--format", "json"]).ok().text();
    fs::remove_file(&patch).unwrap();
    let bytes = |value: &Value| {
        let digits = value.as_str().unwrap();
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(byte).collect::<Vec<u8>>()
    };
    let edit = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        let start = event["start"].as_u64().unwrap() as usize;
        (start..start + bytes(&event["old"]).len(), bytes(&event["new"]))
    };
    shown.lines().filter(|line| line.starts_with("{\"event\":\"edit\"")).map(edit).collect()
}

/// Compares the edits of a plugin, with windows of all sizes and all numbers of
/// threads if this is the first file, and else with one of each.
fn compare(scratch: &Scratch, plugin: &Path, index: usize, (content, edits): (&[u8], &[Edit]), set: &[&str]) {
    scratch.write("file", content);
    let cuts: Vec<_> = WINDOWS.iter().flat_map(|window| THREADS.map(|threads| (*window, threads))).collect();
    let cuts = if index == 0 { &cuts[..] } else { &cuts[index % cuts.len()..][..1] };
    for (window, threads) in cuts {
        let found = planned(scratch, plugin, &[&["--window", window, "-j", threads], set].concat());
        let differs = found.iter().zip(edits).position(|(one, two)| one != two);
        let at = differs.unwrap_or(found.len().min(edits.len()));
        let around = |edits: &[Edit]| {
            let (range, new) = edits.get(at)?;
            let line = content[..range.start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let line = content[line..].split(|byte| *byte == b'\n').next()?;
            let line = line[..line.len().min(300)].escape_ascii();
            Some(format!("at {range:?} becomes {} in `{line}`", new.escape_ascii()))
        };
        assert!(
            found == edits,
            "{}, {set:?}, window {window}, {threads} threads: {} edits, not {}\nfound: {:?}\nnot: {:?}",
            plugin.display(),
            found.len(),
            edits.len(),
            around(&found),
            around(edits),
        );
    }
}

/// What the template of a language with an SDK makes of odd stamps.
pub(crate) fn stamps_are_shifted_as_in_rust(plugin: &Path) {
    let (mut random, scratch) = (Random(seed() | 1), Scratch::in_memory());
    let calendar = Calendar::new();
    for (index, seconds) in SHIFTS.into_iter().enumerate() {
        let line = |random: &mut Random| {
            let line = odd_line(random, &calendar);
            shifted(&line, &calendar, seconds).map(|edits| (line, edits))
        };
        let (content, edits) = file(&mut random, line);
        assert_eq!(edits.len() > LINES / 4, !matches!(seconds, 0 | i64::MIN | i64::MAX), "{}", edits.len());
        let set = format!("seconds={seconds}");
        compare(&scratch, plugin, index, (&content, &edits), &["--set", &set]);
    }
}

/// What the template in the text format makes of odd levels.
pub(crate) fn levels_are_capitals_as_in_rust(plugin: &Path) {
    let (mut random, scratch) = (Random(seed() | 1), Scratch::in_memory());
    let line = |random: &mut Random| {
        let line: Vec<u8> =
            (0..random.below(8)).flat_map(|_| pick(random, &LEVELS).iter().copied()).collect();
        let edits = capitals(&line);
        Some((line, edits))
    };
    let (content, edits) = file(&mut random, line);
    assert!(edits.len() > LINES / 10, "{}", edits.len());
    compare(&scratch, plugin, 0, (&content, &edits), &[]);
}

#[test]
fn the_calendar_is_that_of_gregory() {
    let calendar = Calendar::new();
    // From a cycle of 400 years of 146,097 days, and from date(1).
    assert_eq!(calendar.0.len(), 25 * 146_097);
    let epoch = calendar.second(b"1970-01-01T00:00:00Z").unwrap();
    assert_eq!(calendar.stamp(epoch + 1_772_323_199).unwrap(), "2026-02-28T23:59:59Z");
    let line = b"ts=2026-02-28T23:59:59Z ts=ts=2026-02-29T00:00:00Z";
    assert_eq!(shifted(line, &calendar, 1), Some(vec![(3..23, b"2026-03-01T00:00:00Z".to_vec())]));
    assert_eq!(shifted(b"ts=9999-12-31T23:59:59Z", &calendar, 1), None);
    assert_eq!(capitals(b"level=level=warn"), [(6..11, b"LEVEL".to_vec())]);
}
