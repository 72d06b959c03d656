//! Compares `runner` with another build of it, instead of with peers.

use std::path::Path;
use std::process::Command;

use crate::case::{Case, Metric, Row, Run, Step};

/// Keeps the runs of `runner`, and puts the same run of the other build beside
/// each. Peers are left out.
pub(crate) fn compare(case: Case, runner: &Path, other: &Path) -> Case {
    let is_ours = |run: &Run| run.steps.iter().any(|step| step.command.get_program() == runner);
    let mut runs = Vec::new();
    let mut rows = Vec::new();
    for run in case.runs.into_iter().filter(is_ours) {
        let twin = twin(&run, runner, other);
        rows.push(Row::time_ratio(&run.label, &twin.label));
        rows.push(Row::new(Metric::PeakMemory(run.label.clone())));
        runs.extend([twin, run]);
    }
    Case { runs, rows, ..case }
}

/// The same run with the other build.
fn twin(run: &Run, runner: &Path, other: &Path) -> Run {
    let step = |step: &Step| {
        let is_ours = step.command.get_program() == runner;
        let program = if is_ours { other.as_os_str() } else { step.command.get_program() };
        let mut command = Command::new(program);
        command.args(step.command.get_args());
        command.envs(step.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Step { command, stdin: step.stdin.clone(), stdout: step.stdout.clone(), ..*step }
    };
    Run {
        label: format!("{}, other build", run.label),
        inputs: run.inputs.clone(),
        warm: run.warm.clone(),
        steps: run.steps.iter().map(step).collect(),
        synced: run.synced.clone(),
        result: run.result.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_a_twin_and_peers_are_gone() {
        let ours = Step::new("new/runner", &["apply", "x"]).finds_changes();
        let runs = vec![Run::new("ours", ours), Run::new("peer", Step::new("sed", &["x"]))];
        let case = compare(Case::new(runs, Vec::new()), Path::new("new/runner"), Path::new("old/runner"));
        let shown: Vec<_> = case.runs.iter().map(|run| (&*run.label, &run.steps[0])).collect();
        let [("ours, other build", old), ("ours", new)] = shown[..] else { panic!("{shown:?}") };
        assert_eq!(old.command.get_program(), "old/runner");
        assert!(old.command.get_args().eq(new.command.get_args()));
        assert_eq!((old.accepted_exit, case.rows.len()), (1, 2));
    }
}
