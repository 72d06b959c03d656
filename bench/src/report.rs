//! From samples to tables, and tables to the page.

use std::fs;

use super::case::{Ask, Row, Target};
use super::measure::{Measured, Sample, Samples};
use super::statistics::{Spread, number};
use xtask::shell;

const BEGIN: &str = "<!-- written by `cargo xtask bench --write`: begin -->";
const END: &str = "<!-- end -->";

/// Both tables, case by case.
#[derive(Debug, Default)]
pub(super) struct Report {
    ratios: Vec<String>,
    times: Vec<String>,
    notes: Vec<String>,
}

impl Report {
    pub(super) fn add(&mut self, case: &str, rows: &[Row], measured: &Measured) {
        self.ratios.extend(rows.iter().map(|row| ratio_line(case, row, &measured.samples)));
        for (label, command) in &measured.commands {
            let samples = measured.samples.get(label).map(Vec::as_slice).unwrap_or_default();
            let Some(seconds) = Spread::of(samples.iter().map(|sample| sample.seconds)) else { continue };
            let memory = samples.iter().map(|sample| sample.memory).max().unwrap_or_default();
            // A pipe would end the cell.
            let command = command.replace('|', "\\|");
            let (time, memory) = (seconds.show("s"), number(mib(memory)));
            self.times.push(format!("| {case} | {label} | {time} | {memory} | {command} |"));
        }
        self.notes.extend(measured.notes.iter().map(|note| format!("- {case}: {note}")));
    }

    pub(super) fn fail(&mut self, case: &str, error: &str) {
        self.ratios.push(format!("| {case} | FAILED: {error} | - | - | - |"));
    }

    pub(super) fn markdown(&self) -> String {
        let mut text =
            String::from("| case | what | median (least to most) | target | met |\n|---|---|---|---|---|\n");
        text += &self.ratios.join("\n");
        text += "\n\nWall time and the most private memory of every command:\n\n";
        text += "| case | run | time | MiB | command |\n|---|---|---|---|---|\n";
        text += &self.times.join("\n");
        if !self.notes.is_empty() {
            text += &format!("\n\nNot measured:\n\n{}", self.notes.join("\n"));
        }
        text + "\n"
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn ratio_line(case: &str, row: &Row, samples: &Samples) -> String {
    let (what, found) = evaluate(&row.ask, samples);
    let unit = match row.ask {
        Ask::Faster { .. } => "x as fast",
        Ask::Time { .. } | Ask::Write { .. } => "x the time",
        Ask::Milliseconds(_) => "ms",
        Ask::Memory(_) => "MiB",
        Ask::PerGib { .. } => "ms",
        Ask::PerCall { .. } => "us",
    };
    let (shown, median) = match found {
        Some(spread) => (spread.show(unit), Some(spread.median)),
        None => ("not available".into(), None),
    };
    let target = match row.target {
        Some(Target::AtLeast(bound)) => format!(">= {bound} {unit}"),
        Some(Target::AtMost(bound)) => format!("<= {bound} {unit}"),
        None => "-".into(),
    };
    let met = match (median, row.target) {
        (Some(median), Some(Target::AtLeast(bound))) => {
            if median >= bound {
                "yes"
            } else {
                "NO"
            }
        }
        (Some(median), Some(Target::AtMost(bound))) => {
            if median <= bound {
                "yes"
            } else {
                "NO"
            }
        }
        _ => "-",
    };
    format!("| {case} | {what} | {shown} | {target} | {met} |")
}

/// What a row tells, in words, and its value, if all it needs was run.
fn evaluate(ask: &Ask, samples: &Samples) -> (String, Option<Spread>) {
    let of = |label: &str, value: fn(&Sample) -> Option<f64>| -> Vec<f64> {
        samples.get(label).into_iter().flatten().filter_map(value).collect()
    };
    let seconds = |label: &str| of(label, |sample| Some(sample.seconds));
    let write = |label: &str| of(label, |sample| sample.write_ms);
    match ask {
        Ask::Faster { ours, than } => {
            let median =
                |label: &&String| Spread::of(seconds(label)).map_or(f64::MAX, |spread| spread.median);
            let run: Vec<_> = than.iter().filter(|label| samples.contains_key(*label)).collect();
            let Some(fastest) = run.iter().min_by(|a, b| median(a).total_cmp(&median(b))) else {
                return (format!("{ours}, against {}", than.join(", ")), None);
            };
            let others = if run.len() == 1 { "" } else { ", the fastest peer" };
            let what = format!("{ours}, against {fastest}{others}");
            (what, Spread::of_ratios(&seconds(fastest), &seconds(ours)))
        }
        Ask::Time { ours, of } => {
            (format!("{ours}, against {of}"), Spread::of_ratios(&seconds(ours), &seconds(of)))
        }
        Ask::Milliseconds(ours) => (ours.clone(), Spread::of(seconds(ours).iter().map(|s| s * 1e3))),
        Ask::Memory(ours) => {
            // The most of all rounds is what counts.
            let most = of(ours, |sample| Some(mib(sample.memory))).into_iter().reduce(f64::max);
            (format!("{ours}: most private memory"), Spread::of(most))
        }
        Ask::PerGib { ours, bytes } => {
            let per_gib = |seconds: &f64| seconds * 1e3 / (*bytes as f64 / f64::from(1 << 30));
            (format!("{ours}: time for a GiB"), Spread::of(seconds(ours).iter().map(per_gib)))
        }
        Ask::Write { ours, of } => {
            (format!("{ours}: write in place, against {of}"), Spread::of_ratios(&write(ours), &write(of)))
        }
        Ask::PerCall { many, few, calls } => {
            let differences = seconds(many).into_iter().zip(seconds(few)).map(|(many, few)| many - few);
            let each = differences.map(|seconds| seconds * 1e6 / *calls as f64);
            (format!("a call, by {many} and {few}"), Spread::of(each))
        }
    }
}

/// Puts a result into `bench/results.md`.
pub(super) fn write(result: &str) -> Result<(), String> {
    let path = shell::root().join("bench/results.md");
    let say = |error: std::io::Error| format!("{}: {error}", path.display());
    let page = fs::read_to_string(&path).map_err(say)?;
    let page = splice(&page, result).ok_or_else(|| format!("{}: its markers are gone", path.display()))?;
    fs::write(&path, page).map_err(say)
}

/// The page with another result between its markers.
fn splice(page: &str, result: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{result}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(runs: &[(&str, &[f64])]) -> Samples {
        let sample = |seconds: &f64| Sample { seconds: *seconds, memory: 3 << 20, write_ms: None };
        runs.iter()
            .map(|(label, seconds)| ((*label).to_owned(), seconds.iter().map(sample).collect()))
            .collect()
    }

    #[test]
    fn the_fastest_peer_that_was_run_is_compared() {
        let samples =
            samples(&[("ours", &[1.0, 2.0, 1.0]), ("a", &[9.0, 9.0, 9.0]), ("b", &[6.0, 6.0, 5.0])]);
        let row = Row::faster("ours", &["a", "b", "c"]).at_least(5.0);
        assert_eq!(
            ratio_line("x", &row, &samples),
            "| x | ours, against b, the fastest peer | 5.00 x as fast (3.00 to 6.00) | >= 5 x as fast | yes |"
        );
    }

    #[test]
    fn a_missed_target_shows() {
        let samples = samples(&[("ours", &[1.5]), ("a", &[1.0])]);
        let row = Row::time("ours", "a").at_most(1.25);
        assert_eq!(
            ratio_line("x", &row, &samples),
            "| x | ours, against a | 1.50 x the time | <= 1.25 x the time | NO |"
        );
    }

    #[test]
    fn what_was_not_run_is_not_available() {
        let samples = samples(&[("ours", &[1.0])]);
        for row in [Row::time("ours", "a"), Row::faster("ours", &["a"])] {
            assert_eq!(ratio_line("x", &row, &samples), "| x | ours, against a | not available | - | - |");
        }
    }

    #[test]
    fn a_call_costs_what_many_take_longer() {
        let samples = samples(&[("many", &[2.5]), ("few", &[2.0])]);
        let ask = Ask::PerCall { many: "many".into(), few: "few".into(), calls: 1_000_000 };
        let (_, spread) = evaluate(&ask, &samples);
        assert_eq!(spread.expect("both were run").median, 0.5);
    }

    #[test]
    fn a_result_takes_the_place_of_the_one_before() {
        let page = format!("text\n\n{BEGIN}\n\nold\n\n{END}\nmore\n");
        let expected = format!("text\n\n{BEGIN}\n\nnew\n\n{END}\nmore\n");
        assert_eq!(splice(&page, "new\n"), Some(expected));
        assert_eq!(splice("text", "new\n"), None);
    }
}
