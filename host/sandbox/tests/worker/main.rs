//! A worker that is wholly in an attacker's hands, and the parent that asks it:
//! whatever it answers, however it dies, the file is untouched, the error is
//! the plugin's, and the next file is done.
//!
//! This program plays both. Started as a worker, it does what the case says
//! that has the plugin's name; by another name ([`stage::HONEST`]) it is the real
//! worker. Arguments that are not options select the cases whose names contain
//! them.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod answers;
mod cases;
mod channels;
mod memory;
mod parts;
mod stage;
mod steps;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};

use cases::Case;
use stage::Stage;

fn all() -> Vec<Case> {
    let all = [steps::cases(), answers::cases(), channels::cases(), parts::cases()];
    all.into_iter().flatten().collect()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(runner_sandbox::testing::WORK_COMMAND) && !stage::is_honest() {
        worker::play(&arguments.collect::<Vec<_>>(), all());
    }
    runner_sandbox::worker_main();
    if std::env::args().any(|argument| argument == "--list") {
        all().iter().for_each(|case| println!("{}: test", case.name));
        return;
    }
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |case: &Case| wanted.is_empty() || wanted.iter().any(|word| case.name.contains(word));
    let stage = Stage::new();
    let (mut passed, mut failed) = (0, Vec::new());
    for case in all().into_iter().filter(is_wanted) {
        if catch_unwind(AssertUnwindSafe(|| stage.run(&case))).is_ok() {
            passed += 1;
        } else {
            println!("case {} ... FAILED", case.name);
            failed.push(case.name);
        }
    }
    println!("\n{passed} passed; {} failed: {failed:?}", failed.len());
    drop(stage);
    std::process::exit(i32::from(!failed.is_empty()));
}
