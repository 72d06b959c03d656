//! Modules from a short text: what they do not define comes from
//! `tests/hostile/prelude.wat`.

use std::fs;

use crate::repository;

/// The module that a guest's text stands for: the text without the `(module` round
/// it. Text that begins with `(component` is taken as it is.
pub fn build(name: &str, text: &str) -> Vec<u8> {
    let starts =
        |form: &str| text.lines().find(|line| !line.starts_with(";;")).is_some_and(|l| l.starts_with(form));
    let text = if starts("(component") {
        text.to_owned()
    } else {
        let mut module = format!("(module\n{text}\n");
        let prelude = fs::read_to_string(repository().join("tests/hostile/prelude.wat")).unwrap();
        let mut parts = prelude.split(";; unless: ");
        module.push_str(parts.next().unwrap());
        for part in parts {
            let (unless, part) = part.split_once('\n').unwrap();
            if !text.contains(unless) {
                module.push_str(part);
            }
        }
        module + "\n)"
    };
    wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}
