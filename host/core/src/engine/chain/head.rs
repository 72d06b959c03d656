//! Begins several plugins on a file. Each gets the head of the file as those
//! before it leave it.

use runner_contract::{FileHead, HEAD_BYTES};

use super::agree;
use super::around::too_little;
use super::stage::Stage;
use super::{Chain, Scene, looks_ahead};
use crate::cancel::Cancel;
use crate::engine::framing::{Cutter, MIN_RECORD_LIMIT_BYTES, View};
use crate::engine::readable::{self, NoText};
use crate::engine::transform::{Begun, Instance};
use crate::engine::window::{BLOCK_BYTES, Context, Shows};
use crate::error::Result;
use crate::memory::Budget;

/// How many bytes of a file several plugins should get to begin: earlier ones
/// may remove most of them.
pub const CHAIN_HEAD_BYTES: usize = 16 << 20;

/// One of several plugins.
pub struct Member<'a> {
    /// Its name in messages and counts, unlike those of the others.
    pub name: String,
    /// Begins on a file.
    pub begin: &'a dyn Fn(FileHead<'_>) -> Result<Begun>,
}

/// Begins with several plugins: the job and the instance of all of them
/// together. The head of a file should have [`CHAIN_HEAD_BYTES`]. A later plugin
/// that reads text must see text, unless it is to see everything as it is;
/// whether the first one does is checked by whoever has the file.
///
/// # Errors
/// Those of the plugins; [`Kind::Usage`](crate::error::Kind::Usage) if they
/// cannot run in one pass; when the budget has no room for what they make of the
/// head.
pub fn begin(members: &[Member<'_>], head: FileHead<'_>, no_text: NoText, budget: &Budget) -> Result<Begun> {
    let mut chain = Chain::new(Vec::new());
    for member in members {
        let (made, size) = match chain.stages.is_empty() {
            true => (None, head.size),
            false => next_head(&mut chain, head, budget).map(|(made, size)| (Some(made), size))?,
        };
        let bytes = made.as_deref().unwrap_or(head.head);
        let shown = &bytes[..bytes.len().min(HEAD_BYTES)];
        let (job, instance) = (member.begin)(FileHead { size, head: shown, seed: head.seed })?;
        if made.is_some() {
            readable::check(&job, shown, no_text).map_err(|error| error.of_plugin(&member.name))?;
        }
        chain.stages.push(Stage::new(member.name.clone(), job, instance, budget)?);
        // Before the next plugin is asked anything.
        agree::framing(&chain.stages)?;
        if let (None, Some(stage)) = (head.size, chain.stages.iter().find(|stage| stage.overlaps())) {
            return Err(looks_ahead(&stage.name));
        }
    }
    let job = agree::job(&chain.stages, agree::framing(&chain.stages)?);
    Ok((job, Instance::Chain(Box::new(chain))))
}

/// The head of the file as the plugins so far leave it, and its size, if that is
/// all of the file.
fn next_head(chain: &mut Chain, head: FileHead<'_>, budget: &Budget) -> Result<(Vec<u8>, Option<u64>)> {
    let framing = agree::framing(&chain.stages)?;
    let job = agree::job(&chain.stages, framing);
    let cutter = Cutter::new(&job.framing, MIN_RECORD_LIMIT_BYTES);
    let bytes = head.head;
    let is_whole = head.size == Some(bytes.len() as u64);
    let view = View { base: 0, bytes, end: is_whole };
    let context = Context {
        job: &job,
        cutter: &cutter,
        finder: None,
        window_bytes: BLOCK_BYTES,
        record_limit: MIN_RECORD_LIMIT_BYTES,
        shows: Shows::Candidates,
        budget,
        cancel: Cancel::NEVER,
        whole: Some(view),
    };
    let scene = Scene { context: &context, view, whole: view, started: None, ends_for: None, asked: false };
    let mut want = HEAD_BYTES as u64;
    loop {
        let end = match want < view.limit() {
            true => cutter.next_boundary(&view, 0, want)?.unwrap_or_default(),
            false if is_whole => view.limit(),
            // Of a stream, there is no more yet.
            false if head.size.is_none() => cutter.last_boundary(&view, 0)?,
            false => return Err(too_little()),
        };
        let is_all = is_whole && end == view.limit();
        let upto = chain.stages.len();
        let text = if end == 0 { Vec::new() } else { chain.text_of(&scene, &(0..end), upto)? };
        // An empty head would be that of an empty file.
        if !is_all && text.is_empty() && (head.size.is_none() || end == 0) {
            return Err(too_little());
        }
        if is_all || text.len() >= HEAD_BYTES || head.size.is_none() {
            let size = is_all.then_some(text.len() as u64);
            return Ok((text, size));
        }
        want = want.saturating_mul(4);
    }
}
