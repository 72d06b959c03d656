//! Resource limits hold, and cannot be raised.

use runner_confine::{Calls, Layer, Limits, Policy, before_threads, on_all_threads};
use rustix::process::{Resource, getrlimit};

use crate::raw::{End, Outcome, call, child, text};
use crate::stage::Stage;
use crate::table::policy;
use crate::work::confine;
use crate::{Test, named};

const MIB: u64 = 1 << 20;

fn limited(calls: Calls, stage: &Stage) -> Policy {
    let limits =
        Limits { data_bytes: Some(256 * MIB), address_space_bytes: Some(2048 * MIB), ..Limits::default() };
    policy(calls, stage).limits(limits)
}

fn map(mebibytes: i64, protection: i32) -> Outcome {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    call(libc::SYS_mmap, &[0, mebibytes << 20, protection.into(), flags.into(), -1, 0])
}

fn memory_is_bounded(stage: &Stage) {
    for calls in [Calls::Run, Calls::Compile] {
        let end = child(|| {
            confine(&limited(calls, stage));
            let writable = libc::PROT_READ | libc::PROT_WRITE;
            let gave = [
                map(64, writable),
                map(256, writable),
                map(256, libc::PROT_NONE),
                map(2048, libc::PROT_NONE),
            ];
            let gave = gave.map(|outcome| outcome.err());
            i32::from(gave != [None, Some(libc::ENOMEM), None, Some(libc::ENOMEM)])
        });
        assert_eq!(end, End::Code(0), "{calls:?}");
    }
}

/// The hard limits, after each step.
fn they_are_what_was_asked_for(stage: &Stage) {
    let maximum = |resource| getrlimit(resource).maximum;
    let zero = [Resource::Fsize, Resource::Core, Resource::Memlock, Resource::Msgqueue];
    for calls in [Calls::Run, Calls::Compile] {
        let end = child(|| {
            let policy = limited(calls, stage).without(Layer::Seccomp);
            let processes = maximum(Resource::Nproc);
            before_threads(&policy).unwrap();
            assert_eq!(zero.map(maximum), [Some(0); 4]);
            assert_eq!(maximum(Resource::Data), Some(256 * MIB));
            assert_eq!(maximum(Resource::As), Some(2048 * MIB));
            assert_eq!(maximum(Resource::Nofile), Some(64));
            assert_eq!(maximum(Resource::Nproc), processes);
            on_all_threads(&policy).unwrap();
            assert_eq!(maximum(Resource::Nofile), Some(0));
            let expected = if calls == Calls::Run { Some(0) } else { processes };
            i32::from(maximum(Resource::Nproc) != expected)
        });
        assert_eq!(end, End::Code(0), "{calls:?}");
    }
}

fn they_are_not_raised(stage: &Stage) {
    let end = child(|| {
        before_threads(&limited(Calls::Run, stage).without(Layer::Capabilities)).unwrap();
        let more = Limits { data_bytes: Some(512 * MIB), descriptors: 1024, ..Limits::default() };
        // Although it still could.
        before_threads(&policy(Calls::Run, stage).limits(more).without(Layer::Landlock)).unwrap();
        let now = [Resource::Data, Resource::Nofile].map(|resource| getrlimit(resource).maximum);
        i32::from(now != [Some(256 * MIB), Some(64)])
    });
    assert_eq!(end, End::Code(0));
}

fn files_do_not_grow(stage: &Stage) {
    let file = rustix::fs::memfd_create(c"grows", rustix::fs::MemfdFlags::empty()).unwrap();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
    let end = child(|| {
        confine(&policy(Calls::Run, stage).keep(fd).without(Layer::Seccomp));
        i32::from(call(libc::SYS_write, &[fd.into(), text(c"x"), 1]).is_ok())
    });
    assert_eq!(end, End::Signal(libc::SIGXFSZ));
}

/// A descriptor that is named can be written to, in all kinds of processes, as
/// far as the limit goes, and no other.
fn only_what_is_named_is_written_to(stage: &Stage) {
    for calls in [Calls::Run, Calls::Compile] {
        let file = |name| rustix::fs::memfd_create(name, rustix::fs::MemfdFlags::empty()).unwrap();
        let (written, other) = (file(c"written"), file(c"other"));
        let [named, kept] = [&written, &other].map(std::os::fd::AsRawFd::as_raw_fd);
        let end = child(|| {
            let limits = Limits { file_bytes: 2, ..Limits::default() };
            confine(&policy(calls, stage).keep_writable(named).keep(kept).limits(limits));
            let write = |fd: i32| call(libc::SYS_write, &[fd.into(), text(c"x"), 1]).err();
            let gave = [write(named), write(kept), write(named), write(-1)];
            i32::from(gave != [None, Some(libc::EPERM), None, Some(libc::EPERM)])
        });
        assert_eq!(end, End::Code(0), "{calls:?}");
        assert_eq!([written, other].map(|file| rustix::fs::fstat(file).unwrap().st_size), [2, 0]);
    }
}

/// Root is exempt from this one.
fn an_ordinary_user_starts_no_process(stage: &Stage) {
    let end = child(|| {
        call(libc::SYS_setresuid, &[65_534, 65_534, 65_534]).unwrap();
        confine(&policy(Calls::Run, stage).without(Layer::Seccomp));
        let gave = crate::raw::call_twice(libc::SYS_clone, &[libc::SIGCHLD.into()]);
        i32::from(gave != Err(libc::EAGAIN))
    });
    assert_eq!(end, End::Code(0));
}

pub(crate) fn tests() -> Vec<Test> {
    named(&[
        ("memory_is_bounded", memory_is_bounded),
        ("limits_are_what_was_asked_for", they_are_what_was_asked_for),
        ("limits_are_not_raised", they_are_not_raised),
        ("files_do_not_grow", files_do_not_grow),
        ("only_what_is_named_is_written_to", only_what_is_named_is_written_to),
        ("an_ordinary_user_starts_no_process", an_ordinary_user_starts_no_process),
    ])
}
