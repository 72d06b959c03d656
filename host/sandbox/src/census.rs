//! Counts the host resources needed to start a plugin. It reads the plugin's
//! bytes before anything is compiled.
//!
//! The engine counts instances, memories and tables, and asks before each of
//! them grows. It does not ask before it allocates the parts of an instance
//! (globals, references to functions) or copies data to start one, and a module
//! may be instantiated hundreds of times. So every module has a cost, every
//! component has the cost of all it instantiates, and the total is limited.
//! This needs no compiler: the bytes are read once, from start to end.

mod sections;
#[cfg(test)]
mod tests;

use runner_pipeline::error::{Error, Kind};

pub(crate) use self::sections::measure;

/// Limit on the bytes of host memory for all instances of a plugin, apart from
/// memories and tables. An interpreter with twenty thousand functions takes
/// about 1 MiB.
pub(crate) const CONTEXT_BYTES: u64 = 16 << 20;
/// Limit on the elements that are copied into tables at the start: as many as
/// all tables may have.
const ELEMENTS: u64 = 1 << 20;
/// Limit on the bytes that are copied into memories at the start.
const DATA_BYTES: u64 = 128 << 20;

/// Bytes per function reference with all it points to, import or table.
const ITEM_BYTES: u64 = 48;

/// The cost of something that is instantiated once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    context_bytes: u64,
    elements: u64,
    data_bytes: u64,
    memories: u64,
    /// It instantiates something passed to it, whose cost is unknown.
    unknown: bool,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.context_bytes = self.context_bytes.saturating_add(other.context_bytes);
        self.elements = self.elements.saturating_add(other.elements);
        self.data_bytes = self.data_bytes.saturating_add(other.data_bytes);
        self.memories = self.memories.saturating_add(other.memories);
        self.unknown |= other.unknown;
    }

    fn add_items(&mut self, count: u32) {
        self.context_bytes = self.context_bytes.saturating_add(u64::from(count) * ITEM_BYTES);
    }

    /// Host memory needed by an instance of the plugin.
    pub(crate) fn instance_bytes(&self) -> u64 {
        self.context_bytes
    }

    /// Linear memories of an instance of the plugin.
    pub(crate) fn memories(&self) -> u64 {
        self.memories
    }

    /// Checks the limits.
    ///
    /// # Errors
    /// If a limit is exceeded: a message that names it.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.unknown {
            return Err("it instantiates modules or components that are passed to it, so its cost is \
                        not known in advance"
                .into());
        }
        for (count, limit, what) in [
            (self.context_bytes, CONTEXT_BYTES, "bytes for the globals and functions of its instances"),
            (self.elements, ELEMENTS, "elements to be copied into its tables"),
            (self.data_bytes, DATA_BYTES, "bytes to be copied into its memories"),
        ] {
            if count > limit {
                return Err(format!("starting it needs {count} {what}; the limit is {limit}"));
            }
        }
        Ok(())
    }
}

/// The error for a plugin that [`Cost::check`] has refused.
pub(crate) fn refused(name: &str, why: String) -> Error {
    Error::new(Kind::Plugin, format!("`{name}` needs too many resources to start")).because(why)
}
