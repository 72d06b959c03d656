//! What is said of a plugin that was vetted: a page for people, or one JSON object.

use runner_pipeline::escape::{Page, count, group_digits, shown};
use runner_pipeline::memory::Bytes;
use serde_json::{Value, json};

use super::check::{Board, Check, Finding, Input, Status};
use super::whole::Measured;

/// Bytes shown of an input.
const SHOWN_BYTES: usize = 200;
/// Bytes of an input in the JSON object.
const JSON_BYTES: usize = 64 << 10;
/// Characters of a reason.
const WHY_CHARS: usize = 2000;

/// How many inputs of each kind were tried.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Samples, cases and odd inputs.
    pub(super) given: u64,
    pub(super) generated: u64,
    pub(super) mutated: u64,
    /// Of all of them: those that the plugin refused, and those that it changed.
    pub(super) refused: u64,
    pub(super) changed: u64,
}

/// All that is known in the end.
pub(super) struct Report {
    pub(super) board: Board,
    pub(super) name: String,
    pub(super) version: String,
    /// The BLAKE3 of the plugin's bytes.
    pub(super) digest: blake3::Hash,
    pub(super) plugin_bytes: u64,
    /// When the plugin was loaded to be tried.
    pub(super) time: jiff::Timestamp,
    /// The sets of parameters, without the values of secret ones.
    pub(super) params: Vec<Vec<(String, Option<String>)>>,
    pub(super) imports: Vec<String>,
    pub(super) tally: Tally,
    pub(super) seed: u64,
    /// How many inputs were to be made; `None` if only the time counted.
    pub(super) rounds: Option<u64>,
    pub(super) timeout_seconds: f64,
    pub(super) memory_limit_bytes: u64,
    pub(super) measured: Option<Measured>,
    /// The folder in which failing inputs are.
    pub(super) kept: Option<std::path::PathBuf>,
    /// A source of the plugin that was changed after it was built.
    pub(super) older_than: Option<std::path::PathBuf>,
    /// What was not tried as the user may expect.
    pub(super) notes: Vec<String>,
}

impl Report {
    fn counted(&self) -> (usize, usize, usize) {
        let number =
            |status| Check::ALL.into_iter().filter(|check| self.board.status(*check) == status).count();
        (number(Status::Pass), number(Status::Fail), number(Status::NotApplicable))
    }

    pub(super) fn page(&self) -> Page {
        let mut page = Page::default();
        page.line(format_args!("{} {}, digest {}", self.name, self.version, self.digest));
        page.line("");
        for check in Check::ALL {
            let status = match self.board.status(check) {
                Status::Pass => "pass",
                Status::Fail => "FAIL",
                Status::NotApplicable => "-",
            };
            page.line(format_args!("{status:<5} {:<11} {}", check.id(), check.claim()));
            if let Some(finding) = self.board.entry(check).and_then(|entry| entry.finding.as_ref()) {
                self.describe(check, finding, &mut page);
            }
        }
        page.line("");
        for import in &self.imports {
            page.line(format_args!("it imports {import}"));
        }
        if let Some(measured) = &self.measured {
            let record = measured
                .nanoseconds_per_record
                .map_or(String::new(), |nanoseconds| format!("{} ns a record, ", group_digits(nanoseconds)));
            page.line(format_args!(
                "it takes {} MB a second, {record}with {} of memory",
                group_digits(measured.bytes_per_second / 1_000_000),
                Bytes(measured.memory_bytes)
            ));
        }
        let Tally { given, generated, mutated, refused, changed } = self.tally;
        page.line(format_args!(
            "{}: {given} given, {generated} generated, {mutated} mutated (seed {}); it refused {refused} and changed {changed}",
            count(given + generated + mutated, "input"),
            self.seed
        ));
        for note in &self.notes {
            page.line(note);
        }
        if changed == 0 {
            page.line(
                "NOTHING WAS SHOWN: no input made the plugin change anything; give samples with --sample",
            );
        }
        let (passed, failed, others) = self.counted();
        page.line(format_args!("{passed} passed, {failed} failed, {others} not applicable"));
        page
    }

    /// How far a trial came that was stopped.
    pub(super) fn so_far(&self) -> Page {
        let Tally { given, generated, mutated, .. } = self.tally;
        let failed: Vec<_> =
            Check::ALL.into_iter().filter(|check| self.board.has_failed(*check)).map(Check::id).collect();
        let failed = if failed.is_empty() { "no check".to_owned() } else { failed.join(", ") };
        Page::of(format_args!(
            "stopped after {}: {failed} failed so far",
            count(given + generated + mutated, "input")
        ))
    }

    fn describe(&self, check: Check, finding: &Finding, page: &mut Page) {
        page.several("      ", "      ", &finding.why, WHY_CHARS);
        if self.params.len() > 1 {
            let params = self.params.get(finding.params).map(Vec::as_slice).unwrap_or_default();
            let shown_params = params.iter().map(|(name, value)| match value {
                Some(value) => format!("{name}={}", shown(value).cut(SHOWN_BYTES)),
                None => format!("{name}=(secret)"),
            });
            page.line(format_args!("      parameters: {}", shown_params.collect::<Vec<_>>().join(" ")));
        }
        let Some(Input { bytes, origin }) = &finding.input else { return };
        let start = &bytes[..bytes.len().min(SHOWN_BYTES)];
        let more = if bytes.len() > SHOWN_BYTES { "..." } else { "" };
        page.line(format_args!("      input of {}, from {origin}:", count(bytes.len() as u64, "byte")));
        page.line(format_args!("      \"{}{more}\"", start.escape_ascii()));
        if let Some(folder) = &self.kept {
            page.line(format_args!("      kept as {}", shown(&folder.join(check.id()))));
        }
    }

    pub(super) fn json(&self) -> Value {
        let checks = Check::ALL.into_iter().map(|check| {
            let entry = self.board.entry(check);
            let finding = entry.and_then(|entry| entry.finding.as_ref());
            json!({
                "id": check.id(),
                "claim": check.claim(),
                "status": self.board.status(check).name(),
                "passed": entry.map_or(0, |entry| entry.passed),
                "why": finding.map(|finding| finding.why.as_str()),
                "parameters": finding.map(|finding| finding.params),
                "input": finding.and_then(|finding| finding.input.as_ref()).map(input),
            })
        });
        let params = self.params.iter().map(|set| {
            let set = set.iter().map(|(name, value)| json!({ "name": name, "value": value }));
            set.collect::<Vec<_>>()
        });
        let Tally { given, generated, mutated, refused, changed } = self.tally;
        json!({
            "event": "vet",
            "format": 1,
            "runner": env!("CARGO_PKG_VERSION"),
            "time": format!("{:.0}", self.time),
            "plugin": {
                "name": self.name, "version": self.version, "digest": self.digest.to_string(),
                "bytes": self.plugin_bytes, "imports": self.imports,
                "older_than": self.older_than.as_ref().map(|path| path.to_string_lossy()),
            },
            "passed": self.board.all_passed(),
            "parameters": params.collect::<Vec<_>>(),
            "seed": self.seed,
            "rounds": self.rounds,
            "timeout_seconds": self.timeout_seconds,
            "memory_limit_bytes": self.memory_limit_bytes,
            "inputs": {
                "given": given, "generated": generated, "mutated": mutated, "refused": refused,
                "changed": changed,
            },
            "notes": self.notes,
            "checks": checks.collect::<Vec<_>>(),
            "measured": self.measured.map(|measured| json!({
                "bytes_per_second": measured.bytes_per_second,
                "nanoseconds_per_record": measured.nanoseconds_per_record,
                "memory_bytes": measured.memory_bytes,
            })),
        })
    }
}

fn input(input: &Input) -> Value {
    let Input { bytes, origin } = input;
    let start = &bytes[..bytes.len().min(JSON_BYTES)];
    let hex: String = start.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "bytes": bytes.len(), "origin": origin, "hex": hex })
}
