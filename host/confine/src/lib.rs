//! Lets a process confine itself before it runs code that it does not trust.
//!
//! A process calls [`before_threads`] first thing in its `main`, prepares what
//! the untrusted code will need, starts all its threads, and then calls
//! [`on_all_threads`]. There is no way back. Afterwards the process has its
//! memory, the descriptors that the [`Policy`] names, and about twenty system
//! calls.
//!
//! ```no_run
//! use runner_confine::{Calls, Limits, Policy, before_threads, on_all_threads};
//!
//! # fn map_code() {}
//! # fn start_threads() {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let parent: u32 = std::env::args().nth(1).ok_or("no parent")?.parse()?;
//! let policy = Policy::new(Calls::Run, parent).keep(3).keep(4).limits(Limits {
//!     data_bytes: Some(256 << 20),
//!     address_space_bytes: Some(16 << 30),
//!     descriptors: 16,
//!     ..Limits::default()
//! });
//! let mut layers = before_threads(&policy)?;
//! map_code();
//! start_threads();
//! layers.add(&on_all_threads(&policy)?);
//! if !layers.complete() {
//!     // Tell the parent, in mapped memory: this policy keeps no standard error.
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What each layer does
//!
//! | layer | what it does | since Linux |
//! |---|---|---|
//! | [`Layer::DeathSignal`] | the kernel kills the process when the thread that started it ends | 2.1.57 |
//! | [`Layer::Descriptors`] | closes all descriptors but those to keep | 5.9 |
//! | [`Layer::NoNewPrivileges`] | no program that it executes gains privileges | 3.5 |
//! | [`Layer::Capabilities`] | drops all capabilities, also from the bounding set | 2.6.26 |
//! | [`Layer::Landlock`] | no file can be opened, created, removed, or executed (5.13), no TCP (6.7), no signals and no abstract sockets to others (6.12) | 5.13 |
//! | [`Layer::Limits`] | memory, the size of files that are written, no core dump, no new descriptors | any |
//! | [`Layer::Seccomp`] | an allow-list of system calls and of their arguments | 4.14 |
//!
//! Seccomp is the main barrier. The others limit the damage if a call on its
//! list does more than it should. Where a kernel lacks a layer, the
//! functions go on without it and say so in [`Layers`].
//!
//! # What the process must mind
//!
//! - Landlock and capabilities belong to a thread and go over to the threads
//!   that it starts. So [`before_threads`] comes before the first of them.
//! - Standard streams are closed unless they are kept. A message to one that is
//!   kept and leads to a file would be [deadly][Layer::Limits], as writing past
//!   the limit of [`Limits::file_bytes`] raises `SIGXFSZ`. After the filter only
//!   descriptors of [`Policy::keep_writable`] can be written to: any other write
//!   is answered with `EPERM`.
//! - Opening a kept descriptor anew through `/proc/self/fd` works between the
//!   steps only if it is of a file in memory (`memfd_create`).
//! - A result goes to memory that is mapped, or to such a descriptor.
//! - Shared memory that must stay read-only is mapped after its file is sealed
//!   (`F_SEAL_FUTURE_WRITE`): `mprotect` makes an earlier mapping writable.
//! - A thread may be started after the filter only with [`Calls::Compile`] and
//!   [`Calls::Network`].
//! - With [`Calls::Run`], signal handlers are installed before the filter.
//!
//! # Programs of others
//!
//! A process that runs compilers on files of strangers cannot do with twenty calls. It
//! first [enters namespaces](enter_namespaces) of its own: no network, no other
//! processes, and everything read-only but one folder. A child then calls the two
//! functions with [`Calls::Programs`], whose filter has a list of what is refused, and
//! with the folders that Landlock leaves to it. What it executes inherits all of that.
//!
//! # What is not known
//!
//! The calls on the lists were seen on x86-64 with glibc. Another C library may
//! need others. On aarch64 the crate builds from the same lists, but has not
//! been run. The filter looks at call numbers of the process's own architecture
//! and kills at those of any other (32-bit calls and x32 on x86-64).

#![cfg(target_os = "linux")]

mod before_threads;
mod capabilities;
mod descriptors;
mod error;
mod filter;
mod landlock;
mod layers;
mod limits;
mod namespaces;
mod network;
mod on_all_threads;
mod policy;
mod programs;
mod rules;

pub use before_threads::before_threads;
pub use error::{Error, Result};
pub use layers::{Layer, Layers, ParseLayersError, State};
pub use namespaces::enter_namespaces;
pub use on_all_threads::on_all_threads;
pub use policy::{Calls, Limits, Policy};
