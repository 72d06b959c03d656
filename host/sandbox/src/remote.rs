//! The parent's side: starts workers, asks them, and believes nothing that they
//! answer.
//!
//! ```text
//! host       the plugin's worker: started, loaded, replaced when it dies
//! keeper     the thread that starts a worker and sees it die
//! lane       a conversation with one thread of the worker
//! call       what is asked for
//! failure    why that failed
//! give       hands over tables
//! blocks     asks for the edits of blocks
//! ```

mod blocks;
mod call;
mod failure;
mod give;
mod host;
mod keeper;
mod lane;

pub(crate) use self::blocks::Blocks;
pub use self::blocks::take_edits;
pub(crate) use self::host::{Host, stale};
