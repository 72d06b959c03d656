//! Shows commands as a user would type them.

use crate::case::{Run, Stdout, Step};
use crate::setup::Setup;

/// Maximum number of characters of a command.
const MAX_CHARS: usize = 160;

/// The command line of a run, without the folders of this machine.
pub(crate) fn show(setup: &Setup, run: &Run) -> String {
    run.steps.iter().map(|step| show_step(setup, step)).collect::<Vec<_>>().join(" && ")
}

fn show_step(setup: &Setup, step: &Step) -> String {
    let words = std::iter::once(step.command.get_program()).chain(step.command.get_args());
    let words = words.map(|word| quoted(&setup.shorten(&word.to_string_lossy())));
    let mut shown = words.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = shown.char_indices().nth(MAX_CHARS) {
        shown.truncate(end);
        shown += " ...";
    }
    if let Some(path) = &step.stdin {
        shown += &format!(" < {}", setup.shorten(&path.to_string_lossy()));
    }
    if let Stdout::File(path) = &step.stdout {
        shown += &format!(" > {}", setup.shorten(&path.to_string_lossy()));
    }
    shown
}

/// Quotes a word that a shell would not leave unchanged.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+".contains(letter);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_where_they_must_be() {
        assert_eq!(quoted("--set"), "--set");
        assert_eq!(quoted("find=a[0-9]+"), "'find=a[0-9]+'");
    }
}
