//! The plugin `conform` of each language against that of Rust: the same file, exit
//! code and messages, whatever the framing, the parameters and the cut.

use std::fs;
use std::path::{Path, PathBuf};

use runner_tests::{Random, Scratch, runner, seed};

use crate::frozen::{self, SLOW};
use crate::{LANGUAGES, fixture};

const FRAMINGS: [&str; 8] =
    ["lines", "bytes", "quoted", "fields", "fixed", "length-prefixed", "overlapping", "sequential"];

/// How many inputs are tried with each framing.
const INPUTS: usize = 12;

/// The same for the plugins of a frozen contract.
const FROZEN_INPUTS: usize = 3;

/// Seconds in which a plugin is compiled in any case.
pub(crate) const PATIENCE: &str = "1800";

/// How many these are.
const FROZEN: usize = 8;

/// An input of a framing, from parts that matter to it.
fn input(framing: &str, random: &mut Random) -> Vec<u8> {
    let parts: &[&str] = match framing {
        "lines" => &["a=1", "B=2", "c=55", "c=", "\n", "\n", "@", "x@", "?", "\u{e9}", "\r\n"],
        "bytes" => &["x", "y", "z", "\n"],
        "quoted" => &["x", "\"", ",", "\n", "\n", "ab"],
        "fields" => &["x", "abc", ",", ",", "\n", "\"q,\n\"", "1", ",\"a\"\"b\","],
        "fixed" => &["a", "b", "c", "d", "efg"],
        "overlapping" => &["abc", "ab", "c", " x ", "x", " ", "\n", "q"],
        "sequential" => &["a", "b", "c", "d", "e"],
        _ => return packets(random),
    };
    let count = [0, 1, 3, 20, 200, 3000][random.below(6) as usize];
    let mut text: String = (0..count).map(|_| parts[random.below(parts.len() as u64) as usize]).collect();
    // Reasons to fail.
    if framing == "lines" && random.below(6) == 0 {
        text.push_str(["!", "#"][random.below(2) as usize]);
    }
    text.into_bytes()
}

/// A type, a length of two bytes, a `Z` and the body; now and then an impossible
/// type.
fn packets(random: &mut Random) -> Vec<u8> {
    let mut bytes = b"HH".to_vec();
    for _ in 0..random.below(40) {
        let length = random.below(20) as u8;
        bytes.extend_from_slice(&[1 + random.below(9) as u8, 0, length, b'Z']);
        bytes.extend((0..length).map(|_| random.below(256) as u8));
    }
    if random.below(10) == 0 {
        bytes.extend_from_slice(&[0, 0, 0, b'Z']);
    }
    bytes
}

/// Parameters, a table, a seed and a cut.
fn options(folder: &Path, random: &mut Random) -> Vec<String> {
    let mut options = Vec::new();
    let mut give = |words: &[&str]| options.extend(words.iter().map(|word| (*word).to_owned()));
    give(&["-j", ["1", "2"][random.below(2) as usize]]);
    give(&["-v", "--window", ["1", "16", "100", "1048576"][random.below(4) as usize]]);
    if random.below(3) == 0 {
        give(&["--seed", "18446744073709551615"]);
    }
    if random.below(3) == 0 {
        give(&["--table", &format!("notes={}", folder.join("table").display())]);
    }
    if random.below(2) == 0 {
        give(&["--set", "text=\u{fc}\n", "--set", "number=-9223372036854775808", "--set", "flag=false"]);
        give(&["--set", "data=\\n\\x80"]);
    }
    if random.below(2) == 0 {
        give(&["--set", "many=1", "--set", "many=", "--set", "many=3", "--set", "word=s3cr3t"]);
        give(&["--set", &format!("file=@{}", folder.join("value").display())]);
    }
    options
}

/// What a plugin makes of a file, its exit code, and what is said about it but
/// for the report.
fn run(scratch: &Scratch, plugin: &Path, content: &[u8], options: &[String]) -> (Vec<u8>, i32, String) {
    let file = scratch.write("file", content);
    // On a busy machine, interpreters take longer than the usual limit.
    let start = ["apply", "--compile-timeout", PATIENCE, plugin.to_str().unwrap(), file.to_str().unwrap()];
    let start = start.map(str::to_owned);
    let ran = runner(start.iter().chain(options));
    let is_told =
        |line: &&str| line.starts_with("plugin ") || line.contains("error") || line.contains("caused by");
    // The order in which threads say something is not known.
    let mut lines: Vec<_> = ran.stderr.lines().filter(is_told).map(str::to_owned).collect();
    lines.sort();
    let counts =
        ran.stderr.lines().filter_map(|line| line.split_once("): ")).map(|(_, counts)| counts.to_owned());
    lines.extend(counts);
    (fs::read(&file).unwrap(), ran.code, lines.join("\n"))
}

/// Gives plugins the same files and parameters, `inputs` for each framing: all
/// must answer as the first one does.
pub(crate) fn compare(plugins: &[PathBuf], inputs: usize) {
    let mut random = Random(seed() | 1);
    let scratch = Scratch::new();
    scratch.write("table", "0123456789");
    scratch.write("value", "from\\nfile");
    let (first, others) = plugins.split_first().unwrap();
    assert!(!others.is_empty());
    let mut changed = 0;
    for framing in FRAMINGS {
        for _ in 0..inputs {
            let content = input(framing, &mut random);
            let mut options = options(scratch.dir(), &mut random);
            options.extend(["--set".to_owned(), format!("framing={framing}")]);
            let expected = run(&scratch, first, &content, &options);
            changed += u64::from(expected.0 != content);
            for plugin in others {
                let found = run(&scratch, plugin, &content, &options);
                assert!(
                    found == expected,
                    "{}, {options:?}\ninput: {}\nin {}: {:?}, {}\n{}\nfound: {:?}, {}\n{}",
                    plugin.display(),
                    content.escape_ascii(),
                    first.display(),
                    expected.1,
                    expected.0.escape_ascii(),
                    expected.2,
                    found.1,
                    found.0.escape_ascii(),
                    found.2,
                );
            }
        }
    }
    assert!(changed > (FRAMINGS.len() * inputs / 3) as u64, "only {changed} files were changed");
}

#[test]
fn all_languages_answer_alike() {
    let plugins = std::iter::once("rust").chain(LANGUAGES).map(fixture);
    compare(&plugins.collect::<Vec<_>>(), INPUTS);
}

/// What was built for a frozen version of the contract runs as it did then.
#[test]
fn frozen_plugins_answer_alike() {
    let scratch = Scratch::new();
    let plugins = frozen::plugins(&scratch);
    assert!(plugins.len() == FROZEN || plugins.len() == FROZEN - SLOW.len(), "{plugins:?}");
    compare(&plugins, FROZEN_INPUTS);
}
