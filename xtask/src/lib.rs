//! Code that the development commands share with the benchmarks: running and
//! installing other programs.

pub mod packages;
pub mod shell;
