//! Crashes, kills and failures, on a simulated disk and on real filesystems:
//! the file is the old one or the new one, and recovery brings it there.

#![allow(
    clippy::fn_params_excessive_bools,
    clippy::too_many_arguments,
    clippy::too_many_lines,
    reason = "a test reads best where all of it stands"
)]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod interrupted;
mod journal;
mod killed;
mod lists;
mod recovery;
mod replay;
mod resume;
mod shutdown;
mod simulated;
mod store;
mod system_calls;
