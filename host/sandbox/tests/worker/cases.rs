//! What a case is.

use runner_contract::{Framing, Job, Manifest};
use runner_pipeline::error::Kind;
use runner_sandbox::testing::{Outcome, Reply, Request, WHOLE, encode};

/// What a worker does, and what it comes to.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) job: Job,
    /// `None` for what an honest worker does.
    pub(crate) act: Box<Acts>,
    pub(crate) ends: Ends,
    pub(crate) budget: bool,
    /// Whether the input is a pipe.
    pub(crate) piped: bool,
    /// How many files are done.
    pub(crate) rounds: usize,
}

/// What a worker does when it is asked.
type Acts = dyn Fn(&Ask<'_>) -> Option<Act> + Send + Sync;

/// What a worker is asked.
pub(crate) struct Ask<'a> {
    pub(crate) request: &'a Request,
    /// The number of the lane.
    pub(crate) lane: usize,
    /// How many requests the lane had before.
    pub(crate) before: u64,
    /// The longest reply.
    pub(crate) limit: usize,
}

/// What a worker does then.
pub(crate) enum Act {
    /// Sends a reply of this kind.
    Send(u32, Vec<u8>),
    /// Publishes a head: how far its sequence number is off, kind, length.
    Head(u64, u64, u64),
    /// Sends one reply, and another at the same time, without end.
    Race(Vec<u8>, Vec<u8>),
    Hang,
    Exit,
    Abort,
    Kill,
    Stop,
}

/// What a run with such a worker comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ends {
    /// A reply is refused: the error says this.
    Refused(&'static str),
    /// An error of this kind, which says this.
    Error(Kind, &'static str),
    /// The deadline passes.
    Late,
    /// The worker dies.
    Died,
    /// The file is as the worker should have left it: unchanged.
    Unchanged,
    /// Either of the two, depending on who comes first.
    UnchangedOr(&'static str),
    /// An error, or edits of single bytes to `x` or `y`.
    RacedEdits,
}

impl Case {
    pub(crate) fn new(
        name: impl Into<String>,
        ends: Ends,
        act: impl Fn(&Ask<'_>) -> Option<Act> + Send + Sync + 'static,
    ) -> Self {
        let job = job(Framing::Bytes);
        Self { name: name.into(), job, act: Box::new(act), ends, budget: false, piped: false, rounds: 1 }
    }

    pub(crate) fn with(self, job: Job) -> Self {
        Self { job, ..self }
    }
}

pub(crate) fn job(framing: Framing) -> Job {
    Job::new(framing)
}

pub(crate) fn manifest() -> Manifest {
    Manifest::new("played", "1", "Played")
}

/// A reply without a log.
pub(crate) fn reply(outcome: Outcome) -> Vec<u8> {
    let mut message = Vec::new();
    encode(
        &Reply { log: Vec::new(), times: Vec::new(), instructions: None, memory_bytes: None, outcome },
        &mut message,
    );
    message
}

pub(crate) fn send(outcome: Outcome) -> Option<Act> {
    Some(Act::Send(WHOLE, reply(outcome)))
}

/// What a worker answers whose plugin changes nothing.
pub(crate) fn honest(job: &Job, request: &Request) -> Vec<u8> {
    let edits =
        |position| Outcome::Edits { count: 0, new_bytes: 0, touched: None, position, counts: Vec::new() };
    reply(match request {
        Request::DescribeTwice => {
            Outcome::Described { manifests: Box::new((manifest(), manifest())), imports: Vec::new() }
        }
        Request::Load(_) => Outcome::Loaded { manifest: manifest(), layers: String::new() },
        Request::Begin { .. } => Outcome::Begun(job.clone()),
        Request::Table { .. } => Outcome::Table { is_complete: true },
        Request::Records { .. } => edits(None),
        Request::Sequential { view, sizes, .. } => {
            edits(Some((view.base + view.bytes - u64::from(!view.end), sizes.window_bytes, view.end)))
        }
        Request::Settled { from, .. } => Outcome::Settled(*from),
        Request::More | Request::Drop => Outcome::Dropped,
    })
}

/// The step of a request, and that request's name.
pub(crate) const STEPS: [&str; 6] = ["load", "begin", "records", "sequential", "settled", "drop"];

pub(crate) fn step(request: &Request) -> &'static str {
    match request {
        Request::Load(_) => "load",
        Request::DescribeTwice => "describe twice",
        Request::Begin { .. } => "begin",
        Request::Table { .. } => "table",
        Request::Records { .. } => "records",
        Request::Sequential { .. } => "sequential",
        Request::Settled { .. } => "settled",
        Request::Drop => "drop",
        Request::More => "more",
    }
}

/// A job in which a worker is asked for this.
pub(crate) fn job_with(step: &str) -> Job {
    match step {
        "sequential" => job(Framing::Sequential),
        "settled" => job(Framing::Overlapping { before: 4, after: 4 }).literals(["##"]),
        _ => job(Framing::Bytes),
    }
}

/// A case in which somebody asks for this step.
pub(crate) fn of(
    step: &str,
    what: &str,
    ends: Ends,
    act: impl Fn(&Ask<'_>) -> Option<Act> + Send + Sync + 'static,
) -> Case {
    let case = Case::new(format!("{step}/{what}"), ends, act).with(job_with(step));
    // Only then is it asked what is settled.
    Case { piped: step == "settled", ..case }
}

/// A case about one step.
pub(crate) fn at(
    step: &'static str,
    what: &str,
    ends: Ends,
    act: impl Fn(&Ask<'_>) -> Option<Act> + Send + Sync + 'static,
) -> Case {
    let act = move |ask: &Ask<'_>| if self::step(ask.request) == step { act(ask) } else { None };
    of(step, what, ends, act)
}
