//! Several files in one run: as if they were done one after the other, however
//! many are in flight at the same time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use runner_tests::{DESCRIPTORS, MANY_DESCRIPTORS, Ran, Scratch, has, names, skip};
use rustix::process::{Pid, Signal, kill_process};

const REPLACE: [&str; 6] = ["apply", "replace", "--set", "find=old", "--set", "with=newer"];

/// The binary, with room for as many files in flight as it likes, or for few.
fn command(dir: &Path, wide: bool) -> Command {
    let mut command = runner_tests::command_with(if wide { MANY_DESCRIPTORS } else { DESCRIPTORS });
    command.current_dir(dir);
    command
}

fn run(dir: &Path, wide: bool, args: &[&str], files: &[String]) -> Ran {
    Ran::of(command(dir, wide).args(args).args(files).output().unwrap())
}

/// Files of all kinds, and some that cannot be worked on; the arguments.
fn mixed(scratch: &Scratch) -> Vec<String> {
    let mut arguments = Vec::new();
    for number in 0..60 {
        let name = format!("f{number:02}");
        let path = scratch.path(&name);
        let line = format!("line {number}: old and old\n");
        match number % 12 {
            1 => fs::write(&path, "nothing of it\n").unwrap(),
            3 => fs::write(&path, line.repeat(60_000)).unwrap(),
            4 => {}
            5 => fs::create_dir(&path).unwrap(),
            6 => {
                fs::write(&path, line).unwrap();
                fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
            }
            7 => symlink(format!("f{:02}", number - 7), &path).unwrap(),
            8 => fs::hard_link(scratch.path(&format!("f{:02}", number + 1 - 9)), &path).unwrap(),
            9 => {
                fs::write(&path, line).unwrap();
                fs::write(runner_tests::sidecars(&path).new.path(), "left over").unwrap();
            }
            _ => fs::write(&path, line.repeat(number)).unwrap(),
        }
        arguments.push(name);
        if number % 12 == 10 {
            // The same once more, and one of before.
            arguments.push(format!("./f{number:02}"));
            arguments.push(format!("f{:02}", number - 8));
        }
    }
    arguments
}

/// All contents; nothing is left beside the files.
fn contents(dir: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    names(dir).into_iter().map(|name| (name.clone(), fs::read(dir.join(name)).ok())).collect()
}

/// Without what differs from run to run. The number of workers follows the memory
/// that the machine has at that moment.
fn comparable(ran: &Ran, dir: &Path) -> Vec<String> {
    let without = |line: &str, from: &str, to: &str| match line.split_once(from) {
        Some((before, rest)) => format!("{before}{}", rest.split_once(to).unwrap().1),
        None => line.to_owned(),
    };
    let text = ran.text() + &ran.stderr;
    let is_about_workers =
        |line: &str| line.ends_with(" workers continue") || line.contains("\"event\":\"workers\"");
    let lines = text.lines().filter(|line| !is_about_workers(line));
    let lines = lines.map(|line| line.replace(fs::canonicalize(dir).unwrap().to_str().unwrap(), "."));
    let lines = lines.map(|line| without(&line, "\"seconds\":", ","));
    let timeless = |line: String| match line.split_once(" s)") {
        Some((before, after)) => match before.rsplit_once(" (") {
            Some((before, _)) => format!("{before}{after}"),
            None => line,
        },
        None => line,
    };
    lines.map(timeless).collect()
}

#[test]
fn as_one_after_the_other() {
    for options in [&[][..], &["--json"], &["--check"], &["--dry-run"], &["--json", "--backup", ".bak"]] {
        let args = [&REPLACE[..], options].concat();
        let single = Scratch::in_memory();
        let files = mixed(&single);
        let (mut codes, mut said) = (Vec::new(), Vec::new());
        for file in &files {
            let ran = run(single.dir(), true, &args, std::slice::from_ref(file));
            codes.push(ran.code);
            said.extend(comparable(&ran, single.dir()));
        }
        // The first failure, else what `--check` says.
        let code = codes.iter().find(|code| **code > 1).unwrap();
        for wide in [true, false] {
            let scratch = Scratch::in_memory();
            assert_eq!(mixed(&scratch), files);
            let ran = run(scratch.dir(), wide, &args, &files);
            assert_eq!(ran.code, *code, "{options:?}");
            let mut now = comparable(&ran, scratch.dir());
            let mut then = said.clone();
            if !options.contains(&"--json") {
                // Two streams: the order between them is not known.
                now.sort();
                then.sort();
            }
            assert_eq!(now, then, "{options:?}");
            assert!(contents(scratch.dir()) == contents(single.dir()), "{options:?}");
        }
    }
}

fn many(scratch: &Scratch, count: usize) -> Vec<String> {
    let names: Vec<_> = (0..count).map(|number| format!("f{number:03}")).collect();
    for name in &names {
        scratch.write(name, "one old thing\n");
    }
    names
}

#[test]
fn the_code_is_that_of_the_first_failure_in_their_order() {
    for (bad, code) in [(["f010", "f030"], 2), (["f030", "f010"], 4)] {
        let scratch = Scratch::in_memory();
        let mut files = many(&scratch, 40);
        fs::remove_file(scratch.path(bad[0])).unwrap();
        scratch.write(bad[1], b"RUNPATCH\x02\0\0\0");
        let ran = run(scratch.dir(), true, &REPLACE, &files);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert_eq!(ran.stderr.matches("error: ").count(), 2);
        files.retain(|file| !bad.contains(&file.as_str()));
        for file in files {
            assert_eq!(fs::read(scratch.path(&file)).unwrap(), b"one newer thing\n");
        }
    }
}

#[test]
fn a_file_that_another_run_is_at_work_on_fails_alone() {
    let scratch = Scratch::in_memory();
    let files = many(&scratch, 20);
    let busy = File::open(scratch.path("f007")).unwrap();
    busy.lock().unwrap();
    let ran = run(scratch.dir(), true, &REPLACE, &files).says("another run is using it");
    assert_eq!((ran.code, ran.stderr.matches("error: ").count()), (7, 1));
    assert_eq!(fs::read(scratch.path("f007")).unwrap(), b"one old thing\n");
    assert_eq!(ran.stderr.matches("f0").count() - 1, 19, "{}", ran.stderr);
}

/// As many as are in flight at a time, for few descriptors as for many.
#[test]
fn descriptors_and_mappings_do_not_add_up() {
    for limit in [20, 40, 64, 1000] {
        let scratch = Scratch::in_memory();
        let files = many(&scratch, 300);
        let mut limited = runner_tests::command_with(limit);
        limited.args(REPLACE).args(&files).current_dir(scratch.dir());
        let ran = Ran::of(limited.output().unwrap()).ok();
        let reported = ran.stderr.lines().map(|line| line.split(':').next().unwrap());
        assert!(reported.eq(files.iter().map(String::as_str)), "{limit}: {}", ran.stderr);
        assert_eq!(names(scratch.dir()), files);
    }
}

/// What a plugin logs of a file is told with the file.
#[test]
fn what_is_logged_stands_before_the_report() {
    let scratch = Scratch::in_memory();
    let plugin = scratch.guest("chatty");
    let files = many(&scratch, 12);
    let args = ["apply", plugin.to_str().unwrap(), "--json"];
    let ran = run(scratch.dir(), true, &args, &files).ok();
    let text = ran.text();
    let events: Vec<_> =
        text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect();
    assert_eq!(events.len(), 12 * 201);
    for (of_one, file) in events.chunks(201).zip(&files) {
        assert!(of_one[..200].iter().all(|event| event["event"] == "log"));
        assert!(of_one[200]["event"] == "applied" && of_one[200]["file"] == **file, "{}", of_one[200]);
    }
}

/// Each instance takes most of what there is: who gets nothing is done again,
/// alone.
#[test]
fn little_memory_changes_nothing_that_is_told() {
    let scratch = Scratch::in_memory();
    let plugin = scratch.guest("hungry");
    let files = many(&scratch, 12);
    let args = ["apply", plugin.to_str().unwrap(), "-j", "4", "--memory-total", "260M"];
    let ran = run(scratch.dir(), true, &args, &files).ok();
    let reported: Vec<_> = ran.stderr.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(reported, files);
    for file in files {
        assert_eq!(fs::read(scratch.path(&file)).unwrap(), b"!ne old thing\n");
    }
}

/// One worker serves all files: whoever was in flight when it died is done again,
/// and nobody sees a difference.
#[test]
fn a_worker_that_dies_costs_a_second_try() {
    let scratch = Scratch::in_memory();
    let files = many(&scratch, 300);
    let mut seconds = 0;
    for moment in 0..8 {
        for file in &files {
            scratch.write(file, "one old thing\n");
        }
        let mut command = runner_tests::command();
        command.args(["apply", "replace", "--set", "find=one", "--set", "with=!ne", "-j", "2"]).args(&files);
        let run = command.current_dir(scratch.dir()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut run = run.spawn().unwrap();
        let worker = loop {
            match runner_tests::helpers(run.id(), "__work").first() {
                Some(worker) => break *worker,
                None => assert!(run.try_wait().unwrap().is_none(), "it has no worker"),
            }
        };
        std::thread::sleep(Duration::from_millis(4 * moment));
        let pid = Pid::from_raw(worker.cast_signed()).unwrap();
        // By then, the run may be over.
        let _ = kill_process(pid, Signal::KILL);
        let mut is_second = false;
        while run.try_wait().unwrap().is_none() && !is_second {
            is_second = runner_tests::helpers(run.id(), "__work").iter().any(|other| *other != worker);
        }
        seconds += u32::from(is_second);
        let ran = Ran::of(run.wait_with_output().unwrap());
        // Before the first file, there is nothing to do again.
        if ran.code == 3 {
            ran.says("the process that runs plugin `replace` died while loading it");
            assert!(fs::read(scratch.path(&files[0])).unwrap() == b"one old thing\n");
            continue;
        }
        let ran = ran.ok();
        let reported: Vec<_> = ran.stderr.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(reported, files);
        for file in &files {
            assert_eq!(fs::read(scratch.path(file)).unwrap(), b"!ne old thing\n");
        }
    }
    assert!(seconds > 0, "no worker died while there was work");
}

/// Files of which every other one cannot be rewritten, and gets a new tail.
fn of_both_strategies(scratch: &Scratch, count: usize) -> Vec<String> {
    let files = many(scratch, count);
    for file in files.iter().step_by(2) {
        scratch.write(file, "one old thing\n".repeat(30));
        fs::hard_link(scratch.path(file), scratch.path(&format!("{file}.hard"))).unwrap();
    }
    files
}

/// Whether a file is new; it is old or new.
fn is_new(scratch: &Scratch, file: &str) -> bool {
    let found = fs::read_to_string(scratch.path(file)).unwrap();
    assert!(found.contains("old") != found.contains("newer"), "mixed: {found}");
    found.contains("newer")
}

fn left_over(scratch: &Scratch) -> bool {
    names(scratch.dir()).iter().any(|name| name.contains(".runner-"))
}

/// Who does not read what is told holds the run, so at the signal there are
/// files that were not begun.
#[test]
fn an_interrupted_run_begins_no_more_and_ends_those_in_flight() {
    for lines in [1, 40, 300] {
        let scratch = Scratch::in_memory();
        let files = of_both_strategies(&scratch, 1000);
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        rustix::pipe::fcntl_setpipe_size(&write, 4096).unwrap();
        let mut child =
            command(scratch.dir(), true).args(REPLACE).args(&files).stderr(write).spawn().unwrap();
        let mut told = BufReader::new(File::from(read)).lines().map(Result::unwrap);
        let mut said: Vec<String> = told.by_ref().take(lines).collect();
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        said.extend(told);
        assert_eq!(child.wait().unwrap().code(), Some(7), "{said:?}");
        let reported: Vec<_> = said
            .iter()
            .filter(|line| line.starts_with('f'))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        let new: Vec<_> = files.iter().filter(|file| is_new(&scratch, file)).collect();
        assert_eq!(reported, new);
        assert!((lines..1000).contains(&new.len()), "{}", new.len());
        assert_eq!(said[reported.len()..], ["error: interrupted", "  hint: the file is untouched"]);
        assert!(!left_over(&scratch));
    }
}

#[test]
fn a_killed_run_leaves_files_that_can_be_recovered() {
    if !has("strace") {
        return skip("strace is missing");
    }
    let (mut in_between, mut several) = (0, 0);
    for call in ["flock", "pwrite64", "fsync", "renameat", "fdatasync", "renameat2", "unlinkat"] {
        for nth in 1..=3 {
            let scratch = Scratch::in_memory();
            let files = of_both_strategies(&scratch, 100);
            // At some thread's `nth` call.
            let status = runner_tests::program("strace")
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
                .args(["-e", &format!("inject={call}:signal=KILL:when={nth}"), "--"])
                .arg(runner_tests::binary())
                .args(REPLACE)
                .args(&files)
                .current_dir(scratch.dir())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success() || status.signal() == Some(9), "{status}");
            let journals = names(scratch.dir()).iter().filter(|name| name.contains(".runner-")).count();
            in_between += u32::from(journals > 0);
            several += u32::from(journals > 1);
            run(scratch.dir(), true, &["recover"], &files).ok();
            for file in &files {
                is_new(&scratch, file);
            }
            assert!(!left_over(&scratch));
        }
    }
    assert!(in_between > 5 && several > 0, "it was hardly ever killed in between: {in_between}, {several}");
}
