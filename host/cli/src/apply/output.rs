//! The argument of `-o`.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use runner_pipeline::commit::output::Output;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use runner_pipeline::storage::{Entry, FileType, OsStorage, Storage, is_trusted};

use crate::report;

/// Resolves the argument of `-o`: standard output, a device or FIFO to write
/// to, or a file to create.
pub(super) fn output(out: &Path) -> Result<Output> {
    if STANDARD_OUTPUT.iter().any(|name| out == Path::new(name)) {
        return Ok(Output::Stream(report::stdout()?, "standard output".to_owned()));
    }
    let entry = Entry::resolve(out)?;
    let path = entry.path();
    match OsStorage.stat_entry(&entry) {
        Ok(stat) if stat.file_type == FileType::Regular => Ok(Output::File(entry)),
        Ok(_) => Ok(Output::Stream(open_stream(&entry)?, shown(path).to_string())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Output::File(entry)),
        Err(e) => Err(Error::io("read the metadata of", path, e)),
    }
}

/// Names of standard output.
const STANDARD_OUTPUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

fn open_stream(entry: &Entry) -> Result<File> {
    let path = entry.path();
    let found = OsStorage.stat_entry(entry).map_err(Error::at("read the metadata of", path))?;
    if found.file_type == FileType::Directory {
        return Err(Error::new(Kind::Usage, format!("{} is a directory", shown(path))));
    }
    if found.file_type == FileType::Other("a FIFO") && !is_trusted(found.owner) {
        let what = format!("{} is a FIFO of user {}, who could read the result", shown(path), found.owner);
        return Err(Error::new(Kind::Refused, what).hint("use `-o - > FIFO` to write to it anyway"));
    }
    let file = OsStorage.open_stream(entry).map_err(|e| {
        let unread = e.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error());
        let error = Error::io("open", path, e);
        if unread { error.hint("start the reader of the FIFO first") } else { error }
    })?;
    let stat = OsStorage.stat(&file).map_err(Error::at("read the metadata of", path))?;
    match stat.file_type {
        FileType::Other("a FIFO" | "a character device") => Ok(file),
        _ => Err(Error::new(
            Kind::Usage,
            format!("{} is neither a file, a FIFO nor a character device", shown(path)),
        )),
    }
}
