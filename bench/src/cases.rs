//! All cases, in the order of the table.

mod edits;
mod outputs;
mod plugins;
mod scaling;

use std::ffi::OsStr;
use std::path::Path;

use crate::case::{Case, Step};
use crate::setup::Setup;

/// A case that can be created.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) make: fn(&Setup) -> Result<Case, String>,
}

/// The case that runs only on request.
pub(crate) const LONG: &str = "long";

macro_rules! define {
    ($($name:literal, $make:path, $about:literal;)*) => {
        [$(Definition { name: $name, about: $about, make: $make }),*]
    };
}

pub(crate) const ALL: [Definition; 19] = define![
    "sparse", edits::sparse, "1 GiB, a same-length edit per MiB";
    "check", edits::check, "the same with --check, which changes nothing";
    "dense", edits::dense, "1 GiB, a same-length edit per KiB";
    "sparse-length", edits::sparse_length, "1 GiB, an edit per MiB that shortens the text";
    "dense-length", edits::dense_length, "1 GiB, an edit per KiB that shortens the text";
    "none", edits::none, "1 GiB without a match";
    "line", edits::line, "512 MiB in one line, a same-length edit per MiB";
    "pipe", outputs::pipe, "a filter from a file of 1 GiB to /dev/null, an edit per MiB";
    "elsewhere", outputs::elsewhere, "1 GiB written to a new file, an edit per MiB";
    "files", outputs::files, "10,000 files of 4 KiB, an edit in each";
    "tiny", outputs::tiny, "a file of 4 KiB, with and without cached compiled code";
    "csv-hash", plugins::csv_hash, "256 MiB of CSV, a column replaced by its hash";
    "csv-mask", plugins::csv_mask, "256 MiB of CSV, a column masked";
    "prefilter", plugins::prefilter, "256 MiB and a slow guest, with and without a prefilter";
    "native", plugins::native, "the bundled plugins sandboxed and compiled natively, with --check";
    "threads", scaling::threads, "from one thread to all cores, with --check";
    "growth", scaling::growth, "files of holes with 1,000 edits, from 64 MiB to 64 GiB, -j2";
    "calls", scaling::calls, "a guest that does nothing, with windows of 1 MiB and 64 KiB";
    "long", scaling::long, "1 TiB of holes, and 4 GiB in one line, -j2 (only with --long)";
];

/// The text that corpora contain for edits, and its replacements.
const FIND: &str = "marker=";
const SAME_LENGTH: &str = "MARKED=";
const SHORTER: &str = "mark=";

/// `runner apply PLUGIN`, to which options and files are added.
fn apply(setup: &Setup, plugin: impl AsRef<OsStr>) -> Step {
    Step::new(setup.runner(), &["apply"]).on(Path::new(&plugin))
}

/// `runner apply replace` with its two main parameters.
fn replace(setup: &Setup, find: &str, with: &str) -> Step {
    apply(setup, "replace").set(&format!("find={find}")).set(&format!("with={with}"))
}

/// The same replacement for sed and perl.
fn script(find: &str, with: &str) -> String {
    format!("s/{find}/{with}/g")
}
