//! Memory: it decides how many workers run and whether there is a patch, and
//! never what is in it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use runner_contract::Framing;
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::memory::{self, Budget, Facts, MemoryContext};
use runner_pipeline::run::{self, Event, Options};

use crate::cases::{Case, with_program};
use crate::models::options;

/// Workers are shed and come back at every block, and the budget runs out, at
/// every size: the patch is the same, or there is none.
pub(crate) fn does_not_matter(case: &Case, file: &Path, saved: &Path, patch: &[u8]) {
    let looks = AtomicU32::new(0);
    let tight =
        |tight| Some(Facts { left_percent: Some(if tight { 0 } else { 100 }), stalled_percent: None });
    let never = || None;
    let always = || tight(true);
    // In turns of 21, as a worker comes back after 20 calm looks.
    let now_and_then = || tight(looks.fetch_add(1, Relaxed).is_multiple_of(21));
    let presses: [&(dyn Fn() -> Option<Facts> + Sync); 3] = [&never, &always, &now_and_then];
    let plan = |look, pool_bytes, threads| {
        let budget = Budget::new(&memory::Plan {
            workers: 4,
            total_bytes: 1 << 20,
            pool_bytes,
            reply_bytes: 0,
            files: 1,
            file_bytes: 8 << 20,
        });
        let memory = MemoryContext { budget: &budget, look: Some(look), ..MemoryContext::NONE };
        let options = Options { memory, ..options(threads, 1 << 16, Choice::Auto) };
        let mut fewest = 4;
        let _ = std::fs::remove_file(saved);
        let made = with_program(case, |program| {
            run::plan(
                file,
                program,
                &options,
                &runner_pipeline::storage::Entry::unpinned(saved),
                &mut |event| {
                    if let Event::Workers(workers) = event {
                        assert!(
                            (1..=workers.of).contains(&workers.running) && workers.of <= 4,
                            "{workers:?}"
                        );
                        fewest = fewest.min(workers.running);
                    }
                },
            )
        });
        assert_eq!(budget.leased_bytes(), 0, "all is given back");
        match made {
            Ok(_) => assert!(std::fs::read(saved).unwrap() == patch, "{pool_bytes} bytes give another patch"),
            Err(ref error) => assert!(memory::is_denied(error), "{error:?}"),
        }
        (made.is_ok(), fewest)
    };
    let blocks = std::fs::metadata(file).unwrap().len().div_ceil(1 << 20);
    for look in presses {
        assert!(plan(look, 1 << 40, 4).0, "memory for everything");
    }
    if blocks > 4 {
        assert_eq!(plan(&always, 1 << 40, 4).1, 1, "{blocks} blocks under pressure");
    }
    // Four times as much each time, until it is enough. What one worker can
    // do, four can; but for a sequential plugin, which cannot be asked again.
    let failed = (4..40).step_by(2).take_while(|shift| {
        let (alone, together) = (plan(&never, 1 << shift, 1).0, plan(&never, 1 << shift, 4).0);
        assert!(together || !alone || case.job.framing == Framing::Sequential, "{} bytes", 1_u64 << shift);
        !together
    });
    assert!(failed.count() < 12, "it needed more than 64 MiB");
}
