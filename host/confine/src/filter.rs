//! The filter of system calls.
//!
//! A program made by `seccompiler` has two outcomes. There are three here, so
//! several programs are installed. The kernel runs all of them and takes the
//! strictest outcome: death before an error, an error before permission.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompFilter, SeccompRule, TargetArch, apply_filter_all_threads,
};

use crate::{Calls, Error, Layer, Policy, Result, State, network, programs, rules};

/// Installs the filter on all threads of the process.
pub(crate) fn install(policy: &Policy) -> Result<State> {
    let error = |e| Error::new(Layer::Seccomp, io::Error::other(e));
    let programs = compile(policy).map_err(error)?;
    for program in &programs {
        match apply_filter_all_threads(program) {
            Ok(()) => {}
            // A kernel without filters, or one that cannot set them for all
            // threads at once.
            Err(seccompiler::Error::Seccomp(e))
                if matches!(e.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL)) =>
            {
                return Ok(State::Missing);
            }
            Err(seccompiler::Error::Prctl(e) | seccompiler::Error::Seccomp(e)) => {
                return Err(Error::new(Layer::Seccomp, e));
            }
            Err(e) => return Err(Error::new(Layer::Seccomp, io::Error::other(e))),
        }
    }
    Ok(State::Full)
}

/// The programs, in the order in which they must be installed. The last one
/// refuses the calls that install a program.
fn compile(policy: &Policy) -> std::result::Result<Vec<BpfProgram>, BackendError> {
    if policy.calls == Calls::Programs {
        return Ok(vec![
            program(programs::absent(), SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?,
            program(programs::refused()?, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32))?,
        ]);
    }
    let absent = any_arguments(rules::ABSENT);
    if policy.calls == Calls::Network {
        return compile_for_network(policy, absent);
    }
    let mut refused = any_arguments(rules::REFUSED);
    let mut allowed = rules::allowed(policy)?;
    // The other programs answer these with an error.
    allowed.extend(absent.clone());
    allowed.extend(any_arguments(rules::REFUSED));
    allowed.extend(any_arguments(rules::WRITES));
    refused.extend(rules::refused_writes(policy)?);
    Ok(vec![
        program(allowed, SeccompAction::KillProcess, SeccompAction::Allow)?,
        program(absent, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?,
        program(refused, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32))?,
    ])
}

/// The same for a process that speaks to servers.
fn compile_for_network(
    policy: &Policy,
    absent: BTreeMap<i64, Vec<SeccompRule>>,
) -> std::result::Result<Vec<BpfProgram>, BackendError> {
    let mut allowed = rules::allowed(policy)?;
    // The other program answers these.
    allowed.extend(absent.clone());
    allowed.extend(network::allowed()?);
    Ok(vec![
        program(absent, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?,
        program(allowed, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)?,
    ])
}

/// These calls with whatever arguments.
fn any_arguments(calls: &[i64]) -> BTreeMap<i64, Vec<SeccompRule>> {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

fn program(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> std::result::Result<BpfProgram, BackendError> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, otherwise, matched, arch)?.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Calls;

    #[test]
    fn the_program_for_the_network_is_within_the_kernels_bound() {
        let programs = compile(&Policy::new(Calls::Network, 1)).unwrap();
        assert!(programs.iter().all(|program| program.len() < 4096));
    }

    fn policies() -> [Policy; 4] {
        let policy = |calls| Policy::new(calls, 1);
        let [run, compile] = [Calls::Run, Calls::Compile].map(policy);
        [run.clone(), compile.clone(), run.keep_writable(1), compile.keep_writable(1).keep_writable(2)]
    }

    #[test]
    fn the_filter_of_programs_is_within_the_bound_too() {
        let programs = compile(&Policy::new(Calls::Programs, 1)).unwrap();
        assert!(programs.iter().all(|program| program.len() < 4096));
        let refused = programs::refused().unwrap();
        assert!(programs::absent().keys().all(|call| !refused.contains_key(call)));
    }

    #[test]
    fn no_call_is_on_two_lists() {
        for policy in policies() {
            let allowed = rules::allowed(&policy).unwrap();
            let all = [rules::ABSENT, rules::REFUSED, rules::WRITES].concat();
            for call in &all {
                assert!(!allowed.contains_key(call), "{call} is allowed to {policy:?} and refused");
                assert_eq!(all.iter().filter(|other| *other == call).count(), 1, "{call}");
            }
        }
    }

    #[test]
    fn programs_are_within_the_kernels_bound() {
        for policy in policies() {
            assert!(compile(&policy).unwrap().iter().all(|program| program.len() < 4096));
        }
    }
}
