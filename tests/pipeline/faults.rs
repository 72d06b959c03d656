//! Parts of a mapped file that cannot be read any more, right when it matters:
//! zeros that the file never held count for nothing, and the error says what
//! has happened.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use runner_contract::{Change, FileHead, Framing, Job, Reply, Span, Window};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::context::RunContext;
use runner_pipeline::engine::transform::{Instance, Transform};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::hash::{GROUP_BYTES, Tree};
use runner_pipeline::patch::{Direction, Edit, Group, Header, PluginId, Writer};
use runner_pipeline::run::{self, Begun, Event, Options, Program};
use runner_pipeline::scan::Scanned;
use runner_pipeline::storage::mmap::Mapping;
use runner_pipeline::storage::{Entry, OsStorage};
use runner_tests::Scratch;

const CONTEXT: RunContext<'static> = RunContext { threads: 1, cancel: Cancel::NEVER };

fn cut(file: &Path) {
    OpenOptions::new().write(true).open(file).unwrap().set_len(0).unwrap();
}

/// Changes the first byte of each window, and wants no zeros. May cut the file
/// while it is shown the first one.
struct Mark {
    cuts: Option<PathBuf>,
}

impl Transform for Mark {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        if let Some(file) = self.cuts.take() {
            cut(&file);
        } else if window.bytes.iter().all(|byte| *byte == 0) {
            return Err(Error::new(Kind::Plugin, "shown what the file never held"));
        }
        let spans = vec![Span { start: 0, end: 1, len: 1 }];
        Ok(Reply::new(0, Change::Edits { spans, bytes: b"#".to_vec() }))
    }
}

/// An apply that must fail, and what it fails with.
fn apply(file: &Path, cuts: Option<PathBuf>, events: &mut dyn FnMut(Event)) -> (Kind, String) {
    let job = Job::new(Framing::Bytes).length_preserving();
    let begin = |_: FileHead<'_>| -> Result<Begun> {
        Ok((job.clone(), Instance::local(Mark { cuts: cuts.clone() })))
    };
    let id =
        PluginId { name: "fake".into(), version: "1".into(), digest: String::new(), evidence: Vec::new() };
    let program = Program {
        id,
        params: Vec::new(),
        head_bytes: runner_contract::HEAD_BYTES,
        params_digest: blake3::hash(b""),
        begin: &begin,
    };
    let error = run::apply(file, &program, &options(), events).map(drop).unwrap_err();
    (error.kind(), error.to_string())
}

fn options() -> Options<'static> {
    Options { threads: 1, window_bytes: GROUP_BYTES, choice: Choice::Auto, ..Options::default() }
}

#[track_caller]
fn was_cut((kind, what): (Kind, String), scratch: &Scratch) {
    assert_eq!(kind, Kind::Io, "{what}");
    assert!(what.contains("it was cut short, or its medium failed"), "{what}");
    assert_eq!(runner_tests::names(scratch.dir()), ["file"]);
}

/// The plugin's failure in the next block is a consequence, and not told.
#[test]
fn a_block_that_could_not_be_read_ends_the_scan() {
    let scratch = Scratch::new();
    let file = scratch.write("file", vec![b'x'; 3 << 20]);
    was_cut(apply(&file, Some(file.clone()), &mut |_| {}), &scratch);
    assert_eq!(fs::read(&file).unwrap(), b"");
}

/// Old bytes are read once, together with those that are hashed. A file that is
/// cut afterwards is noticed by its identity.
#[test]
fn a_file_that_is_cut_after_its_last_block_was_read_is_not_changed() {
    let scratch = Scratch::new();
    let file = scratch.write("file", vec![b'x'; 100_000]);
    let failed = apply(&file, None, &mut |event| {
        if matches!(event, Event::Scanned { .. }) {
            cut(&file);
        }
    });
    assert_eq!(failed.0, Kind::ChangedByOthers, "{}", failed.1);
    assert_eq!(runner_tests::names(scratch.dir()), ["file"]);
    assert_eq!(fs::read(&file).unwrap(), b"");
}

#[test]
fn a_file_that_is_renamed_during_the_scan_is_not_changed() {
    let scratch = Scratch::new();
    let file = scratch.write("file", vec![b'x'; 100_000]);
    let failed = apply(&file, None, &mut |event| {
        if matches!(event, Event::Scanned { .. }) {
            fs::rename(&file, scratch.path("new")).unwrap();
        }
    });
    assert_eq!(failed.0, Kind::Io, "{}", failed.1);
    assert!(failed.1.contains("was renamed or removed by another process"), "{}", failed.1);
    assert_eq!(runner_tests::names(scratch.dir()), ["new"]);
    assert_eq!(fs::read(scratch.path("new")).unwrap(), vec![b'x'; 100_000]);
}

/// Changes the first owned byte, and where it can, the last one with the byte
/// after it: so edits of neighbouring windows collide.
struct Collide;

impl Transform for Collide {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let (start, end) = (window.owned.start as u32, window.owned.end as u32);
        let mut spans = vec![Span { start, end: start + 1, len: 1 }];
        if (end as usize) < window.bytes.len() {
            spans.push(Span { start: end - 1, end: end + 1, len: 2 });
        }
        let bytes = vec![b'#'; spans.iter().map(|span| span.len as usize).sum()];
        Ok(Reply::new(0, Change::Edits { spans, bytes }))
    }
}

/// Where edits of two blocks collide, the collector reads the second block once
/// more, after its worker has checked what it had read.
#[test]
fn a_block_that_cannot_be_read_again_ends_the_scan() {
    let scratch = Scratch::new();
    let size = 2 << 20;
    let file = scratch.write("file", vec![b'x'; size]);
    let framing = Framing::Overlapping { before: 0, after: 4 };
    let job = Job::new(framing).length_preserving();
    let begin = |_: FileHead<'_>| -> Result<Begun> { Ok((job.clone(), Instance::local(Collide))) };
    let program = Program::native("collide", &begin);
    let mut events = |event: Event| {
        if matches!(event, Event::Scanned { bytes, .. } if bytes == size as u64) {
            cut(&file);
        }
    };
    let error = run::apply(&file, &program, &options(), &mut events).map(drop).unwrap_err();
    was_cut((error.kind(), error.to_string()), &scratch);
    assert_eq!(fs::read(&file).unwrap(), b"");
}

#[test]
fn no_root_is_told_of_what_could_not_be_read() {
    let scratch = Scratch::new();
    let file = scratch.path("file");
    File::create(&file).unwrap().set_len(80 << 20).unwrap();
    let error = run::root_of(&file, CONTEXT, &mut |_| cut(&file)).unwrap_err();
    was_cut((error.kind(), error.to_string()), &scratch);
}

/// What a patch says of a file is compared with the file, and with nothing that
/// was made up.
#[test]
fn a_patch_is_not_compared_with_zeros() {
    let scratch = Scratch::new();
    let (size, at) = (20 << 20, 18 << 20);
    for (old, new) in [(b"x", &b"y"[..]), (b"x", b"more"), (b"\0", b"y")] {
        let file = scratch.write("file", vec![b'x'; size]);
        let stat =
            runner_pipeline::storage::Storage::stat_entry(&OsStorage, &Entry::unpinned(&file)).unwrap();
        let plugin = PluginId {
            name: "fake".into(),
            version: "1".into(),
            digest: String::new(),
            evidence: Vec::new(),
        };
        let identity = (&stat.identity).into();
        let (target, group_bytes) = (String::new(), GROUP_BYTES);
        let header =
            Header { plugin, params: Vec::new(), conversion: Vec::new(), target, identity, group_bytes };
        let elsewhere = Scratch::new();
        let mut writer = Writer::new(&OsStorage, Entry::unpinned(elsewhere.path("spill")), header).unwrap();
        writer.edit(Edit { start: at, old, new }).unwrap();
        let after = (new.len() == 1).then_some([2; 32]);
        writer.group(Group { index: at / GROUP_BYTES, before: Some([1; 32]), after }).unwrap();
        let root = blake3::hash(&vec![b'x'; size]);
        let patch = writer.finish().unwrap().seal(root, root, Vec::new()).unwrap();
        let options = options();
        let events = &mut |event| {
            if matches!(event, Event::Scanned { .. }) {
                cut(&file);
            }
        };
        let error = run::apply_patch(&file, patch, Direction::Forward, &options, events).unwrap_err();
        was_cut((error.kind(), error.to_string()), &scratch);
    }
}

#[test]
fn no_root_is_made_up_of_edits_and_zeros() {
    let scratch = Scratch::new();
    let size = 300_000;
    let file = scratch.write("file", vec![b'x'; size]);
    let stat = runner_pipeline::storage::Storage::stat_entry(&OsStorage, &Entry::unpinned(&file)).unwrap();
    let plugin =
        PluginId { name: "fake".into(), version: "1".into(), digest: String::new(), evidence: Vec::new() };
    let (identity, group_bytes) = (stat.identity, GROUP_BYTES);
    let header = Header {
        plugin,
        params: Vec::new(),
        conversion: Vec::new(),
        target: String::new(),
        identity: (&identity).into(),
        group_bytes,
    };
    let scanned = |spill: &str| {
        let spill = Entry::unpinned(scratch.path(spill));
        let mut writer = Writer::new(&OsStorage, spill, header.clone()).unwrap();
        writer.edit(Edit { start: 5, old: b"x", new: b"new" }).unwrap();
        writer.group(Group { index: 0, before: Some([1; 32]), after: None }).unwrap();
        let draft = writer.finish().unwrap();
        Scanned {
            draft,
            pre_root: Some(blake3::hash(b"")),
            after: Tree::new(),
            after_groups: 0,
            counts: Vec::new(),
            proof: None,
        }
    };
    let mapping = Mapping::new(&File::open(&file).unwrap(), size as u64, &file).unwrap();
    let root = |spill| scanned(spill).seal(&mapping, CONTEXT).map(|patch| patch.seal().post_root);
    let mut new = vec![b'x'; size + 2];
    new[5..8].copy_from_slice(b"new");
    assert_eq!(root("first").unwrap(), Some(blake3::hash(&new)));
    cut(&file);
    let error = root("second").unwrap_err();
    was_cut((error.kind(), error.to_string()), &scratch);
}
