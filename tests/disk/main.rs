//! Real files and filesystems: holes, attributes, full disks, bad media, and
//! other processes that write to the same file.

#![allow(
    clippy::fn_params_excessive_bools,
    clippy::too_many_arguments,
    clippy::too_many_lines,
    reason = "a test reads best where all of it stands"
)]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod appends;
mod attributes;
mod bad_medium;
mod concurrent_writes;
mod copy_on_write;
mod direct_io_seams;
mod full_disk;
mod holes;
mod races;
mod touched;
mod write_back;
