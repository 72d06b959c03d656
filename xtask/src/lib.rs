//! What development commands share with the benchmarks: running other
//! programs, and installing them.

pub mod packages;
pub mod shell;
