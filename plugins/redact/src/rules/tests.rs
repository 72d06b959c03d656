use super::context;
use super::file::{File, Spec};
use super::model::Model;
use super::sample::{Random, sample};
use super::{Match, RuleSet};
use crate::{Keys, Kind, Kinds};

/// The expression of a rule.
fn expression(spec: &Spec) -> String {
    match &spec.value {
        Some(value) => context::expression(&spec.context, value),
        None => spec.regex.clone().expect("an expression"),
    }
}

fn find(rules: &RuleSet, text: &[u8]) -> Vec<Match> {
    let mut found = Vec::new();
    rules.find(text, &mut |secret| found.push(secret)).expect("small expressions");
    found.sort_by_key(|found| (found.rule, found.value.start));
    found
}

/// Lines that hold secrets, halves of secrets, secrets twice, and keywords.
fn text_of(rules: &[Spec], random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..random.below(6) {
        for _ in 0..1 + random.below(3) {
            let rule = random.pick(rules);
            let mut secret = sample(&expression(rule), random);
            match random.below(6) {
                0 => secret.truncate(random.below(secret.len() + 1)),
                1 => secret.extend_from_within(..),
                2 if !rule.keywords.is_empty() => {
                    let keyword = random.pick(&rule.keywords).to_uppercase();
                    secret.splice(0..0, keyword.into_bytes());
                }
                3 => drop(secret.splice(0..0, *b"x")),
                _ => {}
            }
            text.extend_from_slice(
                random.pick(&["", " ", "key=\"", "a", "\\n", "\x1b[31m", "ü "]).as_bytes(),
            );
            text.extend_from_slice(&secret);
            text.extend_from_slice(random.pick(&["", " ", "\"", "b", "\\n", "\r", "&x=1"]).as_bytes());
        }
        text.push(b'\n');
    }
    text
}

fn assert_like_the_model(rules: &RuleSet, file: &str, seeds: std::ops::Range<u64>) -> usize {
    let specs = File::parse(file).expect("a valid file").rules;
    let specs: Vec<_> = specs.into_iter().filter(|spec| !spec.has_path).collect();
    let model = Model::new(File::parse(file).expect("a valid file"));
    let mut secrets = 0;
    for seed in seeds {
        let text = text_of(&specs, &mut Random(seed));
        let expected = model.find(&text);
        secrets += expected.len();
        assert_eq!(find(rules, &text), expected, "seed {seed}: {:?}", String::from_utf8_lossy(&text));
    }
    secrets
}

/// The default rules of gitleaks are not a part of this project: the variable
/// names a file of them.
#[test]
fn the_rules_of_gitleaks_find_what_the_model_finds() {
    let Some(path) = std::env::var_os("RUNNER_GITLEAKS_RULES") else { return };
    let file = std::fs::read_to_string(path).expect("a file");
    let rules = RuleSet::parse(&file).expect("valid rules");
    let secrets = assert_like_the_model(&rules, &file, 0..2000);
    assert!(secrets > 2000, "only {secrets} secrets");
}

fn builtin_specs() -> Vec<Spec> {
    super::BUILTIN.iter().flat_map(|text| super::builtin_rules(text).expect("valid rules")).collect()
}

#[test]
fn every_built_in_rule_finds_its_own_values() {
    let rules = RuleSet::builtin().expect("valid rules");
    let mut failures = Vec::new();
    for (index, spec) in builtin_specs().iter().enumerate() {
        let mut random = Random(7);
        let mut missed: Vec<String> = Vec::new();
        for _ in 0..40 {
            // The keywords of a few rules are not a part of the value.
            let mut line = format!("{} ", spec.keywords.first().map_or("x", |word| word)).into_bytes();
            line.extend_from_slice(&sample(&expression(spec), &mut random));
            let found = find(&rules, &line);
            if !found.iter().any(|found| found.rule == index) {
                missed.push(String::from_utf8_lossy(&line).into_owned());
            }
        }
        if missed.len() > 8 {
            failures.push(format!("{}: {} of 40 missed, such as {}", spec.id, missed.len(), missed[0]));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn every_expression_of_the_built_in_rules_is_valid() {
    for text in super::BUILTIN {
        RuleSet::parse(text).expect("valid rules");
    }
    assert_eq!(RuleSet::builtin().expect("valid rules").notes(), [""; 0]);
}

#[test]
fn the_built_in_rules_find_what_the_model_finds() {
    for text in super::BUILTIN {
        let rules = RuleSet::parse(text).expect("valid rules");
        assert_like_the_model(&rules, text, 0..300);
    }
}

/// Lines with labelled values are not a part of this project: the variable
/// names a file of them, an object of JSON a line, with `group`, `text` and
/// `spans` of a kind, a start and an end.
#[test]
fn labelled_keys_are_found_and_lookalikes_are_not() {
    let Some(path) = std::env::var_os("RUNNER_LABELLED_LINES") else { return };
    let rules = RuleSet::builtin().expect("valid rules");
    let keys = Keys::builtin().expect("valid rules");
    let mut wrong = Vec::new();
    for line in std::fs::read_to_string(path).expect("a file").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let (group, text) =
            (line["group"].as_str().expect("a group"), line["text"].as_str().expect("a text"));
        let mut found = find(&rules, text.as_bytes());
        let lines =
            crate::scan::scan(text.as_bytes(), Kinds::of(&[Kind::Pem]), &keys).expect("no expression");
        found.extend(lines.into_iter().map(|line| Match { rule: usize::MAX, value: line.range }));
        let is_hidden = |at: usize| found.iter().any(|found| found.value.contains(&at));
        let names: Vec<_> =
            found.iter().map(|found| (rules.name(found.rule), &text[found.value.clone()])).collect();
        if group.starts_with("key") || group == "pem" {
            for span in line["spans"].as_array().expect("spans") {
                let at = |index: usize| span[index].as_u64().expect("a number") as usize;
                if !(at(1)..at(2)).all(|at| is_hidden(at) || !text.as_bytes()[at].is_ascii_alphanumeric()) {
                    wrong.push(format!("{group}: {text}: found {names:?}"));
                }
            }
        } else if !found.is_empty() {
            wrong.push(format!("{group}: {text}: found {names:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
