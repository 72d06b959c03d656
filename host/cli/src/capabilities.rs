//! What an installed plugin may have beyond the usual: nothing, unless the user has
//! granted it to these bytes.
//!
//! Limits can also be given in a run, for that run. Tables and a seed need both: the grant,
//! and the run that hands them over. A file that the user names by its path, and a bundled
//! plugin, need no grant: the user has picked these very bytes.

use std::fmt;
use std::time::Duration;

use runner_pipeline::error::{Error, Kind};
use runner_pipeline::escape::shown;
use runner_pipeline::memory::Bytes;
use runner_sandbox::Limits;
use runner_store::index::Installed;
use runner_trust::package::Wants;
use runner_trust::signer::Signer;

/// Maximum number of characters shown of a table's name.
const TABLE_CHARS: usize = 80;

/// What a user gives in a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct GivenInRun {
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) deadline: Option<Duration>,
    /// The tables by the names that `--table` has.
    pub(crate) tables: Vec<String>,
    pub(crate) seed: bool,
}

impl GivenInRun {
    /// Whether a table may be for this plugin: with its name or its number before the point,
    /// if there is one.
    fn has_table(&self, plugin: &Installed, table: &str) -> bool {
        let name = &plugin.id.name;
        let is_label = |label: &str| {
            label.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
                || label.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_it = |given: &String| {
            given == table
                || given.split_once('.').is_some_and(|(label, given)| given == table && is_label(label))
        };
        self.tables.iter().any(is_it)
    }
}

/// The memory of an instance in bytes, and the time for a block.
pub(crate) type Raised = (u64, Duration);

/// The limits of a plugin in a run. `None` stands for one that is not installed: it
/// has the usual ones.
pub(crate) fn raised(plugin: Option<&Installed>, given: &GivenInRun) -> Raised {
    let Limits { memory_bytes, deadline, .. } = Limits::default();
    let above = plugin.map(|plugin| above_usual(&plugin.wants)).unwrap_or_default();
    let wanted = above.timeout_ms.map(Duration::from_millis);
    (
        given.memory_bytes.or(above.memory_bytes).unwrap_or(memory_bytes),
        given.deadline.or(wanted).unwrap_or(deadline),
    )
}

/// What a plugin wants and would have in this run, if it was not granted all of that.
pub(crate) fn lacking(plugin: &Installed, given: &GivenInRun) -> Option<Wants> {
    let above = above_usual(&plugin.wants);
    let open = Wants {
        memory_bytes: above.memory_bytes.filter(|_| given.memory_bytes.is_none()),
        timeout_ms: above.timeout_ms.filter(|_| given.deadline.is_none()),
        tables: above.tables.into_iter().filter(|table| given.has_table(plugin, table)).collect(),
        seed: above.seed && given.seed,
    };
    (!open.is_within(&plugin.granted)).then_some(open)
}

/// The error for a plugin that would have in a run what it was not granted.
pub(crate) fn not_granted(plugin: &Installed, open: &Wants) -> Error {
    let id = &plugin.id;
    let error = Error::new(Kind::Refused, format!("the plugin {id} wants more than it was granted"))
        .because(format!("{}; it wants {}", Signed(plugin.signer.as_ref()), Shown(open)))
        .hint(format!("`runner plugin grant {id}` grants it to this version, and to later ones of the same signer that want no more"));
    let flags = Flags(open).to_string();
    let error = match flags.is_empty() {
        true => error,
        false => error.hint(format!(
            "or give a limit for this run alone:{flags}; a lower one may be too little for it"
        )),
    };
    match open.tables.is_empty() && !open.seed {
        true => error,
        false => error.hint("without --table and --seed, it is handed nothing"),
    }
}

/// Who has signed a plugin, at the start of a sentence.
pub(crate) struct Signed<'s>(pub(crate) Option<&'s Signer>);

impl fmt::Display for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(signer) => write!(f, "it is signed by {signer}"),
            None => f.write_str("it is unsigned"),
        }
    }
}

/// What is more than a plugin gets without being granted anything.
pub(crate) fn above_usual(wants: &Wants) -> Wants {
    let Limits { memory_bytes, deadline, .. } = Limits::default();
    Wants {
        memory_bytes: wants.memory_bytes.filter(|bytes| *bytes > memory_bytes),
        timeout_ms: wants.timeout_ms.filter(|time| Duration::from_millis(*time) > deadline),
        ..wants.clone()
    }
}

/// Wishes for people.
pub(crate) struct Shown<'w>(pub(crate) &'w Wants);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wants { memory_bytes, timeout_ms, tables, seed } = self.0;
        let memory = memory_bytes.map(|bytes| format!("{} of memory for an instance", Bytes(bytes)));
        let time = timeout_ms.map(|time| format!("{} s for a block", time as f64 / 1000.0));
        let tables = tables.iter().map(|name| format!("to read the table {}", shown(name).cut(TABLE_CHARS)));
        let seed = seed.then(|| "a seed".to_owned());
        let all: Vec<_> = memory.into_iter().chain(time).chain(tables).chain(seed).collect();
        match &all[..] {
            [] => Ok(()),
            [one] => f.write_str(one),
            [several @ .., last] => write!(f, "{} and {last}", several.join(", ")),
        }
    }
}

/// The limits among them as options of a run.
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
    use runner_store::carrier::Carrier;
    use runner_store::digest::Digest;
    use semver::Version;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn wants(memory_bytes: Option<u64>, timeout_ms: Option<u64>) -> Wants {
        Wants { memory_bytes, timeout_ms, ..Wants::default() }
    }

    fn of(wants: Wants, granted: Wants) -> Installed {
        Installed {
            id: "acme:x@1.0.0".parse().unwrap(),
            blake3: Digest::of(b""),
            bytes: 0,
            contract: Version::new(0, 2, 0),
            summary: String::new(),
            signer: None,
            signature: None,
            more_signatures: vec![],
            from: Carrier::File,
            evidence: None,
            vetted_by: vec![],
            wants,
            granted,
        }
    }

    fn limits(plugin: &Installed, given: &GivenInRun) -> Result<Raised, Error> {
        lacking(plugin, given).map_or(Ok(raised(Some(plugin), given)), |open| Err(not_granted(plugin, &open)))
    }

    #[test]
    fn nothing_is_raised_that_was_not_granted() {
        let (usual, nothing) = ((256 << 20, 10 * SECOND), GivenInRun::default());
        let all = wants(Some(1 << 30), Some(20_000));
        assert_eq!(raised(None, &nothing), usual);
        // What is within the usual limits is no wish, and what was granted is not had
        // unless it is wanted.
        let small = wants(Some(1 << 20), Some(1000));
        assert_eq!(limits(&of(small, all.clone()), &nothing).unwrap(), usual);
        assert_eq!(limits(&of(all.clone(), all.clone()), &nothing).unwrap(), (1 << 30, 20 * SECOND));
        for granted in [
            Wants::default(),
            wants(Some(1 << 30), None),
            wants(None, Some(20_000)),
            wants(Some((1 << 30) - 1), Some(20_000)),
        ] {
            let error = limits(&of(all.clone(), granted), &nothing).unwrap_err();
            assert_eq!(error.kind(), Kind::Refused);
            let why = error.causes().next().unwrap().to_string();
            assert_eq!(
                why,
                "it is unsigned; it wants 1024 MiB of memory for an instance and 20 s for a block"
            );
            assert!(error.hints()[0].contains("`runner plugin grant acme:x@1.0.0`"));
            assert!(error.hints()[1].contains(" --memory 1073741824 --timeout 20;"));
        }
    }

    #[test]
    fn limits_that_are_given_for_a_run_count_for_it() {
        let plugin = of(wants(Some(1 << 30), Some(20_000)), Wants::default());
        let given = |memory_bytes, deadline| GivenInRun { memory_bytes, deadline, ..GivenInRun::default() };
        let both = given(Some(5), Some(SECOND));
        assert_eq!(limits(&plugin, &both).unwrap(), (5, SECOND));
        assert_eq!(raised(None, &both), (5, SECOND));
        for one in [given(Some(1 << 30), None), given(None, Some(SECOND))] {
            assert_eq!(limits(&plugin, &one).unwrap_err().kind(), Kind::Refused);
        }
    }

    #[test]
    fn tables_and_a_seed_must_be_granted_before_a_run_hands_them_over() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let wants = Wants { tables: names(&["a", "b"]), seed: true, ..Wants::default() };
        let plugin = |granted: &[&str], seed| {
            of(wants.clone(), Wants { tables: names(granted), seed, ..Wants::default() })
        };
        let given =
            |tables: &[&str], seed| GivenInRun { tables: names(tables), seed, ..GivenInRun::default() };
        for (granted, seed, handed, is_lacking) in [
            (&[][..], false, given(&[], false), false),
            (&[], false, given(&["a"], false), true),
            (&[], false, given(&["other", "y.a"], false), false),
            (&[], false, given(&["x.a"], false), true),
            (&[], false, given(&["2.a"], false), true),
            (&[], false, given(&["x-1.a"], false), true),
            (&["a"], false, given(&["a"], false), false),
            (&["a"], false, given(&["a", "b"], false), true),
            (&["a", "b"], false, given(&["a", "b"], true), true),
            (&["a", "b"], true, given(&["a", "b"], true), false),
        ] {
            let found = lacking(&plugin(granted, seed), &handed);
            assert_eq!(found.is_some(), is_lacking, "{granted:?} {handed:?}");
        }
        let error = limits(&plugin(&[], false), &given(&["a", "b"], true)).unwrap_err();
        let why = error.causes().next().unwrap().to_string();
        assert!(why.ends_with("it wants to read the table a, to read the table b and a seed"), "{why}");
        assert!(!error.hints().iter().any(|hint| hint.contains("for this run alone")));
    }
}
