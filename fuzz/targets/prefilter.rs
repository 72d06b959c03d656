//! With a prefilter and without one, however the file is cut and with however
//! many threads: the same patch, and the one that a reference makes from front
//! to back.

use std::ops::Range;
use std::sync::Arc;

use regex_automata::nfa::thompson::{self, pikevm};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input as Haystack};
use runner_contract::{Change, Framing, Job, Pattern as Prefilter, Reply, Span, Window};
use runner_pipeline::engine::prefilter::Finder;
use runner_pipeline::engine::transform::{Instance, Transform};
use runner_pipeline::error::Result;
use runner_pipeline::hash::GROUP_BYTES;

use super::input::Input;
use super::records::{order, records};
use super::scanning::{CommitOptions, Edit, PLAIN, file, found};

/// Expressions that are searched for in different ways.
const EXPRESSIONS: [&str; 8] =
    ["[a-c]+@[a-c]+", r"\bcat\b", "^x.*y$", "(?i)straße", "a[^b]*b", r"(ab|abc|b)\B", r"\d{2,3}-", "(?s)a.b"];
/// A longer one takes longer to compile than it is worth.
const EXPRESSION_BYTES: usize = 24;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let framing = framing(&mut input);
    let prefilter = prefilter(&mut input);
    let job = Job::new(framing).prefilter(prefilter.clone());
    if job.validate().is_err() || !matches!(Finder::new(&job), Ok(Some(_))) {
        return;
    }
    let largest = match (&job.framing, &prefilter) {
        // A million edits, if a large file is filled with it.
        (_, Prefilter::Literals { patterns, .. }) if patterns.iter().any(|one| one.len() < 2) => 70_000,
        (_, Prefilter::Literals { .. }) => usize::MAX,
        // The reference is slow.
        (Framing::Overlapping { .. }, _) => 0,
        (_, _) => 70_000,
    };
    let new = input.bytes(4).to_vec();
    let windows = [1, 100_000, 1 << 20];
    let how = CommitOptions {
        threads: 1 + input.below(3),
        // With `bytes`, what is found may depend on the window.
        window_bytes: if job.framing == Framing::Bytes { GROUP_BYTES } else { input.pick(&windows) },
    };
    let file = file(&mut input, largest);

    let rule = Arc::new(Rule { pattern: Pattern::new(&prefilter), framing: job.framing.clone(), new });
    let make = || Ok(Instance::local(Editor(rule.clone())));
    let without = Job { prefilters: Vec::new(), ..job.clone() };
    match (found(&without, &file, &make, PLAIN), found(&job, &file, &make, how)) {
        (Ok(plain), Ok(filtered)) => {
            assert!(plain == filtered, "{job:?} {how:?}: {:?} and {:?}", plain.edits, filtered.edits);
            if job.framing != Framing::Bytes {
                assert_eq!(plain.edits, rule.expected(&file), "{job:?}");
            }
        }
        (Err(plain), Err(filtered)) => assert_eq!(plain.to_string(), filtered.to_string()),
        (plain, filtered) => panic!("{job:?}: {:?} and {:?}", plain.err(), filtered.err()),
    }
}

/// A framing whose records can be told apart by whoever sees some of them.
fn framing(input: &mut Input<'_>) -> Framing {
    match input.below(8) {
        0 => Framing::Delimited(b"\n".to_vec()),
        1 => Framing::Delimited(b"\r\n".to_vec()),
        2 => Framing::Delimited(vec![input.byte()]),
        3 => Framing::Quoted { delimiter: b'\n', quote: b'"' },
        4 => Framing::Fixed { header: input.byte().into(), size: 1 + input.below(64) as u64 },
        5 => Framing::LengthPrefixed {
            header: input.byte().into(),
            offset: input.below(3) as u32,
            width: 1 + input.byte() % 2,
            order: order(input),
            adjustment: (input.byte() as i8).into(),
            checks: Vec::new(),
        },
        6 => Framing::Overlapping { before: input.below(9) as u32, after: input.below(40) as u32 },
        _ => Framing::Bytes,
    }
}

fn prefilter(input: &mut Input<'_>) -> Prefilter {
    match input.below(3) {
        0 => Prefilter::Literals {
            patterns: (0..1 + input.below(3)).map(|_| input.bytes(5).to_vec()).collect(),
            ignore_ascii_case: input.flag(),
        },
        1 => Prefilter::Regex(input.pick(&EXPRESSIONS).to_owned()),
        _ => Prefilter::Regex(String::from_utf8_lossy(input.bytes(EXPRESSION_BYTES)).into_owned()),
    }
}

/// What is searched for, by the simplest means.
enum Pattern {
    Literals(Vec<Vec<u8>>, bool),
    Regex(Box<pikevm::PikeVM>),
}

impl Pattern {
    fn new(prefilter: &Prefilter) -> Self {
        match prefilter {
            Prefilter::Literals { patterns, ignore_ascii_case } => {
                Self::Literals(patterns.clone(), *ignore_ascii_case)
            }
            Prefilter::Regex(expression) => {
                let regex = pikevm::Builder::new()
                    .syntax(syntax::Config::new().multi_line(true).utf8(false))
                    .thompson(thompson::Config::new().utf8(false))
                    .build(expression)
                    .expect("it was compiled before");
                Self::Regex(Box::new(regex))
            }
        }
    }

    /// Where the match ends that starts with the bytes.
    fn matched(&self, bytes: &[u8], cache: &mut Option<pikevm::Cache>) -> Option<usize> {
        match self {
            Self::Literals(patterns, any_case) => {
                patterns.iter().map(Vec::len).zip(patterns).find_map(|(len, pattern)| {
                    let start = bytes.get(..len)?;
                    let same = start == pattern || *any_case && start.eq_ignore_ascii_case(pattern);
                    same.then_some(len)
                })
            }
            Self::Regex(regex) => {
                let cache = cache.get_or_insert_with(|| regex.create_cache());
                Some(regex.find(cache, Haystack::new(bytes).anchored(Anchored::Yes))?.end())
            }
        }
    }

    /// All matches in a record, none of which overlaps another.
    fn all(&self, record: &[u8], cache: &mut Option<pikevm::Cache>) -> Vec<Range<usize>> {
        if let Self::Regex(regex) = self {
            let cache = cache.get_or_insert_with(|| regex.create_cache());
            return regex.find_iter(cache, record).map(|found| found.range()).collect();
        }
        let (mut at, mut found) = (0, Vec::new());
        while at < record.len() {
            let end = self.matched(&record[at..], cache).map(|len| at + len);
            found.extend(end.map(|end| at..end));
            at = end.unwrap_or(at + 1);
        }
        found
    }
}

/// Every match is replaced.
struct Rule {
    framing: Framing,
    pattern: Pattern,
    new: Vec<u8>,
}

impl Rule {
    /// What is to be replaced of `bytes`, which begin with a record, if there
    /// are any; edits start in `owned`.
    fn ranges(&self, framing: &Framing, bytes: &[u8], owned: Range<usize>) -> Vec<Range<usize>> {
        let (mut cache, mut found) = (None, Vec::new());
        match *framing {
            Framing::Overlapping { after, .. } => {
                let mut at = owned.start;
                while at < owned.end {
                    let reach = (at + after as usize + 1).min(bytes.len());
                    let end = self.pattern.matched(&bytes[at..reach], &mut cache).map(|len| at + len);
                    found.extend(end.map(|end| at..end));
                    at = end.unwrap_or(at + 1);
                }
            }
            Framing::Bytes => found = self.pattern.all(bytes, &mut cache),
            _ => {
                for record in records(framing, bytes).0 {
                    let start = record.start as usize;
                    let matches = self.pattern.all(&bytes[start..record.end as usize], &mut cache);
                    found.extend(matches.iter().map(|range| start + range.start..start + range.end));
                }
            }
        }
        found
    }

    /// The edits of a file that is not cut at all.
    fn expected(&self, file: &[u8]) -> Vec<Edit> {
        let ranges = self.ranges(&self.framing, file, 0..file.len()).into_iter();
        let edits = ranges.map(|range| (range.start as u64, file[range].to_vec(), self.new.clone()));
        edits.filter(|(_, old, new)| old != new).collect()
    }

    /// The framing of what windows show: no header is in them.
    fn without_header(&self) -> Framing {
        let mut framing = self.framing.clone();
        if let Framing::Fixed { header, .. } | Framing::LengthPrefixed { header, .. } = &mut framing {
            *header = 0;
        }
        framing
    }
}

struct Editor(Arc<Rule>);

impl Transform for Editor {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let ranges = self.0.ranges(&self.0.without_header(), window.bytes, window.owned.clone());
        let spans = ranges.iter().map(|range| Span {
            start: range.start as u32,
            end: range.end as u32,
            len: self.0.new.len() as u32,
        });
        let change = Change::Edits { spans: spans.collect(), bytes: self.0.new.repeat(ranges.len()) };
        Ok(Reply::new(0, change))
    }
}
