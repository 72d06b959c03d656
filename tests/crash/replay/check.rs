//! What must hold after a crash, and how it is looked at: the medium is
//! mounted, as a machine does that comes up again, and the file recovered.

use std::fs;
use std::path::Path;

use super::states::{Crash, Recording};
use runner_tests::medium::Medium;
use runner_tests::{Ran, Random, command, names, untagged};

/// A run that is recorded, and what it is to come to.
pub(crate) struct Subject<'a> {
    pub(crate) old: &'a [u8],
    pub(crate) new: &'a [u8],
    /// It keeps a backup and an undo file.
    pub(crate) extras: bool,
}

pub(crate) const FILE: &str = "file";
pub(crate) const BACKUP: &str = "file.old";
pub(crate) const UNDO: &str = "undo";

/// States that were looked at.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) states: u64,
    /// Of them, those in which something was left beside the file.
    pub(crate) to_recover: u64,
    /// Those after a second crash, during the recovery.
    pub(crate) twice: u64,
    pub(crate) new: u64,
}

impl Subject<'_> {
    /// Recovers from a crash, and from one during that recovery.
    ///
    /// # Errors
    /// A promise that was broken, in words.
    pub(crate) fn survives(
        &self,
        medium: &Medium,
        crash: &Crash,
        random: &mut Random,
        counts: &mut Counts,
    ) -> Result<(), String> {
        let must = crash.ended.then_some(self.new);
        let (found, left, recovery) = self.recovered(medium, crash, must, random, counts)?;
        if !left {
            return Ok(());
        }
        let again = recovery.crash(random);
        // What `recover` has done is durable.
        let must = if again.ended { Some(&found[..]) } else { must };
        counts.twice += 1;
        self.recovered(medium, &again, must, random, counts)
            .map_err(|what| format!("{what}\nand during the recovery of that: {}", again.what))?;
        Ok(())
    }

    /// One crash and one recovery: the content then, whether there was
    /// something to do, and what it wrote.
    fn recovered(
        &self,
        medium: &Medium,
        crash: &Crash,
        must: Option<&[u8]>,
        random: &mut Random,
        counts: &mut Counts,
    ) -> Result<(Vec<u8>, bool, Recording), String> {
        medium.put(crash.image.clone());
        let mount = medium.mount()?;
        let directory = mount.path("directory");
        let file = directory.join(FILE);
        let left = self.left(&directory);
        counts.states += 1;
        counts.to_recover += u64::from(!left.is_empty());
        // Where the run came to its end there is nothing to roll back.
        let rollback = must.is_none() && random.below(2) == 0;
        let direction: &[&str] = if rollback { &["--rollback"] } else { &[] };
        let recover = |direction: &[&str]| -> Result<Vec<u8>, String> {
            let ran = Ran::of(command().arg("recover").args(direction).arg(&file).output().unwrap());
            if ran.code != 0 {
                return Err(format!("recover {direction:?} ends with {}: {}", ran.code, ran.stderr));
            }
            fs::read(&file).map_err(|error| format!("the file cannot be read: {error}"))
        };
        let started = medium.arrived();
        let found = recover(direction)?;
        let told = format!("left {left:?}, rollback {rollback}");
        if found != self.old && found != self.new {
            return Err(format!("mixed: {told}"));
        }
        if must.is_some_and(|must| found != must) {
            let is = if found == self.new { "new" } else { "old" };
            return Err(format!("done before, and now {is}: {told}"));
        }
        if !self.left(&directory).is_empty() {
            return Err(format!("{:?} is there after the recovery: {told}", self.left(&directory)));
        }
        let ended = medium.arrived();
        if recover(&[])? != found {
            return Err(format!("a second recovery changes it: {told}"));
        }
        drop(mount);
        let (_, log) = medium.take();
        let recovery = Recording { base: crash.image.clone(), log, started, ended };
        counts.new += u64::from(found == self.new);
        if self.extras && found == self.new {
            self.can_be_undone(medium)?;
        }
        Ok((found, !left.is_empty(), recovery))
    }

    /// What is beside the file, and was not asked for. What was to become the
    /// undo file or the backup may stay; the next run takes its place.
    fn left(&self, directory: &Path) -> Vec<String> {
        let mut left = names(directory);
        left.retain(|name| {
            let kept = untagged(name);
            let kept = kept.strip_suffix(".runner-new").unwrap_or(&kept);
            name != FILE && !(self.extras && [BACKUP, UNDO].contains(&kept))
        });
        left
    }

    fn can_be_undone(&self, medium: &Medium) -> Result<(), String> {
        let mount = medium.mount()?;
        let at = |name: &str| mount.path("directory").join(name);
        if fs::read(at(BACKUP)).ok().as_deref() != Some(self.old) {
            return Err("the backup is not the old file".into());
        }
        let ran = Ran::of(command().arg("undo").arg(at(UNDO)).arg(at(FILE)).output().unwrap());
        if ran.code != 0 || fs::read(at(FILE)).unwrap() != self.old {
            return Err(format!("it cannot be undone: {}", ran.stderr));
        }
        Ok(())
    }
}
