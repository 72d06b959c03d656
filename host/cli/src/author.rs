//! What authors of plugins do: begin a project, build it, test it, and see what it
//! does while they write it.

mod bench;
mod build;
mod case;
mod confined;
mod copy;
mod cost;
mod dev;
mod difference;
mod language;
mod project;
mod rebuild;
mod room;
mod scaffold;
mod shell;
mod sources;
mod stale;
mod steps;
mod test;
mod tools;
mod vet;

pub(crate) use build::build;
pub(crate) use confined::{Demand, Wish, child_main};
pub(crate) use cost::Update;
pub(crate) use dev::{DevArgs, dev};
pub(crate) use language::ids as languages;
pub(crate) use project::{Packing, packable};
pub(crate) use rebuild::{Rebuilt, rebuild};
pub(crate) use scaffold::new_project;
pub(crate) use test::test;
pub(crate) use vet::{VetArgs, vet};
