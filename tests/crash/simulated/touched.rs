//! Changes of which only the touched groups are read and hashed. Nothing but
//! these groups tells a half-changed file, and what undoes it.

use runner_pipeline::commit::strategy::{Choice, Strategy};
use runner_pipeline::patch::Roots;
use runner_simulation::change::Change;
use runner_tests::Random;

use super::{change, marks, text};

/// Changes that between them go every way to the disk, and the way each goes.
pub(super) fn changes() -> Vec<(&'static str, Strategy, Change)> {
    let touched = |old, edits| Change { roots: Roots::Touched, ..change(old, edits, Choice::Auto) };
    let end = |size: usize, new: usize| vec![(size, 0, text(new))];
    let in_place = touched(text(200_000), marks(&[(0, 1), (65_530, 10), (199_999, 1)]));
    let cut = vec![(10, 2, b"##".to_vec()), (70_000, 70_000, Vec::new())];
    vec![
        ("touched groups", Strategy::InPlace, in_place.clone()),
        (
            "touched groups, with an undo file and no direct reads",
            Strategy::InPlace,
            Change { extras: true, no_direct: true, ..in_place },
        ),
        ("the only group", Strategy::InPlace, touched(text(3000), marks(&[(510, 4)]))),
        (
            "touched groups, an append from one group to two",
            Strategy::Tail,
            Change { extras: true, ..touched(text(60_000), end(60_000, 20_000)) },
        ),
        (
            "touched groups, an append after whole ones",
            Strategy::Tail,
            touched(text(131_072), end(131_072, 10)),
        ),
        ("touched groups, a cut", Strategy::Tail, touched(text(140_000), cut)),
        (
            "touched groups, a cut between two of them",
            Strategy::Tail,
            Change { extras: true, ..touched(text(150_000), vec![(65_536, 84_464, Vec::new())]) },
        ),
        (
            "touched groups, a cut of the only one",
            Strategy::Tail,
            touched(text(3000), vec![(5, 2995, Vec::new())]),
        ),
    ]
}

/// Whether a change by chance reads the touched groups alone, if that is
/// possible.
pub(super) fn roots_of(change: &Change, random: &mut Random) -> Roots {
    let may = change.moves_nothing() && change.choice != Choice::Rewrite;
    if may && random.below(2) == 0 { Roots::Touched } else { Roots::Whole }
}
