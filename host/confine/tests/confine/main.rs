//! What a confined process can still do, and what it cannot. Every attempt is
//! made in a process of its own, which confines itself first: there is no way
//! back. All of them live in namespaces of their own, since the control runs,
//! in which layers are switched off, do what they try.
//!
//! Arguments that are not options select the tests whose names contain them.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod expected;
mod files;
mod kernel;
mod limits;
mod memory;
mod network;
mod processes;
mod programs;
mod raw;
mod stage;
mod table;
mod work;

use stage::Stage;

/// An attempt to reach something outside of the process, and its name.
type Attempt = (&'static str, fn(&Stage) -> raw::Outcome);

/// All attempts.
fn attempts() -> Vec<Attempt> {
    [files::ATTEMPTS, processes::ATTEMPTS, kernel::ATTEMPTS, memory::ATTEMPTS].concat()
}

/// A test and its name.
type Test = (String, Box<dyn Fn(&Stage)>);

/// A test that is a plain function, and its name.
type Case = (&'static str, fn(&Stage));

fn named(tests: &[Case]) -> Vec<Test> {
    tests.iter().map(|(name, test)| ((*name).to_owned(), Box::new(*test) as Box<dyn Fn(&Stage)>)).collect()
}

fn tests() -> Vec<Test> {
    // First, since attempts of the table change devices and mounts of the stage.
    let mut tests = programs::tests();
    tests.extend(table::tests());
    tests.extend(work::tests());
    tests.extend(limits::tests());
    tests.extend(network::tests());
    tests
}

fn run_all(stage: &Stage) -> i32 {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut failed = Vec::new();
    let mut passed = 0;
    for (name, test) in tests() {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(stage))).is_ok() {
            println!("test {name} ... ok");
            passed += 1;
        } else {
            println!("test {name} ... FAILED");
            failed.push(name);
        }
    }
    println!("\n{passed} passed; {} failed: {failed:?}", failed.len());
    i32::from(!failed.is_empty())
}

/// Says loudly that nothing was tested. It must be where it counts.
fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "cannot be skipped here: {why}");
    eprintln!("SKIPPED: {why}");
}

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        tests().iter().for_each(|(name, _)| println!("{name}: test"));
        return;
    }
    if !rustix::process::geteuid().is_root() {
        return skip("confinement is tested as root, which alone has something to lose");
    }
    match Stage::enter(run_all) {
        Ok(code) => std::process::exit(code),
        Err(why) => skip(&why),
    }
}
