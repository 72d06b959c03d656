//! Writes files: new ones front to back, existing ones where edits are.

pub mod coalesce;
pub mod edits;
pub mod fill;
pub mod in_place_form;
pub mod length;
mod new_file;
pub mod output_stream;
mod read_ahead;
mod write_behind;
