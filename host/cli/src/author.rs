//! What authors of plugins do: begin a project, build it, and test it.

mod build;
mod case;
mod language;
mod project;
mod scaffold;
mod test;
mod vet;

pub(crate) use build::build;
pub(crate) use language::ids as languages;
pub(crate) use scaffold::new_project;
pub(crate) use test::test;
pub(crate) use vet::{VetArgs, vet};
