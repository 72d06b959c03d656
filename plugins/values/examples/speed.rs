//! Measures how long actions take for one value:
//! `cargo run --release -p runner-values --example speed`.

use runner_values::{Context, Key, Kind, Rules, Syntax};
use std::hint::black_box;
use std::time::Instant;

/// How often each action is done.
const TIMES: u32 = 200_000;

fn main() -> Result<(), String> {
    let key = Key::new("a secret")?;
    let rules = Rules { syntax: Syntax::Names, key: Some(&key) };
    for (name, text, value) in [
        ("mask", "a", "bob@example.com"),
        ("mask", "a=fit", "bob@example.com"),
        ("keep-last", "a=4", "4111 1111 1111 1111"),
        ("hash", "a", "bob@example.com"),
        ("hash", "a", "10.0.0.1"),
        ("hash", "a=ip-prefix", "10.0.0.1"),
        ("hash", "a=ip-prefix", "2001:db8::1"),
        ("hash", "a", "4111 1111 1111 1111"),
        ("hash", "a", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        ("hash", "a", "42"),
        ("hash", "a", "1234567890"),
        ("hash", "a", "1984-02-29"),
        ("hash", "a", "Ray, Bob"),
        ("hash", "a=text", "Ray, Bob"),
        ("truncate", "a=3", "Ray, Bob"),
        ("map", "a=Ray, Bob\tx", "Ray, Bob"),
        ("replace", "a=/, .*//", "Ray, Bob"),
        ("shift-date", "a=365", "1984-02-29"),
    ] {
        let action = rules.parse(name, text)?.action;
        let context = Context::default();
        let mut out = Vec::new();
        let start = Instant::now();
        for _ in 0..TIMES {
            out.clear();
            action.apply(black_box(value.as_bytes()), &context, &mut out)?;
        }
        let nanoseconds = start.elapsed().as_nanos() / u128::from(TIMES);
        println!(
            "{name}={text}\t{value}\t{nanoseconds} ns\t{}",
            String::from_utf8_lossy(&out).escape_debug()
        );
    }
    let start = Instant::now();
    for _ in 0..TIMES {
        black_box(Kind::of(black_box(b"a text of some twenty bytes")));
    }
    println!("kind of a text\t{} ns", start.elapsed().as_nanos() / u128::from(TIMES));
    Ok(())
}
