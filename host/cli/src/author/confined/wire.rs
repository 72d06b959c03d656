//! What the parent says to the process that confines itself: one argument, as JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The first argument of such a process, followed by a [`Request`].
pub(super) const COMMAND: &str = "__build";
/// Its exit code where it could not be confined as demanded, and has run nothing.
pub(super) const NOT_CONFINED: i32 = 119;
/// What the line of a report begins with that is about namespaces.
pub(super) const NAMESPACES: &str = "namespaces=";

/// What to run, and where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Request {
    /// Which of the two processes it is for.
    pub(super) stage: Stage,
    /// How far the program must be confined.
    pub(super) demand: Demand,
    /// The only folder that can be changed: absolute, without links.
    pub(super) room: PathBuf,
    /// The folder to run the program in.
    pub(super) folder: PathBuf,
    /// Folders with programs, which can be read.
    pub(super) executable: Vec<PathBuf>,
    /// The program and its arguments. If there are none, the layers are reported on
    /// standard output.
    pub(super) words: Vec<String>,
}

/// The two processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// It enters the namespaces. Its parent has this id.
    Outer {
        /// The process that has started it.
        parent: u32,
    },
    /// It is the first process in them, and confines itself and the program.
    Inner {
        /// Whether it is in all namespaces.
        is_in_namespaces: bool,
    },
}

/// How far a program must be confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Demand {
    /// By all layers.
    Full,
    /// By those that the system has.
    WhatThereIs,
}
