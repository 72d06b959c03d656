//! What the bundled plugins do to one value: recognise its kind, mask it, put a
//! pseudonym in its place, shorten, map or shift it.
//!
//! The plugins csv, json, sql and redact share it, so that they have one syntax
//! and, under one key, the same pseudonyms. It depends on no plugin interface:
//! values are bytes, decoded from the quotes and escapes of their file.

mod action;
pub mod check;
mod date;
mod email;
mod expression;
mod fit;
mod fold;
mod ip;
mod key;
mod kind;
mod mask;
mod moment;
mod permute;
mod pseudonym;
mod rules;
mod shift;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod text;

pub use action::{Action, Context, Fit, Outcome};
pub use expression::Expression;
pub use fold::Fold;
pub use key::Key;
pub use kind::Kind;
pub use mask::{Mask, is_masked};
pub use pseudonym::{Addresses, Pseudonyms, is_pseudonym, is_token, normalize};
pub use rules::{ACTIONS, KEYED, Rule, Rules};
pub use shift::{Impossible, Shift};
pub use table::{Others, Table};
pub use target::{Part, Syntax, Target, parse_target, parse_targets};
