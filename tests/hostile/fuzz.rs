//! The fuzz targets on every seed that is kept, and on seeds changed by
//! chance: what `cargo xtask fuzz` runs for hours, for some seconds.
//!
//! `RUNNER_SEED` chooses the changes. A failure says which input it was.

#[allow(unreachable_pub, reason = "a library of its own for cargo-fuzz")]
#[path = "../../fuzz/targets/lib.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use runner_tests::Random;

/// Inputs made from seeds by chance, for each target.
const CHANGED: u64 = 2000;

fn run(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(name);
    let mut seeds: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    let contents: Vec<_> = seeds.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!contents.is_empty(), "no seeds for {name}");
    for (path, content) in seeds.iter().zip(&contents) {
        assert!(holds(target, content), "{} breaks a promise", path.display());
    }
    let seed = runner_tests::seed();
    let mut random = Random(seed);
    for index in 0..CHANGED {
        let input = changed(&contents, &mut random);
        if !holds(target, &input) {
            let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
            panic!("input {index} of RUNNER_SEED={seed} breaks a promise of {name}: {hex}");
        }
    }
}

fn holds(target: fn(&[u8]), input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| target(input))).is_ok()
}

/// A seed with a few changes, some of them from another seed.
fn changed(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let below = |random: &mut Random, end: usize| random.below(end.max(1) as u64) as usize;
    let other = &seeds[below(random, seeds.len())];
    let mut input = seeds[below(random, seeds.len())].clone();
    for _ in 0..1 + random.below(6) {
        let at = below(random, input.len());
        match random.below(6) {
            0 => input.truncate(at),
            1 => input.insert(at, random.next_u64() as u8),
            2 => {
                let from = below(random, other.len());
                let part = &other[from..(from + below(random, 40)).min(other.len())];
                drop(input.splice(at..at, part.iter().copied()));
            }
            3 if at < input.len() => input[at] = [0, 1, 0x7f, 0x80, 0xff][below(random, 5)],
            4 if at < input.len() => input[at] ^= 1 << random.below(8),
            _ if at < input.len() => input[at] = random.next_u64() as u8,
            _ => {}
        }
    }
    input
}

#[test]
fn answers() {
    run("answers", targets::answers);
}

#[test]
fn framing() {
    run("framing", targets::framing);
}

#[test]
fn patch() {
    run("patch", targets::patch);
}

#[test]
fn prefilter() {
    run("prefilter", targets::prefilter);
}

#[test]
fn recover() {
    run("recover", targets::recover);
}

#[test]
fn replies() {
    run("replies", targets::replies);
}

#[test]
fn requests() {
    run("requests", targets::requests);
}

#[test]
fn wrapping() {
    run("wrapping", targets::wrapping);
}
