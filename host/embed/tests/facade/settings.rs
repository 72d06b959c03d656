//! What is checked before a run, and runs without a change.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use runner_embed::{
    Change, Event, Isolation, Kind, ParamKind, Patch, Recovery, Root, recover, roll_back, root, shown,
};

use crate::{TEXT, licence, remove_of, replace, scratch, text};

#[test]
fn no_run_works_on_no_thread() {
    let (scratch, file) = scratch();
    let saved = scratch.path().join("saved");
    licence().plan(&file, &saved).unwrap();
    let errors = [
        Patch::open(&saved).unwrap().threads(0).apply(&file).unwrap_err(),
        Recovery::new().threads(0).recover(&file).unwrap_err(),
        Recovery::new().threads(0).roll_back(&file).unwrap_err(),
        Root::new().threads(0).of(&file).unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.what()), (Kind::Usage, "a run needs at least one thread"));
    }
    assert_eq!(text(&file), TEXT);
}

#[test]
fn a_plugin_describes_itself_before_it_runs() {
    let manifest = replace().manifest().unwrap();
    assert_eq!(manifest.name, "replace");
    let find = manifest.params.iter().find(|param| param.name == "find").expect("a parameter");
    assert!(find.repeats && find.kind == ParamKind::Text, "{find:?}");
    let error = remove_of().manifest().unwrap_err();
    assert_eq!(error.kind(), Kind::Usage, "{error:?}");
    let error = Change::new("no\nsuch").manifest().unwrap_err();
    let what = format!("there is no bundled plugin `{}`", shown("no\nsuch"));
    assert_eq!((error.kind(), error.what()), (Kind::Usage, what.as_str()));
    assert!(what.contains(r"no\nsuch"), "{what}");
}

#[test]
fn settings_of_the_sandbox_do_not_concern_native_code() {
    let (_scratch, file) = scratch();
    let change = remove_of().instance_memory(1).call_timeout(Duration::ZERO).code_cache(None);
    change.isolation(Isolation::InProcess).log(|_, _| {}).apply(&file).unwrap();
    assert_eq!(text(&file), "The License\nends here\n");
}

#[test]
fn a_root_is_computed_with_settings() {
    let (_scratch, file) = scratch();
    let scanned = Arc::new(AtomicU64::new(0));
    let to = Arc::clone(&scanned);
    let watched = Root::new().threads(2).progress(move |event| {
        if let Event::Scanned { bytes, .. } = event {
            to.store(*bytes, Ordering::Relaxed);
        }
    });
    assert_eq!(watched.of(&file).unwrap(), root(&file).unwrap());
    assert_eq!(scanned.load(Ordering::Relaxed), TEXT.len() as u64);
    let error = watched.cancel(Arc::new(AtomicBool::new(true))).of(&file).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted, "{error:?}");
}

#[test]
fn an_interrupted_file_says_so() {
    let (scratch, file) = scratch();
    assert_eq!(recover(&file).unwrap().removed, Vec::<PathBuf>::new(), "nothing to recover");
    // A journal that this user's key has not made: it stops every run, and is
    // not believed.
    let journal = scratch.path().join("file.runner-journal");
    licence().plan(&file, scratch.path().join("saved")).unwrap();
    fs::rename(scratch.path().join("saved"), &journal).unwrap();
    for result in [licence().apply(&file), licence().dry_run(&file), remove_of().apply(&file)] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), Kind::RecoveryNeeded, "{error:?}");
    }
    assert_eq!(root(&file).unwrap_err().kind(), Kind::RecoveryNeeded);
    assert_eq!(recover(&file).unwrap_err().kind(), Kind::Refused);
    assert_eq!(roll_back(&file).unwrap_err().kind(), Kind::Refused);
    assert_eq!(text(&file), TEXT);
    fs::remove_file(journal).unwrap();
    licence().apply(&file).unwrap();
}
