//! What is vetted: a plugin, the sets of parameters that it is tried with, and the
//! inputs for each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use runner_contract::{Manifest, ParamKind};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::count;
use runner_pipeline::memory::Budget;
use runner_pipeline::run::COSTS;
use runner_sandbox::plugin::params::{self, Given};
use runner_sandbox::plugin::{Several, names};
use runner_sandbox::{Limits, Plugin, Sink, plan_memory};

use super::VetArgs;
use super::check::Input;
use super::inputs::{odd, sample};
use super::properties::Subject;
use crate::author::build::is_plugin;
use crate::author::case::{self, Case};
use crate::author::project::Project;

/// Threads that use the plugin at the same time, at most.
const THREADS: usize = 2;
/// By how much there is a little less memory.
const LESS_BYTES: u64 = 1 << 20;

/// Sets with a value that no case has, at most.
const VARIANTS: usize = 8;

/// A plugin's name or path, and the folder of its cases, if there is one.
pub(super) fn places(args: &VetArgs) -> Result<(String, Option<PathBuf>)> {
    let path = Path::new(&args.plugin);
    let (plugin, beside) = if path.is_dir() {
        let project = Project::open(path)?;
        (project.built()?, project.folder.join("cases"))
    } else {
        let beside = path.parent().unwrap_or(Path::new("")).join("cases");
        (path.to_owned(), if is_plugin(path) { beside } else { PathBuf::from("/dev/null/cases") })
    };
    let plugin = plugin.to_str().ok_or_else(|| Error::new(Kind::Usage, "the plugin's path is not UTF-8"))?;
    if names(plugin)?.len() != 1 {
        return Err(Error::new(Kind::Usage, "only one plugin can be vetted at a time"));
    }
    let cases = args.cases.clone().or_else(|| beside.is_dir().then_some(beside));
    Ok((plugin.to_owned(), cases))
}

/// The limits that the plugin has while it is vetted.
pub(super) fn limits(args: &VetArgs) -> Result<Limits> {
    let limits =
        Limits { deadline: args.timeout, memory_bytes: args.memory, lanes: THREADS + 1, ..Limits::default() };
    let plan = plan_memory(THREADS, (1, limits.window_bytes, limits.memory_bytes), None, COSTS)?;
    Ok(Limits { budget: Budget::new(&plan), ..limits })
}

/// A set of parameters with the inputs for it.
pub(super) struct Set {
    pub(super) subject: Subject,
    pub(super) given: Vec<Given>,
    pub(super) inputs: Vec<Input>,
    /// Whether the checks are done that take longest.
    pub(super) is_long: bool,
}

/// All sets: the parameters that the user gives, and those of the cases.
///
/// # Errors
/// If a parameter is wrong, or a sample or case cannot be read.
pub(super) fn sets(
    plugin: &Plugin,
    args: &VetArgs,
    (cases, notes): (Option<&Path>, &mut Vec<String>),
) -> Result<Vec<Set>> {
    let folders = cases.map(case::folders).transpose()?.unwrap_or_default();
    let cases = folders.iter().map(|folder| Case::read(folder)).collect::<Result<Vec<_>>>()?;
    let mut samples = Vec::new();
    for path in &args.samples {
        let shown = runner_pipeline::escape::shown(path);
        let input = sample(path, &format!("sample {shown}"))?;
        let tried_bytes = input.bytes.len() as u64;
        if std::fs::metadata(path).is_ok_and(|found| found.len() > tried_bytes) {
            notes
                .push(format!("of sample {shown}, only the first {} were tried", count(tried_bytes, "byte")));
        }
        samples.push(input);
    }
    let mut given = match &args.params {
        Some(path) => params::read_file(path)?,
        None => Vec::new(),
    };
    given.extend(args.set.iter().map(|(name, value)| Given::set(name, value)));
    let mut sets: Vec<Set> = Vec::new();
    if !given.is_empty() || cases.is_empty() {
        sets.push(Set {
            subject: subject(plugin, (args, args.seed), &given)?,
            given,
            inputs: samples.clone(),
            is_long: true,
        });
    }
    for case in &cases {
        let input = sample(&case.input, &format!("case `{}`", case.name))?;
        if let Some(set) = sets.iter_mut().find(|set| is_same(&set.given, &case.params)) {
            set.inputs.push(input);
            continue;
        }
        if !args.set.is_empty() {
            // The case is an input for the user's parameters, too.
            sets[0].inputs.push(input.clone());
        }
        let inputs = samples.iter().cloned().chain([input]).collect();
        match subject(plugin, (args, args.seed), &case.params) {
            Ok(subject) => sets.push(Set { subject, given: case.params.clone(), inputs, is_long: true }),
            // The case is about wrong parameters.
            Err(error) if error.kind() == Kind::Usage => {}
            Err(error) => return Err(error),
        }
    }
    if sets.is_empty() {
        return Err(Error::new(Kind::Usage, "no case has parameters that the plugin takes")
            .hint("give parameters with `--set KEY=VALUE`"));
    }
    let others = variants(plugin, args, &sets)?;
    sets.extend(others);
    for set in &mut sets {
        set.inputs.extend(odd());
    }
    Ok(sets)
}

/// The first set with each value of a choice or truth that no set has, and with
/// another seed.
fn variants(plugin: &Plugin, args: &VetArgs, sets: &[Set]) -> Result<Vec<Set>> {
    let manifest = plugin.manifest();
    let Some(first) = sets.first() else { return Ok(Vec::new()) };
    let mut wanted = Vec::new();
    for spec in &manifest.params {
        let values = match spec.kind {
            ParamKind::Choice => spec.choices.clone(),
            ParamKind::Boolean => vec!["true".to_owned(), "false".to_owned()],
            _ => continue,
        };
        // What the user has set stays.
        if args.set.iter().any(|(name, _)| *name == spec.name) {
            continue;
        }
        let has = |set: &Set, value: &String| {
            let mut given = set.given.iter().filter(|given| given.name == spec.name).peekable();
            match given.peek() {
                Some(_) => given.any(|given| given.value == *value),
                None => spec.default.as_ref() == Some(value),
            }
        };
        for value in values {
            if !sets.iter().any(|set| has(set, &value)) {
                let others = first.given.iter().filter(|given| given.name != spec.name).cloned();
                wanted.push((others.chain([Given::set(&spec.name, &value)]).collect(), args.seed));
            }
        }
    }
    wanted.truncate(VARIANTS);
    if manifest.seed {
        wanted.push((first.given.clone(), Some(args.seed.map_or(1, |seed| seed.wrapping_add(1)))));
    }
    let mut made = Vec::new();
    for (given, seed) in wanted {
        match subject(plugin, (args, seed), &given) {
            Ok(subject) => made.push(Set { subject, given, inputs: first.inputs.clone(), is_long: false }),
            Err(error) if error.kind() == Kind::Usage => {}
            Err(error) => return Err(error),
        }
    }
    Ok(made)
}

fn is_same(one: &[Given], two: &[Given]) -> bool {
    // The same path leads to different files in different cases.
    let same = |(one, two): (&Given, &Given)| {
        (&one.name, &one.value) == (&two.name, &two.value)
            && (!one.value.starts_with('@') || one.origin == two.origin)
    };
    one.len() == two.len() && one.iter().zip(two).all(same)
}

fn subject(plugin: &Plugin, (args, seed): (&VetArgs, Option<u64>), given: &[Given]) -> Result<Subject> {
    let several = |plugin: Plugin| {
        let tables = args.tables.iter().map(|(name, path)| (name.clone(), PathBuf::from(path)));
        let grants = (tables.collect(), seed);
        // It would say the same thousands of times.
        let silent: Sink = Arc::new(|_, _| {});
        Several::new(vec![plugin], given.to_vec(), grants, Budget::UNLIMITED)
            .map(|plugins| plugins.logging_to(&silent))
    };
    let limits = limits(args)?;
    let less = Limits { memory_bytes: limits.memory_bytes.saturating_sub(LESS_BYTES), ..limits };
    Ok(Subject { plugins: several(plugin.clone())?, with_less: several(plugin.limited_to(less))? })
}

/// Words of the parameters that are no secrets: the plugin may look for them.
pub(super) fn words(manifest: &Manifest, given: &[Given]) -> Vec<Vec<u8>> {
    let is_secret = |given: &&Given| {
        let spec = manifest.params.iter().find(|spec| spec.name == given.name);
        spec.is_none_or(|spec| spec.kind == ParamKind::Secret)
    };
    let mut words = Vec::new();
    for given in given.iter().filter(|given| !is_secret(given)) {
        let text = &given.value;
        words.push(text.clone().into_bytes());
        let parts = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-');
        words.extend(parts.map(|part| part.as_bytes().to_vec()));
    }
    words
}
