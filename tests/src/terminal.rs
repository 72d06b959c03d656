//! Runs a program on a terminal, with a person who answers.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::Ran;

/// Runs a program whose standard input and standard error are a terminal. What is `typed` is
/// there before it starts; once it has shown `question`, `answer` is typed. What was shown is
/// taken for standard error.
pub fn on_terminal(mut command: Command, typed: &str, question: &str, answer: &str) -> Ran {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let terminal: OwnedFd = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let mut master = File::from(master);
    master.write_all(typed.as_bytes()).unwrap();
    command.stdin(terminal.try_clone().unwrap()).stderr(terminal).stdout(Stdio::piped());
    let child = command.spawn().unwrap();
    // Otherwise this process keeps the terminal, and reading never ends.
    drop(command);
    let (mut shown, mut has_answered) = (Vec::new(), false);
    loop {
        let mut some = [0; 4096];
        match master.read(&mut some) {
            Ok(count) if count > 0 => shown.extend_from_slice(&some[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // EIO: all others have closed the terminal.
            Ok(_) | Err(_) => break,
        }
        let text = String::from_utf8_lossy(&shown);
        if !has_answered && !question.is_empty() && text.contains(question) {
            master.write_all(answer.as_bytes()).unwrap();
            has_answered = true;
        }
    }
    let mut output = child.wait_with_output().unwrap();
    output.stderr = String::from_utf8(shown).unwrap().replace("\r\n", "\n").into_bytes();
    Ran::of(output)
}
