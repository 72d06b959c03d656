//! Changes huge files crash-safely, in bounded memory, verified with BLAKE3.
//!
//! This is the pipeline of `runner`, without WebAssembly and without a
//! terminal. It works over two traits: [`Transform`] answers for windows of a
//! file with edits, and [`Storage`] is the filesystem that must survive a
//! crash. `runner-embed` is an easier way in, and runs plugins, too.
//!
//! # One screen
//!
//! A closure that drops lines changes a file:
//!
//! ```
//! use runner_contract::{Edits, FileHead, Framing, Job, Window};
//! use runner_pipeline::engine::transform::Instance;
//! use runner_pipeline::run::{Begun, Options, Program, apply};
//!
//! // Called once for each worker: what is asked for, and who answers.
//! let begin = |_: FileHead<'_>| -> runner_pipeline::error::Result<Begun> {
//!     let job = Job::new(Framing::lines()).literals(["DEBUG"]);
//!     let drop_debug = |window: &Window<'_>, edits: &mut Edits| -> Result<(), String> {
//!         for (start, line) in window.lines() {
//!             if line.starts_with(b"DEBUG") {
//!                 edits.delete(start..(start + line.len() + 1).min(window.bytes.len()));
//!             }
//!         }
//!         Ok(())
//!     };
//!     Ok((job, Instance::local(drop_debug)))
//! };
//!
//! # let scratch = tempfile::tempdir()?;
//! # let path = scratch.path().join("app.log");
//! # std::fs::write(&path, "DEBUG a\nINFO b\nDEBUG c\n")?;
//! let program = Program::native("drop-debug", &begin);
//! let report = apply(&path, &program, &Options::default(), &mut |_| {})?;
//!
//! assert_eq!(report.stats.edits, 2);
//! assert_eq!(std::fs::read(&path)?, b"INFO b\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it promises
//!
//! 1. *Old or new, never mixed.* Whatever kills the process, the machine or the
//!    disk write: after [`run::recover_file`] the file is byte for byte what it
//!    was, or what it was to become.
//! 2. *Not one byte before every edit is checked.* The target is first written
//!    when the transform has answered for the whole file, and all edits are
//!    sorted, disjoint, in bounds and sealed.
//! 3. *A failing transform changes nothing.* An error is never taken for "no
//!    edits".
//! 4. *Verified, and honest about how.* The BLAKE3 of the whole file is known
//!    before and after. What was written is read back, and [`run::Report::level`]
//!    says from where.
//! 5. *Bounded.* Memory depends on the number of threads and the window, not on
//!    the size of the file or the number of edits. A [`memory::Budget`] bounds it,
//!    except for what a transform allocates and for mapped pages of files.
//! 6. *Work in proportion.* Reading takes one pass, and a second one over the
//!    tail if lengths change. Writing in place costs what was edited.
//!
//! The file `docs/design.md` in the repository of `runner` states them in full,
//! with the argument for each, the assumptions and the known faults. An advisory
//! lock keeps other runs away; of other programs that write to the file
//! meanwhile, many are noticed, and not all. Linux only.
//!
//! # Concepts, in the order of a run
//!
//! ```text
//! target -> engine (framing, prefilter, windows, answers) -> patch -> commit -> verify
//!    \-> hash (same bytes, same pass)                        \-> journal -/
//! ```
//!
//! - A **target** ([`target::Target`]) is a file that is open, locked and
//!   identified. What stands beside it during a run has names of its own
//!   ([`sidecar::Names`]).
//! - A **program** ([`run::Program`]) says what to change. It answers to the
//!   head of a file with a [`Job`](runner_contract::Job) and a [`Transform`].
//! - The **engine** ([`mod@engine`]) is pure: it cuts windows of whole records,
//!   leaves out those that the job's prefilter rules out, and checks the
//!   answers. A **scan** ([`scan::scan`]) feeds it with a file, in parallel; a
//!   **pipe** ([`pipe::run`]) with a stream.
//! - A **patch** ([`patch::Patch`]) holds all edits of a file, and its **root**
//!   (the BLAKE3 that `b3sum` prints) before and after. A saved plan, a journal
//!   and an undo file are patches.
//! - A **plan** ([`commit::strategy::Plan`]) is the strategy and what it costs:
//!   in place under a journal, a new tail, or a new file.
//! - The **commit** ([`commit::commit`]) writes, and reads back at a **level**
//!   ([`commit::verify::Level`]). Up to the commit point a [`cancel::Cancel`] is
//!   looked at; after it, the run goes to its end.
//! - **Recovery** ([`run::recover_file`]) brings a file whose run did not end to
//!   one state.
//!
//! [`run`] is the driver: the only place that knows the order. Read it first.
//!
//! # Reading a patch
//!
//! A patch is read in batches of bounded size:
//!
//! ```
//! use runner_pipeline::patch::{Direction, OsPatch};
//! use runner_pipeline::run::{Options, Program, apply_patch, plan};
//! use runner_pipeline::storage::{Entry, OsStorage};
//! # use runner_contract::{Edits, FileHead, Framing, Job, Window};
//! # use runner_pipeline::engine::transform::Instance;
//! # use runner_pipeline::run::Begun;
//! # let begin = |_: FileHead<'_>| -> runner_pipeline::error::Result<Begun> {
//! #     let mask = |window: &Window<'_>, edits: &mut Edits| -> Result<(), String> {
//! #         for (start, line) in window.lines().filter(|(_, line)| line.contains(&b'@')) {
//! #             edits.replace(start..start + line.len(), b"(hidden)");
//! #         }
//! #         Ok(())
//! #     };
//! #     Ok((Job::new(Framing::lines()).literals(["@"]), Instance::local(mask)))
//! # };
//! # let program = Program::native("mask", &begin);
//! # let scratch = tempfile::tempdir()?;
//! # let path = scratch.path().join("list");
//! # std::fs::write(&path, "Ann\nann@example.org\n")?;
//!
//! let saved = Entry::resolve(&scratch.path().join("saved.patch"))?;
//! let (report, _) = plan(&path, &program, &Options::default(), &saved, &mut |_| {})?;
//!
//! let patch = OsPatch::load(&OsStorage, &saved)?;
//! assert_eq!(patch.header().plugin.name, "mask");
//! assert_eq!(patch.seal().post_root, report.post_root);
//! let mut reader = patch.reader(Direction::Forward);
//! while let Some(batch) = reader.next_batch()? {
//!     for edit in batch.edits() {
//!         assert_eq!((edit.start, edit.old, edit.new), (4, &b"ann@example.org"[..], &b"(hidden)"[..]));
//!     }
//! }
//!
//! apply_patch(&path, patch, Direction::Forward, &Options::default(), &mut |_| {})?;
//! assert_eq!(std::fs::read(&path)?, b"Ann\n(hidden)\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Modules
//!
//! Each module uses only those above it, which a test of the repository checks:
//!
//! | | |
//! |---|---|
//! | [`escape`], [`error`], [`cancel`], [`context`], [`profile`], [`locks`], [`stack`] | used by all other modules |
//! | [`storage`], [`memory`] | a filesystem, mappings; budgets |
//! | [`hash`] | BLAKE3 of groups hashed in any order |
//! | [`patch`] | all edits of a file, in one format |
//! | [`user_state`], [`sidecar`], [`target`] | the user's key, the files next to a target, the target |
//! | [`mod@engine`] | pure: from bytes and answers to edits |
//! | [`convert`] | decompresses, decodes, and back |
//! | [`scan`], [`pipe`] | two ways to feed the engine |
//! | [`commit`] | from a patch to the disk, and back after a crash |
//! | [`run`] | the driver |
//!
//! # What it does to the process
//!
//! The first mapping installs a handler for SIGBUS, which passes faults outside
//! its mappings on. Workers are threads with a stack of [`stack::STACK_BYTES`].
//! What takes a path reads or makes the user's key, in the directory that
//! [`user_state::directory`] names.
//!
//! [`Transform`]: engine::transform::Transform
//! [`Storage`]: storage::Storage

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod cancel;
pub mod commit;
pub mod context;
pub mod convert;
pub mod engine;
pub mod error;
pub mod escape;
pub mod hash;
pub mod locks;
pub mod memory;
pub mod patch;
pub mod pipe;
pub mod profile;
pub mod run;
pub mod scan;
pub mod sidecar;
pub mod stack;
pub mod storage;
pub mod target;
pub mod user_state;
