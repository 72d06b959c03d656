//! What a package holds beside the binary: completions and man pages. The
//! binary prints both, so they are always those of its own options.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::shell;

/// Shells, and where each looks for completions below `share`.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/runner"),
    ("zsh", "zsh/site-functions/_runner"),
    ("fish", "fish/vendor_completions.d/runner.fish"),
];

/// Where man pages are below `share`.
const MAN: &str = "man/man1";

/// How each page begins, in what `runner man` prints.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq";

/// Writes completions and man pages below the folder `share`, and returns
/// their paths.
///
/// # Errors
///
/// Fails when the binary cannot be run, when it prints no man pages, or when a
/// file cannot be written.
pub(crate) fn write(binary: &Path, share: &Path) -> Result<Vec<PathBuf>, String> {
    let mut written = Vec::new();
    for (shell, place) in COMPLETIONS {
        let script = shell::output(Command::new(binary).args(["completions", shell]))?;
        written.push(put(share.join(place), &script)?);
    }
    let manual = shell::output(Command::new(binary).arg("man"))?;
    let pages = pages(&manual);
    if pages.is_empty() {
        return Err("`runner man` printed no page that can be told from the next".into());
    }
    for (name, page) in pages {
        written.push(put(share.join(MAN).join(format!("{name}.1")), page)?);
    }
    Ok(written)
}

fn put(path: PathBuf, text: &str) -> Result<PathBuf, String> {
    let named = |error| format!("{}: {error}", path.display());
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(named)?;
    fs::write(&path, text).map_err(named)?;
    Ok(path)
}

/// The pages of a manual and their names. All of them are printed one after
/// the other.
fn pages(manual: &str) -> Vec<(&str, &str)> {
    let starts: Vec<_> = manual.match_indices(PREAMBLE).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([manual.len()]);
    let pages = starts.iter().zip(ends).map(|(&start, end)| &manual[start..end]);
    pages.filter_map(|page| Some((name(page)?, page))).collect()
}

/// The name in a page's title line: `.TH NAME SECTION ...`.
fn name(page: &str) -> Option<&str> {
    page.lines().find_map(|line| line.strip_prefix(".TH "))?.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_is_cut_into_its_pages() {
        let first = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH runner 1 \"runner 0.1.0\"\n.SH NAME\n";
        let second = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH runner-apply 1 \"apply \"\n";
        let manual = format!("{first}{second}");
        assert_eq!(pages(&manual), [("runner", first), ("runner-apply", second)]);
        assert_eq!(pages(".TH runner 1\n"), []);
        assert_eq!(pages(""), []);
    }
}
