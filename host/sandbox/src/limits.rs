//! What one instance may use of the host, other than time.

use std::time::Duration;

use runner_pipeline::cancel::CancelToken;
use runner_pipeline::memory::{Budget, Denied, Lease};
use wasmtime::ResourceLimiter;

/// What a plugin may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Linear memory of one instance, all its memories together.
    pub memory_bytes: u64,
    /// What the memories of all instances draw on.
    pub budget: Budget,
    /// Time for one call; starting an instance counts as a call.
    pub deadline: Duration,
    /// Ends calls, and compiling, before their deadline.
    pub cancel: CancelToken,
}

impl Default for Limits {
    /// 256 MiB and ten seconds.
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            budget: Budget::UNLIMITED,
            deadline: Duration::from_secs(10),
            cancel: CancelToken::NEVER,
        }
    }
}

/// The longest plugin. What ships a whole interpreter (Python, JavaScript)
/// has 12 to 35 MB.
pub const MAX_PLUGIN_BYTES: u64 = 64 << 20;
/// Memory of the process that compiles.
pub(crate) const COMPILE_MEMORY_BYTES: u64 = 2 << 30;
/// Native code of one plugin.
pub(crate) const CODE_BYTES: usize = 256 << 20;

/// Elements of all tables together: 8 MiB of host memory. An interpreter
/// compiled to WebAssembly has some ten thousand.
const TABLE_ELEMENTS: usize = 1 << 20;
/// Bytes of a table's element.
const ELEMENT_BYTES: usize = 8;
/// Core instances. Wrapping a core module takes three or four, an interpreter
/// linked from shared libraries a few dozen.
const INSTANCES: usize = 256;
/// Tables.
const TABLES: usize = 256;
/// Memories. Each one reserves 4 GiB of address space.
const MEMORIES: usize = 16;

/// How wasmtime says that a memory may not be that large by its type.
const BEYOND_ITS_WORD: [&str; 2] =
    ["memory growth exceeds memory type's limits", "Memory maximum size exceeded"];

/// Bytes a guest may hand over in `describe`: a manifest is a few lines.
pub(crate) const DESCRIBE_FUEL: usize = 1 << 20;
/// Bytes a guest may hand over in `begin`: a prefilter may hold many literals.
pub(crate) const BEGIN_FUEL: usize = 16 << 20;

/// Bytes a guest may hand over in the answer to a window. Lists of a reply
/// may overlap in the guest's memory and state any length, so it is this, not
/// the memory cap, which bounds what the host allocates. Eight times the
/// window leaves room for what expands text most (escapes, hex dumps) at any
/// size of window; the constant is for small windows with large answers.
pub fn reply_fuel(window_bytes: usize) -> usize {
    (64 << 20) + window_bytes.saturating_mul(8)
}

/// Counts what an instance has and refuses more than its limits, and more
/// than is left of the budget that it shares with others.
///
/// A guest may carry on when it is refused what goes beyond its own limits:
/// those are the same in every run. What is left of the budget is not, so
/// there a refusal ends the call, and with it the instance.
pub(crate) struct Limiter {
    memory_max: usize,
    memory_bytes: usize,
    table_elements: usize,
    memory_denied: bool,
    /// What was drawn; given back when the instance is gone.
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

    /// Draws on the budget.
    ///
    /// # Errors
    /// When the budget does not have that much left.
    pub(crate) fn draw(&mut self, more_bytes: usize) -> wasmtime::Result<()> {
        self.lease.grow(more_bytes).map_err(|denied| {
            self.budget_denied = Some(denied);
            wasmtime::Error::new(denied)
        })
    }

    /// Why the budget has ended the call, if it has.
    pub(crate) fn budget_denied(&self) -> Option<Denied> {
        self.budget_denied
    }

    /// Forgets earlier denials: a guest that carried on without the memory is
    /// not failing for want of it any more.
    pub(crate) fn start_call(&mut self) {
        self.memory_denied = false;
    }

    /// Whether more memory was denied in this call.
    pub(crate) fn memory_denied(&self) -> bool {
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
        // What a module asks beyond its own word fails in every run. What the
        // machine does not give today it may give tomorrow, so that is no
        // answer either.
        let text = error.root_cause().to_string();
        if BEYOND_ITS_WORD.contains(&text.as_str()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use runner_pipeline::memory::Plan;

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
    fn what_the_budget_denies_ends_the_call() {
        let plan = Plan {
            workers: 2,
            total_bytes: 1000,
            pool_bytes: 100,
            reply_bytes: 0,
            files: 1,
            file_bytes: 8 << 20,
        };
        let budget = Budget::new(&plan);
        let limits = Limits { memory_bytes: 90, budget: budget.clone(), ..Limits::default() };
        let (mut a, mut b) = (Limiter::new(&limits), Limiter::new(&limits));
        assert!(a.memory_growing(0, 60, None).unwrap());
        assert!(!a.memory_growing(60, 91, None).unwrap(), "its own limit comes first");
        assert!(a.budget_denied().is_none());
        assert!(b.memory_growing(0, 41, None).is_err());
        assert!(b.budget_denied().is_some() && !b.memory_denied());
        assert!(b.table_growing(0, 6, None).is_err(), "six elements are 48 bytes");
        assert!(b.table_growing(0, 5, None).unwrap());
        assert_eq!(budget.leased_bytes(), 100);
        drop((a, b));
        assert_eq!(budget.leased_bytes(), 0);
    }

    #[test]
    fn a_failure_that_was_never_asked_about_frees_nothing() {
        let mut limiter = Limiter::new(&Limits { memory_bytes: 100, ..Limits::default() });
        assert!(limiter.memory_growing(0, 80, None).unwrap());
        limiter.memory_grow_failed(wasmtime::Error::msg(BEYOND_ITS_WORD[0])).unwrap();
        assert!(!limiter.memory_growing(80, 160, None).unwrap());
    }

    #[test]
    fn what_the_machine_denies_ends_the_call() {
        let mut limiter = Limiter::new(&Limits::default());
        assert!(limiter.memory_grow_failed(wasmtime::Error::msg("Cannot allocate memory")).is_err());
    }
}
