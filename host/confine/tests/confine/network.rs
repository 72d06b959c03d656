//! What a process keeps that may read some files and connect to some ports.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use runner_confine::{Calls, Layer, before_threads, on_all_threads};

use crate::raw::{self, End, Outcome, call, child, room};
use crate::stage::Stage;
use crate::table::policy;
use crate::{Test, named};

/// A port that is named can be connected to, a file that is named can be read, and
/// nothing else.
fn only_what_is_named_is_left(stage: &Stage) {
    let open = |name: &str| std::fs::File::open(name).is_ok();
    let end = child(|| {
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0"));
        let [Ok(named), Ok(other)] = &listeners else { return 9 };
        let [named, other] = [named, other].map(|listener| listener.local_addr().unwrap());
        let keep = listeners.iter().flatten().map(std::os::fd::AsRawFd::as_raw_fd);
        let mut policy = policy(Calls::Compile, stage)
            .reads([PathBuf::from("/etc/passwd"), PathBuf::from("/no/such/file")])
            .connects_to([named.port()]);
        for fd in keep {
            policy = policy.keep(fd);
        }
        before_threads(&policy).unwrap();
        let refused = |done: std::io::Result<()>| {
            done.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        };
        let connect = |to| TcpStream::connect(to).map(|_| ());
        let right = [
            open("/etc/passwd"),
            !open("/etc/group"),
            std::fs::write("/etc/passwd.new", "").is_err(),
            // There is no network here, which it may find out.
            !refused(connect(named)),
            refused(connect(other)),
            refused(TcpListener::bind("127.0.0.1:0").map(|_| ())),
        ];
        right.iter().position(|right| !right).map_or(0, |at| i32::try_from(at).unwrap_or(0) + 1)
    });
    assert_eq!(end, End::Code(0));
}

/// Sockets of this machine's services, of packets and of the kernel, servers, and processes:
/// all of them are to be had without the filter, so it is the filter that stops them.
fn the_filter_stops_what_landlock_does_not_know(stage: &Stage) {
    let service = std::os::unix::net::UnixListener::bind("/tmp/service").unwrap();
    let kept = std::os::fd::AsRawFd::as_raw_fd(&service);
    let socket = |domain: i32, kind: i32| call(libc::SYS_socket, &[domain.into(), kind.into(), 0]);
    let attempts: [(&str, &dyn Fn() -> Outcome); 8] = [
        ("a service", &|| {
            let connected = std::os::unix::net::UnixStream::connect("/tmp/service");
            connected.map(|_| 0).map_err(|error| error.raw_os_error().unwrap_or_default())
        }),
        ("a pair of sockets", &|| {
            call(libc::SYS_socketpair, &[libc::AF_UNIX.into(), libc::SOCK_STREAM.into(), 0, room()])
        }),
        ("netlink", &|| socket(libc::AF_NETLINK, libc::SOCK_RAW)),
        ("listening", &|| {
            let socket = socket(libc::AF_INET, libc::SOCK_STREAM)?;
            call(libc::SYS_listen, &[socket, 1])
        }),
        ("a process", &|| match call(libc::SYS_fork, &[])? {
            0 => raw::exit(0),
            id => Ok(id),
        }),
        ("a file in memory", &|| call(libc::SYS_memfd_create, &[raw::text(c"x"), 0])),
        ("another process's limits", &|| {
            let none: i64 = 0;
            call(libc::SYS_prlimit64, &[stage.parent, libc::RLIMIT_CORE.into(), none, room()])
        }),
        ("a path without its content", &|| {
            let folder = i64::from(libc::AT_FDCWD);
            call(libc::SYS_openat, &[folder, raw::text(c"/"), libc::O_PATH.into(), 0])
        }),
    ];
    for (name, attempt) in attempts {
        let fate = |off: &[Layer]| {
            child(|| {
                let policy = off
                    .iter()
                    .fold(policy(Calls::Network, stage), |policy, layer| policy.without(*layer))
                    .keep(kept)
                    .connects_to([443]);
                before_threads(&policy).unwrap();
                on_all_threads(&policy).unwrap();
                match attempt() {
                    Ok(_) => 0,
                    Err(libc::EPERM) => 1,
                    Err(_) => 2,
                }
            })
        };
        assert_eq!(fate(&[]), End::Code(1), "{name}");
        assert_eq!(fate(&[Layer::Seccomp]), End::Code(0), "{name}: something else stops it");
    }
}

/// It looks up names, reads the files that are named, starts threads and exchanges bytes.
fn a_client_can_do_its_work(stage: &Stage) {
    let end = child(|| {
        let policy = policy(Calls::Network, stage)
            .reads([PathBuf::from("/etc"), PathBuf::from("/lib"), PathBuf::from("/usr/lib")])
            .connects_to([443]);
        before_threads(&policy).unwrap();
        on_all_threads(&policy).unwrap();
        let names = std::thread::spawn(|| {
            std::net::ToSocketAddrs::to_socket_addrs(&("localhost", 443)).map(Iterator::count)
        });
        let is_refused = |error: std::io::Error| error.kind() == std::io::ErrorKind::PermissionDenied;
        let right = [
            names.join().unwrap().is_ok_and(|count| count > 0),
            std::fs::read("/etc/passwd").is_ok(),
            std::fs::write("/tmp/new", "").is_err(),
            // There is no network here, which it may find out.
            !TcpStream::connect("127.0.0.1:443").is_err_and(is_refused),
            std::net::UdpSocket::bind("127.0.0.1:0").is_err(),
        ];
        right.iter().position(|right| !right).map_or(0, |at| i32::try_from(at).unwrap_or(0) + 1)
    });
    assert_eq!(end, End::Code(0));
}

pub(crate) fn tests() -> Vec<Test> {
    named(&[
        ("only_what_is_named_is_left", only_what_is_named_is_left),
        ("the_filter_stops_what_landlock_does_not_know", the_filter_stops_what_landlock_does_not_know),
        ("a_client_can_do_its_work", a_client_can_do_its_work),
    ])
}
