//! `runner plugin test`: runs cases on a built plugin, in the sandbox, with windows
//! of several sizes, and measures what it costs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::engine::window::BLOCK_BYTES;
use runner_pipeline::error::Result;
use runner_pipeline::escape::{Page, group_digits};

use super::bench::{Bench, Cut, load};
use super::build::is_plugin;
use super::case::{self, Case, Failure};
use super::cost::{self, Update};
use super::difference::difference;
use super::project::Project;
use super::stale;
use crate::Outcome;
use crate::report::Reporter;

/// The usual window, with which the others must agree.
const USUAL: Cut = (1 << 20, 1);
/// Other sizes of windows in bytes. One byte stands for one record each.
const WINDOWS: [u64; 7] = [1, 7, 64, 512, 4 << 10, 64 << 10, 192 << 10];
/// Maximum number of windows into which an input is cut.
const CUTS: u64 = 16 << 10;

/// Tests a plugin, or that of a project, with the cases of a folder; without
/// one, the folder `cases` of the project. `compile` is the time limit for
/// compiling it to native code.
///
/// # Errors
/// If the plugin cannot be loaded, or there are no cases. Cases that fail are no
/// error, but an outcome.
pub(crate) fn test(
    (plugin, cases): (&Path, Option<&Path>),
    update: Update,
    compile: Duration,
    reporter: &Reporter,
) -> Result<Outcome> {
    let (path, folder) = places(plugin, cases)?;
    stale::warn(&path, reporter)?;
    let folders = case::folders(&folder)?;
    let bench = Bench::new(load(&path, compile, Cancel::NEVER, reporter)?)?;
    let (mut failures, mut whole) = (0, Vec::new());
    for folder in &folders {
        let name = case::name(folder);
        let case = Case::read(folder);
        let why = match &case {
            Ok(case) => run(&bench, case)?,
            Err(error) => Some(Failure::from(error).to_string()),
        };
        failures += usize::from(why.is_some());
        show(&name, why.as_deref(), &bench, reporter)?;
        whole.extend(case.ok().filter(Case::changes));
    }
    let passed = folders.len() - failures;
    match cost::measure(&bench, &folder, &whole, update)? {
        cost::Verdict::Fine(page) => reporter.show(&page)?,
        cost::Verdict::Bad(why) => {
            failures += 1;
            show("cost", Some(&why), &bench, reporter)?;
        }
    }
    reporter.show(&Page::of(format_args!("{passed} passed, {failures} failed")))?;
    Ok(if failures == 0 { Outcome::Done } else { Outcome::Changes })
}

/// Shows how a case ended, with the log if it failed.
fn show(name: &str, why: Option<&str>, bench: &Bench, reporter: &Reporter) -> Result<()> {
    let log = bench.log_page();
    let Some(why) = why else { return reporter.show(&Page::of(format_args!("ok    {name}"))) };
    let mut page = Page::of(format_args!("FAIL  {name}"));
    page.several("      ", "      ", why, usize::MAX);
    reporter.show(&page)?;
    reporter.show(&log)
}

/// The plugin, and the folder of the cases.
fn places(plugin: &Path, cases: Option<&Path>) -> Result<(PathBuf, PathBuf)> {
    if is_plugin(plugin) {
        let beside = || plugin.parent().unwrap_or(Path::new("")).join("cases");
        return Ok((plugin.to_owned(), cases.map_or_else(beside, Path::to_owned)));
    }
    let project = Project::open(plugin)?;
    let path = project.built()?;
    Ok((path, cases.map_or_else(|| project.folder.join("cases"), Path::to_owned)))
}

/// How an input is cut in addition to the usual way. What is shorter than a window
/// is not cut by it, and one block is the work of one thread.
fn cuts(input_bytes: u64) -> impl Iterator<Item = Cut> {
    let windows =
        WINDOWS.into_iter().filter(move |window| *window < input_bytes && input_bytes / *window <= CUTS);
    let threads = (input_bytes > BLOCK_BYTES).then_some([(192 << 10, 2), (1 << 20, 2)]);
    windows.map(|window| (window, 1)).chain(threads.into_iter().flatten())
}

/// Runs a case with every cut. Returns what is wrong.
fn run(bench: &Bench, case: &Case) -> Result<Option<String>> {
    let found = bench.once(&case.input, &case.params, USUAL)?;
    if let Some(why) = case.difference(&found) {
        return Ok(Some(why));
    }
    for (window, threads) in cuts(case.input_bytes) {
        let other = bench.once(&case.input, &case.params, (window, threads))?;
        let why = match (&found, &other) {
            (Ok(found), Ok(other)) => match difference(found, other) {
                Some(why) => why,
                None => continue,
            },
            // Which of several errors comes first may depend on the cut.
            (Err(_), Err(_)) => continue,
            (Ok(_), Err(failure)) => format!("an error: {failure}"),
            (Err(_), Ok(_)) => "no error".to_owned(),
        };
        let size = match window {
            1 => "of one record each".to_owned(),
            bytes => format!("of about {} bytes", group_digits(bytes)),
        };
        let threads = if threads == 1 { String::new() } else { format!(" and {threads} threads") };
        return Ok(Some(format!(
            "with windows {size}{threads}, it is not the same: no edit may depend on where a window begins or \
             ends\n{why}"
        )));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_inputs_are_cut_into_records() {
        assert_eq!(cuts(1).count(), 0);
        assert_eq!(cuts(10).collect::<Vec<_>>(), [(1, 1), (7, 1)]);
        let long: Vec<_> = cuts(2 << 20).collect();
        assert_eq!(long, [(512, 1), (4096, 1), (65536, 1), (196608, 1), (196608, 2), (1048576, 2)]);
    }
}
