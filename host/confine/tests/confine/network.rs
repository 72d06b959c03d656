//! What a process keeps that may read some files and connect to some ports.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use runner_confine::{Calls, before_threads};

use crate::raw::{End, child};
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

pub(crate) fn tests() -> Vec<Test> {
    named(&[("only_what_is_named_is_left", only_what_is_named_is_left)])
}
