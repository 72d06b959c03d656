//! Changes of the text of `trust.toml`. What people wrote there, and its comments, stays.

use std::fmt::Write as _;

use runner_trust::format::Format;
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use crate::trust::Key;

/// Only what is needed to find tables.
#[derive(Deserialize)]
struct Tables {
    #[serde(default)]
    key: Vec<Spanned<Named>>,
    #[serde(default)]
    group: Vec<Spanned<IgnoredAny>>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(alias = "ssh")]
    minisign: String,
}

/// The text with a key more.
#[must_use]
pub fn with(text: &str, key: &Key) -> String {
    let mut new = text.to_owned();
    if !new.is_empty() {
        new += if new.ends_with('\n') { "\n" } else { "\n\n" };
    }
    new + &table(key)
}

/// A key as a table. All that it holds are plain texts.
fn table(key: &Key) -> String {
    let format = match key.signer.format() {
        Format::Minisign => "minisign",
        Format::Ssh => "ssh",
    };
    let plugins: Vec<_> = key.plugins.iter().map(|pattern| format!("\"{pattern}\"")).collect();
    let mut table = format!(
        "[[key]]\nname = \"{}\"\n{format} = \"{}\"\nfor = [{}]\nrole = \"{}\"\n",
        key.name,
        key.signer,
        plugins.join(", "),
        key.role.word(),
    );
    if let Some(until) = key.until {
        // A string always takes it.
        let _ = writeln!(table, "until = \"{until}\"");
    }
    table
}

/// The text without some keys, by their name and the line of the key.
#[must_use]
pub fn without(text: &str, is_gone: impl Fn(&str, &str) -> bool) -> String {
    let Ok(tables) = toml::from_str::<Tables>(text) else { return text.to_owned() };
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |before| before + 1);
    let mut starts: Vec<_> = tables.key.iter().map(|key| line_start(key.span().start)).collect();
    starts.extend(tables.group.iter().map(|group| line_start(group.span().start)));
    starts.push(text.len());
    starts.sort_unstable();
    let mut left = text.to_owned();
    for key in tables.key.iter().rev() {
        let start = line_start(key.span().start);
        if !is_gone(&key.get_ref().name, &key.get_ref().minisign) {
            continue;
        }
        let next = starts.iter().find(|other| **other > start).copied().unwrap_or(text.len());
        left.replace_range(start..start + own_bytes(&text[start..next]), "");
    }
    left
}

/// How much of the text from a table up to the next one is the table's: comments that
/// stand right before the next one are not.
fn own_bytes(text: &str) -> usize {
    let is_other = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let other: usize = text.split_inclusive('\n').rev().take_while(is_other).map(str::len).sum();
    let blank: usize = text[text.len() - other..]
        .split_inclusive('\n')
        .take_while(|line| line.trim().is_empty())
        .map(str::len)
        .sum();
    text.len() - other + blank
}

#[cfg(test)]
mod tests;
