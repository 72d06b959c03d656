//! What an installed plugin may have beyond the usual limits: nothing, unless the user
//! has granted it to these bytes, or gives it in the run itself.
//!
//! Tables and a seed are not granted: a run hands them over by name, or the plugin has
//! none.

use std::fmt;
use std::time::Duration;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::Bytes;
use runner_sandbox::Limits;
use runner_trust::id::Id;
use runner_trust::package::Wants;

/// The limits that a user has given for a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GivenLimits {
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) deadline: Option<Duration>,
}

/// What an installed plugin wants, and what was granted to it.
#[derive(Debug, Clone)]
pub(crate) struct Capabilities {
    pub(crate) id: Id,
    pub(crate) wants: Wants,
    pub(crate) granted: Wants,
}

/// The memory of an instance in bytes, and the time for a block.
pub(crate) type Raised = (u64, Duration);

/// The limits of a plugin in a run. `None` stands for one that is not installed: it
/// has the usual ones.
///
/// # Errors
/// [`Kind::Refused`] if it wants more than the usual, and this was neither granted to
/// it nor is given for the run.
pub(crate) fn raised(plugin: Option<&Capabilities>, given: GivenLimits) -> Result<Raised> {
    let Limits { memory_bytes, deadline, .. } = Limits::default();
    let usual = (memory_bytes, deadline);
    let Some(Capabilities { id, wants, granted }) = plugin else {
        return Ok((given.memory_bytes.unwrap_or(usual.0), given.deadline.unwrap_or(usual.1)));
    };
    let above = above_usual(wants);
    let open = Wants {
        memory_bytes: above.memory_bytes.filter(|_| given.memory_bytes.is_none()),
        timeout_ms: above.timeout_ms.filter(|_| given.deadline.is_none()),
    };
    if !open.is_within(granted) {
        let flags = Flags(&open);
        return Err(Error::new(Kind::Refused, format!("the plugin {id} wants more than it was granted"))
            .because(format!("it wants {}", Shown(&open)))
            .hint(format!("`runner plugin grant {id}` grants it to this version, and to later ones of the same signer that want no more"))
            .hint(format!("or give a limit for this run alone:{flags}; a lower one may be too little for it")));
    }
    let memory_bytes = given.memory_bytes.unwrap_or(open.memory_bytes.unwrap_or(usual.0));
    let wanted = open.timeout_ms.map(Duration::from_millis);
    Ok((memory_bytes, given.deadline.unwrap_or(wanted.unwrap_or(usual.1))))
}

/// What is more than a plugin gets without being granted anything.
pub(crate) fn above_usual(wants: &Wants) -> Wants {
    let Limits { memory_bytes, deadline, .. } = Limits::default();
    Wants {
        memory_bytes: wants.memory_bytes.filter(|bytes| *bytes > memory_bytes),
        timeout_ms: wants.timeout_ms.filter(|time| Duration::from_millis(*time) > deadline),
    }
}

/// Limits for people.
pub(crate) struct Shown<'w>(pub(crate) &'w Wants);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wants { memory_bytes, timeout_ms } = self.0;
        if let Some(bytes) = memory_bytes {
            write!(f, "{} of memory for an instance", Bytes(*bytes))?;
        }
        let and = if memory_bytes.is_some() { " and " } else { "" };
        if let Some(time) = timeout_ms {
            write!(f, "{and}{} s for a block", *time as f64 / 1000.0)?;
        }
        Ok(())
    }
}

/// The same as options of a run.
struct Flags<'w>(&'w Wants);

impl fmt::Display for Flags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(bytes) = self.0.memory_bytes {
            write!(f, " --memory {bytes}")?;
        }
        self.0.timeout_ms.map_or(Ok(()), |time| write!(f, " --timeout {}", time as f64 / 1000.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: GivenLimits = GivenLimits { memory_bytes: None, deadline: None };
    const SECOND: Duration = Duration::from_secs(1);

    fn wants(memory_bytes: Option<u64>, timeout_ms: Option<u64>) -> Wants {
        Wants { memory_bytes, timeout_ms }
    }

    fn of(wants: Wants, granted: Wants) -> Capabilities {
        Capabilities { id: "acme:x@1.0.0".parse().unwrap(), wants, granted }
    }

    #[test]
    fn nothing_is_raised_that_was_not_granted() {
        let usual = (256 << 20, 10 * SECOND);
        let all = wants(Some(1 << 30), Some(20_000));
        assert_eq!(raised(None, NOTHING).unwrap(), usual);
        // What is within the usual limits is no wish, and what was granted is not had
        // unless it is wanted.
        let small = wants(Some(1 << 20), Some(1000));
        assert_eq!(raised(Some(&of(small, all.clone())), NOTHING).unwrap(), usual);
        assert_eq!(raised(Some(&of(all.clone(), all.clone())), NOTHING).unwrap(), (1 << 30, 20 * SECOND));
        for granted in [
            Wants::default(),
            wants(Some(1 << 30), None),
            wants(None, Some(20_000)),
            wants(Some((1 << 30) - 1), Some(20_000)),
        ] {
            let error = raised(Some(&of(all.clone(), granted)), NOTHING).unwrap_err();
            assert_eq!(error.kind(), Kind::Refused);
            let why = error.causes().next().unwrap().to_string();
            assert_eq!(why, "it wants 1024 MiB of memory for an instance and 20 s for a block");
            assert!(error.hints()[0].contains("`runner plugin grant acme:x@1.0.0`"));
            assert!(error.hints()[1].contains(" --memory 1073741824 --timeout 20;"));
        }
    }

    #[test]
    fn what_is_given_for_a_run_counts_for_it() {
        let plugin = of(wants(Some(1 << 30), Some(20_000)), Wants::default());
        let given = |memory_bytes, deadline| GivenLimits { memory_bytes, deadline };
        let both = given(Some(5), Some(SECOND));
        assert_eq!(raised(Some(&plugin), both).unwrap(), (5, SECOND));
        assert_eq!(raised(None, both).unwrap(), (5, SECOND));
        for one in [given(Some(1 << 30), None), given(None, Some(SECOND))] {
            assert_eq!(raised(Some(&plugin), one).unwrap_err().kind(), Kind::Refused);
        }
    }
}
