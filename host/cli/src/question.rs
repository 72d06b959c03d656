//! Questions on the terminal, for what is refused unless the user agrees. The answer that
//! counts without one is no.

use std::io::{BufRead as _, IsTerminal as _, Read as _, stderr, stdin};

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Page;
use runner_store::folder::{self, Folder};
use runner_store::index::Installed;
use rustix::termios::{QueueSelector, tcflush};

use crate::capabilities::{Shown, Signed, above_usual};
use crate::closed_streams::is_input_closed;
use crate::report::Reporter;
use crate::turn::turn;

/// The most bytes of an answer that are read.
const ANSWER_BYTES: u64 = 1 << 10;

/// Whether there may be a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// If a person can see it and answer: standard input and standard error are terminals.
    Terminal,
    Never,
}

/// Asks whether an installed plugin may have what it wants, and grants it then. Returns
/// whether it was granted.
///
/// # Errors
/// Any I/O error; [`Kind::ChangedByOthers`] if another plugin is installed meanwhile.
pub(crate) fn grant_if_agreed(plugin: &Installed, asking: Asking, reporter: &Reporter) -> Result<bool> {
    let (id, digest) = (&plugin.id, plugin.blake3);
    let mut page =
        Page::of(format_args!("the plugin {id}, digest {digest}, has not been granted what it wants"));
    page.line(format_args!("{}", Signed(plugin.signer.as_ref())));
    page.line(format_args!("it wants {}", Shown(&above_usual(&plugin.wants))));
    page.line("grant it to this version, and to later ones of the same signer that want no more? [y/N]");
    if asking == Asking::Never || !agrees(&page, reporter)? {
        return Ok(false);
    }
    let gone = || Error::new(Kind::ChangedByOthers, format!("the plugin {id} was changed meanwhile"));
    let folder = Folder::open(&folder::path()?)?.ok_or_else(gone)?;
    let _turn = turn(&folder, Cancel::NEVER, reporter)?;
    let store = folder.store();
    store.index()?.get(id).filter(|now| now.blake3 == digest).ok_or_else(gone)?;
    store.grant(std::slice::from_ref(plugin))?;
    Ok(true)
}

/// Whether a person sees what is shown and can answer: standard input and standard error are
/// terminals, and neither `--json` nor `--quiet` is given.
pub(crate) fn has_person(reporter: &Reporter) -> bool {
    reporter.is_for_a_person() && !is_input_closed() && stdin().is_terminal() && stderr().is_terminal()
}

/// Shows a question, and returns whether the user says yes to it. Without a person to ask,
/// nothing is shown, and the answer is no.
///
/// # Errors
/// If the question cannot be shown, or the answer not be read.
pub(crate) fn agrees(question: &Page, reporter: &Reporter) -> Result<bool> {
    if !has_person(reporter) {
        return Ok(false);
    }
    let failed = |error| Error::new(Kind::Io, "cannot read the answer from the terminal").because(error);
    // What was typed before the question is no answer to it.
    tcflush(stdin(), QueueSelector::IFlush).map_err(|error| failed(error.into()))?;
    reporter.note(question)?;
    let mut answer = Vec::new();
    stdin().lock().take(ANSWER_BYTES).read_until(b'\n', &mut answer).map_err(failed)?;
    Ok(matches!(answer.trim_ascii().to_ascii_lowercase().as_slice(), b"y" | b"yes"))
}
