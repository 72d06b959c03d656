//! What a confined process can do, and what becomes of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::{Duration, Instant};

use runner_confine::{Calls, Layer, Policy, State, before_threads, on_all_threads};

use crate::raw::{self, End, at, call, child, room};
use crate::stage::Stage;
use crate::table::policy;
use crate::{Test, named};

/// Confines a process of one thread.
pub(crate) fn confine(policy: &Policy) {
    before_threads(policy).unwrap();
    on_all_threads(policy).unwrap();
}

/// Two threads that were started before take turns.
fn take_turns(turn: &(Mutex<u64>, Condvar), mine: u64) {
    for _ in 0..1000 {
        let mut now = turn.1.wait_while(turn.0.lock().unwrap(), |now| *now % 2 != mine).unwrap();
        *now += 1;
        turn.1.notify_one();
    }
}

fn run_does_ordinary_work(stage: &Stage) {
    let end = child(|| {
        let policy = policy(Calls::Run, stage);
        before_threads(&policy).unwrap();
        let turn = Arc::new((Mutex::new(0), Condvar::new()));
        let confined = Arc::new(Barrier::new(2));
        let other = std::thread::spawn({
            let (turn, confined) = (turn.clone(), confined.clone());
            move || {
                // A thread that starts makes calls that the filter forbids.
                confined.wait();
                confined.wait();
                take_turns(&turn, 1);
                // Its heap is another than that of the main thread.
                let grown: Vec<u64> = (0..1 << 22).collect();
                let caught = std::panic::catch_unwind(|| panic!("is caught, and its message is lost"));
                assert!(caught.is_err());
                grown.len()
            }
        });
        confined.wait();
        on_all_threads(&policy).unwrap();
        confined.wait();
        take_turns(&turn, 0);
        let mut memory: Vec<u8> = vec![1; 64 << 20];
        memory.extend_from_within(..);
        let started = Instant::now();
        call(libc::SYS_clock_gettime, &[1, room()]).unwrap();
        call(libc::SYS_getrandom, &[room(), 8, 0]).unwrap();
        assert_eq!(stage.memory.len() + memory.len(), 64 + (128 << 20));
        drop(memory);
        assert!(started.elapsed() < Duration::from_secs(5));
        i32::from(other.join().unwrap() != 1 << 22)
    });
    assert_eq!(end, End::Code(0));
}

fn compile_starts_threads_and_makes_code(stage: &Stage) {
    let end = child(|| {
        confine(&policy(Calls::Compile, stage));
        let named = |i: usize| std::thread::Builder::new().name(format!("thread {i}"));
        let threads: Vec<_> =
            (0..4).map(|i| named(i).spawn(move || vec![i; 1 << 20].len()).unwrap()).collect();
        threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), 1 << 20));
        // It cannot read its control group, and goes by its processors.
        std::thread::available_parallelism().unwrap();
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let page = call(libc::SYS_mmap, &[0, 4096, access.into(), kind.into(), -1, 0]).unwrap();
        // mov eax, 42; ret
        raw::poke(page, &[0xb8, 42, 0, 0, 0, 0xc3]);
        let access = libc::PROT_READ | libc::PROT_EXEC;
        call(libc::SYS_mprotect, &[page, 4096, access.into()]).unwrap();
        #[cfg(target_arch = "x86_64")]
        assert_eq!(raw::run_code(page), 42);
        0
    });
    assert_eq!(end, End::Code(0));
}

fn run_starts_no_thread(stage: &Stage) {
    let end = child(|| {
        confine(&policy(Calls::Run, stage));
        i32::from(std::thread::spawn(|| ()).join().is_err())
    });
    assert_eq!(end, End::Signal(libc::SIGSYS));
}

/// The filter holds for a thread that was started before it, and kills the
/// whole process.
fn earlier_threads_are_confined(stage: &Stage) {
    let end = child(|| {
        let policy = policy(Calls::Run, stage);
        before_threads(&policy).unwrap();
        let confined = Arc::new(Barrier::new(2));
        let thread = std::thread::spawn({
            let confined = confined.clone();
            move || {
                confined.wait();
                call(libc::SYS_getppid, &[])
            }
        });
        on_all_threads(&policy).unwrap();
        confined.wait();
        let _ = thread.join();
        0
    });
    assert_eq!(end, End::Signal(libc::SIGSYS));
}

/// A thread has what the first one had when it started it.
fn later_threads_have_no_capabilities(stage: &Stage) {
    let end = child(|| {
        before_threads(&policy(Calls::Run, stage)).unwrap();
        std::thread::spawn(|| {
            let sets = rustix::thread::capabilities(None).unwrap();
            let none = rustix::thread::CapabilitySet::empty();
            assert_eq!([sets.effective, sets.permitted, sets.inheritable], [none; 3]);
            let last = rustix::thread::CapabilitySet::CHOWN;
            assert!(!rustix::thread::capability_is_in_bounding_set(last).unwrap());
            assert_eq!(
                std::fs::File::open("/proc/self/status").unwrap_err().raw_os_error(),
                Some(libc::EACCES)
            );
            0
        })
        .join()
        .unwrap()
    });
    assert_eq!(end, End::Code(0));
}

fn other_descriptors_are_closed(stage: &Stage) {
    let left_open = [90, 91, 200].map(|fd| call(libc::SYS_dup3, &[stage.block_fd, fd, 0]).unwrap());
    let end = child(|| {
        before_threads(&policy(Calls::Run, stage)).unwrap();
        let is_open = |fd: &i64| call(libc::SYS_fcntl, &[*fd, libc::F_GETFD.into()]).is_ok();
        let mut kept = [stage.block_fd, stage.terminal];
        kept.sort_unstable();
        i32::from((0..4096).filter(is_open).collect::<Vec<_>>() != kept)
    });
    for fd in left_open {
        call(libc::SYS_close, &[fd]).unwrap();
    }
    assert_eq!(end, End::Code(0));
}

/// Waits until a number in shared memory is as it should be.
fn wait_for(number: &AtomicU64, wanted: impl Fn(u64) -> bool) -> u64 {
    let started = Instant::now();
    loop {
        let now = number.load(Ordering::Acquire);
        if wanted(now) {
            return now;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "the number stays {now}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn it_dies_with_its_parent(_: &Stage) {
    let page = raw::shared_page();
    let parent = child(|| {
        let parent = std::process::id();
        let process = raw::start(|| {
            confine(&Policy::new(Calls::Run, parent));
            page[1].store(1, Ordering::Release);
            loop {
                std::thread::park();
            }
        });
        page[0].store(u64::try_from(process).unwrap(), Ordering::Release);
        wait_for(&page[1], |ready| ready == 1);
        0
    });
    assert_eq!(parent, End::Code(0));
    // The first process of the namespace inherits it.
    let started = Instant::now();
    let process = i32::try_from(page[0].load(Ordering::Acquire)).unwrap();
    assert_eq!(raw::wait(process), End::Signal(libc::SIGKILL));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

fn a_parent_that_is_gone_is_noticed(_: &Stage) {
    let end = child(|| {
        let error = before_threads(&Policy::new(Calls::Run, 77_777)).unwrap_err();
        assert_eq!(error.layer(), Layer::DeathSignal);
        i32::from(!error.to_string().ends_with("the parent is gone"))
    });
    assert_eq!(end, End::Code(0));
}

/// Job control stops and continues a process in the middle of a wait.
fn a_wait_survives_stop_and_continue(stage: &Stage) {
    let page = raw::shared_page();
    let process = raw::start(|| {
        confine(&policy(Calls::Run, stage));
        page[0].store(1, Ordering::Release);
        let never = Mutex::new(());
        let (_lock, end) =
            Condvar::new().wait_timeout(never.lock().unwrap(), Duration::from_millis(400)).unwrap();
        // A shorter wait as the standard library makes it is absolute; this
        // one is relative, and the kernel has to restart it.
        let relative = [0_i64, 400_000_000];
        let gave = call(libc::SYS_futex, &[at(&[0_u32]), libc::FUTEX_WAIT.into(), 0, at(&relative)]);
        i32::from(!end.timed_out() || gave != Err(libc::ETIMEDOUT))
    });
    wait_for(&page[0], |ready| ready == 1);
    for signal in [libc::SIGSTOP, libc::SIGCONT].repeat(6) {
        std::thread::sleep(Duration::from_millis(50));
        call(libc::SYS_kill, &[process.into(), signal.into()]).unwrap();
    }
    assert_eq!(raw::wait(process), End::Code(0));
}

/// Whoever is not root has no capability to begin with.
fn an_ordinary_user_confines_itself(stage: &Stage) {
    let end = child(|| {
        call(libc::SYS_setresuid, &[65_534, 65_534, 65_534]).unwrap();
        let policy = policy(Calls::Run, stage);
        let mut layers = before_threads(&policy).unwrap();
        layers.add(&on_all_threads(&policy).unwrap());
        i32::from(!layers.complete())
    });
    assert_eq!(end, End::Code(0));
}

fn layers_are_reported(stage: &Stage) {
    for off in Layer::ALL.map(Some).into_iter().chain([None]) {
        let end = child(|| {
            let mut policy = policy(Calls::Run, stage);
            if let Some(layer) = off {
                policy = policy.without(layer);
            }
            let mut layers = before_threads(&policy).unwrap();
            assert!(!layers.complete());
            layers.add(&on_all_threads(&policy).unwrap());
            let lacking: Vec<_> = layers.lacking().collect();
            let expected: Vec<_> = off.map(|layer| (layer, State::Missing)).into_iter().collect();
            i32::from(lacking != expected)
        });
        assert_eq!(end, End::Code(0), "{off:?} is off; does the kernel have all layers?");
    }
}

/// Prints how long confinement takes.
fn measure(stage: &Stage) {
    let page = raw::shared_page();
    let mut micros: Vec<_> = (0..50)
        .map(|_| {
            let end = child(|| {
                let policy = policy(Calls::Run, stage);
                let started = Instant::now();
                confine(&policy);
                let nanos = started.elapsed().as_nanos();
                page[0].store(u64::try_from(nanos).unwrap(), Ordering::Release);
                0
            });
            assert_eq!(end, End::Code(0));
            page[0].load(Ordering::Acquire) / 1000
        })
        .collect();
    micros.sort_unstable();
    println!("both steps: {} us, median of {} ({} to {})", micros[25], micros.len(), micros[5], micros[45]);
}

pub(crate) fn tests() -> Vec<Test> {
    named(&[
        ("run_does_ordinary_work", run_does_ordinary_work),
        ("compile_starts_threads_and_makes_code", compile_starts_threads_and_makes_code),
        ("run_starts_no_thread", run_starts_no_thread),
        ("earlier_threads_are_confined", earlier_threads_are_confined),
        ("later_threads_have_no_capabilities", later_threads_have_no_capabilities),
        ("other_descriptors_are_closed", other_descriptors_are_closed),
        ("it_dies_with_its_parent", it_dies_with_its_parent),
        ("a_parent_that_is_gone_is_noticed", a_parent_that_is_gone_is_noticed),
        ("a_wait_survives_stop_and_continue", a_wait_survives_stop_and_continue),
        ("an_ordinary_user_confines_itself", an_ordinary_user_confines_itself),
        ("layers_are_reported", layers_are_reported),
        ("measure", measure),
    ])
}
