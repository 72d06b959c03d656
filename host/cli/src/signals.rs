//! Signals: Ctrl-C and its like stop a run, and a limit of file sizes is an error.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};

/// Stops the run at the first Ctrl-C (or SIGTERM, SIGHUP). The second one
/// kills.
pub(crate) fn cancel_on_signals() -> Result<Cancel<'static>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    static STOPPED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&STOPPED))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&STOPPED)))
            .map_err(|e| Error::new(Kind::Io, "cannot handle signals").because(e))?;
    }
    Ok(Cancel::new(&STOPPED))
}

/// Makes a write beyond the limit of file sizes (`ulimit -f`) fail, as one to a
/// full disk does. By default the signal would kill the process.
pub(crate) fn fail_at_size_limit() {
    // Where it cannot be done, the signal kills, and `recover` is what is left.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}
