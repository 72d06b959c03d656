//! `runner recover`.

use serde_json::json;

use super::Outcome;
use super::args::{RecoverArgs, threads};
use super::report::{Reporter, appended};
use super::show;
use crate::error::{Error, Kind, Result};
use crate::journal::Trust;
use crate::patch::Direction;
use crate::run::recover_file;

pub(super) fn run(args: &RecoverArgs, reporter: &Reporter) -> Result<Outcome> {
    let direction = if args.rollback { Direction::Reverse } else { Direction::Forward };
    let recovered = recover_file(&args.file, args.trust(), direction, threads(None), &mut |journal| {
        if args.trust() == Trust::Own {
            return Ok(());
        }
        reporter.note(&show::text(journal, None, None)?)
    })?;
    let file = args.file.display();
    let line = match &recovered.state {
        Some(state) => {
            let to = if args.rollback {
                "brought back to what it was"
            } else {
                "brought to what it was to become"
            };
            let kept = appended(state.appended_bytes, state.size);
            let kept = kept.map_or(String::new(), |kept| format!("\n{file}: {kept}"));
            format!("{file}: {to}, verified {}{kept}\n{}  {file}", state.level, state.root)
        }
        None if recovered.put_back => {
            format!("{file}: is what it was before, as others have appended to it while it was replaced")
        }
        None if recovered.removed.is_empty() => format!("{file}: nothing to recover"),
        // What was left of a rewrite may be the old file or a new one.
        None => format!("{file}: whole as it is; what the interrupted run has left is removed"),
    };
    let event = || {
        json!({
            "event": "recovered", "file": args.file.to_string_lossy(),
            "root": recovered.state.as_ref().map(|state| state.root.to_hex().to_string()),
            "size": recovered.state.as_ref().map(|state| state.size),
            "appended_bytes": recovered.state.as_ref().map_or(0, |state| state.appended_bytes),
            "put_back": recovered.put_back,
            "removed": recovered.removed.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
        })
    };
    if !recovered.intact {
        return Err(Error::new(
            Kind::Verification,
            format!("{file} is recovered, but somebody has changed other bytes of it since it was scanned"),
        )
        .hint(
            "what the journal covers is whole, and was read back; `runner verify` prints the root of all",
        ));
    }
    reporter.tell(event, || line)?;
    Ok(Outcome::Done)
}
