//! Sizes that follow from the contract and from the host's defaults.

use runner_plugin::MAX_CONTEXT_BYTES;

/// An assertion depends on one character on either side of it.
pub(crate) const LOOK_AROUND_BYTES: usize = 4;

/// The longest match that a window can show after the place where it begins.
pub(crate) const LONGEST_IN_CONTEXT_BYTES: usize = MAX_CONTEXT_BYTES as usize - LOOK_AROUND_BYTES;

/// The host shows no longer window in order, unless `--window` is larger.
pub(crate) const WIDEST_BYTES: usize = 16 << 20;

/// The longest undecided text for which such windows are enough. A window that
/// is not consumed is shown again at twice its length.
pub(crate) const MAX_OPEN_BYTES: usize = WIDEST_BYTES / 2 - 64;
