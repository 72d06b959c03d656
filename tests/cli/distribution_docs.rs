//! The session of `docs/distribution.md`, run from its first command to its last.

use std::fs;

use runner_tests::packages::{User, guest_plugin, replace};
use runner_tests::repository;

/// A command, and the lines that follow it on the page.
fn session(page: &str) -> Vec<(String, Vec<String>)> {
    let mut session: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line.strip_prefix("    ") {
            Some(text) if text.starts_with("$ runner ") => {
                session.push((text["$ runner ".len()..].to_owned(), Vec::new()));
                inside = true;
            }
            Some(text) if inside => session.last_mut().unwrap().1.push(text.to_owned()),
            None if inside && line.is_empty() => session.last_mut().unwrap().1.push(String::new()),
            _ => inside = false,
        }
    }
    for (_, lines) in &mut session {
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
    }
    session
}

/// Takes out what differs from key to key, from build to build and from time to time.
fn masked(line: &str) -> String {
    let is_hex = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mask = |word: &str| {
        let bare = word.trim_end_matches([',', ';']).trim_start_matches("blake3=");
        match bare {
            digest if is_hex(digest) => word.replace(digest, "DIGEST"),
            time if time.len() == 21 && time.ends_with("Z:") => "TIME".to_owned(),
            key if key.len() == 56 && key.starts_with("RW") => word.replace(key, "KEY"),
            _ => word.to_owned(),
        }
    };
    let words: Vec<_> = line.split(' ').map(mask).collect();
    let size = words.windows(2).position(|pair| pair[1].starts_with("bytes"));
    words
        .iter()
        .enumerate()
        .map(|(at, word)| if Some(at) == size { "N" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_session_of_the_page_is_what_happens() {
    let user = User::new();
    let mut plugin = guest_plugin("1.2.0", b'X');
    replace(&mut plugin, b"guest\x00", b"shift\x00");
    user.scratch.write("shift.wasm", plugin);
    user.scratch.write("app.log", "abc\n");
    let page = fs::read_to_string(repository().join("docs/distribution.md")).unwrap();
    let session = session(&page);
    assert!(session.len() >= 9, "{session:?}");
    for (command, expected) in session {
        let args: Vec<_> = command.split(' ').collect();
        let said = user.run(&args).ok().text();
        let masked = |lines: &mut dyn Iterator<Item = &str>| lines.map(masked).collect::<Vec<_>>();
        let found = masked(&mut said.lines());
        assert_eq!(found, masked(&mut expected.iter().map(String::as_str)), "{command}");
    }
    assert_eq!(fs::read(user.scratch.path("app.log")).unwrap(), b"Xbc\n");
}
