//! Plugins in registries, in the standard layout for WebAssembly, and in the folders
//! and archives that carry such artifacts where there is no network.
//!
//! - [`mod@reference`], [`origin`], [`digest`]: what a user names.
//! - [`manifest`], [`config`]: the files that make an artifact.
//! - [`repository`]: what every carrier can do. [`registry`] speaks to a server,
//!   [`layout`] reads and writes folders, and [`archive`] tar files.
//! - [`push`], [`pull`], [`signatures`]: whole plugins, the same on all carriers.
//! - [`names`]: which registry a namespace belongs to.
//!
//! The network is left to a child process, which is confined and sees no files but
//! those with which names of hosts are looked up ([`connection`]; [`child_main`] is
//! its side). What it answers is bounded, hashed and parsed as if a stranger had sent
//! it, which is what a registry is.

mod answers;
pub mod archive;
mod certificates;
pub mod config;
pub mod connection;
pub mod credentials;
pub mod digest;
mod http;
mod inside;
pub mod layout;
pub mod manifest;
pub mod names;
pub mod origin;
mod proxy;
pub mod pull;
pub mod push;
pub mod realm;
pub mod reference;
pub mod registry;
pub mod repository;
pub mod signatures;
mod wire;

pub use self::inside::child_main;
