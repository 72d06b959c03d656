//! Other programs do the same thing: `sed`, `dos2unix`, `unix2dos` and a CSV
//! library, on generated files and on what a Debian system ships.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use runner_tests::{Scratch, has, repository, runner, skip};
use runner_values::{Key, Kind, Pseudonyms};

/// Every regular file under some folders, in order, up to some bytes in all.
fn files_under(folders: &[&str], bytes: u64) -> Vec<PathBuf> {
    let mut pending: Vec<_> = folders.iter().map(PathBuf::from).collect();
    let (mut found, mut total) = (Vec::new(), 0);
    while let Some(path) = pending.pop() {
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if meta.is_dir() {
            pending.extend(runner_tests::names(&path).iter().rev().map(|name| path.join(name)));
        } else if meta.is_file() && total < bytes {
            total += meta.len();
            found.push(path);
        }
    }
    found
}

/// Licences, the modules and Unicode tables of Perl, and time zones: text in
/// several encodings, and binary files.
fn real() -> Vec<u8> {
    let folders = ["/usr/share/common-licenses", "/usr/share/perl", "/usr/share/zoneinfo"];
    let files = files_under(&folders, 12 << 20);
    files.iter().flat_map(|file| fs::read(file).unwrap()).collect()
}

/// The inputs, by name.
fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let real = real();
    if real.len() < 1 << 20 {
        skip("there are no real files here");
    }
    let mut odd = runner_tests::log_lines(1 << 20, "\r\n");
    odd.extend_from_slice(b"\n\n\r\r\n\0\xff\xfe\n no line end: user");
    vec![("a log", runner_tests::log_lines(4 << 20, "\n")), ("an odd log", odd), ("real files", real)]
}

/// Applies a plugin, and runs a program over a copy.
#[track_caller]
fn same(what: &str, content: &[u8], plugin: &[&str], program: &dyn Fn(&Path) -> Vec<u8>) {
    let scratch = Scratch::in_memory();
    let (file, copy) = (scratch.write("file", content), scratch.write("copy", content));
    runner(["apply"].iter().chain(plugin).chain(&[file.to_str().unwrap()])).ok();
    let (ours, theirs) = (fs::read(&file).unwrap(), program(&copy));
    let differs = ours.iter().zip(&theirs).position(|(a, b)| a != b).unwrap_or(ours.len().min(theirs.len()));
    let near = |bytes: &[u8]| {
        let start = differs.saturating_sub(40).min(bytes.len());
        bytes[start..(differs + 40).min(bytes.len())].escape_ascii().to_string()
    };
    assert!(
        ours == theirs,
        "{plugin:?} on {what} differs at byte {differs}:\nours   {}\ntheirs {}",
        near(&ours),
        near(&theirs)
    );
}

fn sed(args: &[&str], file: &Path) -> Vec<u8> {
    let output = Command::new("sed").env("LC_ALL", "C").args(args).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn replace_does_what_sed_does() {
    for (what, content) in inputs() {
        // Find, with, and the same for sed; all of one meaning in both.
        for (find, with, script) in [
            ("user", "USER", "s/user/USER/g"),
            ("the", "a", "s/the/a/g"),
            ("a", "", "s/a//g"),
            ("e.", "e. ", r"s/e\./e. /g"),
            ("aa", "a", "s/aa/a/g"),
        ] {
            let plugin = ["replace", "--set", &format!("find={find}"), "--set", &format!("with={with}")];
            same(what, &content, &plugin, &|file| sed(&[script], file));
        }
        for (find, with, script) in [
            ("[0-9]+", "<$0>", "s/[0-9]+/<&>/g"),
            ("(?-u)([a-z]+)=([a-z]+)", "$2=$1", r"s/([a-z]+)=([a-z]+)/\2=\1/g"),
            ("^#", ";", "s/^#/;/g"),
            (";$", "", "s/;$//g"),
            ("^$", "-", "s/^$/-/g"),
            ("x*", "-", "s/x*/-/g"),
            ("[ \\t]+$", "", "s/[ \\t]+$//g"),
        ] {
            // As for sed in the C locale, every byte is a character: the
            // empty match is where they differ by design.
            if find == "x*" && what != "a log" {
                continue;
            }
            let sets = [format!("find={find}"), format!("with={with}"), "regex=true".to_owned()];
            let plugin: Vec<_> =
                ["replace"].into_iter().chain(sets.iter().flat_map(|set| ["--set", set])).collect();
            same(what, &content, &plugin, &|file| sed(&["-E", script], file));
        }
    }
}

fn replace_all(content: &[u8], find: &[u8], with: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(content.len()), 0);
    for hit in memchr::memmem::find_iter(content, find) {
        out.extend_from_slice(&content[at..hit]);
        out.extend_from_slice(with);
        at = hit + find.len();
    }
    out.extend_from_slice(&content[at..]);
    out
}

#[test]
fn newline_does_what_dos2unix_does() {
    if !has("dos2unix") || !has("unix2dos") {
        return skip("dos2unix is not installed");
    }
    let convert = |program: &str, file: &Path| {
        // `-f`: what looks binary as well.
        let output = Command::new(program).args(["-q", "-f"]).arg(file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read(file).unwrap()
    };
    for (what, content) in inputs() {
        same(what, &content, &["newline"], &|file| convert("dos2unix", file));
        // Of CR CR LF, which has its CR, unix2dos makes CR CR CR LF.
        let content = replace_all(&content, b"\r\r\n", b"\r\n");
        same(what, &content, &["newline", "--set", "to=crlf"], &|file| convert("unix2dos", file));
    }
}

/// The decoded rows.
fn rows(content: &[u8], delimiter: u8, quoting: bool) -> Vec<csv::ByteRecord> {
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(delimiter).quoting(quoting);
    reader.from_reader(content).byte_records().map(Result::unwrap).collect()
}

/// What becomes of the field of a column; `None` when it goes.
type Change<'a> = dyn Fn(usize, &[u8]) -> Option<Vec<u8>> + 'a;

/// Applies the csv plugin, and compares rows with what `change` makes of the
/// library's.
#[track_caller]
fn same_rows(content: &[u8], delimiter: u8, quoting: bool, params: &[&str], change: &Change<'_>) {
    let scratch = Scratch::in_memory();
    let file = scratch.write("file", content);
    let mut args = vec!["apply".to_owned(), "csv".to_owned(), file.to_str().unwrap().to_owned()];
    let quote = if quoting { "quote=\"" } else { "quote=none" };
    let delimiter_param = if delimiter == b'\t' {
        "delimiter=tab".to_owned()
    } else {
        format!("delimiter={}", delimiter as char)
    };
    // The library takes a backslash for text.
    for param in params.iter().copied().chain([quote, "escape=none", &delimiter_param]) {
        args.extend(["--set".to_owned(), param.to_owned()]);
    }
    runner(&args).ok();
    let header = !params.contains(&"header=false");
    let ours = rows(&fs::read(&file).unwrap(), delimiter, quoting);
    let theirs: Vec<csv::ByteRecord> = rows(content, delimiter, quoting)
        .iter()
        .enumerate()
        .map(|(row, record)| {
            // Names stay; a column that is dropped goes.
            let fields = record.iter().enumerate().filter_map(|(column, field)| {
                let new = change(column, field);
                if header && row == 0 { new.map(|_| field.to_vec()) } else { new }
            });
            fields.collect()
        })
        .collect();
    assert_eq!(ours.len(), theirs.len());
    for (row, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(ours, theirs, "row {row} of {params:?}");
    }
}

fn table() -> Vec<u8> {
    let mut random = runner_tests::Random(21);
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_record(["id", "name", "mail", "notes"]).unwrap();
    for id in 0..20_000 {
        let field = |random: &mut runner_tests::Random| -> Vec<u8> {
            let pieces = [&b"x"[..], b",", b"\n", b"\r\n", b"\"", b"yz ", b"\xc3\xa4", b"\xff"];
            (0..random.below(12)).flat_map(|_| pieces[random.below(8) as usize].iter().copied()).collect()
        };
        let mut record = csv::ByteRecord::from(vec![id.to_string().into_bytes()]);
        for _ in 0..3 {
            record.push_field(&field(&mut random));
        }
        writer.write_byte_record(&record).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn csv_does_what_a_library_does() {
    let content = table();
    let keep = |field: &[u8]| Some(field.to_vec());
    same_rows(&content, b',', true, &["set=name=a, \"b\""], &|column, field| {
        if column == 1 { Some(b"a, \"b\"".to_vec()) } else { keep(field) }
    });
    same_rows(&content, b',', true, &["drop=mail"], &|column, field| {
        if column == 2 { None } else { keep(field) }
    });
    same_rows(&content, b',', true, &["drop=1,4"], &|column, field| {
        if column == 0 || column == 3 { None } else { keep(field) }
    });
    // The library decodes, and the plugin replaces what it decoded.
    let pseudonyms = Pseudonyms::new(Key::new("secret").unwrap());
    same_rows(&content, b',', true, &["hash=id,notes", "key=secret"], &|column, field| {
        let kind = Kind::of(field);
        if column % 3 != 0 || field.is_empty() || pseudonyms.recognises(kind, field) {
            return keep(field);
        }
        let mut new = Vec::new();
        pseudonyms.write(kind, field, &mut new);
        Some(new)
    });
    // A doubled quote is two bytes.
    let quotes = |field: &[u8]| field.iter().filter(|&&byte| byte == b'"').count();
    same_rows(&content, b',', true, &["mask=notes,name"], &|column, field| {
        if column % 2 == 1 { Some(vec![b'*'; field.len() + quotes(field)]) } else { keep(field) }
    });
}

/// Real tables: time zones with tabs, users with colons, Unicode blocks and
/// collation keys with semicolons. None of them has quotes.
#[test]
fn csv_does_what_a_library_does_on_real_tables() {
    let mut tables =
        vec![(PathBuf::from("/usr/share/zoneinfo/zone.tab"), b'\t'), ("/etc/passwd".into(), b':')];
    let perl = files_under(&["/usr/share/perl"], u64::MAX);
    let names = ["Blocks.txt", "allkeys.txt", "NamedSequences.txt"];
    tables.extend(
        perl.into_iter()
            .filter(|path| names.iter().any(|name| path.ends_with(name)))
            .map(|path| (path, b';')),
    );
    assert!(tables.len() >= 2);
    for (path, delimiter) in tables {
        let Ok(content) = fs::read(&path) else {
            skip(&format!("{} is not there", path.display()));
            continue;
        };
        let params = ["header=false", "set=1=new"];
        same_rows(&content, delimiter, false, &params, &|column, field| {
            Some(if column == 0 { b"new".to_vec() } else { field.to_vec() })
        });
    }
}

/// The examples beside every plugin, through the command line.
#[test]
fn the_cases_of_every_plugin_hold() {
    let mut count = 0;
    for plugin in ["bytes", "csv", "json", "newline", "redact", "replace", "sql"] {
        let cases = repository().join("plugins").join(plugin).join("cases");
        for name in runner_tests::names(&cases) {
            let case = cases.join(&name);
            let scratch = Scratch::in_memory();
            let input = fs::read(case.join("input")).unwrap();
            let file = scratch.write("file", &input);
            let before = scratch.snapshot();
            let mut args = vec!["apply".into(), plugin.into(), file.clone().into_os_string()];
            let params = case.join("params.toml");
            if params.exists() {
                args.extend(["--params".into(), params.clone().into_os_string()]);
            }
            let ran = runner(&args);
            if let Ok(error) = fs::read_to_string(case.join("error")) {
                // 2 where the parameters are the reason, 3 where the file is.
                assert!([2, 3].contains(&ran.code), "{plugin}/{name}: {}", ran.stderr);
                let code = ran.code;
                // Text from a file is taken for a secret; one of a few words is not.
                let given = fs::read_to_string(&params).unwrap_or_default();
                let error = error.trim();
                let values = given.split('"').skip(1).step_by(2).filter(|value| value.len() >= 4);
                let hidden = values.fold(error.to_owned(), |error, value| error.replace(value, "(secret)"));
                let says = if ran.stderr.contains(error) { error } else { &hidden };
                ran.fails(code, says);
                assert_eq!(before, scratch.snapshot(), "{plugin}/{name}");
            } else {
                ran.ok();
                let output = fs::read(case.join("output")).unwrap();
                let found = fs::read(&file).unwrap();
                assert!(found == output, "{plugin}/{name}:\n{}", found.escape_ascii());
                assert_eq!(runner_tests::names(scratch.dir()), ["file"]);
            }
            count += 1;
        }
    }
    assert!(count >= 20, "{count} cases");
}
