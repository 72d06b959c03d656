//! What one instance may use of the host, other than time.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// What a plugin may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one instance, all its memories together.
    pub memory_bytes: u64,
    /// Time for one call; starting an instance counts as a call.
    pub deadline: Duration,
}

impl Default for Limits {
    /// 256 MiB and ten seconds.
    fn default() -> Self {
        Self { memory_bytes: 256 << 20, deadline: Duration::from_secs(10) }
    }
}

/// The longest plugin. What ships a whole interpreter (Python, JavaScript)
/// has 12 to 35 MB.
pub const MAX_PLUGIN_BYTES: u64 = 64 << 20;
/// Memory of the process that compiles.
pub(super) const COMPILE_MEMORY_BYTES: u64 = 2 << 30;
/// Native code of one plugin.
pub(super) const CODE_BYTES: usize = 256 << 20;

/// Elements of all tables together: 8 MiB of host memory. An interpreter
/// compiled to WebAssembly has some ten thousand.
const TABLE_ELEMENTS: usize = 1 << 20;
/// Core instances. Wrapping a core module takes three or four, an interpreter
/// linked from shared libraries a few dozen.
const INSTANCES: usize = 256;
/// Tables.
const TABLES: usize = 256;
/// Memories. Each one reserves 4 GiB of address space.
const MEMORIES: usize = 16;

/// Bytes a guest may hand over in `describe`: a manifest is a few lines.
pub(super) const DESCRIBE_FUEL: usize = 1 << 20;
/// Bytes a guest may hand over in `begin`: a prefilter may hold many literals.
pub(super) const BEGIN_FUEL: usize = 16 << 20;

/// Bytes a guest may hand over in the answer to a window. Lists of a reply
/// may overlap in the guest's memory and state any length, so it is this, not
/// the memory cap, which bounds what the host allocates. Eight times the
/// window leaves room for what expands text most (escapes, hex dumps) at any
/// size of window; the constant is for small windows with large answers.
pub(super) fn reply_fuel(window_bytes: usize) -> usize {
    (64 << 20) + window_bytes.saturating_mul(8)
}

/// Counts what an instance has and refuses more than its limits.
pub(super) struct Limiter {
    memory_max: usize,
    memory_bytes: usize,
    table_elements: usize,
    memory_denied: bool,
}

impl Limiter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory_max: usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX),
            memory_bytes: 0,
            table_elements: 0,
            memory_denied: false,
        }
    }

    /// Forgets earlier denials: a guest that carried on without the memory is
    /// not failing for want of it any more.
    pub(super) fn start_call(&mut self) {
        self.memory_denied = false;
    }

    /// Whether more memory was denied in this call.
    pub(super) fn memory_denied(&self) -> bool {
        self.memory_denied
    }
}

impl ResourceLimiter for Limiter {
    // A growth that is allowed here and then fails for another reason stays
    // counted: that can only make a cap tighter. It cannot be given back, as
    // wasmtime also reports failures it never asked about.

    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // Fails by the module's own word, whatever is answered here.
            return Ok(true);
        }
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        let allowed = total <= self.memory_max;
        if allowed {
            self.memory_bytes = total;
        } else {
            self.memory_denied = true;
        }
        Ok(allowed)
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
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        let allowed = total <= TABLE_ELEMENTS;
        if allowed {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_share_one_cap() {
        let mut limiter = Limiter::new(&Limits { memory_bytes: 100, ..Limits::default() });
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(!limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_denied());
        limiter.start_call();
        assert!(!limiter.memory_denied());
        assert!(limiter.memory_growing(60, 100, None).unwrap());
    }

    #[test]
    fn growth_past_a_modules_own_maximum_is_not_our_denial() {
        let mut limiter = Limiter::new(&Limits { memory_bytes: 100, ..Limits::default() });
        for _ in 0..10 {
            assert!(limiter.memory_growing(0, 60, Some(50)).unwrap());
        }
        assert!(!limiter.memory_denied());
        assert!(limiter.memory_growing(0, 100, None).unwrap());
    }

    #[test]
    fn a_failure_that_was_never_asked_about_frees_nothing() {
        let mut limiter = Limiter::new(&Limits { memory_bytes: 100, ..Limits::default() });
        assert!(limiter.memory_growing(0, 80, None).unwrap());
        limiter.memory_grow_failed(wasmtime::Error::msg("too large for its type")).unwrap();
        assert!(!limiter.memory_growing(80, 160, None).unwrap());
    }
}
