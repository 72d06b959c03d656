//! Generates large files for benchmarks and experiments. The content is
//! synthetic, and the same on every machine.

mod records;

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;

use clap::ValueEnum;
use xtask::shell;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Maximum size in bytes, or in KiB, MiB or GiB; records stay whole
    #[arg(long, default_value = "1GiB", value_parser = parse_size)]
    size: u64,
    /// Kind of content
    #[arg(long, value_enum, default_value_t = Kind::Log)]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// An access log
    Log,
    /// An access log with `marker=` once per MiB
    Sparse,
    /// An access log with `marker=` once per KiB
    Dense,
    /// An access log in one line, with `marker=` once per MiB
    Line,
    /// Customers, with quoted fields
    Csv,
    /// An access log with CRLF line endings
    Crlf,
}

/// `cargo xtask corpus`: prints the path of the file.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    println!("{}", make(options.kind, options.size)?.display());
    Ok(())
}

/// Returns the path of a corpus, and generates it if it does not exist.
pub(crate) fn make(kind: Kind, size: u64) -> Result<PathBuf, String> {
    let folder = shell::root().join("target/corpus");
    let name = match kind {
        Kind::Log => format!("log-{size}.log"),
        Kind::Sparse => format!("sparse-{size}.log"),
        Kind::Dense => format!("dense-{size}.log"),
        Kind::Line => format!("line-{size}.log"),
        Kind::Csv => format!("csv-{size}.csv"),
        Kind::Crlf => format!("crlf-{size}.log"),
    };
    let path = folder.join(&name);
    if path.is_file() {
        return Ok(path);
    }
    // It has a temporary name until it is complete, so that a truncated file is
    // never used.
    let part = folder.join(name + ".part");
    let make = || {
        fs::create_dir_all(&folder)?;
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&part)?);
        records::write(kind, size, &mut file)?;
        file.into_inner()?.sync_all()?;
        fs::rename(&part, &path)
    };
    make().map_err(|error: std::io::Error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        other => return Err(format!("unknown unit `{other}`")),
    };
    let number = digits.parse::<u64>().map_err(|error| error.to_string())?;
    number.checked_mul(unit).ok_or_else(|| "too large".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert_eq!(parse_size("77"), Ok(77));
        assert!(parse_size("1GB").is_err());
        assert!(parse_size("99999999999GiB").is_err());
    }
}
