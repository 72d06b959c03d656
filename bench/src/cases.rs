//! All cases, in the order of the table.

mod edits;
mod limits;
mod outputs;
mod plugins;

use std::ffi::OsStr;
use std::path::Path;

use super::case::{Case, Step};
use super::setup::Setup;

/// A case that can be made.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) make: fn(&Setup) -> Result<Case, String>,
}

/// The case that is run only when asked for.
pub(super) const LONG: &str = "long";

macro_rules! define {
    ($($name:literal, $make:path, $about:literal;)*) => {
        [$(Definition { name: $name, about: $about, make: $make }),*]
    };
}

pub(super) const ALL: [Definition; 19] = define![
    "sparse", edits::sparse, "an edit a MiB that keeps the length, in 1 GiB";
    "check", edits::check, "the same, only looked for";
    "dense", edits::dense, "an edit a KiB that keeps the length, in 1 GiB";
    "sparse-length", edits::sparse_length, "an edit a MiB that makes the text shorter, in 1 GiB";
    "dense-length", edits::dense_length, "an edit a KiB that makes the text shorter, in 1 GiB";
    "none", edits::none, "nothing to be found in 1 GiB";
    "line", edits::line, "an edit a MiB in one line of 512 MiB";
    "pipe", outputs::pipe, "a filter from a file of 1 GiB to /dev/null, an edit a MiB";
    "elsewhere", outputs::elsewhere, "the result of 1 GiB in another file, an edit a MiB";
    "files", outputs::files, "10,000 files of 4 KiB, an edit in each";
    "tiny", outputs::tiny, "a file of 4 KiB, with compiled code in the cache and without";
    "csv-hash", plugins::csv_hash, "a column of 256 MiB of CSV replaced by a hash of it";
    "csv-mask", plugins::csv_mask, "a column of 256 MiB of CSV masked";
    "prefilter", plugins::prefilter, "a slow guest on 256 MiB, with a prefilter and without";
    "native", plugins::native, "the bundled plugins in the sandbox and compiled natively, only looking";
    "threads", limits::threads, "from one thread to all, only looking";
    "growth", limits::growth, "files of holes with 1,000 edits, from 64 MiB to 64 GiB, -j2";
    "calls", limits::calls, "a guest that does nothing, by windows of 1 MiB and 64 KiB";
    "long", limits::long, "1 TiB of holes, and a line of 4 GiB, -j2 (only with --long)";
];

/// What the corpora hold for edits, and what takes its place.
const FIND: &str = "marker=";
const SAME_LENGTH: &str = "MARKED=";
const SHORTER: &str = "mark=";

/// `runner apply PLUGIN`; options and files follow.
fn apply(setup: &Setup, plugin: impl AsRef<OsStr>) -> Step {
    Step::new(setup.runner(), &["apply"]).on(Path::new(&plugin))
}

/// `runner apply replace` with the text to find and what takes its place.
fn replace(setup: &Setup, find: &str, with: &str) -> Step {
    apply(setup, "replace").set(&format!("find={find}")).set(&format!("with={with}"))
}

/// The same for sed and perl.
fn script(find: &str, with: &str) -> String {
    format!("s/{find}/{with}/g")
}
