//! Saved patches, and undoing a change.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use runner_embed::{Change, Choice, Event, Framing, Job, Kind, Level, Patch, Strategy, VerifyChoice, root};

use crate::{TEXT, licence, names, remove_of, scratch, text};

#[test]
fn a_bundled_plugin_runs_by_name_and_can_be_undone() {
    let (scratch, file) = scratch();
    let undo = scratch.path().join("undo");
    let change = licence().undo(&undo).backup(".old").strategy(Choice::Rewrite);
    let report = change.verify(VerifyChoice::Exactly(Level::Cached)).apply(&file).unwrap();
    assert_eq!((report.plan.strategy, report.level), (Strategy::Rewrite, Level::Cached));
    assert_eq!(text(&file), TEXT.replace("License", "Licence"));
    assert_eq!(text(&scratch.path().join("file.old")), TEXT);
    let patch = Patch::open(&undo).unwrap();
    assert_eq!(patch.after().root, root(&file).ok());
    patch.undo(&file).unwrap();
    assert_eq!(text(&file), TEXT);
}

#[test]
fn a_plan_is_carried_out_later_on_the_same_file_only() {
    let (scratch, file) = scratch();
    let saved = scratch.path().join("saved");
    let planned = licence().plan(&file, &saved).unwrap();
    assert_eq!(text(&file), TEXT);
    let patch = Patch::open(&saved).unwrap();
    assert_eq!(patch.header().plugin.name, "replace");
    assert_eq!((patch.stats(), patch.before().root), (&planned.stats, planned.pre_root));
    let mut starts = Vec::new();
    patch
        .for_each_edit(|edit| {
            starts.push(edit.start);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(starts, [4, 19]);

    let other = scratch.path().join("other");
    fs::write(&other, TEXT.replace("ends", "Ends")).unwrap();
    assert_eq!(patch.apply(&other).unwrap_err().kind(), Kind::Verification);
    Patch::open(&saved).unwrap().apply(&file).unwrap();
    assert_eq!(text(&file), TEXT.replace("License", "Licence"));
    assert_eq!(licence().plan(&file, &saved).unwrap_err().kind(), Kind::Usage, "it exists already");
}

#[test]
fn a_plan_is_saved_only_with_the_expected_root() {
    let (scratch, file) = scratch();
    let saved = scratch.path().join("saved");
    let error = remove_of().expect(root(&file).unwrap()).plan(&file, &saved).unwrap_err();
    assert_eq!(error.kind(), Kind::Verification, "{error:?}");
    assert_eq!(names(scratch.path()), ["file"]);
    let found = remove_of().dry_run(&file).unwrap();
    remove_of().expect(found.post_root.unwrap()).plan(&file, &saved).unwrap();
    assert_eq!(Patch::open(&saved).unwrap().after().root, found.post_root);
}

#[test]
fn a_patch_is_applied_with_the_settings_of_a_change() {
    let (scratch, file) = scratch();
    let saved = scratch.path().join("saved");
    licence().plan(&file, &saved).unwrap();
    let open = || Patch::open(&saved).unwrap().threads(2);

    let flag = Arc::new(AtomicBool::new(true));
    let error = open().cancel(Arc::clone(&flag)).apply(&file).unwrap_err();
    assert_eq!((error.kind(), text(&file).as_str()), (Kind::Interrupted, TEXT));

    fs::set_permissions(&file, fs::Permissions::from_mode(0o4755)).unwrap();
    let error = open().apply(&file).unwrap_err();
    assert_eq!((error.kind(), text(&file).as_str()), (Kind::Refused, TEXT));

    let applying = Arc::new(Mutex::new(None));
    let with = Arc::clone(&applying);
    let patch = open().progress(move |event| {
        if let Event::Applying(strategy) = event {
            *with.lock().expect("a lock") = Some(*strategy);
        }
    });
    let cached = VerifyChoice::Exactly(Level::Cached);
    let report = patch.strategy(Choice::Rewrite).verify(cached).keep_privileges().apply(&file).unwrap();
    assert_eq!((report.plan.strategy, report.level), (Strategy::Rewrite, Level::Cached));
    assert_eq!(*applying.lock().unwrap(), Some(Strategy::Rewrite));
    assert_eq!(text(&file), TEXT.replace("License", "Licence"));

    let copy = scratch.path().join("copy");
    fs::copy(&saved, &copy).unwrap();
    let mark = Change::native("mark", Job::new(Framing::lines()), |window, edits| {
        if window.last {
            edits.insert(window.bytes.len(), b"!");
        }
        Ok(())
    });
    let second = scratch.path().join("second");
    mark.allow_patch_file().plan(&copy, &second).unwrap();
    let open = || Patch::open(&second).unwrap();
    assert_eq!(open().apply(&copy).unwrap_err().kind(), Kind::Refused);
    open().allow_patch_file().apply(&copy).unwrap();
}
