//! `plugin rebuild`: the same bytes from the source, and when it is refused.
//!
//! The compiler of most tests is a script that runs the source: what a transform of
//! AssemblyScript or a build script of Rust can do, without their compilers. It succeeds
//! if what the source has tried fails.

mod hostile;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use runner_tests::authoring::has_namespaces;
use runner_tests::packages::{User, guest_plugin};
use runner_tests::{Ran, names, program};

/// A compiler that runs what it is to compile, and then makes what the source brings.
const COMPILER: &str = r#"case "$*" in *--version*) echo "not really clang 1"; exit ;; esac
out= before=
for word; do
  [ "$before" = -o ] && out=$word
  before=$word
done
case "$*" in *" -c "*) . ./plugin.c ;; esac
cp module.bin "$out"
"#;

/// A user with `acme:guest` in `x.wasm`, and with its source in C in the folder `guest`.
/// Nobody, where no build can be confined.
fn user() -> Option<User> {
    if !has_namespaces() {
        return None;
    }
    let user = User::with_policies();
    user.plugin(&["new", "guest", "--lang", "c"]).ok();
    user.scratch.write("guest/module.bin", guest_plugin("1.0.0", b'1'));
    user.scratch.write("guest/guest.wasm", guest_plugin("1.0.0", b'1'));
    user.scratch.write("guest/plugin.c", "");
    user.plugin(&["package", "guest", "--namespace", "acme", "--revision", "abc", "-o", "x.wasm"]).ok();
    fs::create_dir(user.scratch.path("bin")).unwrap();
    user.scratch.script("bin/clang-19", COMPILER);
    Some(user)
}

fn command(user: &User) -> Command {
    let mut command = user.command();
    command.env("PATH", format!("{}:/usr/bin:/bin", user.scratch.path("bin").display()));
    command.env("TMPDIR", room(user));
    command
}

/// The folder for temporary files.
fn room(user: &User) -> PathBuf {
    let room = user.scratch.path("room");
    fs::create_dir_all(&room).unwrap();
    room
}

fn rebuild(user: &User, more: &[&str]) -> Ran {
    let ran = Ran::of(
        command(user).args([&["plugin", "rebuild", "x.wasm", "guest"], more].concat()).output().unwrap(),
    );
    assert_eq!(names(&room(user)), [""; 0], "nothing is left");
    ran
}

#[test]
fn what_the_source_gives_is_compared_and_attested() {
    let Some(user) = user() else { return };
    user.keys("author");
    user.keys("other");
    user.plugin(&["sign", "x.wasm", "--key", "author"]).ok();
    let said = rebuild(&user, &["--key", "other"]).ok().text();
    for line in [
        "x.wasm: acme:guest@1.0.0, digest ",
        "built again from source ",
        "the package names the revision abc: it is for you to fetch that one",
        "clang: not really clang 1",
        "the same bytes: ",
        "x.wasm.intoto.jsonl: acme:guest@1.0.0 is built again from source ",
    ] {
        assert!(said.lines().any(|found| found.starts_with(line)), "{line}\n{said}");
    }
    let verify = ["verify", "x.wasm", "--key", "author.pub", "--attester", "other.pub"];
    let said = user.plugin(&verify).ok().text();
    assert!(said.contains(" attests: built again from source "), "{said}");
    assert!(said.contains("same bytes; clang not really clang 1"), "{said}");
    // Another source.
    fs::remove_file(user.scratch.path("x.wasm.intoto.jsonl")).unwrap();
    user.scratch.write("guest/module.bin", guest_plugin("1.0.0", b'2'));
    let ran = rebuild(&user, &["--key", "other"]).fails(5, "the rebuilt plugin has other bytes");
    let ran = ran.says("the first difference is at offset ").says("in the section `data`");
    assert!(ran.text().contains("clang: not really clang 1"), "{}", ran.text());
    assert!(!user.scratch.path("x.wasm.intoto.jsonl").exists(), "nothing is attested");
    // One that ends earlier, and one that is a plugin with a section already.
    user.scratch.write("guest/module.bin", b"\0asm\x01\0\0\0");
    rebuild(&user, &[]).fails(5, "the rebuilt plugin has other bytes").says("in the section `type`");
    fs::copy(user.scratch.path("x.wasm"), user.scratch.path("guest/module.bin")).unwrap();
    rebuild(&user, &[]).fails(2, "has a section that describes it already");
}

#[test]
fn a_module_in_the_text_format_gives_the_same_bytes() {
    let user = User::new();
    user.plugin(&["new", "shift", "--lang", "wat"]).ok();
    user.plugin(&["build", "shift"]).ok();
    user.plugin(&["package", "shift", "--namespace", "acme", "-o", "x.wasm"]).ok();
    let said = user.plugin(&["rebuild", "x.wasm", "shift"]).ok().text();
    assert!(said.contains("the same bytes: "), "{said}");
    // What was built before does not count.
    user.scratch.write("shift/shift.wasm", "");
    assert_eq!(user.plugin(&["rebuild", "x.wasm", "shift"]).ok().text(), said);
    let source = user.read("shift/plugin.wat");
    user.scratch.write("shift/plugin.wat", source.replacen("i32.const 1)", "i32.const 2)", 1));
    let other = user.plugin(&["rebuild", "x.wasm", "shift"]).fails(5, "the rebuilt plugin has other bytes");
    assert!(!other.text().contains("the same bytes"), "{}", other.text());
    user.scratch.write("shift/plugin.wat", "(module");
    user.plugin(&["rebuild", "x.wasm", "shift"]).fails(3, "is not valid in the text format");
}

#[test]
fn a_recipe_is_data() {
    let Some(user) = user() else { return };
    let packed = fs::read(user.scratch.path("x.wasm")).unwrap();
    // As long as the other one, so that the section stays whole.
    let with = |from: &str, to: &str| {
        let mut bytes = packed.clone();
        let from = format!("\"language\":\"c\",\"revision\":\"{from}\"");
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        let to = format!("{to:<width$}", width = from.len());
        bytes.splice(at..at + from.len(), to.into_bytes());
        user.scratch.write("x.wasm", bytes);
    };
    for (language, what) in [
        ("cobol", "built in another language"),
        ("../../c", "built in another language"),
        ("sh -c id", "built in another language"),
        ("\\u001b[2J", "built in another language"),
        ("", "built in another language"),
        ("python", "a build in Python cannot be repeated"),
        ("javascript", "a build in JavaScript cannot be repeated"),
        ("wat", "guest is not the source of this plugin"),
    ] {
        with("abc", &format!("\"language\":\"{language}\""));
        let ran = rebuild(&user, &[]).fails(2, what);
        assert!(!ran.stderr.contains('\u{1b}'), "{language}");
    }
    // Nothing of it is a command.
    with("abc", "\"language\":\"c\",\"steps\":[]");
    rebuild(&user, &[]).fails(3, "the section `runner-plugin`");
    // No recipe.
    user.scratch.write("x.wasm", &packed);
    user.plugin(&["package", "guest/guest.wasm", "--namespace", "acme", "-o", "y.wasm"]).ok();
    user.plugin(&["rebuild", "y.wasm", "guest"]).fails(2, "y.wasm does not say how it was built");
    user.plugin(&["rebuild", "guest/guest.wasm", "guest"]).fails(2, "nothing is written in guest/guest.wasm");
    user.plugin(&["rebuild", "x.wasm", "bin"]).fails(2, "cannot open bin/runner.toml");
}

#[test]
fn tools_are_those_of_the_machine() {
    let Some(user) = user() else { return };
    let folder = user.scratch.path("bin");
    // Programs of the source would be as easy to have as its code.
    for place in ["venv/bin", ".venv/bin", "node_modules/.bin", "tools"] {
        let place = user.scratch.path("guest").join(place);
        fs::create_dir_all(&place).unwrap();
        fs::copy(folder.join("clang-19"), place.join("clang-19")).unwrap();
    }
    fs::remove_dir_all(&folder).unwrap();
    let path = "guest/tools:/usr/bin/nothing";
    for path in [path.to_owned(), user.scratch.path(path).display().to_string()] {
        let mut command = user.command();
        command.args(["plugin", "rebuild", "x.wasm", "guest"]).env("PATH", path);
        Ran::of(command.output().unwrap())
            .fails(2, "the build needs Clang 17 or newer")
            .says("to install it: apt-get install");
    }
}

#[test]
fn a_source_is_files_and_folders() {
    let Some(user) = user() else { return };
    let source = user.scratch.path("guest");
    symlink("/etc/passwd", source.join("link")).unwrap();
    rebuild(&user, &[]).fails(4, "guest/link is no part of a source").says("a link that leads out");
    fs::remove_file(source.join("link")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, source.join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    rebuild(&user, &[]).fails(4, "guest/pipe is no part of a source");
    fs::remove_file(source.join("pipe")).unwrap();
    // What a build before has left is not taken for a result of this one.
    fs::create_dir(source.join(".build")).unwrap();
    fs::rename(source.join("module.bin"), source.join(".build/guest.wasm")).unwrap();
    rebuild(&user, &[]).fails(2, "a step of the build failed");
}

/// Where namespaces are switched off.
#[test]
fn a_build_is_never_confined_less_without_being_asked() {
    let Some(user) = user() else { return };
    let without = |more: &str| {
        let script = format!(
            "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" plugin rebuild x.wasm guest {more}"
        );
        let mut command = program("unshare");
        for (name, value) in self::command(&user).get_envs() {
            value.map(|value| command.env(name, value));
        }
        command.args(["--user", "--map-root-user", "sh", "-c", &script]).arg(runner_tests::binary());
        Ran::of(command.current_dir(user.scratch.dir()).output().unwrap())
    };
    without("")
        .fails(4, "the build cannot be confined here: namespaces missing")
        .says("--allow-less-confinement builds with the layers that there are");
    without("--allow-less-confinement --key other").fails_to_parse();
    let ran = without("--allow-less-confinement").ok();
    assert!(ran.stderr.contains("warning: the build was confined without namespaces"), "{}", ran.stderr);
}

#[test]
fn a_policy_can_demand_a_rebuild_by_another_than_the_author() {
    let Some(user) = user() else { return };
    user.keys("author");
    user.keys("other");
    user.plugin(&["sign", "x.wasm", "--key", "author"]).ok();
    let line = |file: &str| user.read(file).lines().nth(1).unwrap().to_owned();
    let key = |name: &str, file: &str, role: &str| {
        let line = line(file);
        format!("[[key]]\nname = \"{name}\"\nminisign = \"{line}\"\nfor = [\"acme:*\"]\nrole = \"{role}\"\n")
    };
    let write = |name: &str, text: &str| {
        let path = user.scratch.write(name, text);
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    };
    write(
        "config/trust.toml",
        &[
            key("acme", "author.pub", "author"),
            key("acme", "author.pub", "vet"),
            key("us", "other.pub", "vet"),
        ]
        .concat(),
    );
    write(
        "config/policy.toml",
        "signed-by = \"acme\"\nvetted = { by = [\"acme\", \"us\"], criteria = [\"runner:rebuilt\"] }\n",
    );
    let applied = || {
        user.scratch.write("file", "abc\n");
        Ran::of(user.guarded().args(["apply", "./x.wasm", "file"]).output().unwrap())
    };
    let refused = || {
        applied()
            .fails(4, "may not be run")
            .says("of acme and us, 1 must have vetted it, as runner:rebuilt: nobody has")
    };
    refused().says("`runner plugin rebuild`");
    rebuild(&user, &["--key", "author"]).ok();
    refused();
    rebuild(&user, &["--key", "other"]).ok();
    applied().ok();
}
