//! Sources of people who want something else from those who build them.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use runner_tests::packages::{User, guest_plugin};
use runner_tests::{Ran, program};

use super::{COMPILER, command, rebuild, user};

/// Builds with a source that tries something, and ends with 9 if it could do it. Alone,
/// it could.
fn tries(user: &User, source: &str) {
    let script = format!("({source}) && exit 9\ntrue\n");
    user.scratch.write("guest/plugin.c", &script);
    let mut alone = program("sh");
    alone.arg(user.scratch.path("guest/plugin.c")).current_dir(user.scratch.dir());
    assert_eq!(alone.output().unwrap().status.code(), Some(9), "it is no attack: {source}");
    let ran = rebuild(user, &[]);
    assert_eq!(ran.code, 0, "{source}\n{}", ran.stderr);
}

#[test]
fn nothing_outside_is_read() {
    let Some(user) = user() else { return };
    fs::create_dir_all(user.scratch.path("home/.ssh")).unwrap();
    let secret = user.scratch.write("home/.ssh/id", "secret");
    let (secret, folder) = (secret.display(), user.scratch.dir().display());
    tries(&user, &format!("cat {secret}"));
    tries(&user, &format!("ls {folder}/home"));
    tries(&user, "cat /etc/passwd");
    tries(&user, "cat /proc/self/environ");
    // Not by a link that the source makes, either.
    tries(&user, &format!("ln -sf {secret} $$.link; cat $$.link"));
}

#[test]
fn nothing_outside_is_changed() {
    let Some(user) = user() else { return };
    let mine = user.scratch.write("mine", "mine");
    let (path, folder) = (mine.display(), user.scratch.dir().display());
    for attack in [
        format!("echo other > {path}"),
        format!("touch {folder}/new"),
        format!("mv {path} {path}.old && mv {path}.old {path}"),
        // Landlock does not look at these.
        format!("chmod 777 {path} && chmod 644 {path}"),
        format!("touch -d 2001-01-01 {path}"),
    ] {
        tries(&user, &attack);
    }
    assert!(fs::metadata(&mine).unwrap().permissions().mode() & 0o777 == 0o644);
}

#[test]
fn nothing_is_connected_to() {
    let Some(user) = user() else { return };
    let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let unix = UnixListener::bind(user.scratch.path("socket")).unwrap();
    let (tcp_port, udp_port) = (tcp.local_addr().unwrap().port(), udp.local_addr().unwrap().port());
    let perl = |code: String| format!("perl -MSocket -e '{code}'");
    let address = |port: u16| format!("sockaddr_in({port}, inet_aton(\"127.0.0.1\"))");
    tries(
        &user,
        &perl(format!("socket(S, PF_INET, SOCK_STREAM, 0) && connect(S, {}) or die", address(tcp_port))),
    );
    tries(
        &user,
        &perl(format!(
            "socket(S, PF_INET, SOCK_DGRAM, 0) && send(S, \"x\", 0, {}) or die",
            address(udp_port)
        )),
    );
    // A daemon of the user that listens in the file system.
    let path = user.scratch.path("socket");
    tries(
        &user,
        &perl(format!(
            "socket(S, PF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un(\"{}\")) or die",
            path.display()
        )),
    );
    drop((tcp, udp, unix));
}

/// A script that no other test has, so that its processes can be told.
fn marked(scratch: &User) -> (PathBuf, String) {
    let script = scratch.scratch.path("bin/lingers");
    scratch.scratch.script("bin/lingers", "while :; do sleep 0.1; done\n");
    let mark = script.display().to_string();
    (script, mark)
}

/// The processes that run a script.
fn running(mark: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.filter(|line| line.windows(mark.len()).any(|part| part == mark.as_bytes())).count()
}

#[test]
fn what_a_build_starts_ends_with_it() {
    let Some(user) = user() else { return };
    let (script, mark) = marked(&user);
    let path = script.display();
    user.scratch.write("guest/plugin.c", format!("setsid {path} >/dev/null 2>&1 </dev/null &\nsleep 0.3\n"));
    rebuild(&user, &[]).ok();
    assert_eq!(running(&mark), 0, "it has outlived the build");
    // One that never ends is ended, with all that it has started.
    user.scratch.write("guest/plugin.c", format!("setsid {path} >/dev/null 2>&1 </dev/null &\nwait\n"));
    let started = Instant::now();
    rebuild(&user, &["--timeout", "1"])
        .fails(7, "the build took longer than 1 s")
        .says("give it more time with --timeout");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    ended(&mark);
    // And so is one whose parent was killed.
    let mut child = command(&user).args(["plugin", "rebuild", "x.wasm", "guest"]).spawn().unwrap();
    let begun = Instant::now();
    while running(&mark) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it has not begun");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    ended(&mark);
}

/// Waits until no process of a script is there.
fn ended(mark: &str) {
    let since = Instant::now();
    while running(mark) > 0 {
        assert!(since.elapsed() < Duration::from_secs(5), "it has outlived the build");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_disk_is_not_filled() {
    let Some(user) = user() else { return };
    tries(&user, "f=$(mktemp) && truncate -s 2G $f && rm $f");
    let many =
        "perl -e 'for (1..300) { mkdir $_; for my $n (1..1000) { open F, \">\", \"$_/$n\" } }'; sleep 5";
    user.scratch.write("guest/plugin.c", many);
    rebuild(&user, &[]).fails(2, "the build writes too much").says("it may have 200,000 files in its folder");
    // Folders in folders are bounded, too.
    let deep = "perl -e 'for (1..300) { mkdir \"d\"; chdir \"d\" }'; sleep 5";
    user.scratch.write("guest/plugin.c", deep);
    rebuild(&user, &[]).fails(2, "the build writes too much").says("100 folders within each other");
}

#[test]
fn nothing_of_this_user_is_handed_over() {
    let Some(user) = user() else { return };
    user.scratch.write("secret", "secret");
    user.scratch.write("guest/plugin.c", "env | grep -q A_TOKEN && exit 9\n(cat <&9) && exit 9\ntrue\n");
    let script = "exec 9<secret; exec \"$0\" plugin rebuild x.wasm guest";
    let mut command = program("sh");
    let own = super::command(&user);
    for (name, value) in own.get_envs() {
        value.map(|value| command.env(name, value));
    }
    command.args(["-c", script]).arg(runner_tests::binary()).current_dir(user.scratch.dir());
    Ran::of(command.env("A_TOKEN", "secret").output().unwrap()).ok();
}

#[test]
fn what_a_build_says_is_only_text() {
    let Some(user) = user() else { return };
    user.scratch.write("guest/plugin.c", "printf 'bad \\033[2J line\\nmore\\n' >&2; exit 1\n");
    let ran = rebuild(&user, &[])
        .fails(2, "a step of the build failed: exit status: 1")
        .says("bad \\u{1b}[2J line")
        .says("clang-19 --target=wasm32");
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    // However much it is.
    user.scratch.write("guest/plugin.c", "head -c 10000000 /dev/zero | tr '\\0' x; exit 1\n");
    assert!(rebuild(&user, &[]).fails(2, "a step of the build failed").stderr.len() < 10_000);
}

/// A link in the place of the module would have this program read what it leads to.
#[test]
fn the_module_is_a_file_of_the_build() {
    let Some(user) = user() else { return };
    let other = user.scratch.write("other.wasm", guest_plugin("1.0.0", b'1'));
    let link = format!("ln -s {} .build/guest.wasm; rm module.bin\n", other.display());
    user.scratch.script(
        "bin/clang-19",
        &(COMPILER.replace("cp module.bin", "[ -f module.bin ] && cp module.bin") + "true\n"),
    );
    user.scratch.write("guest/plugin.c", link);
    rebuild(&user, &[]).fails(2, "the build has not made ");
    let folder = user.scratch.path("elsewhere");
    fs::create_dir(&folder).unwrap();
    fs::rename(other, folder.join("guest.wasm")).unwrap();
    let link = format!("rm -r .build; ln -s {} .build; rm module.bin\n", folder.display());
    user.scratch.write("guest/plugin.c", link);
    rebuild(&user, &[]).fails(2, "the build has not made ");
}
