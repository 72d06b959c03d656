//! What authors of plugins do: begin a project, build it, test it, and see what it
//! does while they write it.

mod bench;
mod build;
mod case;
mod cost;
mod dev;
mod difference;
mod language;
mod project;
mod scaffold;
mod sources;
mod stale;
mod steps;
mod test;
mod tools;
mod vet;

pub(crate) use build::build;
pub(crate) use cost::Update;
pub(crate) use dev::{DevArgs, dev};
pub(crate) use language::ids as languages;
pub(crate) use project::{Packing, packable};
pub(crate) use scaffold::new_project;
pub(crate) use test::test;
pub(crate) use vet::{VetArgs, vet};
