//! Signals: Ctrl-C and similar signals stop a run, and exceeding the file size
//! limit is an error instead of a signal.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};

/// Stops the run at the first Ctrl-C (or SIGTERM, SIGHUP). The second one kills
/// the process. A signal that was ignored when the process started stays
/// ignored, as `nohup` wants it.
pub(crate) fn cancel_on_signals() -> Result<Cancel<'static>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    static STOPPED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        if is_ignored(signal)? {
            continue;
        }
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&STOPPED))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&STOPPED)))
            .map_err(|e| Error::new(Kind::Io, "cannot handle signals").because(e))?;
    }
    Ok(Cancel::new(&STOPPED))
}

/// Whether the process ignores a signal. The runtime itself ignores only
/// SIGPIPE.
fn is_ignored(signal: i32) -> Result<bool> {
    let path = Path::new("/proc/self/status");
    let status = match fs::read_to_string(path) {
        // Without /proc nothing shows it.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        status => status.map_err(Error::at("read", path))?,
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or_default();
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap_or(0);
    Ok(ignored >> (signal - 1) & 1 == 1)
}

/// Makes sure that the ends of helper processes are not thrown away: whoever has
/// started this process may have ignored SIGCHLD.
pub(crate) fn wait_for_children() {
    use signal_hook::consts::SIGCHLD;
    if is_ignored(SIGCHLD).unwrap_or(true) {
        // If this fails, so does the start of a helper, which says why.
        let _ = signal_hook::flag::register(SIGCHLD, Arc::default());
    }
}

/// Makes a write beyond the file size limit (`ulimit -f`) fail like a write to
/// a full disk. By default, SIGXFSZ would kill the process.
pub(crate) fn fail_at_size_limit() {
    // If this fails, the signal kills the process, and the user has to run
    // `recover`.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}
