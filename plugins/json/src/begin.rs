//! Makes a plan from the parameters, and decides from the head of the file
//! whether lines can be looked at one by one.

use crate::action::Action;
use crate::automaton::Case;
use crate::hits::Counts;
use crate::plan::{Plan, Rule};
use crate::scanner::Scanner;
use crate::{BYTE_ORDER_MARK, Json, check, path};
use runner_plugin::{FileHead, Framing, Job, Manifest, ParamSpec, Params, Pattern};
use runner_values::{ACTIONS, KEYED, Key, Rules, Syntax, Target, parse_targets};

/// How the file is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Every line holds whole values: the user says so.
    Asked,
    /// Every line holds whole values, as the first line does.
    Guessed,
    /// Values may go over lines.
    No,
}

/// The parameters.
pub(crate) fn manifest() -> Manifest {
    let paths = |name, what: &str| action(name, &format!("{what}, as in `$.user.email,$..password`"));
    let summary = "Masks, pseudonymises, sets or deletes values of JSON and JSON lines by path";
    Manifest::new("json", env!("CARGO_PKG_VERSION"), summary)
        .param(paths("mask", "Paths of values to hide"))
        .param(paths("hash", "Paths of values to replace by keyed pseudonyms"))
        .param(action("set", "`PATH=JSON`, as in `$.country=\"NL\"`"))
        .param(paths("null", "Paths of values to replace by null"))
        .param(paths("delete", "Paths of members and elements to remove"))
        .param(action("truncate", "`PATH=CHARACTERS`: how many characters of a value stay"))
        .param(action("keep-last", "`PATH=CHARACTERS`: how many characters stay at the end of a mask"))
        .param(action("map", "`PATH=TABLE`: lines of a value, a tab, and what replaces it").from_file())
        .param(action("replace", "`PATH=/EXPRESSION/REPLACEMENT/`, within values"))
        .param(action("shift-date", "`PATH=DAYS`: dates are shifted by up to so many days"))
        .param(paths("keep", "Paths of values that stay, whatever the other paths say"))
        .param(ParamSpec::secret("key", "The secret key of `hash` and `shift-date`"))
        .param(
            ParamSpec::choice("lines", &["auto", "true", "false"], "Whether each line is a JSON text")
                .default("auto"),
        )
        .param(
            ParamSpec::boolean("check", "Whether lines without any of the keys are checked too")
                .default("true"),
        )
        .param(
            ParamSpec::boolean("ignore-case", "Whether ASCII letters in keys match either case")
                .default("false"),
        )
}

fn action(name: &str, doc: &str) -> ParamSpec {
    ParamSpec::text(name, doc).repeats()
}

/// Reads the parameters and the head of the file.
pub(crate) fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Json, Job), String> {
    let lines = match params.required("lines")? {
        "true" => Lines::Asked,
        "false" => Lines::No,
        _ => guess(file),
    };
    let rules = rules(params, lines)?;
    let case = if params.bool("ignore-case")? { Case::Ignored } else { Case::Exact };
    let mut job = Job::new(if lines == Lines::No { Framing::Sequential } else { Framing::lines() }).text();
    if !params.bool("check")? {
        if lines != Lines::Asked {
            return Err(
                "`check=false` needs `lines=true`: without a check, a wrong guess would not be noticed"
                    .into(),
            );
        }
        job = prefiltered(job, &rules, case)?;
    }
    let plan = Plan::new(rules, case)?;
    let counts = Counts::new(&plan);
    job = job.counts(counts.names());
    job.claims.length_preserving = plan.keeps_length();
    job.claims.idempotent = plan.is_idempotent();
    // What a part of a document is depends on the parts before it.
    job.claims.deterministic = lines != Lines::No;
    Ok((Json { plan, scanner: Scanner::new(), counts, lines }, job))
}

/// Shows only lines that contain the last key of a path, or an escape that may
/// stand for a letter of it.
fn prefiltered(job: Job, rules: &[Rule], case: Case) -> Result<Job, String> {
    let mut literals = vec![b"\\u".to_vec()];
    for rule in rules.iter().filter(|rule| !matches!(rule.action, Action::Keep)) {
        let names = path::last_names(&rule.path).ok_or_else(|| {
            format!("`check=false` needs paths that end in names; `{}` does not", rule.path.text)
        })?;
        literals.extend(names.iter().filter(|name| !name.is_empty()).map(|name| name.as_bytes().to_vec()));
        if names
            .iter()
            .any(|name| name.is_empty() || name.contains(['"', '\\', '/']) || name.contains(char::is_control))
        {
            return Err(format!("`check=false` does not work with the last name of `{}`", rule.path.text));
        }
    }
    let pattern = match case {
        Case::Exact => Pattern::literals(literals),
        Case::Ignored => Pattern::literals_of_any_case(literals),
    };
    Ok(job.prefilter(pattern))
}

/// Whether the first line that is not empty holds whole values. Without a whole
/// line in the head, the file is read as one text, which is always right.
fn guess(file: &FileHead<'_>) -> Lines {
    let head = file.head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file.head);
    let mut rest = head;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        if !line.trim_ascii().is_empty() {
            return if check::is_whole(line) { Lines::Guessed } else { Lines::No };
        }
        rest = &rest[end + 1..];
    }
    Lines::No
}

fn rules(params: &Params, lines: Lines) -> Result<Vec<Rule>, String> {
    let key = params.get("key").map(Key::new).transpose()?;
    if key.is_some() && KEYED.iter().all(|name| params.get(name).is_none()) {
        return Err(format!(
            "`key` is only used with {}",
            KEYED.map(|name| format!("`{name}`")).join(" and ")
        ));
    }
    let shared = Rules { syntax: Syntax::Paths, key: key.as_ref() };
    let mut rules = Vec::new();
    for name in ACTIONS {
        for text in params.all(name) {
            let rule = shared.parse(name, text)?;
            if rule.group.is_some() {
                return Err(format!(
                    "`{name}`: `by` is not possible here: all dates of a run have the same shift"
                ));
            }
            let (_, argument) = parse_targets(text, Syntax::Paths)?;
            let action = Action::new(rule.action, lines).map_err(|error| format!("`{name}`: {error}"))?;
            add(&mut rules, (name, argument), &rule.targets, &action)?;
        }
    }
    for (name, action) in [("delete", Action::Delete), ("keep", Action::Keep)] {
        for text in params.all(name) {
            let (targets, argument) =
                parse_targets(text, Syntax::Paths).map_err(|error| format!("`{name}`: {error}"))?;
            if !argument.trim().is_empty() {
                return Err(format!("`{name}`: `{}` follows the path", argument.trim()));
            }
            add(&mut rules, (name, ""), &targets, &action)?;
        }
    }
    if rules.iter().all(|rule| matches!(rule.action, Action::Keep)) {
        return Err(format!("nothing to do: set at least one of {} and delete", ACTIONS.join(", ")));
    }
    Ok(rules)
}

/// Adds a rule for each path of a parameter's value.
fn add(
    rules: &mut Vec<Rule>,
    (name, argument): (&'static str, &str),
    targets: &[Target],
    action: &Action,
) -> Result<(), String> {
    for target in targets {
        let text = target.text();
        let (path, rest) = path::parse(text.trim()).map_err(|error| format!("`{name}`: {error}"))?;
        if !rest.is_empty() {
            return Err(format!("`{name}`: `{rest}` follows the path `{}`", path.text));
        }
        if matches!(action, Action::Delete) && path.steps.is_empty() {
            return Err(
                "`delete`: the path `$` would delete everything, and what is left would not be JSON".into()
            );
        }
        rules.push(Rule { path, parameter: name, argument: argument.to_owned(), action: action.clone() });
    }
    Ok(())
}
