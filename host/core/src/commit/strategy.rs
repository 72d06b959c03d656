//! Decides how a patch is written to the disk. Pure: maps counts and facts to a
//! decision with its costs.

use serde::Serialize;

use crate::error::{Error, Kind, Result};
use crate::patch::Stats;
use crate::storage::{FileType, Stat};

/// The strategies that the user allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// The cheapest safe strategy.
    Auto,
    /// In place, at any cost.
    InPlace,
    /// By a new file, at any cost.
    Rewrite,
}

/// How a patch is applied to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Strategy {
    /// No edit: the file is not touched.
    Nothing,
    /// The edits are written over the file, under a journal.
    InPlace,
    /// The file is overwritten from the first change of length on, under a
    /// journal that holds the old and the new tail.
    Tail,
    /// A new file replaces the old one.
    Rewrite,
    /// The result is written elsewhere; the file is only read.
    Stream,
}

impl Strategy {
    /// What a run with this strategy has done, as a report says it.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Nothing => "nothing to write",
            Self::InPlace => "in place",
            Self::Tail => "in place, with a new tail",
            Self::Rewrite => "rewritten",
            Self::Stream => "written elsewhere",
        }
    }

    /// What a run with this strategy would do, as a report says it.
    #[must_use]
    pub const fn planned(self) -> &'static str {
        match self {
            Self::Nothing => "nothing would be written",
            Self::InPlace => "would be written in place",
            Self::Tail => "would be written in place, with a new tail",
            Self::Rewrite => "would be rewritten",
            Self::Stream => "would be written elsewhere",
        }
    }
}

/// A decision and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// The chosen strategy.
    pub strategy: Strategy,
    /// The approximate number of bytes written to the medium, including the
    /// journal and the new version.
    pub write_bytes: u64,
    /// The approximate number of free bytes needed next to the target, in
    /// addition to the patch.
    pub space_bytes: u64,
}

impl Plan {
    /// Whether the target itself is written, under a journal.
    #[must_use]
    pub fn is_journalled(&self) -> bool {
        matches!(self.strategy, Strategy::InPlace | Strategy::Tail)
    }
}

/// Chooses a strategy. `patch_bytes` is the size of the patch.
///
/// # Errors
/// [`Kind::Refused`] with the reason, when the requested strategy, or every
/// strategy, would break something.
pub fn choose(stats: &Stats, target: &Stat, patch_bytes: u64, choice: Choice) -> Result<Plan> {
    if stats.edits == 0 {
        return Ok(Plan { strategy: Strategy::Nothing, write_bytes: 0, space_bytes: 0 });
    }
    let in_place = in_place(stats, patch_bytes);
    let rewrite = Plan {
        strategy: Strategy::Rewrite,
        write_bytes: stats.post_size(),
        space_bytes: stats.post_size().min(target.allocated_bytes.saturating_add(stats.new_bytes)),
    };
    let no_rewrite = why_not_rewrite(target);
    let resizes = stats.pre_size != stats.post_size();
    if target.file_type == FileType::Block && (resizes || in_place.strategy == Strategy::Tail) {
        return Err(Error::new(
            Kind::Refused,
            "edits that change lengths cannot be applied to a block device",
        )
        .hint("only bytes replaced by as many fit; `-o` writes the result to a file instead"));
    }
    match (choice, no_rewrite) {
        (Choice::Rewrite, Some(reason)) => Err(Error::new(Kind::Refused, reason)
            .hint("`--strategy in-place` keeps the inode; `-o OUT` writes the result elsewhere")),
        (Choice::Rewrite, None) => Ok(rewrite),
        (Choice::InPlace, _) | (Choice::Auto, Some(_)) => Ok(in_place),
        (Choice::Auto, None) => {
            let too_expensive =
                in_place.strategy == Strategy::Tail && in_place.write_bytes > rewrite.write_bytes;
            Ok(if too_expensive { rewrite } else { in_place })
        }
    }
}

fn in_place(stats: &Stats, patch_bytes: u64) -> Plan {
    if stats.first_length_change.is_none() {
        // The patch is the journal, and is already on the disk.
        let write_bytes = patch_bytes + stats.written_bytes();
        return Plan { strategy: Strategy::InPlace, write_bytes, space_bytes: 0 };
    }
    let from = stats.tail_start();
    let (old, new) = (stats.pre_size - from, stats.post_size() - from);
    let growth = stats.post_size().saturating_sub(stats.pre_size);
    Plan {
        strategy: Strategy::Tail,
        write_bytes: patch_bytes + old + 2 * new,
        space_bytes: patch_bytes + old + new + growth,
    }
}

fn why_not_rewrite(target: &Stat) -> Option<String> {
    if target.links > 1 {
        return Some(format!(
            "the file has {} hard links, and a rewrite would replace only one of them",
            target.links
        ));
    }
    (target.file_type != FileType::Regular)
        .then(|| "only a regular file can be replaced by a new one".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Identity;

    fn stats(pre: u64, edits: &[(u64, u64, u64)]) -> Stats {
        let mut stats = Stats {
            edits: edits.len() as u64,
            groups: 0,
            old_bytes: edits.iter().map(|e| e.1).sum(),
            new_bytes: edits.iter().map(|e| e.2).sum(),
            pre_size: pre,
            first_length_change: edits.iter().find(|e| e.1 != e.2).map(|e| e.0),
            in_place_form: true,
        };
        stats.in_place_form = stats.first_length_change.is_none();
        stats
    }

    fn target(links: u64, file_type: FileType) -> Stat {
        let identity = Identity {
            device: (0, 0),
            inode: 1,
            born_ns: None,
            changed_ns: 0,
            modified_ns: 0,
            size: 1 << 30,
        };
        Stat { identity, file_type, mode: 0o644, owner: 0, links, allocated_bytes: 1 << 30 }
    }

    fn strategy(stats: &Stats, target: &Stat, choice: Choice) -> Option<Strategy> {
        choose(stats, target, 1000, choice).ok().map(|plan| plan.strategy)
    }

    #[test]
    fn the_cheapest_safe_strategy_is_taken() {
        let file = target(1, FileType::Regular);
        let early = stats(1 << 30, &[(10, 1, 2)]);
        let late = stats(1 << 30, &[(10, 4, 4), ((1 << 30) - 10, 1, 2)]);
        let same = stats(1 << 30, &[(10, 4, 4)]);
        assert_eq!(strategy(&stats(1 << 30, &[]), &file, Choice::Rewrite), Some(Strategy::Nothing));
        assert_eq!(strategy(&same, &file, Choice::Auto), Some(Strategy::InPlace));
        assert_eq!(strategy(&late, &file, Choice::Auto), Some(Strategy::Tail));
        assert_eq!(strategy(&early, &file, Choice::Auto), Some(Strategy::Rewrite));
        assert_eq!(strategy(&early, &file, Choice::InPlace), Some(Strategy::Tail));
        assert_eq!(strategy(&same, &file, Choice::Rewrite), Some(Strategy::Rewrite));
    }

    #[test]
    fn hard_links_and_devices_are_never_replaced() {
        let early = stats(1 << 30, &[(10, 1, 2)]);
        let same = stats(1 << 30, &[(10, 4, 4)]);
        let linked = target(2, FileType::Regular);
        assert_eq!(strategy(&early, &linked, Choice::Rewrite), None);
        assert_eq!(strategy(&early, &linked, Choice::Auto), Some(Strategy::Tail));
        let device = target(1, FileType::Block);
        assert_eq!(strategy(&same, &device, Choice::Auto), Some(Strategy::InPlace));
        assert_eq!(strategy(&same, &device, Choice::Rewrite), None);
        assert_eq!(strategy(&early, &device, Choice::Auto), None);
    }
}
