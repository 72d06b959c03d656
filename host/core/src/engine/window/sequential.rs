//! The windows of a sequential framing: one after the other, each as long as the
//! plugin wants.

use runner_contract::Window;

use super::{Context, answer, slice};
use crate::engine::framing::View;
use crate::engine::transform::Transform;
use crate::engine::validate::{Found, Origin, Piece, broken};
use crate::error::{Error, Kind, Result};
use crate::escape::{count, group_digits};

/// The position to which a plugin skips that wants to see nothing more.
const REST: u64 = u64::MAX;

/// The position of a sequential scan.
#[derive(Debug, Clone, Copy)]
pub struct Position {
    /// The next byte to show.
    pub at: u64,
    /// The number of bytes to show.
    pub want: u64,
    /// Whether the last window was shown.
    pub is_over: bool,
}

impl Position {
    /// The start of a scan, whose windows have this size.
    #[must_use]
    pub fn start(window_bytes: u64) -> Self {
        Self { at: 0, want: window_bytes, is_over: false }
    }

    /// Whether no window is left: the last one was shown, or the plugin has skipped
    /// the rest, as far as offsets go.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_over || self.at == REST
    }

    /// Whether there is a window to show that starts before `until`. One of a file
    /// that is not empty is the last one. So an empty window follows a skip to the
    /// very end.
    pub(crate) fn is_due(&self, view: &View<'_>, until: u64) -> bool {
        let is_at_end = view.end && self.at == view.limit() && self.at > 0 && until >= self.at;
        self.at < until || is_at_end && !self.is_over
    }

    /// Refuses a skip beyond the end of the file, whose last window would never be
    /// shown. A skip of the whole rest is none.
    ///
    /// # Errors
    /// [`Kind::Io`], because most often that is what the file holds.
    pub(crate) fn check(&self, view: &View<'_>) -> Result<()> {
        if !view.end || self.at <= view.limit() || self.at == REST {
            return Ok(());
        }
        let (to, end) = (group_digits(self.at), group_digits(view.limit()));
        let what = format!("the plugin skips to offset {to}, beyond the end of the file at {end}");
        Err(Error::new(Kind::Io, what)
            .hint("the file may be cut short, or not be what the plugin takes it for"))
    }
}

/// The error for a value, a row or the like that is longer than a window can
/// be: most often, that is what the file holds, not a fault of the plugin.
fn too_long(start: u64, limit: u64) -> Error {
    let (start, limit) = (group_digits(start), count(limit, "byte"));
    let what =
        format!("the plugin needs more than {limit} at once, which is the limit, from offset {start} on");
    Error::new(Kind::Io, what).hint(
        "a quote that is never closed turns everything after it into one value; otherwise raise the limit \
         with `--window`, up to 1GiB",
    )
}

/// Adds the edits of the sequential windows that start before `until`, as far
/// as they are in view, to what was found before; advances `position`.
///
/// # Errors
/// As for [`find`](super::find).
pub fn find_sequential(
    context: &Context<'_>,
    view: &View<'_>,
    transform: &mut dyn Transform,
    (position, until): (&mut Position, u64),
    mut found: Found,
) -> Result<Found> {
    let view_end = view.limit();
    while position.is_due(view, until) {
        let end = position.at.saturating_add(position.want).min(view_end);
        // Whether the window is the last one shows only after its end.
        if end == view_end && !view.end {
            break;
        }
        let bytes = slice(view, &(position.at..end));
        let last = view.end && end == view_end;
        let window = Window::new(position.at, bytes).last(last);
        let piece = Piece { at: 0, offset: position.at, bytes: bytes.len() as u32 };
        let reply = answer(context, transform, &window, &Origin(&[piece]), &mut found)?;
        let shown = bytes.len() as u64;
        // More is a skip of the rest, or one beyond the end, which `Position::check` refuses.
        if last && reply.consumed < shown {
            return Err(broken(&window, &format!("consumed {} of the last {shown} bytes", reply.consumed)));
        }
        position.is_over |= last;
        // The next window is longer than what was left, so that the plugin
        // makes progress.
        let left = shown.saturating_sub(reply.consumed);
        position.want = if left == shown { 2 * position.want } else { context.window_bytes.max(left + 1) };
        if position.want > context.longest_window() {
            return Err(too_long(position.at.saturating_add(reply.consumed), context.longest_window()));
        }
        position.at = position.at.saturating_add(reply.consumed);
    }
    Ok(found)
}
