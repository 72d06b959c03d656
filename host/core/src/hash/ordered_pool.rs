//! Distributes pieces of work to several threads, and returns the results in
//! the original order.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::error::{Error, Kind, Result};
use crate::stack;

/// Maximum number of pieces per thread: enough to keep it busy while the
/// feeding thread waits for a core.
const PIECES: usize = 8;

/// Calls `feed`, which submits pieces. Each thread calls `worker` once, and the
/// returned function for each of its pieces. Every result is passed to `take`,
/// in the order of the pieces, on the calling thread. With one thread, all the
/// work is done on the calling thread.
///
/// # Errors
/// The first error of `feed` or `take`; after it, no result is taken.
///
/// # Panics
/// When a worker panics.
pub fn in_order<I: Send, T: Send, W: FnMut(I) -> T>(
    threads: usize,
    worker: impl Fn() -> W + Sync,
    feed: impl FnOnce(&mut dyn FnMut(I) -> Result<()>) -> Result<()>,
    mut take: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    if threads <= 1 {
        let mut work = worker();
        return feed(&mut |piece| take(work(piece)));
    }
    thread::scope(|scope| {
        let (worker, mut channels) = (&worker, Vec::new());
        let (mut fed, mut taken) = (0, 0);
        let mut next = |channels: &[Channels<I, T>], taken: &mut usize| {
            let pair = &channels[*taken % threads];
            *taken += 1;
            take(pair.results.recv().map_err(|_| ended())?)
        };
        feed(&mut |piece| {
            if channels.len() < threads {
                // A thread is started when there is a piece for it.
                let ((pieces, given), (done, results)) = (channel(), channel());
                stack::spawn(scope, move || {
                    let mut work = worker();
                    // If the receiver is gone, the remaining results are not
                    // needed.
                    given.into_iter().all(|piece| done.send(work(piece)).is_ok())
                })?;
                channels.push(Channels { pieces, results });
            }
            if fed - taken == threads * PIECES {
                next(&channels, &mut taken)?;
            }
            fed += 1;
            channels[(fed - 1) % threads].pieces.send(piece).map_err(|_| ended())
        })?;
        while taken < fed {
            next(&channels, &mut taken)?;
        }
        Ok(())
    })
}

/// The channels to a thread and back.
struct Channels<I, T> {
    pieces: Sender<I>,
    results: Receiver<T>,
}

/// This error is never reported: only a panic ends a thread early, and the
/// scope passes the panic on.
fn ended() -> Error {
    Error::new(Kind::Internal, "a thread has ended early")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Squares of the numbers below `count`; `take` fails after `most` of them.
    fn squares(threads: usize, count: u64, most: usize) -> (Result<()>, Vec<u64>) {
        let mut taken = Vec::new();
        let worker = || {
            |number: u64| {
                thread::yield_now();
                number * number
            }
        };
        let feed = |put: &mut dyn FnMut(u64) -> Result<()>| (0..count).try_for_each(put);
        let result = in_order(threads, worker, feed, |square| {
            taken.push(square);
            if taken.len() == most { Err(Error::new(Kind::Usage, "enough")) } else { Ok(()) }
        });
        (result, taken)
    }

    #[test]
    fn all_are_taken_in_order() {
        for threads in [0, 1, 2, 3, 16] {
            for count in [0, 1, 2, 15, 100] {
                let (result, taken) = squares(threads, count, usize::MAX);
                assert!(result.is_ok());
                assert_eq!(taken, (0..count).map(|n| n * n).collect::<Vec<_>>(), "{threads} threads");
            }
        }
    }

    #[test]
    fn an_error_ends_it_at_once() {
        for threads in [1, 2, 5] {
            let (result, taken) = squares(threads, 10_000, 37);
            assert_eq!(result.expect_err("the error of the taker").to_string(), "enough");
            assert_eq!(taken.len(), 37);
            let fed = in_order(threads, || |()| (), |_| Err(Error::new(Kind::Usage, "no more")), |()| Ok(()));
            assert_eq!(fed.expect_err("the error of the feeder").to_string(), "no more");
        }
    }

    #[test]
    fn no_thread_is_far_ahead() {
        let (mut fed, mut most) = (0_usize, 0);
        let taken = std::cell::Cell::new(0);
        let feed = |put: &mut dyn FnMut(()) -> Result<()>| {
            for _ in 0..100 {
                put(())?;
                fed += 1;
                most = most.max(fed - taken.get());
            }
            Ok(())
        };
        let take = |()| {
            taken.set(taken.get() + 1);
            Ok(())
        };
        in_order(3, || |()| (), feed, take).expect("nothing fails");
        assert_eq!(most, 3 * PIECES, "exactly the stated number of pieces may wait");
    }

    #[test]
    #[should_panic(expected = "scoped thread panicked")]
    fn a_panic_is_passed_on() {
        let feed = |put: &mut dyn FnMut(u64) -> Result<()>| (0..100).try_for_each(put);
        let _ = in_order(3, || |index| assert_ne!(index, 50), feed, |()| Ok(()));
    }
}
