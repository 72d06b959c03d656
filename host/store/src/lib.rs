//! The plugins that a user has installed.
//!
//! ```text
//! installed.toml                 the index: what is installed, and what was seen before
//! lock                           held by whoever changes something
//! plugins/BLAKE3.wasm            the plugins, by their content
//! plugins/BLAKE3.intoto.jsonl    attestations, by their content
//! ```
//!
//! All of it is private to the user ([`folder`]). The index is replaced in one step,
//! after everything that it names is durable, and before anything is removed that it
//! named ([`store`]). So whenever a process or the machine dies, the index is the old
//! one or the new one, and all that it names is there. A plugin is hashed each time it
//! is loaded.
//!
//! [`rules`] decides what may be installed over what was there. [`lock_file`] is what a
//! project demands.

pub mod carrier;
pub mod digest;
pub mod folder;
pub mod index;
pub mod lock_file;
pub mod locked;
pub mod own_file;
pub mod resolve;
pub mod rules;
pub mod store;
#[cfg(test)]
mod testing;
mod text;
