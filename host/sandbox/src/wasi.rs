//! An empty WASI world, so that language runtimes can start: no files,
//! arguments, environment or network. Standard input is empty and standard
//! output is discarded. Clocks stand still, and random bytes are always the
//! same. It is not created for a plugin that does not import WASI.

use std::time::Duration;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{self, DynPollable};
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// The packages that the empty world covers.
pub(crate) const PACKAGES: [&str; 6] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// The time of every clock since 1970: the last second of 2000, so that no
/// program takes it for an unset clock.
const NOW: Duration = Duration::from_secs(978_307_199);
/// Number of random bytes before they repeat.
const RANDOM_BYTES: usize = 4096;
/// Maximum number of random bytes per call; the host allocates them.
const RANDOM_MAX: u64 = 1 << 20;
/// Maximum number of open handles (streams, pollables).
const HANDLES: usize = 1024;

/// The WASI state of an instance.
pub(crate) struct World {
    ctx: WasiCtx,
    table: ResourceTable,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let mut ctx = WasiCtx::builder();
        // Everything not set here is empty or closed by default.
        ctx.wall_clock(Still)
            .monotonic_clock(Still)
            .secure_random(random(b"secure"))
            .insecure_random(random(b"insecure"))
            .insecure_random_seed(0)
            .max_random_size(RANDOM_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        Self { ctx: ctx.build(), table }
    }

    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.ctx, table: &mut self.table }
    }
}

/// Lets components for `T` import the packages above.
pub(crate) fn add_to_linker<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    p2::add_to_linker_sync(linker)?;
    // The original functions really sleep, in host code, where no deadline ends
    // them.
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<T, NoSleep>(linker, |state| Awake(state.clocks()))?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What a thread must have entered that runs a plugin where no threads can be
/// started. Functions of WASI that may wait would start some otherwise, and
/// what they use to wait for the system; here there is nothing to wait for.
pub(crate) fn waits_on_this_thread() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().build()
}

fn random(label: &[u8]) -> Deterministic {
    let mut bytes = vec![0; RANDOM_BYTES];
    blake3::Hasher::new().update(b"runner random ").update(label).finalize_xof().fill(&mut bytes);
    Deterministic::new(bytes)
}

/// A clock that stands still.
struct Still;

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        NOW
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

/// `wasi:clocks/monotonic-clock` in which every wait ends immediately.
struct NoSleep;

impl HasData for NoSleep {
    type Data<'a> = Awake<'a>;
}

struct Awake<'a>(WasiClocksCtxView<'a>);

impl monotonic_clock::Host for Awake<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.0.now()
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        self.0.resolution()
    }

    fn subscribe_instant(&mut self, _when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.0.subscribe_duration(0)
    }

    fn subscribe_duration(&mut self, _duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.0.subscribe_duration(0)
    }
}
