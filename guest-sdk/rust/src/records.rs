//! Plugins that look at one record at a time, in positions of the record.

use runner_contract::{ByteOrder, Edits, Failure, FileHead, Framing, Job, Manifest, Window};

use crate::record_edits::RecordEdits;
use crate::{FromParams, Params, Plugin};

/// Any error. `?` converts every error to it, and `.into()` every text. A
/// [`Failure`] in it keeps its position.
pub type Error = Box<dyn std::error::Error>;

/// A plugin that looks at one record at a time. [`Records`] makes a [`Plugin`] of it.
///
/// It needs a framing that has records; with a projection, its records are the
/// fields that are shown. For an empty file nothing is called.
pub trait RecordPlugin: Sized {
    /// The parameters: a type with `#[derive(Params)]`, or `()`.
    type Options: FromParams;

    /// Describes the plugin, without its parameters.
    fn describe() -> Manifest;

    /// Starts on a file; see [`Plugin::begin`].
    ///
    /// # Errors
    /// Any error: its message is shown to the user, and the file stays untouched.
    fn begin(options: Self::Options, file: &FileHead<'_>) -> Result<(Self, Job), Error>;

    /// Processes one record. The position of a [`Failure`] is one of the record.
    ///
    /// # Errors
    /// Any error: its message is shown to the user, and the file stays untouched.
    fn record(&mut self, record: &Record<'_>, edits: &mut RecordEdits<'_>) -> Result<(), Error>;
}

/// One record of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its bytes, without what ends it: the delimiter of lines and of quoted records.
    pub bytes: &'a [u8],
    /// What ends it. It is empty at the end of a file, and with framings that have
    /// no delimiter.
    pub end: &'a [u8],
    /// Where it starts in the window.
    pub start: usize,
    /// A bit for each prefilter that it matches, if the job has several or shows all.
    pub matches: u64,
    /// With a projection, which field of a record this is, counted from 0.
    pub field: Option<u32>,
    /// The last position at which something may be inserted.
    pub(crate) room: usize,
}

/// The [`Plugin`] that shows each record to a [`RecordPlugin`]:
/// `export!(Records<MyPlugin>)`.
#[derive(Debug)]
pub struct Records<P> {
    plugin: P,
    framing: Framing,
    is_projected: bool,
}

impl<P: RecordPlugin> Plugin for Records<P> {
    fn describe() -> Manifest {
        P::describe().params(P::Options::specs())
    }

    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let (plugin, job) = P::begin(P::Options::from_params(params)?, file)?;
        if matches!(job.framing, Framing::Bytes | Framing::Overlapping { .. } | Framing::Sequential) {
            return Err("mistake in the plugin: its framing has no records".into());
        }
        let (framing, is_projected) = (job.framing.clone(), job.projection.is_some());
        Ok((Self { plugin, framing, is_projected }, job))
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        let mut matches = window.matches.iter().peekable();
        let plugin = &mut self.plugin;
        let mut show = |mut record: Record<'_>, edits: &mut Edits| {
            while matches.next_if(|one| (one.start as usize) < record.start).is_some() {}
            record.matches =
                matches.next_if(|one| one.start as usize == record.start).map_or(0, |one| one.ids);
            let shown = plugin.record(&record, &mut RecordEdits::new(edits, record));
            shown.map_err(|error| {
                let failure = Failure::from(error);
                let position = failure.position.map(|at| at.saturating_add(record.start));
                Failure { position, ..failure }
            })
        };
        if self.is_projected {
            for (start, field, bytes) in window.shown_fields() {
                let room = bytes.len();
                let record = Record { bytes, end: b"", start, matches: 0, field: Some(field), room };
                show(record, edits)?;
            }
            return Ok(());
        }
        for (start, bytes) in parts(window, &self.framing) {
            show(Record::new(window, &self.framing, (start, bytes)), edits)?;
        }
        Ok(())
    }
}

impl<'a> Record<'a> {
    fn new(window: &Window<'a>, framing: &Framing, (start, bytes): (usize, &'a [u8])) -> Self {
        let kept = match framing {
            Framing::Delimited(delimiter) => bytes.strip_suffix(delimiter.as_slice()),
            Framing::Quoted { delimiter, .. } => bytes.strip_suffix(&[*delimiter]),
            _ => None,
        };
        let (bytes, end) = bytes.split_at(kept.unwrap_or(bytes).len());
        // What is inserted after a record belongs to the next one.
        let is_last = window.last && start + bytes.len() == window.bytes.len();
        let room = if !end.is_empty() || is_last { bytes.len() } else { bytes.len().saturating_sub(1) };
        Self { bytes, end, start, matches: 0, field: None, room }
    }
}

/// The records of a window: where each starts, and its bytes.
fn parts<'a>(window: &Window<'a>, framing: &'a Framing) -> Box<dyn Iterator<Item = (usize, &'a [u8])> + 'a> {
    match *framing {
        Framing::Delimited(ref delimiter) => Box::new(window.delimited(delimiter)),
        Framing::Quoted { delimiter, quote } => Box::new(window.quoted(delimiter, quote)),
        Framing::Fixed { size, .. } => Box::new(window.fixed(usize::try_from(size).unwrap_or(usize::MAX))),
        Framing::LengthPrefixed { offset, width, order, adjustment, .. } => {
            let order: ByteOrder = order;
            Box::new(window.length_prefixed(offset, width, order, adjustment))
        }
        Framing::Bytes | Framing::Overlapping { .. } | Framing::Sequential => Box::new(std::iter::empty()),
    }
}
