//! The trial of a plugin: all inputs, all properties.

use std::path::Path;
use std::time::Instant;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_sandbox::Plugin;

use super::VetArgs;
use super::check::{Check, Finding, Input, Tried};
use super::generate::Maker;
use super::memory;
use super::outcome::Failed;
use super::properties::{self, Property, Seen, tried};
use super::report::Report;
use super::setup::{self, Set};
use super::shrink::shrink;
use super::whole;

/// Sets of parameters for which the checks are done that take longest.
const LONG_SETS: usize = 4;
/// Inputs that are made for each set, at least.
const LEAST_ROUNDS: u64 = 8;
/// The best length of an input that is repeated, in bytes, at most. A longer one is used
/// if there is no other.
const REPEATED_BYTES: usize = 8 << 10;
/// Bytes of a longer input for which everything is tried.
const LONG_BYTES: usize = 40 << 10;
/// Checks that have passed if nothing else was noticed.
const SILENT: [Check; 4] = [Check::Trap, Check::Contract, Check::Time, Check::Limits];

pub(super) struct Trial<'a> {
    args: &'a VetArgs,
    report: &'a mut Report,
    cancel: Cancel<'static>,
    /// What the plugin said when it refused an input.
    refusal: Option<String>,
    accepted: u64,
    /// For how many sets the checks were done that take longest.
    long_sets: usize,
}

/// Whether an input is a better one to be repeated: the longest that is not too long, or
/// else the shortest.
fn is_better(bytes: &[u8], best: Option<&[u8]>) -> bool {
    let is_short = |bytes: &[u8]| bytes.len() <= REPEATED_BYTES;
    match best {
        None => true,
        Some(best) if is_short(best) => is_short(bytes) && best.len() < bytes.len(),
        Some(best) => bytes.len() < best.len(),
    }
}

impl<'a> Trial<'a> {
    pub(super) fn new(args: &'a VetArgs, report: &'a mut Report, cancel: Cancel<'static>) -> Self {
        Self { args, report, cancel, refusal: None, accepted: 0, long_sets: 0 }
    }

    /// Tries everything.
    ///
    /// # Errors
    /// If the sets cannot be made, the plugin accepts no input, or the user stops it.
    pub(super) fn run(mut self, plugin: &Plugin, cases: Option<&Path>) -> Result<()> {
        let sets = setup::sets(plugin, self.args, (cases, &mut self.report.notes))?;
        self.report.params = sets.iter().map(|set| set.subject.plugins.storable_params()).collect();
        for (index, set) in sets.iter().enumerate() {
            self.set(plugin, (index, set), sets.len() as u64)?;
        }
        if self.accepted == 0 && self.report.board.all_passed() {
            let error =
                Error::new(Kind::Usage, "the plugin refuses every input, so nothing can be said of it")
                    .hint("give a file that it is made for with `--sample`, or cases with `--cases`");
            return Err(match self.refusal {
                Some(why) => error.because(why),
                None => error,
            });
        }
        match (self.args.require_edits, self.report.tally.changed) {
            (true, 0) => {
                let why = "no input made the plugin change anything".to_owned();
                self.report.board.fail(Check::Edits, Finding { why, input: None, params: 0 });
            }
            (true, _) => self.report.board.pass(Check::Edits),
            (false, _) => {}
        }
        Ok(())
    }

    fn set(&mut self, plugin: &Plugin, (index, set): (usize, &Set), sets: u64) -> Result<()> {
        let mut maker = Maker::new(self.args.fuzz_seed);
        maker.learn(setup::words(plugin.manifest(), &set.given));
        let mut best: Option<Vec<u8>> = None;
        for input in &set.inputs {
            self.report.tally.given += 1;
            self.input((index, set), input, &mut maker, &mut best)?;
        }
        let (started, mut round) = (Instant::now(), 0);
        while !maker.is_empty() && self.goes_on((started, round), sets) {
            round += 1;
            let (bytes, what) = maker.next();
            match what {
                "generated" => self.report.tally.generated += 1,
                _ => self.report.tally.mutated += 1,
            }
            let (input, refused) =
                (Input { bytes, origin: format!("{what} input {round}") }, self.report.tally.refused);
            self.input((index, set), &input, &mut maker, &mut best)?;
            maker.judge(&input.bytes, what, self.report.tally.refused == refused);
        }
        if let Some(best) = best
            && set.is_long
            && self.long_sets < LONG_SETS
            && !self.report.board.has_failed(Check::Time)
        {
            self.long_sets += 1;
            let bytes = whole::longer(&set.subject.plugins, &best, LONG_BYTES)?;
            if let Some(bytes) = bytes.filter(|bytes| *bytes != best) {
                let input = Input { bytes, origin: "an input that was repeated".to_owned() };
                self.report.tally.given += 1;
                self.input((index, set), &input, &mut maker, &mut None)?;
            }
            self.long((index, set), best)?;
        }
        Ok(())
    }

    /// Whether there is another round for a set.
    fn goes_on(&self, (started, round): (Instant, u64), sets: u64) -> bool {
        // Each input for which the plugin hangs takes very long.
        if self.report.board.has_failed(Check::Time) {
            return false;
        }
        match self.args.fuzz_seconds {
            Some(time) => started.elapsed().as_secs_f64() < time.as_secs_f64() / sets as f64,
            None => round < (self.args.rounds / sets).max(LEAST_ROUNDS.min(self.args.rounds)),
        }
    }

    /// Tries all properties on one input.
    fn input(
        &mut self,
        (index, set): (usize, &Set),
        input: &Input,
        maker: &mut Maker,
        best: &mut Option<Vec<u8>>,
    ) -> Result<()> {
        self.cancel.check()?;
        if self.report.board.has_failed(Check::Time) {
            return Ok(());
        }
        let seen = match Seen::new(&set.subject, &input.bytes)? {
            Ok(seen) => seen,
            Err(Failed::Refused(why)) => {
                self.refused(input, why);
                return Ok(());
            }
            Err(Failed::Fault(fault, why)) => {
                return self.wrong((index, set), (Check::of(fault), why), input, |_| Ok(Tried::Passed));
            }
        };
        self.accepted += 1;
        match &seen.usual {
            Ok(answer) if !answer.edits.is_empty() => {
                self.report.tally.changed += 1;
                if is_better(&input.bytes, best.as_deref()) {
                    *best = Some(input.bytes.clone());
                }
            }
            Err(Failed::Refused(why)) => self.refused(input, why.clone()),
            _ => {}
        }
        if !input.origin.starts_with("generated") && !input.origin.starts_with("mutated") {
            maker.accept(&input.bytes, &seen.job);
        }
        for (check, property) in properties::ALL {
            if self.report.board.has_failed(check) {
                continue;
            }
            match property(&seen)? {
                Tried::Skipped => {}
                Tried::Passed => self.report.board.pass(check),
                Tried::Wrong(wrong, why) => {
                    self.wrong((index, set), (wrong, why), input, property)?;
                    if wrong != check {
                        return Ok(());
                    }
                }
            }
        }
        SILENT.into_iter().for_each(|check| self.report.board.pass(check));
        Ok(())
    }

    /// Counts an input that the plugin refuses, and names one that the user gave.
    fn refused(&mut self, input: &Input, why: String) {
        self.report.tally.refused += 1;
        if input.origin.starts_with("sample ") {
            let note = format!("{} was refused: {why}", input.origin);
            if !self.report.notes.contains(&note) {
                self.report.notes.push(note);
            }
        }
        self.refusal.get_or_insert(why);
    }

    /// Records a failure with the smallest input for it.
    fn wrong(
        &mut self,
        (params, set): (usize, &Set),
        (wrong, mut why): (Check, String),
        input: &Input,
        property: Property,
    ) -> Result<()> {
        // The signal may have ended a process of the plugin, too.
        self.cancel.check()?;
        if self.report.board.has_failed(wrong) {
            return Ok(());
        }
        let bytes = shrink(&input.bytes, |bytes| {
            Ok(match tried(property, &set.subject, bytes)? {
                Tried::Wrong(again, of_smaller) if again == wrong => {
                    why = of_smaller;
                    true
                }
                _ => false,
            })
        })?;
        let why = set.subject.plugins.secrets().redact(&why);
        let input = Some(Input { bytes, origin: input.origin.clone() });
        self.report.board.fail(wrong, Finding { why, input, params });
        Ok(())
    }

    /// What takes a long input, which is made of a short one.
    fn long(&mut self, (params, set): (usize, &Set), bytes: Vec<u8>) -> Result<()> {
        let plugins = &set.subject.plugins;
        let scratch = tempfile::tempdir().map_err(Error::at("create a folder in", &std::env::temp_dir()))?;
        let found = [
            (Check::Threads, whole::threads(plugins, &bytes, scratch.path())?),
            (Check::Memory, memory::memory(plugins, &bytes)?),
        ];
        self.cancel.check()?;
        if self.report.measured.is_none() {
            self.report.measured = whole::measure(plugins, &bytes)?;
        }
        let board = &mut self.report.board;
        let input = Input { bytes, origin: "what was repeated".to_owned() };
        for (check, tried) in found {
            match tried {
                Tried::Skipped => {}
                Tried::Passed => board.pass(check),
                Tried::Wrong(wrong, why) => {
                    let why = plugins.secrets().redact(&why);
                    board.fail(wrong, Finding { why, input: Some(input.clone()), params });
                }
            }
        }
        if let (Some(least), Some(measured)) = (self.args.min_speed, self.report.measured) {
            if measured.bytes_per_second >= least {
                board.pass(Check::Speed);
            } else {
                let why =
                    format!("it takes {} bytes a second; {least} are demanded", measured.bytes_per_second);
                board.fail(Check::Speed, Finding { why, input: Some(input), params });
            }
        }
        Ok(())
    }
}
