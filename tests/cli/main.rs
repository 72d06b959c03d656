//! What a user types and sees.

#![allow(
    clippy::fn_params_excessive_bools,
    clippy::too_many_arguments,
    clippy::too_many_lines,
    reason = "a test reads best where all of it stands"
)]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod agreement;
mod arguments;
mod attestations;
mod bad_file;
mod capabilities;
mod chained;
mod compiled;
mod confinement;
mod converted;
mod counterparts;
mod diff;
mod direct;
mod distribution_docs;
mod filters;
mod history;
mod hostile_registry;
mod invariance;
mod leaks;
mod locked;
mod memory;
mod network;
mod other_tools;
mod outcome;
mod output;
mod packages;
mod parameters;
mod pipe;
mod preview;
mod printed;
mod profile;
mod rebuild;
mod receipts;
mod registry;
mod sequential;
mod several;
mod shown;
mod signals;
mod signatures;
mod special_files;
mod store;
mod touched;
mod trust;
mod wording;
