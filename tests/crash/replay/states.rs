//! What may be on a medium after a crash: all that was written before the last
//! flush, and of what came after it any sectors. A flush is the only order
//! there is.

use runner_tests::Random;
use runner_tests::medium::{Arrival, Image};

/// What arrived at a medium while something ran.
pub(crate) struct Recording {
    /// Durable before it.
    pub(crate) base: Image,
    pub(crate) log: Vec<Arrival>,
    /// How much of it had arrived when the process was started, and when it
    /// came to its end. Before and after are the mount's own writes.
    pub(crate) started: usize,
    pub(crate) ended: usize,
}

/// A medium after a crash.
pub(crate) struct Crash {
    pub(crate) image: Image,
    /// Whether the process had come to its end before.
    pub(crate) ended: bool,
    /// For messages.
    pub(crate) what: String,
}

/// What of the writes since the last flush got there.
#[derive(Debug, Clone, Copy)]
enum Kept {
    None,
    All,
    SomeWrites,
    /// Of this size.
    SomeSectors(usize),
}

impl Recording {
    /// Where flushes are in the log.
    pub(crate) fn flushes(&self) -> Vec<usize> {
        let flush = |(at, arrival)| matches!(arrival, &Arrival::Flush).then_some(at);
        self.log.iter().enumerate().filter_map(flush).collect()
    }

    /// A crash by chance, while the process was there or later. All times
    /// between two flushes are as likely, however much was written in between;
    /// but for those after its end, which are as likely as one of them.
    pub(crate) fn crash(&self, random: &mut Random) -> Crash {
        let flushes = self.flushes();
        let starts = std::iter::once(0).chain(flushes.iter().map(|flush| flush + 1));
        let ends = flushes.iter().copied().chain([self.log.len()]);
        let gaps: Vec<_> = starts.zip(ends).filter(|(_, end)| *end >= self.started).collect();
        let later = gaps.iter().filter(|(start, _)| *start > self.ended).count() as u64;
        let mut gap = random.below((gaps.len() as u64 - later).max(1) + later.min(1));
        if gap == gaps.len() as u64 - later {
            gap += random.below(later);
        }
        let (durable, end) = gaps[gap as usize];
        let at = durable + random.below((end - durable) as u64 + 1) as usize;
        let kept = [Kept::None, Kept::All, Kept::SomeWrites, Kept::SomeSectors(512), Kept::SomeSectors(4096)]
            [random.below(5) as usize];
        let mut image = self.base.clone();
        self.log[..durable].iter().for_each(|arrival| keep(&mut image, arrival, Kept::All, random));
        self.log[durable..at].iter().for_each(|arrival| keep(&mut image, arrival, kept, random));
        let ended = at >= self.ended;
        let what = format!(
            "crash at {at} of {} (run ended at {}), flushed up to {durable}, kept since then: {kept:?}",
            self.log.len(),
            self.ended
        );
        Crash { image, ended, what }
    }
}

/// Where ext4 keeps its superblock (of 1024 bytes, behind as many others), and
/// btrfs its own and the first copy of it. They write them in place, under one
/// checksum, and count on them being written as a whole: a torn one does not
/// mount, whatever runs on top.
const NEVER_TORN: [u64; 4] = [0, 1024, 64 << 10, 64 << 20];

fn keep(image: &mut Image, arrival: &Arrival, kept: Kept, random: &mut Random) {
    let Arrival::Write { offset, bytes } = arrival else { return };
    match kept {
        Kept::None => {}
        Kept::All => image.write(*offset, bytes),
        Kept::SomeWrites if random.below(2) == 0 => image.write(*offset, bytes),
        Kept::SomeWrites => {}
        Kept::SomeSectors(size) => {
            let size = if NEVER_TORN.contains(offset) { 4096 } else { size };
            // Sectors are aligned; the first piece may be a part of one.
            let mut at = 0;
            while at < bytes.len() {
                let step = size - (*offset as usize + at) % size;
                let end = bytes.len().min(at + step);
                if random.below(2) == 0 {
                    image.write(offset + at as u64, &bytes[at..end]);
                }
                at = end;
            }
        }
    }
}

/// The machinery itself: what was flushed is always there, what was not may be
/// lost, and torn.
#[test]
fn only_what_was_flushed_is_sure() {
    let write = |offset, byte| Arrival::Write { offset, bytes: vec![byte; 8192] };
    let log = vec![write(0, 1), Arrival::Flush, write(8192, 2), write(0, 3)];
    let recording = Recording { base: Image::new(1 << 20), log, started: 0, ended: 4 };
    let (mut seen, mut torn) = (std::collections::BTreeSet::new(), 0);
    for seed in 0..2000 {
        let crash = recording.crash(&mut Random(seed));
        let sectors: Vec<u8> = (0..32).map(|sector| crash.image.read(sector * 512, 1)[0]).collect();
        let (first, second) = sectors.split_at(16);
        let flushed = !crash.what.contains("flushed up to 0");
        assert!(!flushed || first.iter().all(|byte| [1, 3].contains(byte)), "{}: {sectors:?}", crash.what);
        assert!(flushed || second.iter().all(|byte| *byte == 0), "{}: {sectors:?}", crash.what);
        assert!(crash.ended || !first.contains(&3) || crash.what.contains("crash at 4"), "{}", crash.what);
        torn += u32::from(first.contains(&1) && first.contains(&3));
        seen.insert((first[0], second[0]));
    }
    // Nothing, the first alone, each of the others lost, and all.
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(0, 0), (1, 0), (1, 2), (3, 0), (3, 2)]);
    assert!(torn > 20, "{torn}");
}
