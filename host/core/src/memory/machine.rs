//! Reads the state of the machine's memory: `/proc/meminfo`, the kernel's
//! pressure stall information (PSI), and the limits of this process's control
//! groups, of versions 1 and 2. A value that cannot be read is unknown, and
//! never an error.

mod places;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use self::places::Places;
use super::Facts;
use crate::locks;

/// Minimum interval between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// Inspects the machine once in a while.
#[derive(Debug)]
pub struct Watch {
    root: PathBuf,
    /// Determined at the first look: most small runs end without one.
    places: OnceLock<Places>,
    last: Mutex<Option<Look>>,
}

#[derive(Debug)]
struct Look {
    at: Instant,
    stalled_us: Option<u64>,
}

impl Watch {
    /// A watch over this process.
    #[must_use]
    pub fn new() -> Self {
        Self::under(Path::new("/"))
    }

    /// A watch that reads `proc` and `sys` below `root`.
    fn under(root: &Path) -> Self {
        Self { root: root.to_owned(), places: OnceLock::new(), last: Mutex::new(None) }
    }

    /// The state of the machine; `None` if it was reported a moment ago.
    pub fn look(&self) -> Option<Facts> {
        let mut last = locks::lock(&self.last);
        let now = Instant::now();
        let elapsed = last.as_ref().map(|last| now - last.at);
        if elapsed.is_some_and(|elapsed| elapsed < INTERVAL) {
            return None;
        }
        let places = self.places.get_or_init(|| Places::find(&self.root));
        let stalled_us = places.stalled_us();
        let before = last.replace(Look { at: now, stalled_us }).and_then(|last| last.stalled_us);
        let stalled_percent = match (before, stalled_us, elapsed) {
            (Some(before), Some(now), Some(elapsed)) => Some(percent(
                now.saturating_sub(before),
                u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            )),
            _ => None,
        };
        let left_percent = places.rooms().map(|room| percent(room.left, room.limit)).min();
        Some(Facts { stalled_percent, left_percent })
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes that this process can use without hurting other processes: the minimum
/// for the machine, every control group of the process, and its limit of private
/// memory. `None` when nothing is known.
#[must_use]
pub fn available_bytes() -> Option<u64> {
    let rooms = Places::find(Path::new("/")).rooms().map(|room| room.left).min();
    [rooms, private_limit_bytes()].into_iter().flatten().min()
}

/// The limit of this process's private memory (`ulimit -d`), if there is one.
#[must_use]
pub fn private_limit_bytes() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max data size"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// `part` of `whole` in percent, rounded down.
fn percent(part: u64, whole: u64) -> u8 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    u8::try_from(percent.min(100)).unwrap_or(100)
}
