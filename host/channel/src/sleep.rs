//! Who sleeps, and who wakes: the protocol, apart from futexes.
//!
//! One thread sleeps on a bell; others ring it. A bell is a word that says
//! [`ASLEEP`] or [`AWAKE`]:
//!
//! - The sleeper says `ASLEEP`, *then* looks whether there is news, and sleeps
//!   only while the word still says `ASLEEP` (the kernel checks that).
//! - The ringer brings the news, *then* says `AWAKE`, and wakes if the word said
//!   `ASLEEP`.
//!
//! No wake-up is lost. Both sides exchange the value of the same word, so one
//! exchange comes first. If the sleeper's does, the ringer sees `ASLEEP` and
//! wakes, or the kernel sees `AWAKE` and does not let it sleep. If the ringer's
//! does, the sleeper's exchange reads from it and so sees the news.
//!
//! An exchange always succeeds, whatever the other process does to the word
//! meanwhile: at worst, a thread is woken needlessly or not at all. That is why
//! the parent also sleeps on a word of its own memory; see `futex.rs`.

/// Nobody sleeps on the bell, or whoever does is about to be woken.
pub(crate) const AWAKE: u32 = 0;
/// Somebody sleeps on the bell or is about to.
pub(crate) const ASLEEP: u32 = 1;

/// A word that one thread sleeps on.
pub(crate) trait Bell {
    /// Exchanges the value, with acquire and release ordering.
    fn swap(&self, value: u32) -> u32;

    /// Wakes the thread that sleeps on the word, if there is one.
    fn wake(&self);
}

/// Tells the sleeper of news that were published before.
pub(crate) fn ring(bell: &impl Bell) {
    if bell.swap(AWAKE) != AWAKE {
        bell.wake();
    }
}

/// Waits until there is news, and returns them. `sleep` sleeps while `bell` says
/// [`ASLEEP`]; it may return early.
///
/// # Errors
/// That of `sleep`, if there is no news then.
pub(crate) fn wait<T, E>(
    bell: &impl Bell,
    mut news: impl FnMut() -> Option<T>,
    mut sleep: impl FnMut() -> Result<(), E>,
) -> Result<T, E> {
    if let Some(news) = news() {
        return Ok(news);
    }
    loop {
        bell.swap(ASLEEP);
        let slept = match news() {
            Some(news) => Ok(news),
            None => match sleep() {
                Ok(()) => continue,
                Err(error) => news().ok_or(error),
            },
        };
        // Spares the other side a call.
        bell.swap(AWAKE);
        return slept;
    }
}

#[cfg(test)]
mod model;
