//! Whose plugins may change which files.
//!
//! ```text
//! trust.toml   keys by name, each for some plugins and in one role   trust
//! policy.toml  what a plugin must have, and what it may have         rules
//! imports.toml whose audits count, in which words                    imports
//! lists.toml   what was revoked, by signed lists                     revocation
//!
//! Facts of a plugin + the files that it would change + the time  --decide-->  Verdict
//! ```
//!
//! All policies apply: those of the machine, the user and the project. Each adds
//! demands, and none can take one away, so the strictest wins. What a policy names
//! (a key, a group) is looked up where at least as much is trusted as the policy is:
//! a key that a user trusts does not meet a demand of the machine.
//!
//! A list of revoked plugins counts from when it was accepted. It is never needed to
//! undo something.

#![warn(missing_docs)]

pub mod audits;
pub mod decide;
pub mod edit;
pub mod facts;
pub mod imports;
pub mod kinds;
pub mod level;
pub mod pattern;
pub mod places;
pub mod revocation;
pub mod rotation;
pub mod rules;
pub mod signed;
pub mod state;
pub mod text;
pub mod trust;
pub mod when;
