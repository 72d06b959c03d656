//! The parent's side of the child with the network.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::certificates::certificates;
use crate::credentials::Credentials;
use crate::inside::COMMAND;
use crate::origin::{HTTPS_PORT, Origin};
use crate::proxy::Proxy;
use crate::realm::known;
use crate::wire::{self, Done, Hello, Reply, Request};

/// How often it is checked whether the run was stopped.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How much longer the parent waits than the child does.
const GRACE: Duration = Duration::from_secs(2);
/// The longest time that is waited, whatever the user says.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// What a user says of the network.
#[derive(Debug, Clone)]
pub struct Network {
    /// The file with the certificates of authorities to trust, in place of those of
    /// `$SSL_CERT_FILE`, `$SSL_CERT_DIR` and of the system.
    pub ca_file: Option<PathBuf>,
    /// The time that all requests to one server may take together.
    pub timeout: Duration,
}

/// A child that speaks to one server. It is killed when this is dropped.
pub struct Connection<'c> {
    child: Child,
    requests: Timed<'c>,
    replies: Timed<'c>,
    origin: Origin,
    cancel: Cancel<'c>,
}

impl std::fmt::Debug for Connection<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl<'c> Connection<'c> {
    /// Starts a child: this very program, whose `main` must begin with
    /// [`child_main`](crate::child_main). `realms` are further addresses where the
    /// login may be sent.
    ///
    /// # Errors
    /// If it cannot be started, or there are no certificates.
    pub fn open(
        origin: &Origin,
        credentials: Option<Credentials>,
        mut realms: Vec<String>,
        network: &Network,
        cancel: Cancel<'c>,
    ) -> Result<Self> {
        let certificates = certificates(network.ca_file.as_deref())?;
        let proxy = Proxy::of_environment()?;
        realms.extend(known(origin));
        let mut ports = vec![HTTPS_PORT, origin.port()];
        ports.extend(realms.iter().filter_map(|realm| Some(Origin::of_url(realm).ok()?.0.port())));
        ports.extend(proxy.as_ref().map(Proxy::client).transpose()?.map(|proxy| proxy.port()));
        let cannot = |error: io::Error| {
            Error::new(Kind::Io, "cannot start the process for the network").because(error)
        };
        let mut child = Command::new("/proc/self/exe")
            .arg0("runner")
            .arg(COMMAND)
            .arg(std::process::id().to_string())
            .args(ports.iter().map(ToString::to_string))
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(cannot)?;
        let pipes = child.stdin.take().map(OwnedFd::from).zip(child.stdout.take().map(OwnedFd::from));
        let (requests, replies) = pipes.ok_or_else(|| cannot(ErrorKind::BrokenPipe.into()))?;
        let timeout = network.timeout.min(LONGEST);
        let end = Instant::now() + timeout + GRACE;
        let timed = |pipe: OwnedFd| Timed::new(pipe, end, cancel).map_err(cannot);
        let mut opened = Self {
            child,
            requests: timed(requests)?,
            replies: timed(replies)?,
            origin: origin.clone(),
            cancel,
        };
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let hello = Hello { origin: origin.clone(), credentials, realms, proxy, timeout_ms };
        wire::write(&mut opened.requests, &hello, &certificates).map_err(|error| opened.failed(&error))?;
        Ok(opened)
    }

    /// The server.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Does a request.
    ///
    /// # Errors
    /// Any failure of the child or of the server.
    pub(crate) fn ask(&mut self, request: &Request, body: &[u8]) -> Result<(Done, Vec<u8>)> {
        let limit = request.limit_bytes.max(wire::COMPLAINT_BYTES);
        let sent = wire::write(&mut self.requests, request, body);
        let read = sent.and_then(|()| wire::read::<Reply>(&mut self.replies, limit));
        match read.map_err(|error| self.failed(&error))? {
            Some((Reply::Done(done), body)) => Ok((done, body)),
            Some((Reply::Failed(failure), _)) => Err(failure.into()),
            None => Err(self.failed(&ErrorKind::UnexpectedEof.into())),
        }
    }

    fn failed(&self, error: &io::Error) -> Error {
        if let Err(stopped) = self.cancel.check() {
            return stopped;
        }
        if error.kind() == ErrorKind::TimedOut {
            return Error::new(Kind::Interrupted, format!("{} has not answered in time", self.origin))
                .hint("try again, or give it more time with --network-timeout");
        }
        Error::new(Kind::Io, format!("the process that speaks to {} has failed", self.origin))
            .because(error.to_string())
            .hint("nothing was taken from it; the server may send what it should not")
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        // Both fail only if the child has ended and has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One end of a pipe to a child that may not do its part in time.
struct Timed<'c> {
    pipe: File,
    end: Instant,
    cancel: Cancel<'c>,
}

impl<'c> Timed<'c> {
    fn new(pipe: OwnedFd, end: Instant, cancel: Cancel<'c>) -> io::Result<Self> {
        let flags = fcntl_getfl(&pipe)?;
        fcntl_setfl(&pipe, flags | OFlags::NONBLOCK)?;
        Ok(Self { pipe: pipe.into(), end, cancel })
    }

    /// Tries until it can be done.
    fn when<T>(
        &mut self,
        flags: PollFlags,
        mut attempt: impl FnMut(&mut File) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match attempt(&mut self.pipe) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                done => return done,
            }
            let left = self.end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            if self.cancel.check().is_err() {
                return Err(io::Error::other("stopped"));
            }
            let timeout = Timespec::try_from(left.min(POLL_INTERVAL)).ok();
            match poll(&mut [PollFd::new(&self.pipe.as_fd(), flags)], timeout.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.when(PollFlags::IN, |pipe| pipe.read(into))
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.when(PollFlags::OUT, |pipe| pipe.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
