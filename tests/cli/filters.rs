//! WASI commands as filters. Those of `tests/filters` are programs that nobody
//! has written for this (see its README.md).

use std::fs;
use std::path::Path;

use runner_tests::{Ran, Random, Scratch, has, pipe, program, repository, runner, seed, skip};
use serde_json::Value;
use wit_component::ComponentEncoder;

fn apply(filter: &Path, file: &Path, options: &[&str]) -> Ran {
    let args = ["apply", filter.to_str().unwrap(), file.to_str().unwrap()];
    runner(args.iter().chain(options))
}

/// Lines of letters, more than a window has.
fn text(lines: usize) -> Vec<u8> {
    let mut random = Random(7);
    let mut text = Vec::new();
    for line in 0..lines {
        let word = if random.below(50) == 0 { "change me" } else { "STAYS" };
        text.extend_from_slice(format!("{line} {word}\n").as_bytes());
    }
    text
}

fn edits(filter: &Path, file: &Path, options: &[&str]) -> u64 {
    let args = ["apply", filter.to_str().unwrap(), file.to_str().unwrap(), "--dry-run", "--json"];
    let out = runner(args.iter().chain(options)).ok().stdout;
    let lines = String::from_utf8(out).unwrap();
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    last["edits"].as_u64().unwrap_or_else(|| panic!("{last}"))
}

/// The same module, as a component of WASI 0.2, made by the official adapter.
fn as_component(module: &Path) -> Vec<u8> {
    let adapter = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
    let name = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    let encoder = ComponentEncoder::default().module(&fs::read(module).unwrap()).unwrap();
    encoder.adapter(name, adapter).unwrap().encode().unwrap()
}

#[test]
fn a_command_changes_a_file_and_a_record_that_stays_costs_no_edit() {
    let scratch = Scratch::in_memory();
    let module = scratch.guest("upcase");
    let component = scratch.write("component.wasm", as_component(&module));
    let content = text(100_000);
    let changed = content.split(|&byte| byte == b'\n').filter(|line| line.ends_with(b"me")).count() as u64;
    let options: [&[&str]; 5] = [
        &[],
        &["--window", "64K"],
        &["--stateless", "-j", "1"],
        &["--stateless", "--window", "64K", "-j", "3"],
        &["--stateless", "--only", "change", "--window", "256K"],
    ];
    for filter in [&module, &component] {
        for options in options {
            let file = scratch.write("file", &content);
            assert_eq!(edits(filter, &file, options), changed, "{options:?}");
            apply(filter, &file, options).ok();
            assert!(fs::read(&file).unwrap() == content.to_ascii_uppercase(), "{options:?}");
            let args = ["pipe", filter.to_str().unwrap()].into_iter().chain(options.iter().copied());
            let args: Vec<_> = args.filter(|arg| !["-j", "1", "3"].contains(arg)).collect();
            assert!(pipe(&args, &content).ok().stdout == content.to_ascii_uppercase(), "{options:?}");
        }
    }
}

#[test]
fn the_last_record_stays_without_its_end() {
    let scratch = Scratch::in_memory();
    let lines = |name: &str, text: &str| scratch.write(name, text);
    // `command` writes nothing, so nothing is left.
    for (guest, before, after) in
        [("upcase", "a\nb", "A\nB"), ("upcase", "", ""), ("upcase", "a\n", "A\n"), ("command", "a\nb\n", "")]
    {
        for options in [&[][..], &["--stateless"], &["--framing", "delimited:62"]] {
            let file = lines("file", before);
            apply(&scratch.guest(guest), &file, options).ok();
            assert_eq!(fs::read_to_string(&file).unwrap(), after, "{guest} {before:?} {options:?}");
        }
    }
    // What is added to the last record, and that alone, is taken off again.
    let file = lines("file", "stays");
    let args = ["--ok-exit", "2", "--framing", "null", "--", "stays"];
    apply(&scratch.guest("arguments"), &file, &args).ok();
    assert_eq!(fs::read_to_string(&file).unwrap(), "arguments\0stays");
}

#[test]
fn arguments_come_after_two_hyphens_and_are_in_the_patch() {
    let scratch = Scratch::in_memory();
    let filter = scratch.guest("arguments");
    let component = scratch.write("arguments-2.wasm", as_component(&filter));
    let file = scratch.write("file", "old\0");
    for (filter, name) in [(&filter, "arguments"), (&component, "arguments-2")] {
        let patch = scratch.path("patch");
        let args = ["plan", filter.to_str().unwrap(), file.to_str().unwrap(), "-o", patch.to_str().unwrap()];
        let filtered = ["--framing", "null", "--ok-exit", "1", "--ok-exit", "4", "--", "{print $1}", "", "ü"];
        let ran = runner(args.iter().chain(&filtered)).ok();
        assert!(ran.stderr.contains("said by the command"), "{}", ran.stderr);
        let shown = runner!["show", &patch].ok().stdout;
        let shown = String::from_utf8(shown).unwrap();
        for part in [name, "{print $1}", "framing", "null", "ok-exit"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        let file = scratch.write("copy", "old\0");
        runner!["patch", &patch, &file].ok();
        let expected = format!("{name}\0{{print $1}}\0\0ü\0");
        assert_eq!(fs::read_to_string(&file).unwrap(), expected);
        fs::remove_file(&patch).unwrap();
    }
}

/// What an assertion or a panic says is on standard error, before the trap.
#[test]
fn the_words_of_a_command_that_crashes_are_logged() {
    let scratch = Scratch::in_memory();
    let file = scratch.write("file", text(10));
    let module = fs::read_to_string(repository().join("tests/guests/arguments.wat")).unwrap();
    let crashing = module.replace("(call $exit (i32.load (i32.const 0)))", "unreachable");
    assert_ne!(crashing, module);
    let module = scratch.write("crashing.wasm", wat::parse_str(&crashing).unwrap());
    let component = scratch.write("component.wasm", as_component(&module));
    let before = scratch.snapshot();
    for options in [&[][..], &["--stateless"]] {
        for filter in [&module, &component] {
            let ran = apply(filter, &file, options);
            assert_eq!(ran.code, 3);
            let ran = ran.says("plugin warn: said by the command").says("crashed");
            assert_eq!(ran.stderr.matches("said by the command").count(), 1, "{}", ran.stderr);
        }
    }
    assert!(scratch.snapshot() == before);
}

#[test]
fn a_command_that_fails_changes_nothing() {
    let scratch = Scratch::in_memory();
    let file = scratch.write("file", text(10));
    let (arguments, flood) = (scratch.guest("arguments"), scratch.guest("flood"));
    let component = scratch.write("component.wasm", as_component(&arguments));
    let before = scratch.snapshot();
    for options in [&[][..], &["--stateless"]] {
        for filter in [&arguments, &component] {
            let ran = apply(filter, &file, options).fails(3, "ended with exit code 1");
            ran.says("said by the command").says("`--ok-exit 1`");
        }
        apply(&flood, &file, options).fails(3, "wrote more than");
    }
    assert!(scratch.snapshot() == before);
}

#[test]
fn what_is_asked_of_a_filter_is_checked() {
    let scratch = Scratch::in_memory();
    let filter = scratch.guest("upcase");
    let file = scratch.write("file", text(10));
    let before = scratch.snapshot();
    apply(&filter, &file, &["--only", "x"]).fails(2, "record by record").says("--stateless");
    apply(&filter, &file, &["--only", "(", "--stateless"]).fails(2, "--only");
    apply(&filter, &file, &["--only", "x*", "--stateless"]).fails(2, "--only");
    apply(&filter, &file, &["--framing", "line"]).fails(2, "is no framing").says("delimited:HEX");
    apply(&filter, &file, &["--framing", "delimited:0a0a"]).fails(2, "is no framing").says("overlaps itself");
    apply(&filter, &file, &["--ok-exit", "0"]).fails(2, "1 to 255");
    apply(Path::new("newline"), &file, &["--stateless"]).fails(2, "`--stateless` is for a filter");
    apply(Path::new("newline"), &file, &["--", "x"]).fails(2, "arguments after `--` are for a filter");
    assert!(scratch.snapshot() == before);
    let inspected = runner!["plugin", "inspect", &filter].ok().stdout;
    let inspected = String::from_utf8(inspected).unwrap();
    assert!(inspected.contains("A filter: a WASI command"), "{inspected}");
}

/// With several plugins, one without state is a stage as others are.
#[test]
fn a_filter_without_state_runs_in_one_pass_with_plugins() {
    let scratch = Scratch::in_memory();
    let filter = scratch.guest("upcase");
    let both = format!("newline,{}", filter.to_str().unwrap());
    let file = scratch.write("file", "a\r\nb\r\n");
    let args = ["apply", &both, file.to_str().unwrap(), "--set", "to=lf"];
    runner(args.iter().chain(&["--stateless"])).ok();
    assert_eq!(fs::read_to_string(&file).unwrap(), "A\nB\n");
    runner(args).fails(2, "must see the whole file");
}

/// Programs that mean the same to every awk. None has an `exit`: WASI has nothing
/// with which this awk could do it.
const AWK: [&[&str]; 12] = [
    &["{ print $1 }"],
    &["{ print NR, NF, $0 }"],
    &["/foo/ { n++ } END { print n + 0 }"],
    &["{ s += $2 } END { print s }"],
    &["{ gsub(/o+/, \"0\"); print }"],
    &["!seen[$0]++"],
    &["{ a[NR] = $0 } END { for (i = NR; i > 0; i--) print a[i] }"],
    &["{ printf \"%s|%5.2f\\n\", toupper($1), $2 }"],
    &["NR % 2"],
    &["-F", ":", "-v", "OFS=-", "{ $1 = $1; print }"],
    &["function f(x) { return x < 2 ? 1 : x * f(x - 1) } { print f(NR % 9), length($0), substr($0, 3, 4) }"],
    &["{ n = split($0, part, /[ :]+/); while (n > 0) printf \"%s%s\", part[n], --n ? \" \" : \"\\n\" }"],
];

fn words(random: &mut Random) -> Vec<u8> {
    const WORDS: [&str; 9] = ["alpha", "b", "12", "-3.5", "foo", "foo foo", "a:b", "x:y:z", ""];
    let lines = random.below(80);
    let line = |random: &mut Random| {
        let count = random.below(6);
        let words: Vec<_> = (0..count).map(|_| WORDS[random.below(9) as usize]).collect();
        words.join(" ") + "\n"
    };
    (0..lines).map(|_| line(random)).collect::<String>().into_bytes()
}

/// Somebody else's awk, in its own words, does what the system's awk does.
#[test]
fn a_stock_program_answers_as_its_native_kin() {
    if !has("mawk") {
        return skip("mawk is missing");
    }
    let scratch = Scratch::in_memory();
    let filter = repository().join("tests/filters/awk.wasm");
    let filter = filter.to_str().unwrap();
    let mut random = Random(seed() | 1);
    let mut changed = 0;
    for window in ["1", "64", "4096", "64K", "1M"] {
        for args in AWK {
            let input = words(&mut random);
            let file = scratch.write("file", &input);
            let native = program("mawk").args(args).arg(&file).output().unwrap();
            assert!(native.status.success(), "{args:?}");
            let piped = pipe(&[&["pipe", filter, "--"], args].concat(), &input).ok().stdout;
            assert_eq!(
                piped.escape_ascii().to_string(),
                native.stdout.escape_ascii().to_string(),
                "{args:?}"
            );
            let options = [&["--window", window, "--"], args].concat();
            apply(Path::new(filter), &file, &options).ok();
            assert!(fs::read(&file).unwrap() == native.stdout, "{args:?}, {window}");
            changed += usize::from(native.stdout != input);
        }
    }
    assert!(changed > 30, "{changed}");
}
