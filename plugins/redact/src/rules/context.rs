//! The expression of a rule that knows its value by a name before it, as in
//! `CLOUDFLARE_API_KEY="..."`.

/// What may stand between a name and its value: the rest of the name, quotes, a
/// sign of assignment (also percent-encoded, quoted-printable, or of XML), and
/// quotes again.
const BETWEEN: &str = concat!(
    r#"[\w.\-/ \t]{0,30}[\\"'`\])]{0,4}[ \t]{0,4}"#,
    r#"(?:=3[Dd]|%3[Aa]|%3[Dd]|=>|:=|\?=|\|\||=|:|>|,)"#,
    r#"(?:[ \t"'`\\=(\[]|%22|%27){0,6}"#,
);

/// What follows a value: no further letter, digit, `_` or `-`.
const AFTER: &str = r"(?:[^\w\-]|$)";

/// The expression for these names, themselves expressions in any case, and this
/// value, which is the first group.
pub(super) fn expression(names: &[String], value: &str) -> String {
    format!("(?i:{}){BETWEEN}({value}){AFTER}", names.join("|"))
}
