//! Directory entries, and the changes that a crash may lose.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::Inode;
use crate::choices::Choices;

/// The entries of all directories; the directories always exist.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    pub now: BTreeMap<PathBuf, Inode>,
    pub(super) durable: BTreeMap<PathBuf, Inode>,
    pub(super) pending: Vec<NameChange>,
}

#[derive(Debug, Clone)]
pub enum NameChange {
    Put(PathBuf, Inode),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
    Exchange(PathBuf, PathBuf),
}

impl NameChange {
    fn names(&self) -> Vec<&Path> {
        match self {
            Self::Put(name, _) | Self::Remove(name) => vec![name],
            Self::Rename(a, b) | Self::Exchange(a, b) => vec![a, b],
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Inode>) -> io::Result<()> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        match self {
            Self::Put(name, inode) => {
                if names.contains_key(name) {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                names.insert(name.clone(), *inode);
            }
            Self::Remove(name) => drop(names.remove(name).ok_or_else(missing)?),
            Self::Rename(from, to) => {
                let inode = names.remove(from).ok_or_else(missing)?;
                names.insert(to.clone(), inode);
            }
            Self::Exchange(a, b) => {
                let (first, second) =
                    (*names.get(a).ok_or_else(missing)?, *names.get(b).ok_or_else(missing)?);
                names.insert(a.clone(), second);
                names.insert(b.clone(), first);
            }
        }
        Ok(())
    }
}

impl Directory {
    pub fn change(&mut self, entry: NameChange) -> io::Result<()> {
        entry.apply(&mut self.now)?;
        self.pending.push(entry);
        Ok(())
    }

    /// Makes the entries of one directory durable.
    pub fn sync(&mut self, directory: Option<&Path>) {
        let here = |entry: &NameChange| entry.names().iter().all(|name| name.parent() == directory);
        for entry in self.pending.extract_if(.., |entry| here(entry)) {
            entry.apply(&mut self.durable).expect("its prerequisites exist");
        }
    }

    pub(super) fn crash(&self, choices: &mut Choices) -> BTreeMap<PathBuf, Inode> {
        let mut names = self.durable.clone();
        if self.pending.is_empty() {
            return names;
        }
        let mut lost = BTreeSet::new();
        let prefix = choices.pick(self.pending.len() + 2);
        for (index, entry) in self.pending.iter().enumerate() {
            // This value is beyond all prefixes: some changes are kept, in any
            // combination in which no change lacks its prerequisites.
            let kept = if prefix > self.pending.len() {
                entry.names().iter().all(|name| !lost.contains(*name)) && choices.pick(2) == 0
            } else {
                index < prefix
            };
            if kept {
                entry.apply(&mut names).expect("its prerequisites exist");
            } else {
                lost.extend(entry.names().into_iter().map(Path::to_owned));
            }
        }
        names
    }
}
