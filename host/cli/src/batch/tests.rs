use std::fs::File;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use super::*;

/// Creates fifty files. In each group of ten, number 2 is large, number 4 is
/// missing, and numbers 6 and 8 are links to number 5.
fn files(dir: &Path) -> Vec<PathBuf> {
    (0..50)
        .map(|number| {
            let path = dir.join(number.to_string());
            let fifth = dir.join((number / 10 * 10 + 5).to_string());
            match number % 10 {
                2 => File::create(&path).unwrap().set_len(BLOCK_BYTES + 1).unwrap(),
                4 => {}
                6 => fs::hard_link(fifth, &path).unwrap(),
                8 => symlink(fifth, &path).unwrap(),
                _ => drop(File::create(&path).unwrap()),
            }
            path
        })
        .collect()
}

fn number(path: &Path) -> usize {
    path.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

/// Runs the job with at most `most` files in flight. Returns the numbers in the
/// order in which they were reported. Checks that a file is processed
/// exclusively only after all files before it have been reported, and that no
/// more than two files keep a processor busy; each calls `work` after its turn.
fn report_order(files: &[PathBuf], most: usize, work: &(dyn Fn(usize, Mode) -> bool + Sync)) -> Vec<usize> {
    let (reported, busy) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let work = |path: &Path, mode, turn: &mut Turn<'_>| {
        assert!(busy.fetch_add(1, SeqCst) < 2);
        thread::yield_now();
        busy.fetch_sub(1, SeqCst);
        turn.end();
        let index = files.iter().position(|file| file == path).unwrap();
        assert!(mode == Mode::Concurrent || reported.lock().unwrap().len() == index);
        work(number(path), mode).then(|| number(path))
    };
    let job = Job { files, max_busy: 2, max_in_flight: most, stopped: &|| false, work: &work };
    let count = each(&job, |number| {
        for _ in 0..100 {
            thread::yield_now();
        }
        reported.lock().unwrap().push(number);
    })
    .unwrap();
    assert_eq!(count, files.len());
    reported.into_inner().unwrap()
}

#[test]
fn all_are_reported_in_order_and_each_runs_in_the_right_mode() {
    let dir = tempfile::tempdir().unwrap();
    let files = files(dir.path());
    for most in [1, 2, 3, 7, 100] {
        let (in_flight, most_flying) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let begun = Mutex::new(Vec::new());
        let work = |number: usize, mode| {
            begun.lock().unwrap().push((number, mode));
            let now = in_flight.fetch_add(1, SeqCst) + 1;
            most_flying.fetch_max(now, SeqCst);
            for _ in 0..100 {
                thread::yield_now();
            }
            let at_the_end = in_flight.fetch_sub(1, SeqCst);
            let alone = matches!(number % 10, 2 | 4) || most == 1;
            assert!(mode == Mode::Exclusive || !alone);
            assert!(mode == Mode::Concurrent || now == 1 && at_the_end == 1);
            // Every seventh file lacks memory in concurrent mode.
            mode == Mode::Exclusive || !number.is_multiple_of(7)
        };
        assert_eq!(report_order(&files, most, &work), (0..50).collect::<Vec<_>>());
        assert!(most_flying.into_inner() <= most);
        let begun = begun.into_inner().unwrap();
        let twice = (0..50).filter(|n| begun.iter().filter(|(number, _)| number == n).count() == 2);
        assert!(twice.eq((0..50).filter(|n| begun.contains(&(*n, Mode::Concurrent)) && n % 7 == 0)));
    }
}

#[test]
fn small_files_are_in_flight_at_the_same_time() {
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..3).map(|number| dir.path().join(number.to_string())).collect();
    files.iter().for_each(|file| drop(File::create(file).unwrap()));
    let all = std::sync::Barrier::new(3);
    let work = |_, mode| {
        all.wait();
        mode == Mode::Concurrent
    };
    assert_eq!(report_order(&files, 3, &work), [0, 1, 2]);
}

#[test]
fn names_of_one_file_are_never_in_flight_together() {
    for rewrites in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("0");
        File::create(&file).unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        let mut files = vec![file.clone(), dir.path().join("sub/../0")];
        for number in 1..20 {
            let name = dir.path().join(number.to_string());
            // A rewrite takes a file away from its other hard links.
            let hard = number % 2 == 0 && !rewrites;
            if hard {
                fs::hard_link(&file, &name).unwrap()
            } else {
                symlink(&file, &name).unwrap()
            }
            files.push(name);
        }
        let in_flight = AtomicUsize::new(0);
        let work = |_, _| {
            assert_eq!(in_flight.fetch_add(1, SeqCst), 0);
            if rewrites {
                File::create(dir.path().join("new")).unwrap();
                fs::rename(dir.path().join("new"), &file).unwrap();
            }
            for _ in 0..100 {
                thread::yield_now();
            }
            in_flight.fetch_sub(1, SeqCst);
            true
        };
        assert_eq!(report_order(&files, 8, &work).len(), files.len());
    }
}

#[test]
fn once_stopped_no_more_are_started_and_all_started_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    let files = files(dir.path());
    let (stopped, begun) = (AtomicBool::new(false), AtomicUsize::new(0));
    let work = |path: &Path, _, _: &mut Turn<'_>| {
        begun.fetch_add(1, SeqCst);
        stopped.fetch_or(number(path) == 11, SeqCst);
        Some(number(path))
    };
    let mut reported = Vec::new();
    let stop = || stopped.load(SeqCst);
    let job = Job { files: &files, max_busy: 3, max_in_flight: 4, stopped: &stop, work: &work };
    let count = each(&job, |n| reported.push(n)).unwrap();
    assert_eq!(reported, (0..count).collect::<Vec<_>>());
    assert_eq!(count, begun.into_inner());
    assert!((12..50).contains(&count), "{count}");
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn a_panic_is_passed_on() {
    let dir = tempfile::tempdir().unwrap();
    let files = files(dir.path());
    report_order(&files, 4, &|number, _| {
        assert!(number != 17, "this file panics");
        true
    });
}
