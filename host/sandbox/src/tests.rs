//! The promises of the sandbox, tested with the guests of `tests/guests`.
//! Malicious guests are in `tests/hostile`.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use runner_contract::{Change, FileHead, Framing, Job, LogLevel, Reply, Span, Window};
use runner_pipeline::cancel::CancelToken;
use runner_pipeline::engine::transform::{Instance, Transform};
use runner_pipeline::memory::{Budget, Plan, is_denied};

use super::*;

/// Long enough for an honest call on a busy machine, short enough to wait for.
pub(crate) const LIMITS: Limits = Limits {
    memory_bytes: 192 << 20,
    budget: Budget::UNLIMITED,
    window_bytes: 1 << 20,
    blocks: 1,
    lanes: 2,
    confinement: Confinement::AsFarAsPossible,
    deadline: Duration::from_millis(300),
    cancel: CancelToken::NEVER,
    meter: None,
};

/// A sandbox for tests that do not depend on the cache.
static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new(None, Isolation::InProcess).unwrap());

pub(crate) fn wasm(guest: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/guests/{guest}.wat"));
    wat::parse_file(path).unwrap()
}

pub(crate) fn silent() -> Sink {
    Arc::new(|_, _| {})
}

fn load(guest: &str) -> Result<Plugin> {
    SANDBOX.load(guest, &wasm(guest), LIMITS, silent())
}

fn begin(guest: &str) -> Result<Box<dyn Transform>> {
    load(guest)?.begin(&[], FileHead::new(Some(3), b"abc")).map(|(_, instance)| local(instance))
}

/// An instance in this process.
pub(crate) fn local(instance: Instance) -> Box<dyn Transform> {
    let Instance::Local(transform) = instance else { panic!("the instance is in another process") };
    transform
}

pub(crate) fn window(bytes: &[u8]) -> Window<'_> {
    Window::new(70_000, bytes).last(true)
}

#[track_caller]
fn assert_plugin_error<T>(result: Result<T>, what: &str, why: &str) -> Error {
    let Err(error) = result else { panic!("succeeded, but should fail with: {what}") };
    assert_eq!(error.kind(), Kind::Plugin);
    let text = format!("{error:?}");
    assert!(error.to_string().contains(what), "{text}");
    assert!(text.contains(why), "{text}");
    error
}

#[track_caller]
fn assert_transform_fails(guest: &str, what: &str, why: &str) -> Error {
    let mut instance = begin(guest).unwrap();
    let error = assert_plugin_error(instance.transform(&window(b"abc")), what, why);
    assert_plugin_error(instance.transform(&window(b"abc")), "after its previous call failed", "");
    error
}

#[test]
fn a_good_plugin_is_described_and_answers() {
    let bytes = wasm("tiny");
    let plugin = SANDBOX.load("tiny", &bytes, LIMITS, silent()).unwrap();
    assert_eq!(plugin.manifest().name, "tiny");
    assert_eq!(plugin.manifest().license, "MIT");
    assert_eq!(plugin.digest(), blake3::hash(&bytes));

    let (job, instance) = plugin.begin(&[], FileHead::new(None, &[7; 65536])).unwrap();
    let mut instance = local(instance);
    assert_eq!(job, Job::new(Framing::Bytes));
    let unchanged = instance.transform(&window(b"xyz")).unwrap();
    assert_eq!(unchanged, Reply::new(0, Change::Unchanged));
    let edited = instance.transform(&window(b"abc")).unwrap();
    let spans = vec![Span { start: 0, end: 1, len: 1 }];
    assert_eq!(edited.change, Change::Edits { spans, bytes: b"!".to_vec() });
    assert_eq!(instance.transform(&window(b"")).unwrap().change, Change::Unchanged);
    assert_eq!(instance.transform(&window(&vec![b'x'; 8 << 20])).unwrap().change, Change::Unchanged);
}

#[test]
fn workers_share_a_plugin() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&load("tiny").unwrap());
}

#[test]
fn a_component_needs_no_wrapping() {
    let module = wasm("tiny");
    let component = componentize::component("tiny", &module).unwrap();
    assert_eq!(componentize::component("tiny", &component).unwrap(), component);
    let plugin = SANDBOX.load("tiny", &component, LIMITS, silent()).unwrap();
    assert_eq!(plugin.digest(), blake3::hash(&component));
}

#[test]
fn a_module_may_use_the_newer_names() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/tiny.wat");
    let text = fs::read_to_string(path)
        .unwrap()
        .replace("runner:plugin/guest@0.2.0#", "cm32p2|runner:plugin/guest@0.2|")
        .replace("cabi_realloc", "cm32p2_realloc")
        .replace("\"memory\"", "\"cm32p2_memory\"");
    let plugin = SANDBOX.load("tiny", &wat::parse_str(text).unwrap(), LIMITS, silent()).unwrap();
    assert_eq!(plugin.manifest().name, "tiny");
}

#[test]
fn a_module_may_say_itself_which_world_it_is_for() {
    let mut module = wasm("tiny");
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("plugin.wit", include_str!("../wit/plugin.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    let utf8 = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, utf8).unwrap();
    let plugin = SANDBOX.load("tiny", &module, LIMITS, silent()).unwrap();
    assert_eq!(plugin.manifest().name, "tiny");
}

#[test]
fn reference_types_in_tables_are_accepted() {
    assert!(begin("indirect").unwrap().transform(&window(b"a")).is_ok());
}

#[test]
fn what_is_not_a_plugin_is_refused_with_its_reason() {
    let load = |bytes: &[u8]| SANDBOX.load("it", bytes, LIMITS, silent());
    assert_plugin_error(load(b"#!/bin/sh\n"), "`it` is not a WebAssembly module", "");
    assert_plugin_error(load(b""), "`it` is not a WebAssembly module", "");
    assert_plugin_error(load(b"\0asm\x01\0\0\0\xff\xff"), "`it` is not valid WebAssembly", "");
    assert_plugin_error(load(&wasm("no-contract")), "is a core module, but does not export", "`add`");
    let component = load(&wasm("other-component"));
    assert_plugin_error(component, "is a component, but does not export", "`answer`");
    let greedy = load(&wasm("greedy-component"));
    assert_plugin_error(greedy, "imports `wasi:http/outgoing-handler@0.2.0`", "");
    let old =
        assert_plugin_error(load(&wasm("old-contract")), "needs version 0.0.9 of the plugin contract", "");
    assert!(old.hints()[0].contains("build it with a newer SDK"), "{:?}", old.hints());
}

/// Both a module and the component that is made of it.
#[test]
fn a_plugin_for_a_newer_contract_says_what_it_needs() {
    let component = componentize::component("tiny", &wasm("tiny")).unwrap().into_owned();
    for bytes in [wasm("tiny"), component] {
        let newer = replaced(&bytes, b"runner:plugin/guest@0.2.0", b"runner:plugin/guest@0.3.7");
        let load = SANDBOX.load("it", &newer, LIMITS, silent());
        let needs = "`it` needs version 0.3.7 of the plugin contract; this runner has 0.2.0";
        let error = assert_plugin_error(load, needs, "");
        assert!(error.hints()[0].contains("a newer release of runner"), "{:?}", error.hints());
    }
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let starts: Vec<_> =
        bytes.windows(from.len()).enumerate().filter(|(_, part)| *part == from).map(|(at, _)| at).collect();
    assert!(!starts.is_empty());
    for at in starts {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn failures_are_told_in_one_line_with_what_would_help() {
    let large = assert_transform_fails("memory-bomb", "more than 192 MiB of memory at offset 70000", "");
    assert!(large.hints()[0].contains("--memory"));
    let trap = assert_transform_fails(
        "trap",
        "plugin `trap` crashed at offset 70000",
        "it aborted, usually because of a panic",
    );
    assert!(!format!("{trap:?}").contains('\n'));
}

#[test]
fn what_is_too_large_is_not_compiled() {
    let bytes = vec![0; usize::try_from(MAX_PLUGIN_BYTES).unwrap() + 1];
    let result = SANDBOX.load("it", &bytes, LIMITS, silent());
    assert_plugin_error(result, "plugin `it` has 67108865 bytes; the limit is 64 MiB", "");
}

/// Two instances of a guest that grows to 192 MiB share a budget of 100 MiB.
#[test]
fn what_is_left_of_a_budget_is_no_answer() {
    let plan = Plan {
        workers: 2,
        total_bytes: 128 << 20,
        pool_bytes: 100 << 20,
        reply_bytes: 10,
        files: 1,
        file_bytes: 8 << 20,
    };
    let budget = Budget::new(&plan);
    let limits = || Limits { budget: budget.clone(), ..LIMITS };
    let plugin = SANDBOX.load("memory-bomb", &wasm("memory-bomb"), limits(), silent()).unwrap();
    assert_eq!(budget.leased_bytes(), 0, "the instance that described it is gone");
    let begin = || plugin.begin(&[], FileHead::new(None, b"")).map(|begun| local(begun.1));
    let (mut one, two) = (begin().unwrap(), begin().unwrap());
    let besides = budget.leased_bytes().checked_sub(4 * 65536);
    assert!(besides.is_some_and(|bytes| bytes > 1000 && bytes < 1 << 20), "{besides:?}");
    let result = one.transform(&window(b"abc"));
    let error =
        assert_plugin_error(result, "needed more memory at offset 70000 than", "128 MiB of `--memory-total`");
    assert!(is_denied(&error) && error.hints()[0].contains("--memory-total"));
    assert!(budget.leased_bytes() <= 100 << 20 && budget.leased_bytes() > 90 << 20);
    let mut rest = budget.lease();
    while rest.grow(65536).is_ok() {}
    let Err(error) = begin() else { panic!("there is nothing left to start with") };
    assert!(is_denied(&error), "{error:?}");
    drop((one, two, rest));
    assert_eq!(budget.leased_bytes(), 0);
    // A worker's share of replies.
    let plugin = SANDBOX.load("tiny", &wasm("tiny"), limits(), silent()).unwrap();
    let mut tiny = local(plugin.begin(&[], FileHead::new(None, b"")).unwrap().1);
    let result = tiny.transform(&window(b"abc"));
    let error = assert_plugin_error(result, "failed at offset 70000", "a worker's share of `--memory-total`");
    assert!(!is_denied(&error), "with fewer workers the share is the same");
}

#[test]
fn reported_errors_are_escaped() {
    assert_transform_fails(
        "bad-error",
        "plugin `bad-error` failed at offset 70000: \\u{1b}[2Jno such field",
        "",
    );
    let odd = SANDBOX.load("a\x1b[2J", b"", LIMITS, silent());
    assert_plugin_error(odd, "`a\\u{1b}[2J` is not", "");
}

#[test]
fn logs_are_escaped_and_bounded() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let sink: Sink = Arc::new(move |level, line: &str| sink.lock().unwrap().push((level, line.to_owned())));
    let plugin = SANDBOX.load("it", &wasm("log-bomb"), LIMITS, sink).unwrap();
    let mut instance = local(plugin.begin(&[], FileHead::new(None, b"")).unwrap().1);
    instance.transform(&window(b"a")).unwrap();
    instance.transform(&window(b"a")).unwrap();
    let lines = lines.lock().unwrap();
    assert_eq!(lines[0], (LogLevel::Warn, "\\u{1b}[2Jsaid by the guest".to_owned()));
    assert!(lines.iter().map(|(_, line)| line.len()).sum::<usize>() <= 65 << 10);
    let notes = lines.iter().filter(|(_, line)| line.contains("further messages dropped"));
    assert_eq!(notes.count(), 1);
}

#[test]
fn wasi_is_an_empty_world_without_time_or_chance() {
    let answer =
        |window_bytes: &[u8]| match begin("wasi").unwrap().transform(&window(window_bytes)).unwrap().change {
            Change::Replaced(bytes) => bytes,
            change => panic!("{change:?}"),
        };
    let found = answer(b"a");
    assert_eq!(found, answer(b"another window"));
    assert_ne!(found[..16], [0; 16]);
    let wall = u64::from_le_bytes(found[16..24].try_into().unwrap());
    assert_eq!(wall, 978_307_199 * 1_000_000_000);
    let [clock, arguments, variables] =
        [24, 32, 40].map(|at| u64::from_le_bytes(found[at..at + 8].try_into().unwrap()));
    assert_eq!((clock, arguments, variables), (1, 0, 0));
}
