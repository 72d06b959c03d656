//! Limits on the host resources that an instance may use.

#[cfg(test)]
mod tests;

use std::time::Duration;

use runner_confine::Layers;
use runner_pipeline::cancel::CancelToken;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::{Budget, Denied, Lease};
use wasmtime::ResourceLimiter;

use crate::engine::Counting;
use crate::meter::Meter;

/// Limits of a plugin.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of linear memory per instance, all its memories together.
    pub memory_bytes: u64,
    /// The budget that the memories of all instances share.
    pub budget: Budget,
    /// Approximate number of bytes that the plugin sees at once.
    pub window_bytes: u64,
    /// How many blocks a thread holds at once, at least 1. A stream reads the
    /// next ones while the plugin works.
    pub blocks: u64,
    /// How many threads use the plugin at the same time, at most. Others wait.
    pub lanes: usize,
    /// What becomes of a plugin where the kernel cannot confine it fully.
    pub confinement: Confinement,
    /// Time limit of a worker process for one block, for loading and describing
    /// the plugin, and for beginning on a file.
    pub deadline: Duration,
    /// Ends worker processes and compilation before their deadline.
    pub cancel: CancelToken,
    /// Counts what the plugin needs, which makes it slower: see
    /// [`CALL_INSTRUCTIONS`](crate::CALL_INSTRUCTIONS).
    pub meter: Option<Meter>,
}

impl Limits {
    /// Whether code counts its instructions.
    pub(crate) fn counting(&self) -> Counting {
        if self.meter.is_some() { Counting::On } else { Counting::Off }
    }
}

/// What becomes of a plugin where the kernel lacks a layer of confinement, or
/// has an older version of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confinement {
    /// It runs without.
    AsFarAsPossible,
    /// It is refused before it is compiled.
    Full,
}

impl Confinement {
    /// Whether a process that is confined by these layers may go on.
    ///
    /// # Errors
    /// [`Kind::Refused`], with the layers that are not fully in force.
    pub(crate) fn check(self, layers: &Layers) -> Result<()> {
        if self == Self::AsFarAsPossible || layers.complete() {
            return Ok(());
        }
        let lacking: Vec<_> = layers.lacking().map(|(layer, state)| format!("{layer} is {state}")).collect();
        Err(Error::new(Kind::Refused, format!("this kernel cannot confine a plugin: {}", lacking.join(", ")))
            .hint("without `--require-confinement`, the plugin runs in what there is"))
    }
}

impl Default for Limits {
    /// 256 MiB and ten seconds.
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            budget: Budget::UNLIMITED,
            window_bytes: 1 << 20,
            blocks: 1,
            lanes: 2,
            confinement: Confinement::AsFarAsPossible,
            deadline: Duration::from_secs(10),
            cancel: CancelToken::NEVER,
            meter: None,
        }
    }
}

/// Maximum size of a plugin in the text format, in bytes. People write some hundred
/// lines; reading much more takes a hundred bytes of memory for each byte.
pub const MAX_TEXT_BYTES: u64 = 2 << 20;

/// Maximum size of a plugin. Plugins that contain a whole interpreter (Python,
/// JavaScript) have 12 to 35 MB.
pub const MAX_PLUGIN_BYTES: u64 = 64 << 20;
/// Memory limit of the process that compiles.
pub(crate) const COMPILE_MEMORY_BYTES: u64 = 2 << 30;
/// Maximum size of a plugin's native code.
pub(crate) const CODE_BYTES: u64 = 256 << 20;

/// Maximum number of elements of all tables together, which take 8 MiB of host
/// memory. An interpreter compiled to WebAssembly has some ten thousand.
const TABLE_ELEMENTS: usize = 1 << 20;
/// Bytes per element of a table.
const ELEMENT_BYTES: usize = 8;
/// Maximum number of core instances. A wrapped core module has three or four,
/// an interpreter linked from shared libraries a few dozen.
const INSTANCES: usize = 256;
/// Maximum number of tables.
const TABLES: usize = 256;
/// Maximum number of memories. Each reserves 4 GiB of address space.
pub(crate) const MEMORIES: usize = 16;

/// Wasmtime's messages for growth beyond the maximum in the memory's type.
const BEYOND_OWN_MAXIMUM: [&str; 2] =
    ["memory growth exceeds memory type's limits", "Memory maximum size exceeded"];

/// Maximum number of bytes that a guest may return from `describe`: a manifest
/// has a few lines.
pub(crate) const DESCRIBE_FUEL: usize = 1 << 20;
/// Maximum number of bytes that a guest may return from `begin`: a prefilter
/// may contain many literals.
pub(crate) const BEGIN_FUEL: usize = 16 << 20;

/// Maximum number of bytes that a guest may return for a window. The lists of a
/// reply may overlap in the guest's memory and claim any length, so this value,
/// not the memory limit, bounds what the host allocates. Eight times the window
/// leaves room for transformations that expand text (escapes, hex dumps) at any
/// window size; the constant is for small windows with large answers.
pub fn reply_fuel(window_bytes: usize) -> usize {
    REPLY_FUEL + window_bytes.saturating_mul(REPLY_FUEL_PER_BYTE)
}

/// The constant part of [`reply_fuel`].
pub(crate) const REPLY_FUEL: usize = 64 << 20;
/// The part of [`reply_fuel`] for each byte of the window.
pub(crate) const REPLY_FUEL_PER_BYTE: usize = 8;

/// Counts the resources of an instance, and refuses growth beyond its limits or
/// beyond the rest of the budget that it shares with other instances.
///
/// A guest may continue when growth beyond its own limits is refused: these
/// limits are the same in every run. The rest of the budget differs between
/// runs, so its refusal ends the call, and with it the instance.
pub(crate) struct Limiter {
    memory_max: usize,
    memory_bytes: usize,
    table_elements: usize,
    memory_denied: bool,
    /// Memory taken from the budget; returned when the instance is dropped.
    lease: Lease,
    budget_denied: Option<Denied>,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_max: usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX),
            memory_bytes: 0,
            table_elements: 0,
            memory_denied: false,
            lease: limits.budget.lease(),
            budget_denied: None,
        }
    }

    /// Takes memory from the budget.
    ///
    /// # Errors
    /// If the budget does not have that much left.
    pub(crate) fn draw(&mut self, more_bytes: usize) -> wasmtime::Result<()> {
        self.lease.grow(more_bytes).map_err(|denied| {
            self.budget_denied = Some(denied);
            wasmtime::Error::new(denied)
        })
    }

    /// The refusal of the budget that ended the call, if any.
    pub(crate) fn budget_denied(&self) -> Option<Denied> {
        self.budget_denied
    }

    /// Forgets earlier refusals: a guest that continued without the memory does
    /// not fail for lack of it later.
    pub(crate) fn start_call(&mut self) {
        self.memory_denied = false;
    }

    /// Bytes of all linear memories.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes as u64
    }

    /// Whether growth was refused in this call.
    pub(crate) fn memory_denied(&self) -> bool {
        self.memory_denied
    }
}

impl ResourceLimiter for Limiter {
    // Growth that is allowed here and then fails for a different reason stays
    // counted, which only makes the limit tighter. It cannot be subtracted,
    // because wasmtime also reports failures that it never asked about.

    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // Fails because of the module's own maximum, whatever this returns.
            return Ok(true);
        }
        let more = desired.saturating_sub(current);
        let total = self.memory_bytes.saturating_add(more);
        let allowed = total <= self.memory_max;
        if allowed {
            self.draw(more)?;
            self.memory_bytes = total;
        } else {
            self.memory_denied = true;
        }
        Ok(allowed)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        // Growth beyond the module's own maximum fails in every run. A failure
        // of the machine may not happen again, so the guest must not see it.
        let text = error.root_cause().to_string();
        if BEYOND_OWN_MAXIMUM.contains(&text.as_str()) {
            return Ok(());
        }
        Err(error)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(true);
        }
        let more = desired.saturating_sub(current);
        let total = self.table_elements.saturating_add(more);
        let allowed = total <= TABLE_ELEMENTS;
        if allowed {
            self.draw(more.saturating_mul(ELEMENT_BYTES))?;
            self.table_elements = total;
        }
        Ok(allowed)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}
