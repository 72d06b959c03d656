use super::*;

#[test]
fn terminal_controls_are_escaped() {
    assert_eq!(escape("a\x1b[2Jb\n\u{9b}\u{202e}", 100), "a\\u{1b}[2Jb\\n\\u{9b}\\u{202e}");
}

#[test]
fn plain_text_is_left_alone() {
    for text in ["naïve \\ 木", "nai\u{308}ve", "ti\u{1ebf}ng Vi\u{1ec7}t", "가각", "שָׁלוֹם"] {
        assert_eq!(escape(text, 100), text);
        assert_eq!(shown(text).to_string(), text);
    }
}

#[test]
fn long_text_is_cut_between_characters() {
    assert_eq!(escape("ééé", 2), "éé… (2 bytes more)");
    assert_eq!(escape("éée", 2), "éé… (1 byte more)");
    assert_eq!(escape("ééé", 3), "ééé");
    assert_eq!(shown(&"x".repeat(12_345)).cut(0).to_string(), "… (12,345 bytes more)");
}

#[test]
fn lines_are_kept_where_they_are_wanted() {
    assert_eq!(escape_lines("a\x1b\n\tb\r\n", 100), "a\\u{1b}\n\\tb\\r\n");
}

#[test]
fn bytes_that_are_no_text_are_escapes() {
    assert_eq!(shown(&b"a\xff\xc3\xa9\xe2\x82z"[..]).to_string(), "a\\xffé\\xe2\\x82z");
    assert_eq!(shown(OsStr::from_bytes(b"\xf0\x9f")).to_string(), "\\xf0\\x9f");
}

#[test]
fn nothing_can_be_pushed_out_of_sight() {
    assert_eq!(
        shown(&format!("a{}b", " ".repeat(MAX_BLANKS))).to_string(),
        format!("a{}b", " ".repeat(MAX_BLANKS))
    );
    assert_eq!(shown(&format!("a{}b", " ".repeat(300))).to_string(), "a\\x20*300b");
    assert_eq!(shown("a\u{a0}\u{2003}\u{3000}\u{2800}b").to_string(), "a\\u{a0}\\u{2003}\\u{3000}\\u{2800}b");
}

#[test]
fn marks_stand_on_a_character_and_are_few() {
    assert_eq!(shown("\u{338}a").to_string(), "\\u{338}a");
    assert_eq!(shown("\n\u{338}").to_string(), "\\n\\u{338}");
    assert_eq!(shown("a\u{fe0f}\u{34f}").to_string(), "a\\u{fe0f}\\u{34f}");
    assert_eq!(
        shown("a\u{300}\u{301}\u{302}\u{303}\u{304}").to_string(),
        "a\u{300}\u{301}\u{302}\\u{303}\\u{304}"
    );
}

#[test]
fn escaping_twice_is_escaping_once() {
    let odd = "a\x1b\n\u{202e}\u{300}\u{301}\u{302}\u{303}\u{304}\u{a0}b";
    let once = shown(odd).to_string();
    assert_eq!(escape(&once, 1000), once);
    assert_eq!(shown(&once).to_string(), once);
}

#[test]
fn digits_are_grouped_from_the_right() {
    assert_eq!(group_digits(0), "0");
    assert_eq!(group_digits(999), "999");
    assert_eq!(group_digits(1000), "1,000");
    assert_eq!(group_digits(1_234_567), "1,234,567");
    assert_eq!(group_digits(-1000), "-1,000");
    assert_eq!(group_digits(i128::from(u64::MAX) + 1), "18,446,744,073,709,551,616");
}
