//! What a package contains besides the binary: completions and man pages. The
//! binary prints both, so they always match its options.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::shell;

/// Shells, and the place below `share` where each looks for completions.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/runner"),
    ("zsh", "zsh/site-functions/_runner"),
    ("fish", "fish/vendor_completions.d/runner.fish"),
];

/// The folder of man pages below `share`.
const MAN: &str = "man/man1";

/// The beginning of each page in the output of `runner man`.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq";

/// Writes completions and man pages below the folder `share`, and returns
/// their paths.
///
/// # Errors
///
/// Fails if the binary cannot be run, if it prints no man pages, or if a file
/// cannot be written.
pub(crate) fn write(binary: &Path, share: &Path) -> Result<Vec<PathBuf>, String> {
    let mut written = Vec::new();
    for (shell, place) in COMPLETIONS {
        let script = shell::output(Command::new(binary).args(["completions", shell]))?;
        written.push(put(share.join(place), &script)?);
    }
    let manual = shell::output(Command::new(binary).arg("man"))?;
    let pages = pages(&manual);
    if pages.is_empty() {
        return Err("`runner man` printed no recognisable page".into());
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

/// Splits the output of `runner man`, which contains all pages one after the
/// other, into the pages and their names.
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
    fn a_manual_is_split_into_its_pages() {
        let first = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH runner 1 \"runner 0.1.0\"\n.SH NAME\n";
        let second = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH runner-apply 1 \"apply \"\n";
        let manual = format!("{first}{second}");
        assert_eq!(pages(&manual), [("runner", first), ("runner-apply", second)]);
        assert_eq!(pages(".TH runner 1\n"), []);
        assert_eq!(pages(""), []);
    }
}
