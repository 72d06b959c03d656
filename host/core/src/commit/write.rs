//! Writes files: new ones front to back, existing ones where edits are.

pub mod coalesce;
pub mod edits;
pub mod in_place_form;
pub mod length;
mod new_file;
pub mod replace_file;
pub mod stream;
mod write_behind;
