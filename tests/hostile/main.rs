//! Whatever an enemy can make: plugins, patches, journals, names, directories.

#![allow(
    clippy::fn_params_excessive_bools,
    clippy::too_many_arguments,
    clippy::too_many_lines,
    reason = "a test reads best where all of it stands"
)]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod bad_patch;
mod bad_plugin;
mod fuzz;
mod killed_runs;
mod leftovers;
mod other_names;
mod other_users;
mod plugins;
mod trust;
