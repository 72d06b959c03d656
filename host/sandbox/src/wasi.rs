//! An empty WASI world, so that language runtimes can start: no files,
//! arguments, environment or network. Standard input is empty, and standard
//! output and standard error go to the log. A command has arguments, and its
//! standard input and output lead to the host. Clocks stand still, and random bytes
//! are always the same. It is not created for a plugin that does not import
//! WASI.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{self, DynPollable, InputStream, OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::output::{self, Output, Stream};
use crate::pipes::Pipes;
use crate::stdio::Stdio;

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
/// Maximum number of bytes that are written at once.
const WRITE_BYTES: usize = 64 << 10;
/// Maximum number of open handles (streams, pollables).
const HANDLES: usize = 1024;

/// The WASI state of an instance.
pub(crate) struct World {
    ctx: WasiCtx,
    table: ResourceTable,
}

impl World {
    /// A world that writes to `output`; that of a command, to its streams.
    pub(crate) fn new(output: &Output, stdio: Option<&Stdio>) -> Self {
        let pipes = stdio.map(|stdio| stdio.pipes.clone());
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let mut ctx = WasiCtx::builder();
        // Everything not set here is empty or closed by default.
        ctx.wall_clock(Still)
            .monotonic_clock(Still)
            .secure_random(random(b"secure"))
            .insecure_random(random(b"insecure"))
            .insecure_random_seed(0)
            .stdout(Written { output: output.clone(), pipes: pipes.clone(), stream: Stream::Output })
            .stderr(Written { output: output.clone(), pipes: pipes.clone(), stream: Stream::Error })
            .max_random_size(RANDOM_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        if let Some(pipes) = pipes {
            ctx.stdin(Read(pipes));
        }
        if let Some(stdio) = stdio {
            ctx.args(&stdio.arguments);
        }
        Self { ctx: ctx.build(), table }
    }

    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.ctx, table: &mut self.table }
    }
}

/// Lets components for `T` import the packages above.
pub(crate) fn add_to_linker<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    p2::add_to_linker_sync(linker)?;
    add_clock(linker)
}

/// Lets commands import the packages above. They pause where they wait.
pub(crate) fn add_to_linker_of_commands<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    p2::add_to_linker_async(linker)?;
    add_clock(linker)
}

fn add_clock<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
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

    /// As in the adapter for WASI 0.1.
    fn now(&self) -> u64 {
        1
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

/// Standard output or standard error. It takes everything at once.
#[derive(Clone)]
struct Written {
    output: Output,
    pipes: Option<Pipes>,
    stream: Stream,
}

impl IsTerminal for Written {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Written {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// Only WASI 0.3 asks for this one, which is not available.
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

impl OutputStream for Written {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let written = output::write(&self.output, self.pipes.as_ref(), (self.stream, &bytes));
        written.map_err(StreamError::Trap)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Written {
    async fn ready(&mut self) {}
}

/// Standard input of a command.
struct Read(Pipes);

impl IsTerminal for Read {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Read {
    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(Self(self.0.clone()))
    }

    /// As for [`Written`].
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncRead + Send + Sync> {
        Box::new(tokio::io::empty())
    }
}

impl InputStream for Read {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        match self.0.poll_read(size) {
            Poll::Ready(bytes) if bytes.is_empty() && size > 0 => Err(StreamError::Closed),
            Poll::Ready(bytes) => Ok(bytes.into()),
            Poll::Pending => Ok(Bytes::new()),
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Read {
    async fn ready(&mut self) {
        poll_fn(|_| self.0.poll_readable()).await;
    }
}
