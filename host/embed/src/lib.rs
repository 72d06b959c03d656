//! Changes huge files from a Rust program, crash-safely and verified.
//!
//! This is `runner` as a library, with a default for every setting. A [`Change`]
//! is a plugin with its parameters, or native code. It is applied to files:
//!
//! ```standalone_crate
//! use runner_embed::{Change, worker_main};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // The plugin runs in a confined process of this program.
//!     worker_main();
//! #   let scratch = tempfile::tempdir()?;
//! #   let path = scratch.path().join("notes.txt");
//! #   std::fs::write(&path, "The License\nof the License\n")?;
//!     let change = Change::new("replace").set("find", "License").set("with", "Licence");
//!     let report = change.apply(&path)?;
//!
//!     assert_eq!(report.stats.edits, 2);
//!     assert_eq!(std::fs::read(&path)?, b"The Licence\nof the Licence\n");
//!     Ok(())
//! }
//! ```
//!
//! # What it promises
//!
//! 1. *Old or new, never mixed.* If the process or the machine dies, then after
//!    [`recover()`] the file has exactly its old content, or exactly the new
//!    one.
//! 2. *Nothing is written before every edit is checked.* The plugin has answered
//!    for the whole file before the first byte of it changes.
//! 3. *A failing plugin changes nothing.*
//! 4. *A plugin sees only its windows*, its parameters and the head of the file.
//!    It has no files, network, clock or randomness.
//! 5. *Verified.* The BLAKE3 of the whole file is known before and after, and
//!    the written bytes are read back.
//! 6. *Bounded memory.* It depends on the number of threads and the window, and
//!    not on the size of the file or the number of edits.
//!
//! The file `docs/design.md` in the repository of `runner` states these promises
//! in full, with their assumptions and the known faults.
//!
//! # Native code
//!
//! A closure does the work of a plugin, without a sandbox. It gets windows of
//! whole records, which are lines in this example, and adds edits. The prefilter
//! of the job decides which records are shown to it at all:
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
//! let root = found.post_root.ok_or("the whole file was read")?;
//! change.expect(root).apply(&path)?;
//! assert_eq!(std::fs::read(&path)?, b"INFO b\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Patches
//!
//! A patch contains all edits of one file, and the file's root before and after,
//! unless [only the touched groups](Change::roots) were read.
//! [`Change::plan`] saves a patch that is applied later, and [`Change::undo`]
//! saves one that undoes a change. A patch fits only the file that it was made
//! for:
//!
//! ```standalone_crate
//! use std::ops::ControlFlow;
//!
//! use runner_embed::{Change, Patch};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # runner_embed::worker_main();
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
//! # Ok(())
//! # }
//! ```
//!
//! # After a crash
//!
//! A process that dies while it writes a file in place leaves a journal next to
//! it. From then on, every run on the file is an error of
//! [`Kind::RecoveryNeeded`]. [`recover()`] completes the change, and
//! [`roll_back()`] restores the old content. A program that may be killed calls
//! one of them when it meets this kind:
//!
//! ```standalone_crate
//! use runner_embed::{Change, Kind, recover};
//! # use runner_embed::{Choice, Framing, Job};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let change = Change::native("mark-end", Job::new(Framing::lines()), |window, edits| {
//! #     if window.last {
//! #         edits.replace(window.bytes.len() - 1..window.bytes.len(), b"!");
//! #     }
//! #     Ok(())
//! # })
//! # .strategy(Choice::InPlace);
//! # if let Some(file) = std::env::var_os("RUNNER_EXAMPLE_FILE") {
//! #     // This is the child. The limit on file sizes kills it.
//! #     let report = change.apply(file);
//! #     panic!("{report:?}");
//! # }
//! # let scratch = tempfile::tempdir()?;
//! # let path = scratch.path().join("notes.txt");
//! # let mut new = vec![b'.'; 1 << 20];
//! # std::fs::write(&path, &new)?;
//! # *new.last_mut().expect("not empty") = b'!';
//! # let status = std::process::Command::new("sh")
//! #     .args(["-c", "ulimit -c 0; ulimit -f 128; exec \"$0\""])
//! #     .arg(std::env::current_exe()?)
//! #     .env("RUNNER_EXAMPLE_FILE", &path)
//! #     .status()?;
//! # assert!(std::os::unix::process::ExitStatusExt::signal(&status).is_some(), "{status}");
//! # assert_eq!(change.dry_run(&path).expect_err("a journal").kind(), Kind::RecoveryNeeded);
//! // Here, another process was killed while it applied `change` to `path`.
//! match change.apply(&path) {
//!     Err(error) if error.kind() == Kind::RecoveryNeeded => {
//!         let recovered = recover(&path)?;
//!         let state = recovered.state.expect("there was a journal");
//!         println!("the change is complete; the file has {} bytes", state.size);
//!     }
//!     result => println!("{} edits", result?.stats.edits),
//! }
//! assert!(std::fs::read(&path)? == new);
//! # assert!(recover(&path)?.state.is_none(), "nothing is left to recover");
//! # Ok(())
//! # }
//! ```
//!
//! [`Recovered::state`] is `None` if the file itself was never partly written,
//! and only other files were left.
//!
//! # Errors
//!
//! There is one type, [`Error`]. Its [`Kind`] says what may help, its `source()`
//! why it failed, and [`Error::hints`] what to do next. Hints are written for
//! users of the command line, so they may name its options. The message of a
//! plugin ([`Error::words`]) may quote the parameters that it was given.
//!
//! File names in errors are escaped, so that no name can control a terminal.
//! [`shown`] escapes any other text, such as a path of your own, or the cause
//! that native code gave.
//!
//! # Trust in plugins
//!
//! The sandbox of WebAssembly lets a plugin answer, and nothing else; its time,
//! memory and answers are limited: [`Change::call_timeout`],
//! [`Change::instance_memory`] and [`Change::memory`]. But the sandbox and its
//! compiler are large programs, in which errors were found before. So a plugin is
//! compiled and run in processes that hold nothing: no file, no environment, no
//! network, and few system calls. These processes must run a program that answers
//! to them:
//!
//! - A program that calls [`worker_main`] at the start of `main` is its own
//!   worker. Then every plugin runs in a confined process.
//! - Without that call, a plugin is refused, unless the program chooses one of
//!   the following.
//! - [`Change::isolation`] with [`Isolation::InProcess`] compiles and runs any
//!   plugin in this process. An error in the sandbox then gives the plugin
//!   whatever this process has. The time and the memory of the compiler are not
//!   limited, and if it crashes (by a panic, or when its stack overflows), so does
//!   this process. The time of the plugin is not limited either;
//!   [`Change::timeout`] and [`Change::cancel`] take effect between two windows.
//! - [`Change::isolation`] with [`Isolation::Processes`] uses a separate program
//!   of the same build that starts with [`worker_main`], such as `runner`.
//!
//! Native code is not limited at all.
//!
//! # What it does to the process
//!
//! - The work is done on threads that the library starts. The calling thread
//!   waits for them.
//! - The first run installs a handler for SIGBUS, the signal for a mapped file
//!   that became shorter. Wasmtime installs handlers for SIGSEGV, SIGILL and, on
//!   some machines, SIGFPE, which it needs to notice the traps of a plugin.
//!   Signals with other causes are passed on to the handler that was there
//!   before.
//! - Signals that end a process are left alone. To stop at Ctrl-C, set the flag
//!   of [`Change::cancel`]. If a limit on file sizes is in force (`ulimit -f`),
//!   SIGXFSZ kills the process unless it is caught or ignored.
//! - A key in the state directory of the user authenticates journals. The
//!   directory is `$RUNNER_STATE_DIR`, else `runner` in `$XDG_STATE_HOME`, else
//!   `/var/lib/runner` for root, and `~/.local/state/runner` for other users.
//! - Compiled code is kept as [`Change::code_cache`] says. Patches that are not
//!   saved and outgrow the memory are temporary files in `$TMPDIR`, or next to
//!   the file.
//!
//! # Beyond the facade
//!
//! The crate `runner-pipeline` has all of this and more: other storages, scans
//! that are resumed after a crash, and streams. `runner-sandbox` has the sandbox,
//! and `runner-contract` the types of which a transform is made. Linux only.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod change;
mod patch;
mod plugin;
mod recovery;
mod root;
mod settings;

pub use self::change::Begun;
pub use self::change::Change;
pub use self::patch::Patch;
pub use self::plugin::{PluginSource, worker_main};
pub use self::recovery::{Recovery, recover, roll_back};
pub use self::root::{Root, root};

pub use blake3::Hash;
pub use runner_contract::{
    ByteOrder, Claims, Count, Edits, Failure, FieldCheck, FileHead, Framing, Job, LogLevel, Manifest,
    ParamKind, ParamSpec, Pattern, Prefilter, Projection, RecordMatch, Reply, ShownField, TableSpec, Window,
};
pub use runner_pipeline::commit::recover::{Recovered, State};
pub use runner_pipeline::commit::strategy::{Choice, Plan, Strategy};
pub use runner_pipeline::commit::verify::{Level, VerifyChoice};
pub use runner_pipeline::engine::transform::Transform;
pub use runner_pipeline::error::{Error, Kind, Result};
pub use runner_pipeline::escape::{Shown, shown};
pub use runner_pipeline::patch::{Direction, Edit, Header, Origin, OsPatch, PluginId, Roots, Stats, Version};
pub use runner_pipeline::run::{Event, Report};
pub use runner_pipeline::scan::Workers;
pub use runner_sandbox::{Confinement, Isolation};
