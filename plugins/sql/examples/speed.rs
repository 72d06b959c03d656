//! Measures the plugin natively on generated dumps of 200 MB.
//!
//!     cargo run --release -p runner-sql --example speed -- [PART OF A NAME]

use runner_plugin::{Change, Edits, FileHead, Plugin, Window};
use runner_sql::Sql;

/// The size of each dump in bytes.
const DUMP_BYTES: usize = 200_000_000;

/// The size of a window in bytes, which is the host's.
const WINDOW_BYTES: usize = 1 << 20;

fn main() {
    for (name, dialect, dump) in [
        (
            "COPY",
            "postgresql",
            dump(
                POSTGRES,
                copy_row,
                ("COPY public.users (id, name, email, note, balance, born) FROM stdin;\n", "\\.\n"),
            ),
        ),
        ("--inserts", "postgresql", dump(POSTGRES, insert_row, ("", ""))),
        ("extended INSERT", "mysql", dump(MYSQL, extended_row, ("INSERT INTO `users` VALUES ", ";\n"))),
    ] {
        for (what, column) in [("one column", "users.email"), ("another table", "nobody.email")] {
            let params = [("mask", column), ("dialect", dialect), ("missing", "ok")];
            if std::env::args().nth(1).is_some_and(|only| !format!("{name}, {what}").contains(&only)) {
                continue;
            }
            let mut best = f64::MAX;
            let mut edits = 0;
            for _ in 0..3 {
                let start = processor_seconds();
                edits = run(&params, &dump);
                best = best.min(processor_seconds() - start);
            }
            println!("{name}, {what}: {:.2} GB/s, {edits} edits", dump.len() as f64 / best / 1e9);
        }
    }
}

/// The processor time of this thread: other programs may run beside it.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).expect("a number") / 1e9
}

/// Shows the dump in windows, and returns the number of edits.
fn run(params: &[(&str, &str)], dump: &[u8]) -> usize {
    let head = FileHead::new(Some(dump.len() as u64), &dump[..dump.len().min(runner_plugin::HEAD_BYTES)]);
    let params = runner_plugin::testing::params::<Sql>(params).expect("parameters");
    let (mut plugin, _) = Sql::begin(&params, &head).expect("a dump");
    let (mut start, mut left, mut count) = (0, 0, 0);
    while start < dump.len() {
        let end = (start + left + WINDOW_BYTES).min(dump.len());
        let bytes = &dump[start..end];
        let window = Window::new(start as u64, bytes).last(end == dump.len());
        let mut edits = Edits::new(&window);
        plugin.transform(&window, &mut edits).expect("a dump");
        let reply = edits.finish().expect("edits");
        if let Change::Edits { spans, .. } = reply.change {
            count += spans.len();
        }
        left = end - start - reply.consumed as usize;
        start += reply.consumed as usize;
    }
    count
}

/// A dump: its head, and rows between a start and an end.
fn dump(head: &str, row: impl Fn(usize) -> String, (start, end): (&str, &str)) -> Vec<u8> {
    let mut dump = format!("{head}{start}").into_bytes();
    let mut id = 0;
    while dump.len() < DUMP_BYTES {
        id += 1;
        dump.extend(row(id).bytes());
        // The dump program ends a statement after about a megabyte.
        if !end.is_empty() && !end.starts_with('\\') {
            let separator = if id % 8000 == 0 { format!("{end}{start}") } else { ",".into() };
            dump.extend(separator.bytes());
        }
    }
    if dump.ends_with(b",") {
        dump.pop();
    }
    dump.extend(end.bytes());
    dump
}

fn note(id: usize) -> &'static str {
    ["Paid; called back on Monday, wants a new offer", "it is fine", "", "Moved (twice) in 2019 - see file"]
        [id % 4]
}

fn copy_row(id: usize) -> String {
    format!(
        "{id}\tCustomer {}\tuser{id}@example.com\t{}\t{}.50\t1980-02-{:02}\n",
        id * 7,
        note(id),
        id % 1000,
        1 + id % 28
    )
}

fn insert_row(id: usize) -> String {
    format!("INSERT INTO public.users VALUES {};\n", extended_row(id))
}

fn extended_row(id: usize) -> String {
    format!(
        "({id},'Customer {}','user{id}@example.com','{}',{}.50,'1980-02-{:02}')",
        id * 7,
        note(id),
        id % 1000,
        1 + id % 28
    )
}

const POSTGRES: &str = "-- PostgreSQL database dump\nCREATE TABLE public.users (id integer, name text, email text, \
    note text, balance numeric(10,2), born date);\n";

const MYSQL: &str = "-- MySQL dump\nCREATE TABLE `users` (`id` int, `name` text, `email` text, `note` text, \
    `balance` decimal(10,2), `born` date);\n";
