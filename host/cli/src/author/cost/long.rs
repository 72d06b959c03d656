//! A long input, made of the records of a case.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use runner_contract::{Framing, HEAD_BYTES};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::storage::read_small;

use super::super::bench::Bench;
use super::super::case::{Case, DATA_BYTES};

/// How long the input is, at least.
const LONG_BYTES: usize = 8 << 20;

/// A long input.
pub(super) struct Long {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) framing: Framing,
}

/// Writes the long input of a case.
///
/// # Errors
/// If the plugin does not begin on it, or it has no records; any I/O error.
pub(super) fn input(bench: &Bench, case: &Case) -> Result<Long> {
    let content = read_small(&case.input, DATA_BYTES)?;
    let head = &content[..content.len().min(HEAD_BYTES)];
    let framing = bench.job(&case.params, head)?.framing;
    let (head, mut records) = split(&framing, content);
    if let Some(end) = missing_end(&framing, &records) {
        records.extend_from_slice(end);
    }
    if records.is_empty() {
        return Err(Error::new(Kind::Usage, "it has no records"));
    }
    let path = bench.scratch.path().join("long");
    let count = LONG_BYTES.div_ceil(records.len());
    let write = || {
        let mut file = BufWriter::new(File::create(&path)?);
        file.write_all(&head)?;
        for _ in 0..count {
            file.write_all(&records)?;
        }
        file.flush()
    };
    write().map_err(Error::at("write", &path))?;
    Ok(Long { bytes: (head.len() + count * records.len()) as u64, path, framing })
}

/// What comes before the records, and the records. The last one may be cut short,
/// where that shows.
fn split(framing: &Framing, mut content: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    let header = match framing {
        Framing::Fixed { header, .. } | Framing::LengthPrefixed { header, .. } => *header,
        _ => 0,
    };
    let header = usize::try_from(header).unwrap_or(usize::MAX).min(content.len());
    let mut records = content.split_off(header);
    if let Framing::Fixed { size, .. } = framing {
        let size = usize::try_from(*size).unwrap_or(usize::MAX).max(1);
        records.truncate(records.len() / size * size);
    }
    (content, records)
}

/// The end of the last record, if the file has none.
fn missing_end<'a>(framing: &'a Framing, records: &[u8]) -> Option<&'a [u8]> {
    let end = match framing {
        Framing::Delimited(delimiter) => delimiter.as_slice(),
        Framing::Quoted { delimiter, .. } => std::slice::from_ref(delimiter),
        _ => return None,
    };
    (!records.is_empty() && !records.ends_with(end)).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_whole() {
        let fixed = Framing::Fixed { header: 2, size: 3 };
        assert_eq!(split(&fixed, b"hhabcdefx".to_vec()), (b"hh".to_vec(), b"abcdef".to_vec()));
        assert_eq!(split(&Framing::Bytes, b"ab".to_vec()), (b"".to_vec(), b"ab".to_vec()));
        let lines = Framing::Delimited(b"\r\n".to_vec());
        assert_eq!(missing_end(&lines, b"a\r\nb"), Some(&b"\r\n"[..]));
        assert_eq!(missing_end(&lines, b"a\r\n"), None);
        assert_eq!(missing_end(&lines, b""), None);
    }
}
