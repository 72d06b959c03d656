use super::context;
use super::file::{File, Spec};
use super::model::Model;
use super::sample::{Random, sample};
use super::{Match, RuleSet};

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
            text.extend_from_slice(random.pick(&["", " ", "key=\"", "a", "\\n", "\x1b[31m", "ü "]).as_bytes());
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
