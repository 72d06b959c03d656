//! Planted plugins fail for the right reason.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, thread};

use runner_tests::authoring::{has_programs, plugin};
use runner_tests::{Scratch, guest, repository, skip};

use super::{AMPLE_TIME, field, folder, sources, vet, with_status, words};

/// Memory of the text's prelude is free again after each window.
const FREE: &str = r#"
(global $top (mut i32) (i32.const 8192))
(func $realloc (param i32 i32 i32) (param $size i32) (result i32)
  (local $at i32)
  (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
  (global.set $top (i32.add (local.get $at) (local.get $size)))
  (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
    (then (drop (memory.grow
      (i32.sub (i32.add (i32.shr_u (global.get $top) (i32.const 16)) (i32.const 1)) (memory.size))))))
  (local.get $at))
(func (export "cabi_post_runner:plugin/guest@0.2.0#transform") (param i32)
  (global.set $top (i32.const 8192)))
"#;

/// Vets a planted plugin, and compares with what its source says. Returns what is
/// wrong.
fn judged(source: &str, built: &Path) -> Option<String> {
    let options = words(source, "options");
    let mut options: Vec<_> = options.iter().map(String::as_str).collect();
    options.extend(["--rounds", "100"]);
    let mut expected = words(source, "fails");
    expected.sort();
    if !expected.iter().any(|check| check == "time") {
        options.extend(AMPLE_TIME);
    }
    let report = vet(built, &options);
    // What depends on where in a long file a cut falls may fail, or not.
    let (mut found, may) = (with_status(&report, "fail"), words(source, "may"));
    found.retain(|check| !may.contains(check));
    (found != expected).then(|| format!("{}: {found:?} fail, not {expected:?}: {report:#}", built.display()))
}

/// Vets several, two at a time.
fn all(built: &[(String, PathBuf)]) {
    let wrong: Vec<_> = thread::scope(|scope| {
        let judge = |some: &[(String, PathBuf)]| {
            some.iter().filter_map(|(source, built)| judged(source, built)).collect::<Vec<_>>()
        };
        let (one, two) = built.split_at(built.len() / 2);
        let other = scope.spawn(move || judge(one));
        [judge(two), other.join().unwrap()].concat()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn planted_in_the_text_format() {
    let scratch = Scratch::new();
    let built: Vec<_> = sources(&folder("wat"))
        .into_iter()
        .map(|(path, source)| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let module = guest::build(name, &format!("{source}{FREE}"));
            (source, scratch.write(&format!("{name}.wasm"), module))
        })
        .collect();
    all(&built);
}

#[test]
fn planted_in_c() {
    let has_clang = Command::new("clang-19").arg("--version").output().is_ok();
    if !has_clang {
        return skip("clang-19 missing");
    }
    let scratch = Scratch::new();
    let built: Vec<_> = sources(&folder("c"))
        .into_iter()
        .map(|(path, source)| {
            let built = scratch.path(&format!("{}.wasm", path.file_stem().unwrap().to_str().unwrap()));
            let status = Command::new("clang-19")
                .args(["--target=wasm32", "-std=c17", "-Wall", "-Werror", "-O2", "-msimd128", "-nostdlib"])
                .args(["-Wl,--no-entry", "-Wl,--stack-first", "-Wl,-z,stack-size=131072", "-Wl,--strip-all"])
                .arg("-I")
                .arg(repository().join("guest-sdk/c"))
                .arg("-o")
                .args([&built, &path])
                .status();
            assert!(status.unwrap().success(), "{}", path.display());
            (source, built)
        })
        .collect();
    all(&built);
}

#[test]
fn planted_in_other_languages() {
    let mut built = Vec::new();
    let scratch = Scratch::new();
    for (language, program, file) in [
        ("assemblyscript", "asc", "plugin.ts"),
        ("go", "go", "plugin.go"),
        ("zig", "python-zig", "plugin.zig"),
    ] {
        if !has_programs(&[program]) {
            continue;
        }
        let place = scratch.path(language);
        fs::create_dir(&place).unwrap();
        plugin(&place, &["new", "bad", "--lang", language]).ok();
        let (project, source) = (place.join("bad"), folder("projects").join(language).join(file));
        fs::copy(&source, project.join(file)).unwrap();
        fs::remove_dir_all(project.join("cases")).unwrap();
        plugin(&project, &["build"]).ok();
        built.push((fs::read_to_string(source).unwrap(), project.join("bad.wasm")));
    }
    all(&built);
}

/// There are as many kinds as promised, and each check but one is failed by one of
/// them.
#[test]
fn all_kinds_are_there() {
    let mut sources: Vec<_> = ["wat", "c"].into_iter().flat_map(|name| sources(&folder(name))).collect();
    for (language, file) in [("assemblyscript", "plugin.ts"), ("go", "plugin.go"), ("zig", "plugin.zig")] {
        let path = folder("projects").join(language).join(file);
        sources.push((path.clone(), fs::read_to_string(path).unwrap()));
    }
    let mut failed = Vec::new();
    for (path, source) in &sources {
        assert!(field(source, "fails").is_some(), "{}", path.display());
        failed.extend(words(source, "fails"));
    }
    failed.sort();
    failed.dedup();
    assert!(sources.len() > 30);
    // The speed is only judged on demand, and `begin` is checked by each run.
    let all = [
        "contract",
        "describe",
        "idempotent",
        "imports",
        "length",
        "limits",
        "memory",
        "prefilter",
        "repeat",
        "reset",
        "split",
        "threads",
        "time",
        "trap",
    ];
    assert_eq!(failed, all);
}
