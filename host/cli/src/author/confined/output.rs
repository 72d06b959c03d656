//! What a program says, which never reaches the terminal as it is.

use std::io::{self, PipeReader, Read as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use runner_pipeline::escape::escape_lines;

/// Maximum number of bytes kept. The rest is read, and thrown away.
const KEPT_BYTES: usize = 64 << 10;
/// Maximum number of characters shown.
const SHOWN_CHARS: usize = 4000;
/// How long the rest is waited for once the program has ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// The output of a program, which a thread reads.
pub(super) struct Output(Receiver<Vec<u8>>);

impl Output {
    /// Takes both outputs of a program.
    ///
    /// # Errors
    /// If there is no pipe to be had.
    pub(super) fn take(command: &mut Command) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        command.stdout(Stdio::from(writer.try_clone()?)).stderr(Stdio::from(writer));
        let (sender, receiver) = channel();
        std::thread::Builder::new().spawn(move || {
            // Nobody may wait for it any more.
            let _ = sender.send(read(reader));
        })?;
        Ok(Self(receiver))
    }

    /// What was said, escaped. Call it once the program has ended, and the `Command` is
    /// dropped.
    pub(super) fn text(self) -> String {
        // Where there are no namespaces, a process may live on and hold it.
        let bytes = self.0.recv_timeout(PATIENCE).unwrap_or_default();
        escape_lines(String::from_utf8_lossy(&bytes).trim_end(), SHOWN_CHARS)
    }
}

/// Reads to the end, and keeps the start.
fn read(mut from: PipeReader) -> Vec<u8> {
    let (mut kept, mut block) = (Vec::new(), [0; 8192]);
    loop {
        match from.read(&mut block) {
            Ok(0) => return kept,
            Ok(length) => {
                let room = KEPT_BYTES - kept.len();
                kept.extend_from_slice(&block[..length.min(room)]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return kept,
        }
    }
}
