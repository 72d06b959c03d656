//! Every fault that people found in texts: with its input and the right answer.

use runner_plugin::testing::{Cut, apply, assert_split_invariant, edit, edits};

use crate::Replace;

/// Windows of 64 KiB, as a file of some size has them.
fn in_windows(params: &[(&str, &str)], input: &[u8]) -> Result<Vec<u8>, String> {
    edits::<Replace>(params, input, &Cut::default()).map(|found| apply(input, &found))
}

fn with<'a>(params: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    params.iter().chain(more).copied().collect()
}

#[track_caller]
fn gives(params: &[(&str, &str)], input: &[u8], output: &[u8]) {
    let found = edit::<Replace>(params, input).unwrap_or_else(|error| panic!("{params:?}: {error}"));
    assert_eq!(found.escape_ascii().to_string(), output.escape_ascii().to_string(), "{params:?}");
    assert_split_invariant::<Replace>(params, input);
}

#[track_caller]
fn fails(params: &[(&str, &str)], input: &[u8], words: &str) {
    let error = edit::<Replace>(params, input).expect_err(words);
    assert!(error.contains(words), "`{error}` has no `{words}`");
}

const REGEX: (&str, &str) = ("regex", "true");
const MULTILINE: (&str, &str) = ("multiline", "true");

/// Rows A 2 and 3, B 62 to 65 and 95.
#[test]
fn escapes_are_read_or_refused() {
    gives(&[("find", "<foobar>"), ("with", r"\n<foobar>")], b"xx<foobar>\n", b"xx\n<foobar>\n");
    gives(&[("find", ";"), ("with", r"\t"), REGEX], b"a;b\n", b"a\tb\n");
    gives(&[("find", ";"), ("with", r"\n"), REGEX], b"a;b\n", b"a\nb\n");
    gives(&[("find", r"\t"), ("with", r"\x2c\u{20ac}"), REGEX], b"a\tb\n", "a,€b\n".as_bytes());
    fails(&[("find", "(a)(b)"), ("with", r"\2\1"), REGEX], b"", "write `$2`");
    fails(&[("find", "a"), ("with", "[&]"), REGEX], b"", "write `$0` for the match");
    fails(&[("find", "a"), ("with", r"\0"), REGEX], b"", "write `$0` for the match");
    fails(&[("find", "a"), ("with", r"\1")], b"", "`$1`");
    fails(&[("find", "a"), ("with", r"\Ux")], b"", "needs `regex=true`");
    fails(&[("find", "a"), ("with", r"\q")], b"", r"write `\\` for a backslash");
    // No groups are there without `regex`, so `&` is a text.
    gives(&[("find", "and"), ("with", "&")], b"r and d", b"r & d");
    gives(&[("find", "a"), ("with", r"[&]\n"), REGEX, ("escapes", "false")], b"a", br"[&]\n");
}

/// A backslash may be one of a path.
#[test]
fn windows_paths_stay_predictable() {
    gives(&[("find", r"C:\Users"), ("with", r"D:\Users")], br"C:\Users\me", br"D:\Users\me");
    fails(&[("find", r"C:\temp"), ("with", r"D:\data")], b"", "escapes=false");
    fails(&[("find", "/tmp"), ("with", r"C:\new")], b"", "escapes=false");
    fails(&[("find", "x"), ("with", r"C:\new"), REGEX], b"", "escapes=false");
    let params = [("find", r"C:\temp"), ("with", r"D:\new"), ("escapes", "false")];
    gives(&params, br"C:\temp", br"D:\new");
    gives(&[("find", r"a\tb"), ("with", r"\\"), ("escapes", "true")], b"a\tb", br"\");
}

/// Row A 23.
#[test]
fn case_is_converted() {
    gives(&[("find", "(a)"), ("with", r"\U$1"), REGEX], b"banana", b"bAnAnA");
    gives(&[("find", r"\b(\w)(\w*)"), ("with", r"\u$1\L$2"), REGEX], b"the END", b"The End");
    gives(&[("find", r"\w+"), ("with", r"\U$0\E!"), REGEX], "straße".as_bytes(), b"STRASSE!");
}

/// Rows A 8 and 9, B 10 to 21.
#[test]
fn crlf_is_a_line_end() {
    let end = [("find", "end$"), ("with", "END"), REGEX];
    gives(&end, b"the end\r\nthe end\r\n", b"the END\r\nthe END\r\n");
    gives(&with(&end, &[("crlf", "false")]), b"the end\r\nend", b"the end\r\nEND");
    gives(&with(&end, &[MULTILINE]), b"the end\r\nend", b"the END\r\nEND");
    gives(&[("find", "$"), ("with", ".org"), REGEX], b"host1\r\nhost2\n", b"host1.org\r\nhost2.org\n");
    gives(&[("find", ".+"), ("with", "<$0>"), REGEX], b"a b\r\n\r\nc", b"<a b>\r\n\r\n<c>");
    gives(&[("find", r"\s+$"), REGEX], b"a \r\nb\t\r\n", b"a\r\nb\r\n");
    gives(&[("find", "[^,]*$"), ("with", "X"), REGEX], b"a,b\r\n", b"a,X\r\n");
    // A lone CR is part of the line, and who looks for a CR finds it.
    gives(&[("find", "^.*$"), ("with", "X"), REGEX], b"a\rb\r\n", b"X\r\n");
    gives(&[("find", r"\r$"), REGEX], b"a\r\nb\r\n", b"a\nb\n");
    gives(&[("find", "a$"), ("with", "b"), REGEX, ("crlf", "true")], b"a\na\r\n", b"b\nb\r\n");
}

/// Rows A 10, 11 and 35.
#[test]
fn many_pairs_are_replaced_in_one_pass() {
    let table = "a\t1\nb\t2\nab\tboth\n";
    gives(&[("pairs", table)], b"a b ab ba\n", b"1 2 both 21\n");
    gives(&[("pairs", "a\tb\nb\ta\n")], b"abba", b"baab");
    gives(&[("pairs", "â€™\t’\nÃ©\té\n")], "itâ€™s cafÃ©".as_bytes(), "it’s café".as_bytes());
    gives(
        &[("pairs", "Cat\tdog\n"), ("word", "true"), ("ignore-case", "true")],
        b"cat CATS cat_ (cat)",
        b"dog CATS cat_ (dog)",
    );
    gives(&[("pair", "a=b=c")], b"a", b"b=c");
    gives(&[("pairs", "a\tX\n"), ("pair", "b=Y")], b"ab", b"XY");
    fails(&[("pairs", "a\\nb\tx\n")], b"", "set `multiline`");
    fails(&[("pairs", "a\tb\n"), REGEX], b"", "only one `find`");
    gives(&[("pairs", "a\\nb\tx\n"), MULTILINE], b"a\nb", b"x");
}

/// Row A 12, C "a long expression".
#[test]
fn an_expression_of_any_length_works() {
    let words = (0..12_000).map(|number| format!("w{number}x")).collect::<Vec<_>>().join("|");
    let find = format!(r"\b(?:{words})\b");
    assert!(find.len() > 70_000);
    let params = [("find", find.as_str()), REGEX];
    assert_eq!(edit::<Replace>(&params, b"w1x w11999x w12000x\n"), Ok(b"  w12000x\n".to_vec()));
    // More than the host compiles.
    let params = [("find", r"(?:\w{250}x){2}"), ("with", "-"), REGEX];
    let input = format!("{0}x{0}x", "a".repeat(250));
    assert_eq!(edit::<Replace>(&params, input.as_bytes()), Ok(b"-".to_vec()));
}

/// Rows A 31, B 30, 31 and 84, C "a line that is no UTF-8".
#[test]
fn a_dot_matches_a_byte_that_is_not_utf_8() {
    let line = [("find", r"^.*secret.*\n?"), REGEX, MULTILINE];
    gives(&line, b"a\ncaf\xe9 secret\nb\n", b"a\nb\n");
    gives(&[("find", "^.*secret.*"), REGEX], b"a\ncaf\xe9 secret \xff\nb\n", b"a\n\nb\n");
    gives(&[("delete-lines", "secret")], b"a\ncaf\xe9 secret\nb\n", b"a\nb\n");
    // Valid characters are never split.
    gives(&[("find", "^.."), ("with", "X"), REGEX], "é\n€\n".as_bytes(), "é\n€\n".as_bytes());
    gives(&[("find", "[^é]"), ("with", "-"), REGEX], b"\xc3\xa9\xa9\xe2\x82\xac\xe2\x82", b"\xc3\xa9----");
    gives(&[("find", r"(\W)"), ("with", "<$1>"), REGEX], b"a\xe9b", b"a<\xe9>b");
    gives(&[("find", r"(?-u:\xe9)"), ("with", "é"), REGEX], b"caf\xe9", "café".as_bytes());
}

/// Rows A 51 and 52, B 34 and 35.
#[test]
fn any_byte_can_be_written_and_dropped() {
    gives(&[("find", "é"), ("with", r"\xe9")], "café".as_bytes(), b"caf\xe9");
    gives(&[("find", "é"), ("with", r"\xE9"), REGEX], "café".as_bytes(), b"caf\xe9");
    gives(&[("find", r"\xe9"), ("with", "é"), ("escapes", "true")], b"caf\xe9", "café".as_bytes());
    let drop = [("find", r"([\x{80}-\x{10FFFF}])|(?-u:[\x80-\xFF])"), ("with", "$1"), REGEX];
    gives(&drop, b"a\xc3\xa9\xe9b\xff\xe2\x82c", "aébc".as_bytes());
}

/// Rows A 59, B 87, 89 and "added", C "a long match, cut".
#[test]
fn a_comment_of_any_length_is_deleted() {
    let comments = [("find", r"(?s)/\*.*?\*/"), REGEX, MULTILINE];
    for length in [10, 70_000, 1_100_000] {
        let comment = format!("a /* {} */ b", "x\n".repeat(length / 2));
        assert_eq!(in_windows(&comments, comment.as_bytes()).as_deref(), Ok(&b"a  b"[..]), "{length}");
        let nested = format!("/* {} /* y */ code", "x".repeat(length));
        assert_eq!(in_windows(&comments, nested.as_bytes()).as_deref(), Ok(&b" code"[..]), "{length}");
    }
    gives(&comments, b"/* a */ 1 /* /* b */ 2 /*/ */ 3 /* open", b" 1  2  3 /* open");
    let html = [("find", "(?s)<!--.*?-->"), REGEX, MULTILINE];
    gives(&html, b"<p><!-- a\n--><!-- --></p>", b"<p></p>");
}

/// Rows B 90 and 91.
#[test]
fn a_greedy_match_is_the_longest_of_the_file() {
    let params = [("find", "(?s)BEGIN.*END"), ("with", "-"), REGEX, MULTILINE];
    let input = format!("a BEGIN {} END b END c", "x END\n".repeat(30_000));
    assert_eq!(in_windows(&params, input.as_bytes()).as_deref(), Ok(&b"a - c"[..]));
    let blanks = [("find", r"\s+"), ("with", " "), REGEX, MULTILINE];
    let input = format!("a{}b", " ".repeat(70_000));
    assert_eq!(in_windows(&blanks, input.as_bytes()).as_deref(), Ok(&b"a b"[..]));
}

/// Whether a word ends depends on what follows, and on Unicode.
#[test]
fn word_boundaries_over_lines_are_decided() {
    let params = [("find", r"\n*,\b"), ("with", "-"), REGEX, MULTILINE];
    gives(&params, "\n,x,, ,é,".as_bytes(), "-x,, -é,".as_bytes());
    let params = [("find", r"x*a\B"), ("with", "-"), REGEX, MULTILINE];
    gives(&params, "xaa aé ab éa".as_bytes(), "-a -é -b éa".as_bytes());
    let params = [("find", r"\bfoo\b\s+\bbär\b"), ("with", "-"), REGEX, MULTILINE];
    gives(&params, "foo \n bär\nfoo bärs é foo bär".as_bytes(), "-\nfoo bärs é -".as_bytes());
}

/// Where a limit stays, it is an error.
#[test]
fn an_undecided_match_is_an_error() {
    let params = [("find", "(?s)BEGIN.*END"), REGEX, MULTILINE, ("max-match", "100000")];
    let input = format!("ab\nBEGIN END {}", "x".repeat(300_000));
    let error = in_windows(&params, input.as_bytes()).unwrap_err();
    assert!(error.contains("may begin here") && error.contains("`max-match`"), "{error}");
    // The limit never cuts a match.
    let params = [("find", "a+"), ("with", "X"), REGEX, MULTILINE, ("max-match", "2")];
    assert_eq!(in_windows(&params, b"aaaaa"), Ok(b"X".to_vec()));
    for wrong in ["0", "1073741825", "-1"] {
        let params = [("find", "a+"), REGEX, MULTILINE, ("max-match", wrong)];
        fails(&params, b"", "1 to 1073741824");
    }
}

/// Rows B 23, 25, 26 and 72, C "(?s)".
#[test]
fn what_needs_multiline_names_it() {
    for find in [r"(?s)a.b", r"\Aa", r"a\z", r"(?-m)^a", r"a\nb", "(?s:.)"] {
        fails(&[("find", find), REGEX], b"a\nb\n", "`multiline`");
    }
    gives(&[("find", "(?s)a.b"), ("with", "X"), REGEX, MULTILINE], b"a\nb\n", b"X\n");
    gives(&[("find", r"\Aa"), ("with", "X"), REGEX, MULTILINE], b"a\na\n", b"X\na\n");
    gives(&[("find", r"\n\z"), REGEX, MULTILINE], b"a\na\n", b"a\na");
}

/// Rows A 16 and 40.
#[test]
fn the_first_in_the_file_and_its_ends() {
    gives(&[("find", "a"), ("with", "b"), ("max", "1")], b"xx\nxaxa\na\n", b"xx\nxbxa\na\n");
    gives(&[("find", "a"), ("with", "b"), ("nth", "2")], b"aaa", b"aba");
    let mut far = vec![b'x'; 200_000];
    far.extend_from_slice(b"aa");
    let found = in_windows(&[("find", "a"), ("with", "b"), ("max", "1")], &far).unwrap();
    assert!(found.ends_with(b"xba"));
    gives(&[("prepend", r"hdr\n")], b"a\n", b"hdr\na\n");
    gives(&[("prepend", r"hdr\n")], b"\xe9", b"hdr\n\xe9");
    gives(&[("append", r"end\n"), ("prepend", "x")], b"a\nb\n", b"xa\nb\nend\n");
    gives(&[("append", "b"), ("prepend", "x")], b"a", b"xab");
    gives(&[("prepend", r"hdr\n")], b"", b"hdr\n");
    gives(&[("append", "b")], b"", b"b");
    gives(&[("append", "b"), ("prepend", "x")], b"", b"xb");
    gives(&[("find", r"\A"), ("with", r"hdr\n"), REGEX, MULTILINE], b"a\nb\n", b"hdr\na\nb\n");
}

/// Row B 22: a BOM is before the first line.
#[test]
fn a_bom_is_not_part_of_the_first_line() {
    let start = [("find", "^id"), ("with", "ID"), REGEX];
    let bom = b"\xef\xbb\xbfid\nid\n";
    gives(&start, bom, b"\xef\xbb\xbfID\nID\n");
    gives(&with(&start, &[MULTILINE]), bom, b"\xef\xbb\xbfID\nID\n");
    gives(&with(&start, &[("line", "1")]), bom, b"\xef\xbb\xbfID\nid\n");
    let first = [("find", r"\Aid+"), ("with", "ID"), REGEX, MULTILINE];
    gives(&first, bom, b"\xef\xbb\xbfID\nid\n");
    gives(&[("find", r"\x{FEFF}"), REGEX], bom, b"id\nid\n");
    gives(&[("prepend", "x")], bom, b"\xef\xbb\xbfxid\nid\n");
    gives(&[("append", "x"), ("prepend", "y")], b"\xef\xbb\xbf", b"\xef\xbb\xbfyx");
    gives(&[("delete-lines", "^id")], bom, b"\xef\xbb\xbf");
}

/// Row A 1: a text without a line end needs no lines.
#[test]
fn a_text_needs_no_lines_however_long() {
    let input = "a <unk> b ".repeat(30_000);
    let found = in_windows(&[("find", "<unk>"), ("with", "<raw_unk>")], input.as_bytes()).unwrap();
    assert_eq!(found, input.replace("<unk>", "<raw_unk>").into_bytes());
}

/// Row A 37: an escape sequence of a terminal.
#[test]
fn colours_are_removed() {
    let params = [("find", r"\x1b[\[(][0-9;?]*[a-zA-Z]|\x1b\][0-9];"), REGEX];
    gives(&params, b"\x1b[1;31mred\x1b[0m \x1b]0;t\n", b"red t\n");
}
