use super::*;

const FACTS: Facts = Facts { instance_bytes: 70_000, memories: 3 };

/// The status of a process that has ended with this exit code.
fn exited(code: u8) -> ExitStatus {
    ExitStatus::from_raw(i32::from(code) << 8)
}

fn answer(bytes: &[u8]) -> CodeFile {
    let file = CodeFile::new().unwrap();
    file.write(bytes).unwrap();
    file
}

/// An answer with some code and this trailer.
fn code_and(trailer: &[u8]) -> Vec<u8> {
    [b"code", trailer].concat()
}

fn read(answer: CodeFile, status: ExitStatus) -> Result<Code> {
    let nothing = CodeFile::new().unwrap().file().try_clone().unwrap();
    super::read("it", answer, status, nothing)
}

#[track_caller]
fn fails(answer: CodeFile, status: ExitStatus, what: &str) -> Error {
    let error = read(answer, status).expect_err(what);
    assert!(error.to_string().contains(what), "{error:?}");
    error
}

/// The error for a refusal with these texts.
fn refused(what: &str, because: &str, hints: &[&str]) -> Error {
    let hints = hints.iter().map(ToString::to_string).collect();
    let refusal = Refusal {
        for_want_of: None,
        what: what.to_owned(),
        because: Some(because.to_owned()),
        hints,
        fault: None,
    };
    let json = serde_json::to_vec(&refusal).unwrap();
    read(answer(&json), exited(EXIT_REFUSED)).unwrap_err()
}

#[test]
fn code_is_the_answer_without_its_trailer() {
    let code = read(answer(&code_and(&trailer(4, FACTS))), exited(EXIT_COMPILED)).unwrap();
    assert_eq!(code.facts(), FACTS);
    assert_eq!(code.with_bytes(<[u8]>::to_vec).unwrap(), b"code");
}

#[test]
fn garbage_is_not_code() {
    let mut other_mark = trailer(4, FACTS);
    other_mark[3] ^= 1;
    let greedy = Facts { instance_bytes: u64::MAX, ..FACTS };
    for bytes in [
        Vec::new(),
        b"garbage".to_vec(),
        vec![0; 1 << 16],
        code_and(&trailer(3, FACTS)),
        code_and(&trailer(4, FACTS)[1..]),
        code_and(&[&trailer(4, FACTS)[..], b"\n"].concat()),
        code_and(&other_mark),
        code_and(&trailer(4, greedy)),
        br#"{"what":"no","because":null,"hints":[]}"#.to_vec(),
    ] {
        let error = fails(answer(&bytes), exited(EXIT_COMPILED), "the compiler's answer is not code");
        assert!(error.kind() == Kind::Plugin && error.hints()[0].contains("no file was touched"));
    }
    for bytes in [Vec::new(), b"garbage".to_vec(), code_and(&trailer(4, FACTS))] {
        fails(answer(&bytes), exited(EXIT_REFUSED), "the compiler crashed (exit code 3)");
    }
}

/// Whether it ended well, was killed, or could not write and said so.
#[test]
fn an_answer_that_is_too_long_is_named() {
    let killed = ExitStatus::from_raw(Signal::XFSZ.as_raw());
    let ways = [EXIT_COMPILED, EXIT_FAILED, EXIT_REFUSED, EXIT_TOO_LARGE].map(exited);
    for status in ways.into_iter().chain([killed]) {
        let long = CodeFile::new().unwrap();
        long.file().set_len(ANSWER_BYTES + 1).unwrap();
        fails(long, status, "`it` compiles to more than 256 MiB of code");
    }
    // A lower limit, which comes from outside.
    for status in [exited(EXIT_TOO_LARGE), killed] {
        let error = fails(answer(&[0; 1 << 16]), status, "cannot compile `it`");
        assert!(format!("{error:?}").contains("cannot write the compiler's answer"), "{error:?}");
        assert!(error.hints()[0].contains("`ulimit -f`"), "{:?}", error.hints());
    }
    // The longest answer that is read.
    let whole = CodeFile::new().unwrap();
    whole.file().set_len(CODE_BYTES).unwrap();
    let end = trailer(usize::try_from(CODE_BYTES).unwrap(), FACTS);
    whole.file().write_all_at(&end, CODE_BYTES).unwrap();
    assert!(read(whole, exited(EXIT_COMPILED)).is_ok());
}

#[test]
fn a_refusal_is_shown_as_the_compiler_wrote_it() {
    let error = Error::new(Kind::Plugin, format!("`{}` is wrong", escape("it\u{1b}[2J", 200)))
        .because(escape(&"\u{e0001}".repeat(2000), 1000))
        .hint("one")
        .hint("two");
    let json = serde_json::to_vec(&Refusal::from(&error)).unwrap();
    let read = read(answer(&json), exited(EXIT_REFUSED)).unwrap_err();
    assert_eq!(format!("{read:?}"), format!("{error:?}"));
    assert_eq!(read.hints(), error.hints());
    assert!(refused("it", "first\nsecond", &[]).causes().next().unwrap().to_string() == "first\nsecond");
}

#[test]
fn a_refusal_of_a_hostile_child_is_escaped_and_bounded() {
    let error = refused("\u{1b}[2Ja\nb", "\u{1b}]0;\u{202e}", &["\u{7}\n", "b", "c", "d", "e"]);
    assert_eq!(format!("{error:?}"), "Plugin: \\u{1b}[2Ja\\nb: \\u{1b}]0;\\u{202e}");
    assert_eq!(error.hints(), ["\\u{7}\\n", "b", "c", "d"]);
    let long = "a".repeat(20_000);
    let error = refused(&long, &long, &[&long]);
    let cut = format!("{}… (3,616 bytes more)", "a".repeat(TEXT_CHARS));
    assert_eq!(format!("{error:?}"), format!("Plugin: {cut}: {cut}"));
    assert_eq!(error.hints(), [cut]);
    // It is not even read to its end.
    let endless = refused(&"a".repeat(1 << 16), "", &[]);
    assert_eq!(endless.to_string(), "cannot compile `it`: the compiler crashed (exit code 3)");
}

#[test]
fn messages_of_a_crash_are_escaped_and_bounded() {
    let mut messages = vec![0x1b; 300];
    messages.resize(1 << 20, b'a');
    let messages = answer(&messages).file().try_clone().unwrap();
    let error = super::read("it", answer(b""), exited(101), messages).unwrap_err();
    let text = error.causes().next().unwrap().to_string();
    assert!(text.starts_with("\\u{1b}\\u{1b}") && !text.contains('\u{1b}'), "{text}");
    assert!(text.ends_with("a… (65,136 bytes more)"), "{text}");
}
