//! What a program that embeds `runner` relies on.

mod patches;
mod settings;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use runner_embed::{
    Change, Event, Framing, Isolation, Job, Kind, Level, LogLevel, Patch, PluginSource, Roots, Strategy, root,
};
use runner_sandbox::plugin::bundled;
use tempfile::TempDir;

const TEXT: &str = "The License\nof the License\nends here\n";

fn scratch() -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("file");
    fs::write(&file, TEXT).expect("written");
    (scratch, file)
}

/// Compiled once for all tests.
fn replace() -> Change {
    // A test has no `main` of its own.
    Change::new("replace")
        .isolation(Isolation::InProcess)
        .code_cache(Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("code")))
}

fn licence() -> Change {
    replace().set("find", "License").set("with", "Licence")
}

/// Removes lines that hold `of`.
fn remove_of() -> Change {
    Change::native("remove-of", Job::new(Framing::lines()).literals(["of"]), |window, edits| {
        for (start, line) in window.lines() {
            if line.starts_with(b"of") {
                edits.delete(start..(start + line.len() + 1).min(window.bytes.len()));
            }
        }
        Ok(())
    })
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("read")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_closure_changes_files() {
    let (scratch, file) = scratch();
    let change = remove_of().threads(3).window(4).memory(1 << 30);
    let report = change.apply(&file).unwrap();
    assert_eq!(text(&file), "The License\nends here\n");
    assert_eq!((report.stats.edits, report.post_root), (1, root(&file).ok()));
    let other = scratch.path().join("other");
    fs::write(&other, "nothing\n").unwrap();
    assert_eq!(change.apply(&other).unwrap().plan.strategy, Strategy::Nothing);
}

#[test]
fn a_closure_that_fails_changes_nothing() {
    let (scratch, file) = scratch();
    let job = || Job::new(Framing::lines());
    let refuses = Change::native("refuses", job(), |_, _| Err("no such day".to_owned()));
    let wrong = Change::native("wrong", job(), |window, edits| {
        edits.delete(0..window.bytes.len() + 1);
        Ok(())
    });
    let claims = Change::native("claims", job().length_preserving(), |_, edits| {
        edits.insert(0, b">");
        Ok(())
    });
    let no_job = Change::native("no-job", Job::new(Framing::Fixed { size: 0, header: 0 }), |_, _| Ok(()));
    for change in [refuses, wrong, claims, no_job] {
        let error = change.apply(&file).unwrap_err();
        assert_eq!(error.kind(), Kind::Plugin, "{error:?}");
    }
    assert_eq!(remove_of().set("find", "x").apply(&file).unwrap_err().kind(), Kind::Usage);
    let panics = Change::native("panics", job(), |_, _| panic!("a fault of the closure"));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| panics.apply(&file))).is_err());
    assert_eq!((text(&file).as_str(), names(scratch.path())), (TEXT, vec!["file".to_owned()]));
}

#[test]
fn a_plugin_runs_only_where_that_was_allowed() {
    let (scratch, file) = scratch();
    let plugin = scratch.path().join("mine.wasm");
    let bytes = bundled::ALL.iter().find(|bundled| bundled.name == "replace").unwrap().bytes;
    fs::write(&plugin, bytes).unwrap();
    let path = plugin.to_str().unwrap();
    let sources: [PluginSource; 4] =
        ["replace".into(), plugin.as_path().into(), path.into(), PluginSource::bytes("mine", bytes)];
    for source in sources {
        let change = Change::new(source).set("find", "License").set("with", "Licence");
        let error = change.apply(&file).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused, "{error:?}");
        assert!(error.hints()[0].contains("worker_main"), "{error:?}");
        assert_eq!(text(&file), TEXT);
        let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("code"));
        let found = change.isolation(Isolation::InProcess).code_cache(cache).dry_run(&file).unwrap();
        assert_eq!(found.stats.edits, 2);
    }
    let error = Change::new("nosuch").apply(&file).unwrap_err();
    assert_eq!((error.kind(), error.what()), (Kind::Usage, "there is no bundled plugin `nosuch`"));
}

#[test]
fn parameters_are_checked() {
    let (scratch, file) = scratch();
    let unknown = licence().set("fnd", "x");
    let twice = licence().set("regex", "true").set("regex", "true");
    let boolean = licence().set("regex", "yes");
    let pattern = licence_with("(");
    for (change, words) in [
        (replace(), "`find`"),
        (unknown, "`fnd`"),
        (twice, "twice"),
        (boolean, "`true` or `false`"),
        (pattern, "unclosed group"),
        (licence().window(0), "window"),
        (licence().threads(0), "at least one thread"),
        (remove_of().threads(0), "at least one thread"),
        (licence().backup("/x"), "suffix"),
    ] {
        let error = change.apply(&file).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage, "{error:?}");
        assert!(error.to_string().contains(words), "{error:?}");
    }
    assert_eq!((text(&file).as_str(), names(scratch.path())), (TEXT, vec!["file".to_owned()]));
}

fn licence_with(pattern: &str) -> Change {
    replace().set("find", pattern).set("with", "").set("regex", "true")
}

#[test]
fn a_dry_run_writes_nothing_and_binds_the_run_that_follows() {
    let (scratch, file) = scratch();
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    let mut seen = Vec::new();
    let found = licence()
        .preview(&file, |edit| {
            seen.push((edit.start, edit.old.to_owned(), edit.new.to_owned()));
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(seen, [(4, b"License".to_vec(), b"Licence".to_vec())]);
    assert_eq!((found.stats.edits, found.level), (2, Level::None));
    assert_eq!(licence().dry_run(&file).unwrap().post_root, found.post_root);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), before);
    assert_eq!((text(&file).as_str(), names(scratch.path())), (TEXT, vec!["file".to_owned()]));

    let other = remove_of().expect(found.post_root.unwrap()).apply(&file).unwrap_err();
    assert_eq!((other.kind(), text(&file).as_str()), (Kind::Verification, TEXT));
    assert_eq!(licence().expect(found.post_root.unwrap()).apply(&file).unwrap().post_root, root(&file).ok());
}

/// Without roots, the groups decide, and what needs the whole file is refused.
#[test]
fn only_the_touched_groups_are_read() {
    let scratch = tempfile::tempdir().unwrap();
    let (file, saved) = (scratch.path().join("file"), scratch.path().join("patch"));
    let old = vec![b'x'; 300_000];
    fs::write(&file, &old).unwrap();
    let at = 200_000_usize;
    let job = Job::new(Framing::Bytes).ranges(std::iter::once(at as u64..at as u64 + 4));
    let change = Change::native("four", job, |window, edits| {
        edits.replace(0..window.bytes.len(), b"####");
        Ok(())
    });
    let change = change.roots(Roots::Touched);
    let refused = change.clone().backup(".bak").apply(&file).unwrap_err();
    assert_eq!(refused.kind(), Kind::Usage);
    let refused = change.write_to(&file, scratch.path().join("out")).unwrap_err();
    assert_eq!(refused.kind(), Kind::Usage);
    let report = change.plan(&file, &saved).unwrap();
    assert_eq!((report.pre_root, report.post_root, report.stats.groups), (None, None, 1));
    let patch = Patch::open(&saved).unwrap();
    assert_eq!((patch.before().root, patch.after().size), (None, 300_000));
    // Another group, which nobody looks at.
    let mut changed = old;
    changed[0] = b'y';
    fs::write(&file, &changed).unwrap();
    patch.apply(&file).unwrap();
    let mut new = changed.clone();
    new[at..at + 4].copy_from_slice(b"####");
    assert!(fs::read(&file).unwrap() == new);
    Patch::open(&saved).unwrap().undo(&file).unwrap();
    assert!(fs::read(&file).unwrap() == changed);
}

#[test]
fn the_result_is_written_elsewhere() {
    let (scratch, file) = scratch();
    let out = scratch.path().join("out");
    licence().write_to(&file, &out).unwrap();
    remove_of().write_to(&out, &out).unwrap_err();
    assert_eq!((text(&file), text(&out)), (TEXT.to_owned(), TEXT.replace("License", "Licence")));
    let error = licence().write_to(&file, scratch.path()).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage, "{error:?}");
}

#[test]
fn a_run_can_be_stopped_and_watched() {
    let (scratch, file) = scratch();
    let flag = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&flag);
    let stops_itself = Change::native("stops", Job::new(Framing::lines()), move |_, edits| {
        stop.store(true, Ordering::Relaxed);
        edits.insert(0, b">");
        Ok(())
    });
    let error = stops_itself.cancel(Arc::clone(&flag)).apply(&file).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted, "{error:?}");
    let error = licence().cancel(Arc::clone(&flag)).apply(&file).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted, "{error:?}");
    flag.store(false, Ordering::Relaxed);
    let error = licence().cancel(flag).timeout(Duration::ZERO).apply(&file).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted, "{error:?}");
    assert_eq!((text(&file).as_str(), names(scratch.path())), (TEXT, vec!["file".to_owned()]));

    let (scanned, applying) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(None)));
    let (to, with) = (Arc::clone(&scanned), Arc::clone(&applying));
    let watched = remove_of().progress(move |event| match event {
        Event::Scanned { bytes, .. } => to.store(*bytes, Ordering::Relaxed),
        Event::Applying(strategy) => *with.lock().expect("a lock") = Some(*strategy),
        _ => {}
    });
    let report = watched.log(|_: LogLevel, _: &str| {}).apply(&file).unwrap();
    assert_eq!(scanned.load(Ordering::Relaxed), TEXT.len() as u64);
    assert_eq!(*applying.lock().unwrap(), Some(report.plan.strategy));
}
