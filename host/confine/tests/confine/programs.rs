//! What a process can do that runs programs of others, in namespaces of its own.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use runner_confine::{Calls, Layer, Limits, Policy, before_threads, enter_namespaces, on_all_threads};

use crate::raw::{End, Outcome, call, call_twice, child, room, start, text, wait};
use crate::stage::Stage;
use crate::{Test, named};

/// The folder that can be changed.
fn own() -> PathBuf {
    fs::canonicalize("folder").unwrap()
}

/// Runs something in the namespaces, as their first process.
fn within(run: impl FnOnce() -> i32) -> End {
    child(|| {
        let own = own();
        enter_namespaces(&own).unwrap();
        let first = start(|| {
            std::env::set_current_dir(&own).unwrap();
            run()
        });
        match wait(first) {
            End::Code(code) => code,
            End::Signal(signal) => 128 + signal,
        }
    })
}

/// The number of the first one that is wrong.
fn wrong(right: &[bool]) -> i32 {
    right.iter().position(|right| !right).map_or(0, |at| i32::try_from(at).unwrap() + 1)
}

fn there_is_no_network(stage: &Stage) {
    stage.reset();
    // The stage's own is switched off, so this is all that can be told.
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let address = listener.local_addr().unwrap();
    let before = fs::read_link("/proc/self/ns/net").unwrap();
    let end = within(|| {
        let after = fs::read_link("/proc/self/ns/net");
        wrong(&[TcpStream::connect(address).is_err(), after.is_ok_and(|after| after != before)])
    });
    assert_eq!(end, End::Code(0));
}

fn only_the_folder_can_be_changed(stage: &Stage) {
    stage.reset();
    let outside = fs::canonicalize("file").unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    let is_read_only = |done: std::io::Result<()>| {
        done.is_err_and(|error| error.kind() == std::io::ErrorKind::ReadOnlyFilesystem)
    };
    let before = fs::metadata(&outside).unwrap().permissions().mode();
    let end = within(|| {
        let times = fs::File::open(&outside).unwrap().set_modified(std::time::UNIX_EPOCH);
        wrong(&[
            is_read_only(mode(&outside, 0o777)),
            is_read_only(times),
            is_read_only(fs::write(&outside, "changed")),
            is_read_only(fs::remove_file(&outside)),
            fs::write("new", "1").is_ok(),
            mode(Path::new("new"), 0o700).is_ok(),
        ])
    });
    assert_eq!(end, End::Code(0));
    assert_eq!(fs::metadata(&outside).unwrap().permissions().mode(), before);
    assert!(fs::metadata("folder/new").unwrap().permissions().mode() & 0o777 == 0o700);
    fs::remove_file("folder/new").unwrap();
}

fn others_cannot_be_named(stage: &Stage) {
    let end = within(|| {
        let signalled = |pid| call(libc::SYS_kill, &[pid, 0]);
        wrong(&[
            // It has no parent, and its own number is the first one.
            call(libc::SYS_getppid, &[]) == Ok(0),
            std::process::id() == 1,
            signalled(stage.parent + 50) == Err(libc::ESRCH),
            call(libc::SYS_kill, &[-1, 0]).is_err(),
        ])
    });
    assert_eq!(end, End::Code(0));
}

/// A process that has left its group and its parent ends with the first one.
fn what_is_left_behind_ends(stage: &Stage) {
    stage.reset();
    let marks = own();
    let end = within(|| {
        start(|| {
            call(libc::SYS_setsid, &[]).unwrap();
            start(|| {
                loop {
                    let _ = fs::write(marks.join("alive"), std::process::id().to_string());
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
            });
            0
        });
        std::thread::sleep(std::time::Duration::from_millis(200));
        0
    });
    assert_eq!(end, End::Code(0));
    fs::remove_file("folder/alive").expect("it was alive");
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(!Path::new("folder/alive").exists());
}

fn policy(stage: &Stage) -> Policy {
    let parent = u32::try_from(stage.parent).unwrap();
    let limits = Limits { file_bytes: 1 << 20, descriptors: 64, processes: Some(8), ..Limits::default() };
    Policy::new(Calls::Programs, parent)
        .keep(0)
        .keep(1)
        .keep(2)
        .limits(limits)
        .executes(["/bin", "/lib", "/lib64", "/usr"].map(PathBuf::from))
        .uses_devices([PathBuf::from("/dev/null")])
        .owns([own()])
}

fn confined(policy: &Policy, run: impl FnOnce() -> i32) -> End {
    child(|| {
        let mut layers = before_threads(policy).unwrap();
        layers.add(&on_all_threads(policy).unwrap());
        run()
    })
}

fn a_folder_and_programs_are_left(stage: &Stage) {
    stage.reset();
    fs::write("folder/in", "1").unwrap();
    fs::copy("/bin/true", "folder/program").unwrap();
    let run = |program: &str| std::process::Command::new(program).status();
    let end = confined(&policy(stage), || {
        wrong(&[
            fs::read("folder/in").is_ok(),
            fs::write("folder/out", "2").is_ok(),
            fs::rename("folder/out", "folder/in").is_ok(),
            fs::read("file").is_err(),
            fs::write("new", "").is_err(),
            fs::rename("folder/in", "in").is_err(),
            fs::read("/etc/passwd").is_err(),
            fs::read_dir("/").is_err(),
            run("/bin/true").is_ok_and(|status| status.success()),
            run("folder/program").is_ok_and(|status| status.success()),
            run("./program").is_err(),
            fs::write("/dev/null", "x").is_ok(),
            // Others may wait for these without end.
            call(libc::SYS_mknodat, &[libc::AT_FDCWD.into(), text(c"folder/p"), libc::S_IFIFO.into(), 0])
                == Err(libc::EACCES),
        ])
    });
    assert_eq!(end, End::Code(0));
    // Without that layer, all of it is open.
    let end = confined(&policy(stage).without(Layer::Landlock), || {
        wrong(&[fs::read("file").is_ok(), fs::read("/etc/passwd").is_ok()])
    });
    assert_eq!(end, End::Code(0));
}

/// A call that leads out.
type Way = Box<dyn Fn() -> Outcome>;

/// Calls that lead out, and what they give under the filter.
fn ways_out() -> Vec<(&'static str, Way, i32)> {
    let socket = |family: i32, kind: i32| {
        Box::new(move || call(libc::SYS_socket, &[family.into(), kind.into(), 0])) as Way
    };
    let simple = |number: i64, arguments: Vec<i64>| Box::new(move || call(number, &arguments)) as Way;
    let dgram = || {
        let kind = i64::from(libc::SOCK_DGRAM | libc::SOCK_CLOEXEC);
        call(libc::SYS_socketpair, &[libc::AF_UNIX.into(), kind, 0, room()])
    };
    vec![
        ("unix socket", socket(libc::AF_UNIX, libc::SOCK_STREAM), libc::EPERM),
        ("internet socket", socket(libc::AF_INET, libc::SOCK_DGRAM), libc::EPERM),
        ("socket of the kernel", socket(libc::AF_NETLINK, libc::SOCK_RAW), libc::EPERM),
        ("pair of datagrams", Box::new(dgram), libc::EPERM),
        ("ring", simple(libc::SYS_io_uring_setup, vec![1, room()]), libc::ENOSYS),
        ("key", simple(libc::SYS_keyctl, vec![0, -3, 0]), libc::EPERM),
        ("namespace", simple(libc::SYS_unshare, vec![libc::CLONE_NEWUSER.into()]), libc::EPERM),
        (
            "process in a namespace",
            Box::new(|| call_twice(libc::SYS_clone, &[i64::from(libc::CLONE_NEWNET | libc::SIGCHLD)])),
            libc::EPERM,
        ),
        ("root", simple(libc::SYS_chroot, vec![text(c"folder")]), libc::EPERM),
    ]
}

fn no_call_leads_out(stage: &Stage) {
    for (name, way, error) in ways_out() {
        stage.reset();
        let end = confined(&policy(stage), || i32::from(way() != Err(error)));
        assert_eq!(end, End::Code(0), "{name}");
        // The filter is what stops it.
        let bare = [Layer::Seccomp, Layer::Landlock, Layer::Capabilities, Layer::Limits];
        let bare = bare.into_iter().fold(policy(stage), Policy::without);
        let end = confined(&bare, || i32::from(way() == Err(error)));
        assert_eq!(end, End::Code(0), "{name} without the filter");
    }
}

/// What compilers and their runtimes use.
fn ordinary_calls_are_left(stage: &Stage) {
    stage.reset();
    let pair = |kind: i32| {
        let kind = i64::from(kind | libc::SOCK_CLOEXEC);
        call(libc::SYS_socketpair, &[libc::AF_UNIX.into(), kind, 0, room()]).is_ok()
    };
    let end = confined(&policy(stage), || {
        wrong(&[
            pair(libc::SOCK_STREAM),
            pair(libc::SOCK_SEQPACKET),
            call(libc::SYS_pipe2, &[room(), 0]).is_ok(),
            call_twice(libc::SYS_clone, &[libc::SIGCHLD.into()]).is_ok(),
            std::thread::spawn(|| 1).join().is_ok(),
            call(libc::SYS_memfd_create, &[text(c"x"), 0]).is_ok(),
        ])
    });
    assert_eq!(end, End::Code(0));
}

/// A call of x32 has another number, and does the same where the kernel has it.
#[cfg(target_arch = "x86_64")]
fn calls_of_x32_do_not_lead_out(stage: &Stage) {
    stage.reset();
    let socket = 0x4000_0000 | libc::SYS_socket;
    let end = confined(&policy(stage), || {
        i32::from(call(socket, &[libc::AF_UNIX.into(), libc::SOCK_STREAM.into(), 0]) != Err(libc::EPERM))
    });
    assert_eq!(end, End::Code(0));
}

fn files_and_processes_are_bounded(stage: &Stage) {
    stage.reset();
    let large = || fs::write("folder/large", vec![0; (1 << 20) + 1]).map_or(1, |()| 0);
    assert_eq!(confined(&policy(stage), large), End::Signal(libc::SIGXFSZ));
    assert_eq!(confined(&policy(stage).without(Layer::Limits), large), End::Code(0));
    // The kernel exempts root.
    call(libc::SYS_chmod, &[text(c"folder"), 0o777]).unwrap();
    let many = |policy: &Policy| {
        child(|| {
            call(libc::SYS_setresuid, &[65_534, 65_534, 65_534]).unwrap();
            before_threads(policy).unwrap();
            on_all_threads(policy).unwrap();
            let started = (0..32).map_while(|_| {
                call_twice(libc::SYS_clone, &[libc::SIGCHLD.into()]).ok().filter(|pid| *pid > 0)
            });
            i32::try_from(started.count()).unwrap()
        })
    };
    let End::Code(few) = many(&policy(stage)) else { panic!("it has died") };
    assert!(few < 8, "{few}");
    assert_eq!(many(&policy(stage).without(Layer::Limits)), End::Code(32));
}

pub(crate) fn tests() -> Vec<Test> {
    named(&[
        ("programs_there_is_no_network", there_is_no_network),
        ("programs_only_the_folder_can_be_changed", only_the_folder_can_be_changed),
        ("programs_others_cannot_be_named", others_cannot_be_named),
        ("programs_what_is_left_behind_ends", what_is_left_behind_ends),
        ("programs_a_folder_and_programs_are_left", a_folder_and_programs_are_left),
        ("programs_no_call_leads_out", no_call_leads_out),
        ("programs_ordinary_calls_are_left", ordinary_calls_are_left),
        #[cfg(target_arch = "x86_64")]
        ("programs_calls_of_x32_do_not_lead_out", calls_of_x32_do_not_lead_out),
        ("programs_files_and_processes_are_bounded", files_and_processes_are_bounded),
    ])
}
