//! The standard streams of a command.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use runner_pipeline::locks;
use runner_pipeline::memory::{Budget, Denied, Lease};

/// How much of what a command has written to standard error is kept for the
/// message that it has failed.
const ERROR_BYTES: usize = 2000;

/// The standard streams of a command. Clones share them.
#[derive(Clone)]
pub(crate) struct Pipes(Arc<Mutex<State>>);

/// Why output was not taken.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refused {
    /// The budget is used up.
    Denied(Denied),
    /// The command writes more than this number of bytes at once.
    TooMuch(usize),
}

struct State {
    input: Vec<u8>,
    /// How much of the input has been read.
    read: usize,
    /// Whether no input follows.
    is_closed: bool,
    /// Whether the command waits for input.
    waits: bool,
    output: Vec<u8>,
    output_limit: usize,
    /// The end of standard error.
    errors: VecDeque<u8>,
    refused: Option<Refused>,
    /// The memory of the input and that of the output.
    input_room: Lease,
    output_room: Lease,
}

impl Pipes {
    pub(crate) fn new(budget: &Budget) -> Self {
        Self(Arc::new(Mutex::new(State {
            input: Vec::new(),
            read: 0,
            is_closed: false,
            waits: false,
            output: Vec::new(),
            output_limit: 0,
            errors: VecDeque::new(),
            refused: None,
            input_room: budget.lease(),
            output_room: budget.lease(),
        })))
    }

    /// Adds input, for which the command may write so many bytes.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(crate) fn feed(&self, bytes: &[u8], output_limit: usize) -> Result<(), Denied> {
        let mut state = locks::lock(&self.0);
        state.output_limit = output_limit;
        let State { input, input_room, .. } = &mut *state;
        input_room.reserve(input, bytes.len())?;
        input.extend_from_slice(bytes);
        Ok(())
    }

    /// No input follows.
    pub(crate) fn close(&self) {
        locks::lock(&self.0).is_closed = true;
    }

    /// Whether the command waits for input that is still to come.
    pub(crate) fn waits(&self) -> bool {
        let mut state = locks::lock(&self.0);
        std::mem::take(&mut state.waits)
    }

    /// What the command has written since the last time.
    pub(crate) fn take_output(&self) -> Vec<u8> {
        let mut state = locks::lock(&self.0);
        state.output_room.shrink_to(0);
        std::mem::take(&mut state.output)
    }

    /// Why output was refused, if it was.
    pub(crate) fn refused(&self) -> Option<Refused> {
        locks::lock(&self.0).refused
    }

    /// The last lines on standard error.
    pub(crate) fn last_errors(&self) -> String {
        let state = locks::lock(&self.0);
        let bytes: Vec<u8> = state.errors.iter().copied().collect();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }

    /// Whether there is input, or its end.
    pub(crate) fn poll_readable(&self) -> Poll<()> {
        let mut state = locks::lock(&self.0);
        if state.read == state.input.len() && !state.is_closed {
            state.waits = true;
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// The next bytes of the input, at most so many; none at its end.
    pub(crate) fn poll_read(&self, most: usize) -> Poll<Vec<u8>> {
        self.poll_readable().map(|()| {
            let mut state = locks::lock(&self.0);
            let State { input, read, .. } = &mut *state;
            let rest = &input[*read..];
            let bytes = rest[..most.min(rest.len())].to_vec();
            *read += bytes.len();
            if *read == input.len() {
                input.clear();
                *read = 0;
            }
            bytes
        })
    }

    /// Takes what is written to standard output.
    ///
    /// # Errors
    /// If it is too much.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Refused> {
        let mut state = locks::lock(&self.0);
        let State { output, output_room, output_limit, refused, .. } = &mut *state;
        let written = match output.len().saturating_add(bytes.len()) > *output_limit {
            true => Err(Refused::TooMuch(*output_limit)),
            false => output_room.reserve(output, bytes.len()).map_err(Refused::Denied),
        };
        match written {
            Ok(()) => output.extend_from_slice(bytes),
            Err(why) => *refused = Some(why),
        }
        written
    }

    /// Takes what is written to standard error.
    pub(crate) fn write_error(&self, bytes: &[u8]) {
        let mut state = locks::lock(&self.0);
        state.errors.extend(&bytes[bytes.len().saturating_sub(ERROR_BYTES)..]);
        let excess = state.errors.len().saturating_sub(ERROR_BYTES);
        state.errors.drain(..excess);
    }
}
