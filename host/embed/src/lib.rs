//! Changes huge files from a Rust program, crash-safely and verified.
//!
//! This is `runner` as a library, with a default for everything. A [`Change`]
//! is a plugin with its parameters, or native code; it is applied to files:
//!
//! ```
//! use runner_embed::Change;
//!
//! # let scratch = tempfile::tempdir()?;
//! # let path = scratch.path().join("notes.txt");
//! # std::fs::write(&path, "The License\nof the License\n")?;
//! let change = Change::new("replace").set("find", "License").set("with", "Licence");
//! let report = change.apply(&path)?;
//!
//! assert_eq!(report.stats.edits, 2);
//! assert_eq!(std::fs::read(&path)?, b"The Licence\nof the Licence\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it promises
//!
//! 1. *Old or new, never mixed.* Whatever kills the process or the machine:
//!    after [`recover()`] the file is byte for byte what it was, or what it
//!    was to become.
//! 2. *Not one byte before every edit is checked.* The file is first written
//!    when the plugin has answered for all of it.
//! 3. *A failing plugin changes nothing.*
//! 4. *A plugin sees only its windows*, and no file, network, clock or
//!    randomness.
//! 5. *Verified.* The BLAKE3 of the whole file is known before and after, and
//!    what was written is read back.
//! 6. *Bounded memory*, which depends on the number of threads and the window,
//!    not on the size of the file or the number of edits.
//!
//! `docs/design.md` in the repository of `runner` states them in full, with
//! the assumptions that they rest on and the known faults.
//!
//! # Native code
//!
//! A closure does what a plugin does, without a sandbox. It gets windows of
//! whole records, here lines, and adds edits. The job's prefilter decides
//! which records are shown at all:
//!
//! ```
//! use runner_embed::{Change, Framing, Job};
//!
//! # let scratch = tempfile::tempdir()?;
//! # let path = scratch.path().join("app.log");
//! # std::fs::write(&path, "DEBUG a\nINFO b\nDEBUG c\n")?;
//! let job = Job::new(Framing::lines()).literals(["DEBUG"]);
//! let change = Change::native("drop-debug", job, |window, edits| {
//!     for (start, line) in window.lines() {
//!         if line.starts_with(b"DEBUG") {
//!             edits.delete(start..(start + line.len() + 1).min(window.bytes.len()));
//!         }
//!     }
//!     Ok(())
//! });
//!
//! let found = change.dry_run(&path)?;
//! assert_eq!(found.stats.edits, 2);
//! change.expect(found.post_root).apply(&path)?;
//! assert_eq!(std::fs::read(&path)?, b"INFO b\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Patches
//!
//! All edits of one file, with its root before and after, are a patch.
//! [`Change::plan`] saves one for later, [`Change::undo`] one that undoes a
//! change. It fits the very file that it was made for, and no other:
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use runner_embed::{Change, Patch};
//!
//! # let scratch = tempfile::tempdir()?;
//! # let (path, saved) = (scratch.path().join("notes.txt"), scratch.path().join("notes.patch"));
//! # std::fs::write(&path, "one\r\ntwo\r\n")?;
//! Change::new("newline").plan(&path, &saved)?;
//!
//! let patch = Patch::open(&saved)?;
//! assert_eq!(patch.header().plugin.name, "newline");
//! assert_eq!((patch.before().size, patch.after().size), (10, 8));
//! patch.for_each_edit(|edit| {
//!     println!("at {}: {:?} becomes {:?}", edit.start, edit.old, edit.new);
//!     ControlFlow::Continue(())
//! })?;
//!
//! patch.apply(&path)?;
//! assert_eq!(std::fs::read(&path)?, b"one\ntwo\n");
//! Patch::open(&saved)?.undo(&path)?;
//! assert_eq!(std::fs::read(&path)?, b"one\r\ntwo\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # After a crash
//!
//! A process that dies while it writes leaves a journal beside the file. From
//! then on every run on that file is an error of [`Kind::RecoveryNeeded`],
//! until [`recover()`] or [`roll_back()`] has brought the file to one state. A
//! program that may be killed calls one of them when it meets that kind.
//!
//! # Errors
//!
//! There is one type, [`Error`]. Its [`Kind`] tells what may help, its
//! `source()` why it failed, and [`Error::hints`] what to do next. Hints are
//! written for users of the command line, so they may name its options. The
//! words of a plugin ([`Error::words`]) may quote the parameters that it was
//! given.
//!
//! # Trust in plugins
//!
//! Whatever a plugin does when it *runs*, time, memory, stack and answers are
//! bounded: [`Change::call_timeout`], [`Change::instance_memory`] and
//! [`Change::memory`]. Before it can run, it is compiled to native code, once;
//! the code is kept in a cache. *Compiling* works on bytes that may be hostile
//! outside of any sandbox, and cannot be interrupted: a small module can keep
//! the compiler busy for hours. So it is done in a child process with bounds,
//! which has to be a program that knows what it was started for:
//!
//! - [`enable_child_compiler`], at the start of `main`, makes this program one.
//!   Then every plugin is compiled in a child.
//! - Without it, a bundled plugin is compiled in this process, as its bytes are
//!   known; any other plugin is refused, whether or not the cache has its code.
//! - [`Change::compiler`] with [`Compiler::InProcess`] compiles any plugin in
//!   this process. Then nothing bounds the time and the memory of the
//!   compiler, neither [`Change::timeout`] nor [`Change::cancel`] ends it, and
//!   a fault of it (a panic, a stack that overflows) is one of this process. A
//!   plugin still has at most 64 MiB, and what it would take to start it is
//!   checked first.
//!
//! Native code is not bounded at all.
//!
//! # What it does to the process
//!
//! - Work is done on threads of its own; the calling thread waits.
//! - The first run installs a handler for SIGBUS, which a mapped file raises
//!   when it becomes shorter; Wasmtime installs handlers for SIGSEGV, SIGILL
//!   and, on some machines, SIGFPE, by which a plugin's traps are noticed. What
//!   is not theirs is passed on to the handler that was there before.
//! - Signals that end a process are left alone. To stop at Ctrl-C, set the flag
//!   of [`Change::cancel`]. Where `ulimit -f` is in force, SIGXFSZ kills the
//!   process unless it is caught or ignored.
//! - A key in the state directory of the user (`$RUNNER_STATE_DIR`, else
//!   `runner` in `$XDG_STATE_HOME`, else `/var/lib/runner` for root and
//!   `~/.local/state/runner` for others) authenticates journals. Compiled code
//!   is kept as [`Change::code_cache`] says. Large patches that are not kept
//!   are temporary files in `$TMPDIR`.
//!
//! # Beyond the facade
//!
//! The crate `runner-pipeline` has all that is here and more: other storages,
//! progress of a scan that goes on after a crash, streams. `runner-sandbox` has
//! the sandbox, and `runner-contract` the types that a transform is made of.
//! Linux only.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod change;
mod patch;
mod plugin;
mod settings;

pub use self::change::Change;
pub use self::patch::{Patch, recover, roll_back, root};
pub use self::plugin::{PluginSource, enable_child_compiler};

pub use blake3::Hash;
pub use runner_contract::{ByteOrder, Edits, FileHead, Framing, Job, LogLevel, Prefilter, Reply, Window};
pub use runner_pipeline::commit::recover::{Recovered, State};
pub use runner_pipeline::commit::strategy::{Choice, Plan, Strategy};
pub use runner_pipeline::commit::verify::{Level, VerifyChoice};
pub use runner_pipeline::engine::transform::{Begun, Transform};
pub use runner_pipeline::error::{Error, Kind, Result};
pub use runner_pipeline::patch::{Direction, Edit, Header, Origin, OsPatch, PluginId, Stats, Version};
pub use runner_pipeline::run::{Event, Report};
pub use runner_pipeline::scan::Workers;
pub use runner_sandbox::Compiler;
