//! Renders samples as tables, and writes them to the results file.

use std::fs;

use xtask::shell;

use crate::case::{Metric, Row, Target, WITH_SYNC};
use crate::measure::{Measured, Sample, Samples};
use crate::statistics::{Spread, format_number};

/// The results file, below the root of the workspace. The text outside its
/// markers is written by hand.
pub(crate) const RESULTS: &str = "bench/results.md";

const BEGIN: &str = "<!-- written by `cargo xtask bench --write`: begin -->";
const END: &str = "<!-- end -->";

/// The rows of all tables.
#[derive(Debug, Default)]
pub(crate) struct Report {
    ratios: Vec<String>,
    times: Vec<String>,
    notes: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, case: &str, rows: &[Row], measured: &Measured) {
        self.ratios.extend(rows.iter().map(|row| ratio_line(case, row, measured)));
        for (label, command) in &measured.commands {
            let samples = measured.samples.get(label).map(Vec::as_slice).unwrap_or_default();
            let Some(seconds) = Spread::of(samples.iter().map(|sample| sample.seconds)) else { continue };
            // With a sync, it is the same command.
            let command_label = label.strip_suffix(WITH_SYNC).unwrap_or(label);
            let memory = measured.memory.get(command_label).copied().unwrap_or_default();
            // A pipe character would end the cell.
            let command = command.replace('|', "\\|");
            let (time, memory) = (seconds.show("s"), format_number(mib(memory)));
            self.times.push(format!("| {case} | {label} | {time} | {memory} | {command} |"));
        }
        self.notes.extend(measured.notes.iter().map(|note| format!("- {case}: {note}")));
    }

    pub(crate) fn add_failure(&mut self, case: &str, error: &str) {
        self.ratios.push(format!("| {case} | FAILED: {error} | - | - | - |"));
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text =
            String::from("| case | what | median (min to max) | target | met |\n|---|---|---|---|---|\n");
        text += &self.ratios.join("\n");
        text += "\n\nWall time and peak private memory of every command:\n\n";
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

fn ratio_line(case: &str, row: &Row, measured: &Measured) -> String {
    let (what, spread) = evaluate(&row.metric, measured);
    let unit = unit(&row.metric);
    let shown = spread.map_or("not available".into(), |spread| spread.show(unit));
    let target = match row.target {
        Some(Target::AtLeast(bound)) => format!(">= {bound} {unit}"),
        Some(Target::AtMost(bound)) => format!("<= {bound} {unit}"),
        None => "-".into(),
    };
    let met = match (spread, row.target) {
        (Some(spread), Some(target)) if target.is_met(spread.median) => "yes",
        (Some(_), Some(_)) => "NO",
        _ => "-",
    };
    format!("| {case} | {what} | {shown} | {target} | {met} |")
}

fn unit(metric: &Metric) -> &'static str {
    match metric {
        Metric::Speedup { .. } => "x as fast",
        Metric::TimeRatio { .. } | Metric::WriteRatio { .. } => "x the time",
        Metric::Milliseconds(_) | Metric::PerGib { .. } => "ms",
        Metric::PeakMemory(_) => "MiB",
        Metric::PerCall { .. } => "us",
    }
}

/// A row's description, and its value if everything it needs was measured.
fn evaluate(metric: &Metric, measured: &Measured) -> (String, Option<Spread>) {
    let samples = &measured.samples;
    let values = |label: &str, value: fn(&Sample) -> Option<f64>| -> Vec<f64> {
        samples.get(label).into_iter().flatten().filter_map(value).collect()
    };
    let seconds = |label: &str| values(label, |sample| Some(sample.seconds));
    let write = |label: &str| values(label, |sample| sample.write_ms);
    match metric {
        Metric::Speedup { ours, than } => speedup(ours, than, samples),
        Metric::TimeRatio { ours, base } => {
            (format!("{ours}, against {base}"), Spread::of_ratios(&seconds(ours), &seconds(base)))
        }
        Metric::Milliseconds(ours) => (ours.clone(), Spread::of(seconds(ours).iter().map(|s| s * 1e3))),
        Metric::PeakMemory(ours) => {
            let peak = measured.memory.get(ours).map(|bytes| mib(*bytes));
            (format!("{ours}: peak private memory"), Spread::of(peak))
        }
        Metric::PerGib { ours, bytes } => {
            let per_gib = |seconds: &f64| seconds * 1e3 / (*bytes as f64 / f64::from(1 << 30));
            (format!("{ours}: time per GiB"), Spread::of(seconds(ours).iter().map(per_gib)))
        }
        Metric::WriteRatio { ours, base } => {
            (format!("{ours}: in-place write, against {base}"), Spread::of_ratios(&write(ours), &write(base)))
        }
        Metric::PerCall { many, few, calls } => {
            let differences = seconds(many).into_iter().zip(seconds(few)).map(|(many, few)| many - few);
            let each = differences.map(|seconds| seconds * 1e6 / *calls as f64);
            (format!("time per call, from {many} and {few}"), Spread::of(each))
        }
    }
}

/// Compares with the peer that has the lowest median.
fn speedup(ours: &str, than: &[String], samples: &Samples) -> (String, Option<Spread>) {
    let seconds = |label: &str| -> Vec<f64> {
        samples.get(label).into_iter().flatten().map(|sample| sample.seconds).collect()
    };
    let median = |label: &&String| Spread::of(seconds(label)).map_or(f64::MAX, |spread| spread.median);
    let measured: Vec<_> = than.iter().filter(|label| samples.contains_key(*label)).collect();
    let Some(fastest) = measured.iter().min_by(|a, b| median(a).total_cmp(&median(b))) else {
        return (format!("{ours}, against {}", than.join(", ")), None);
    };
    let suffix = if measured.len() == 1 { "" } else { ", the fastest peer" };
    let what = format!("{ours}, against {fastest}{suffix}");
    (what, Spread::of_ratios(&seconds(fastest), &seconds(ours)))
}

/// Replaces the tables in the results file.
pub(crate) fn write(tables: &str) -> Result<(), String> {
    let path = shell::root().join(RESULTS);
    let at = |error: std::io::Error| format!("{}: {error}", path.display());
    let page = fs::read_to_string(&path).map_err(at)?;
    let page = splice(&page, tables)
        .ok_or_else(|| format!("{}: the markers `{BEGIN}` and `{END}` are missing", path.display()))?;
    fs::write(&path, page).map_err(at)
}

/// Replaces the text between the markers of a page.
fn splice(page: &str, tables: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{tables}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(runs: &[(&str, &[f64])]) -> Measured {
        let sample = |seconds: &f64| Sample { seconds: *seconds, ..Sample::default() };
        let samples = runs
            .iter()
            .map(|(label, seconds)| ((*label).to_owned(), seconds.iter().map(sample).collect()))
            .collect();
        Measured { samples, ..Measured::default() }
    }

    #[test]
    fn the_fastest_peer_that_was_run_is_compared() {
        let measured =
            measured(&[("ours", &[1.0, 2.0, 1.0]), ("a", &[9.0, 9.0, 9.0]), ("b", &[6.0, 6.0, 5.0])]);
        let row = Row::speedup("ours", &["a", "b", "c"]).at_least(5.0);
        assert_eq!(
            ratio_line("x", &row, &measured),
            "| x | ours, against b, the fastest peer | 5.00 x as fast (3.00 to 6.00) | >= 5 x as fast | yes |"
        );
    }

    #[test]
    fn a_missed_target_is_visible() {
        let measured = measured(&[("ours", &[1.5]), ("a", &[1.0])]);
        let row = Row::time_ratio("ours", "a").at_most(1.25);
        assert_eq!(
            ratio_line("x", &row, &measured),
            "| x | ours, against a | 1.50 x the time | <= 1.25 x the time | NO |"
        );
    }

    #[test]
    fn what_was_not_run_is_not_available() {
        let measured = measured(&[("ours", &[1.0])]);
        for row in [Row::time_ratio("ours", "a"), Row::speedup("ours", &["a"])] {
            assert_eq!(ratio_line("x", &row, &measured), "| x | ours, against a | not available | - | - |");
        }
    }

    #[test]
    fn the_cost_of_a_call_is_the_extra_time_per_call() {
        let measured = measured(&[("many", &[2.5]), ("few", &[2.0])]);
        let metric = Metric::PerCall { many: "many".into(), few: "few".into(), calls: 1_000_000 };
        let (_, spread) = evaluate(&metric, &measured);
        assert_eq!(spread.expect("both were run").median, 0.5);
    }

    #[test]
    fn a_result_replaces_the_previous_one() {
        let page = format!("text\n\n{BEGIN}\n\nold\n\n{END}\nmore\n");
        let expected = format!("text\n\n{BEGIN}\n\nnew\n\n{END}\nmore\n");
        assert_eq!(splice(&page, "new\n"), Some(expected));
        assert_eq!(splice("text", "new\n"), None);
    }

    #[test]
    fn the_results_file_has_markers() {
        let page = fs::read_to_string(shell::root().join(RESULTS)).expect("the results file");
        assert!(splice(&page, "").is_some());
    }
}
