//! What comes out of a question: edits, the plugin's refusal, or a fault.

use std::fmt::Write as _;

use runner_pipeline::engine::window::Found;
use runner_pipeline::error::{Error, Fault, Kind, Result};

/// Bytes shown of a replacement.
const SHOWN_BYTES: usize = 40;

/// An edit of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) start: u64,
    pub(super) old_bytes: u32,
    pub(super) new: Vec<u8>,
}

/// What a plugin makes of some bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) edits: Vec<Edit>,
    /// Sums, by the index of what is counted.
    counts: Vec<u64>,
}

/// Why there is no answer, where that is the plugin's doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// It, or the framing that it asked for, refuses the bytes: a right that it has.
    Refused(String),
    /// What no plugin may do.
    Fault(Fault, String),
}

/// What is there, or why it is not.
pub(super) type Outcome<T> = std::result::Result<T, Failed>;

impl Answer {
    /// Adds what was found after all of this.
    pub(super) fn add(&mut self, found: &Found) {
        let mut new = found.new_bytes();
        for (start, old_bytes, new_bytes) in found.spans() {
            let (of_edit, rest) = new.split_at_checked(new_bytes as usize).unwrap_or((new, &[]));
            self.edits.push(Edit { start, old_bytes, new: of_edit.to_vec() });
            new = rest;
        }
        for (name, number) in found.counts() {
            self.counts.resize(self.counts.len().max(name + 1), 0);
            self.counts[name] = self.counts[name].saturating_add(number);
        }
    }

    /// The result as one edit, for a framing without records: there, an edit may be
    /// cut where a window ends, and a part of it may change nothing.
    pub(super) fn into_whole(self, old_bytes: usize, result: Vec<u8>) -> Self {
        let old_bytes = u32::try_from(old_bytes).unwrap_or(u32::MAX);
        Self { edits: vec![Edit { start: 0, old_bytes, new: result }], ..self }
    }

    /// The same with offsets that count from another one, before which no edit is.
    pub(super) fn counted_from(mut self, base: u64) -> Self {
        for edit in &mut self.edits {
            edit.start -= base;
        }
        self
    }

    /// The edits alone.
    pub(super) fn without_counts(self) -> Self {
        Self { counts: Vec::new(), ..self }
    }

    /// How another answer differs; `None` if it is the same.
    fn difference(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let edit = (0..self.edits.len().max(other.edits.len()))
            .map(|index| (self.edits.get(index), other.edits.get(index)))
            .find(|(one, two)| one != two);
        Some(match edit {
            Some((one, two)) => format!("{}, but then {}", shown(one), shown(two)),
            None => format!("counts {:?}, but then {:?}", self.counts, other.counts),
        })
    }
}

fn shown(edit: Option<&Edit>) -> String {
    let Some(Edit { start, old_bytes, new }) = edit else { return "no more edits".to_owned() };
    let mut text = format!("at offset {start}, {old_bytes} bytes become `");
    let _ = write!(text, "{}", new[..new.len().min(SHOWN_BYTES)].escape_ascii());
    text.push_str(if new.len() > SHOWN_BYTES { "...`" } else { "`" });
    text
}

/// Tells failures of the plugin from those of this program and the machine.
///
/// # Errors
/// The error, if it is none of the plugin's.
pub(super) fn classified<T>(result: Result<T>) -> Result<Outcome<T>> {
    let error = match result {
        Ok(value) => return Ok(Ok(value)),
        Err(error) => error,
    };
    if let Some(fault) = error.fault() {
        return Ok(Err(Failed::Fault(fault, text(&error))));
    }
    match error.kind() {
        Kind::Plugin | Kind::Usage | Kind::Refused | Kind::Io => Ok(Err(Failed::Refused(text(&error)))),
        _ => Err(error),
    }
}

/// An error with its causes.
pub(super) fn text(error: &Error) -> String {
    error.causes().fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Whether refusals must be for the same reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusals {
    /// With other windows, another of several reasons may come first.
    Any,
    /// To the same question.
    Same,
}

/// How two outcomes differ; `None` if they are the same.
pub(super) fn difference(one: &Outcome<Answer>, two: &Outcome<Answer>, refusals: Refusals) -> Option<String> {
    let why = |failed: &Failed| match failed {
        Failed::Refused(why) | Failed::Fault(_, why) => why.clone(),
    };
    match (one, two) {
        (Ok(one), Ok(two)) => one.difference(two),
        (Err(one), Err(two)) if one == two || refusals == Refusals::Any => None,
        (Err(one), Err(two)) => Some(format!("the error `{}`, but then `{}`", why(one), why(two))),
        (Ok(_), Err(two)) => Some(format!("an answer, but then the error `{}`", why(two))),
        (Err(one), Ok(_)) => Some(format!("the error `{}`, but then an answer", why(one))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(start: u64, new: &[u8]) -> Answer {
        Answer { edits: vec![Edit { start, old_bytes: 1, new: new.to_vec() }], counts: Vec::new() }
    }

    #[test]
    fn differences_name_the_first_edit() {
        let (one, two) = (Ok(answer(3, b"a")), Ok(answer(4, b"\xff")));
        assert_eq!(difference(&one, &one, Refusals::Same), None);
        assert_eq!(
            difference(&one, &two, Refusals::Same).unwrap(),
            "at offset 3, 1 bytes become `a`, but then at offset 4, 1 bytes become `\\xff`"
        );
    }

    #[test]
    fn refusals_are_alike_unless_they_must_be_the_same() {
        let refused = |why: &str| Err(Failed::Refused(why.to_owned()));
        assert_eq!(difference(&refused("a"), &refused("b"), Refusals::Any), None);
        assert!(difference(&refused("a"), &refused("b"), Refusals::Same).is_some());
        assert!(difference(&Ok(answer(0, b"")), &refused("b"), Refusals::Any).is_some());
    }
}
