//! Whatever an enemy can make: plugins, patches, journals, names, directories.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod bad_patch;
mod bad_plugin;
mod fuzz;
mod other_names;
mod plugins;
mod trust;
