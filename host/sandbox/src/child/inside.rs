//! The child's side: what the process that compiles plugins does. It confines
//! itself before it looks at the plugin: a compiler that a plugin has taken
//! over can use memory and time, and answer, and nothing else.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use runner_confine::{Calls, Layers, Limits, Policy};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::stack;

use super::answer::{self, ANSWER_BYTES, EXIT_COMPILED, EXIT_FAILED, EXIT_REFUSED, EXIT_TOO_LARGE, Refusal};
use super::{COUNTING, FULLY_CONFINED};
use crate::engine::{self, Counting};
use crate::facts::Facts;
use crate::limits::{COMPILE_MEMORY_BYTES, Confinement, MAX_PLUGIN_BYTES};
use crate::native_code::{self, Source};

/// Compiles the plugin on standard input for the parent. `arguments` are those
/// after [`COMPILE_COMMAND`](super::COMPILE_COMMAND). Returns the exit code.
///
/// Call it on the first thread of the process, before there are others, and
/// before anything is opened: the process confines itself. The work is done on
/// a thread of its own, whose stack does not depend on limits.
#[must_use]
pub(crate) fn compile_for_parent(
    arguments: &[String],
    input: impl Read + Send,
    mut output: impl Write + Send,
) -> u8 {
    let [name, parent, further @ ..] = arguments else { return EXIT_FAILED };
    let (mut confinement, mut counting) = (Confinement::AsFarAsPossible, Counting::Off);
    for argument in further {
        match argument.as_str() {
            FULLY_CONFINED => confinement = Confinement::Full,
            COUNTING => counting = Counting::On,
            _ => return EXIT_FAILED,
        }
    }
    let Ok(parent) = parent.parse() else { return EXIT_FAILED };
    let policy = policy(parent);
    let compiled = runner_confine::before_threads(&policy).map_err(not_confined).and_then(|layers| {
        let confined = Confined { policy: &policy, layers, wanted: confinement, counting };
        stack::on_own_thread(|| compile(confined, name, input)).flatten()
    });
    let (written, code) = match compiled {
        Ok((native, facts)) => {
            let trailer = answer::trailer(native.len(), facts);
            (output.write_all(&native).and_then(|()| output.write_all(&trailer)), EXIT_COMPILED)
        }
        Err(error) => {
            let refusal = serde_json::to_vec(&Refusal::from(&error)).unwrap_or_default();
            (output.write_all(&refusal), EXIT_REFUSED)
        }
    };
    match written.and_then(|()| output.flush()) {
        Ok(()) => code,
        // Unless SIGXFSZ has killed the process.
        Err(error) if error.kind() == ErrorKind::FileTooLarge => EXIT_TOO_LARGE,
        Err(_) => EXIT_FAILED,
    }
}

/// Unlike the size of the address space, writable memory is close to the memory
/// in use: the stacks and heaps of threads reserve address space that they
/// never write to. The limit on files is one byte more than an answer may have:
/// a file of that size shows that the limit was met, whatever the child made of
/// it.
fn policy(parent: u32) -> Policy {
    let limits =
        Limits { data_bytes: Some(COMPILE_MEMORY_BYTES), file_bytes: ANSWER_BYTES + 1, ..Limits::default() };
    Policy::new(Calls::Compile, parent).keep(0).keep_writable(1).keep_writable(2).limits(limits)
}

/// How the process is confined so far.
struct Confined<'a> {
    policy: &'a Policy,
    layers: Layers,
    wanted: Confinement,
    counting: Counting,
}

fn compile(mut confined: Confined<'_>, name: &str, input: impl Read) -> Result<(Vec<u8>, Facts)> {
    let mut bytes = Vec::new();
    input
        .take(MAX_PLUGIN_BYTES)
        .read_to_end(&mut bytes)
        .map_err(Error::at("read", Path::new("standard input")))?;
    let engine = engine::new(confined.counting)?;
    confined.layers.add(&runner_confine::on_all_threads(confined.policy).map_err(not_confined)?);
    confined.wanted.check(&confined.layers)?;
    native_code::compile(&engine, &Source { name, bytes: &bytes })
}

fn not_confined(error: runner_confine::Error) -> Error {
    Error::new(Kind::Io, "the process that compiles plugins cannot confine itself").because(error)
}
