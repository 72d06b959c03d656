//! Guests from files: each says itself what must become of it.
//!
//! A guest is the text of a module, without the `(module` round it; what it
//! does not define comes from `prelude.wat`. (Text that begins with
//! `(component` is taken as it is.) Comments at its top say what is expected:
//!
//! ```text
//! ;; Never answers.
//! ;; expect: exit 3, says "did not process the window at offset 0 within 0.2 s"
//! ;; options: --timeout 0.2
//! ;; file: 50000 x "abc\n"
//! ```
//!
//! `expect` is an exit code and one of `says "TEXT"` (the error or log lines
//! hold it), `file "TEXT"` (what the file becomes) and `unchanged`. The file
//! is `abc\nabc\n` unless it is said. There is no guest without `expect`.

use std::fs;
use std::path::PathBuf;

pub(crate) use runner_tests::guest::build;

/// One guest, built, with its expectation.
pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) wasm: Vec<u8>,
    /// Does what `wasm` does, but for a window that begins with `x`, which
    /// becomes `!`. Only where all the harm is in `transform`.
    pub(crate) choosy: Option<Vec<u8>>,
    pub(crate) expect: Expect,
    pub(crate) options: Vec<String>,
    pub(crate) content: Vec<u8>,
}

#[derive(Clone)]
pub(crate) struct Expect {
    pub(crate) code: i32,
    /// What is said on standard error.
    pub(crate) says: String,
    /// What the file becomes; `None`: what it was.
    pub(crate) file: Option<Vec<u8>>,
}

/// `abc\nabc\n`.
pub(crate) const CONTENT: &[u8] = b"abc\nabc\n";

/// All guests of the folder, by name.
pub(crate) fn all() -> Vec<Guest> {
    let mut paths: Vec<_> =
        fs::read_dir(folder().join("guests")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert_eq!(path.extension().unwrap(), "wat", "{name}: what is it?");
            Guest::new(name, &fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn folder() -> PathBuf {
    runner_tests::repository().join("tests/hostile")
}

impl Guest {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let field = |field: &str| {
            let start = format!(";; {field}: ");
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(&start));
            let value = lines.next();
            assert!(lines.next().is_none(), "{name}: two lines `{field}`");
            value
        };
        let expect = field("expect").unwrap_or_else(|| panic!("{name}: it does not say what to expect"));
        // Not with a job of its own, which would be that of both files.
        let plain_job = !text.contains("(i32.const 2056)") && !text.contains("(i32.const 2088)");
        let choosy = (plain_job && text.contains("(func $transform")).then(|| {
            let hostile = text.replace("(func $transform", "(func $hostile");
            build(name, &(hostile + CHOOSY))
        });
        Self {
            name: name.to_owned(),
            wasm: build(name, text),
            choosy,
            expect: Expect::parse(name, expect),
            options: field("options").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            content: field("file").map_or(CONTENT.to_vec(), |file| {
                let (count, text) = file.split_once(" x ").unwrap_or_else(|| panic!("{name}: {file}"));
                quoted(text).repeat(count.parse().unwrap())
            }),
        }
    }

    /// The value of an option such as `--timeout`.
    pub(crate) fn option(&self, option: &str) -> Option<&str> {
        let at = self.options.iter().position(|given| given == option)?;
        Some(&self.options[at + 1])
    }
}

/// Puts itself in front of a hostile `transform`.
const CHOOSY: &str = "
(func $transform (type $window)
  (if (i32.ne (i32.load8_u (local.get 1)) (i32.const 120)) (then
    (return (call $hostile
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)
      (local.get 7) (local.get 8) (local.get 9) (local.get 10)))))
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (i64.store (i32.const 608) (i64.extend_i32_u (local.get 2)))
  (call $edits))";

impl Expect {
    fn parse(name: &str, text: &str) -> Self {
        let (code, what) = text
            .strip_prefix("exit ")
            .and_then(|rest| rest.split_once(", "))
            .unwrap_or_else(|| panic!("{name}: expect: {text}"));
        let mut expect = Self { code: code.parse().unwrap(), says: String::new(), file: None };
        match what.split_once(' ') {
            // What is said is escaped, so it is compared as it stands.
            Some(("says", says)) => expect.says = says.trim_matches('"').to_owned(),
            Some(("file", file)) => expect.file = Some(quoted(file)),
            None if what == "unchanged" => {}
            _ => panic!("{name}: expect: {text}"),
        }
        assert!(expect.code == 0 || !expect.says.is_empty(), "{name}: a failure says why");
        expect
    }
}

/// Text in quotes, with `\n`.
fn quoted(text: &str) -> Vec<u8> {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or_else(|| panic!("not in quotes: {text}")).replace("\\n", "\n").into_bytes()
}
