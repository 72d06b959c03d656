//! The columns of the file that a list of names, positions, ranges and
//! wildcards means.

use runner_values::{Part, Target};

/// One item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    text: String,
    /// Whether it is quoted, so that it is a name whatever it looks like.
    is_quoted: bool,
    /// Whether it excludes columns: `!id`.
    is_excluded: bool,
    /// Whether the columns may be missing: `email?`.
    is_optional: bool,
}

impl Item {
    /// A column that the user named.
    pub(crate) fn new(part: &Part) -> Self {
        let (text, is_quoted) = (part.text.as_str(), part.quoted);
        let item = Self { text: text.into(), is_quoted, is_excluded: false, is_optional: false };
        match text.strip_prefix('!') {
            Some(text) if !is_quoted && !text.is_empty() => {
                let name = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                let text = name.map_or(text.into(), |name| name.replace("\"\"", "\""));
                Self { text, is_quoted: name.is_some(), is_excluded: true, ..item }
            }
            _ => item,
        }
    }

    /// The items of a parsed list.
    pub(crate) fn list(targets: &[Target]) -> Vec<Self> {
        targets.iter().flat_map(|target| &target.parts).map(Self::new).collect()
    }
}

/// The columns that a list means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selected {
    /// Indices from 0, ascending.
    pub(crate) places: Vec<usize>,
    /// Whether columns beyond those of the first record are meant too: after
    /// `!id`, `*` and `3-`.
    pub(crate) includes_rest: bool,
}

/// The columns of a file.
#[derive(Debug)]
pub(crate) struct Columns {
    /// Number of columns.
    pub(crate) count: usize,
    /// Their names, decoded, if the file has a header.
    pub(crate) names: Option<Vec<Vec<u8>>>,
}

/// Maximum number of names listed in an error.
const MAX_LISTED: usize = 40;

impl Columns {
    /// The columns that a list means.
    ///
    /// # Errors
    /// If a column is missing that is not optional.
    pub(crate) fn select(&self, items: &[Item]) -> Result<Selected, String> {
        let mut chosen = vec![items.iter().all(|item| item.is_excluded); self.count];
        let mut includes_rest = items.iter().all(|item| item.is_excluded);
        for wanted in [true, false] {
            for item in items.iter().filter(|item| item.is_excluded != wanted) {
                let found = self.find(item)?;
                found.places.iter().for_each(|place| chosen[*place] = wanted);
                if found.includes_rest {
                    includes_rest = wanted;
                }
            }
        }
        let places = (0..self.count).filter(|place| chosen[*place]).collect();
        Ok(Selected { places, includes_rest })
    }

    /// The single column that an item means; `None` if it is optional and
    /// missing.
    ///
    /// # Errors
    /// As for [`Columns::select`], and if it means several columns.
    pub(crate) fn select_one(&self, item: &Item) -> Result<Option<usize>, String> {
        match self.select(std::slice::from_ref(item))?.places[..] {
            [] => Ok(None),
            [place] => Ok(Some(place)),
            _ => Err(format!("`{}` means several columns; name one", item.text)),
        }
    }

    /// The columns of one item. A name takes precedence over everything else.
    fn find(&self, item: &Item) -> Result<Selected, String> {
        let text = item.text.as_str();
        let only = |places: Vec<usize>| Ok(Selected { places, includes_rest: false });
        match self.named(text)[..] {
            [] => {}
            [place] => return only(vec![place]),
            [first, second, ..] => {
                return Err(format!(
                    "more than one column is named `{text}`; give its position instead: {} or {}",
                    first + 1,
                    second + 1
                ));
            }
        }
        if !item.is_quoted {
            if let Some(name) = text.strip_suffix('?').filter(|name| !name.is_empty()) {
                return self.find(&Item { text: name.trim_end().into(), is_optional: true, ..item.clone() });
            }
            if let Some((first, last)) = range(text) {
                let end = last.unwrap_or(self.count);
                let is_whole = 1 <= first && first <= end && end <= self.count;
                if !is_whole && !item.is_optional {
                    return Err(self.missing(text));
                }
                let places = (first.max(1) - 1..end.min(self.count)).collect();
                return Ok(Selected { places, includes_rest: last.is_none() });
            }
            if text.contains('*') {
                let places = self.matching(text);
                if !places.is_empty() || text == "*" || item.is_optional {
                    return Ok(Selected { places, includes_rest: text == "*" });
                }
            }
            if let Some(position) = position(text)
                && (1..=self.count).contains(&position)
            {
                return only(vec![position - 1]);
            }
        }
        if item.is_optional { only(Vec::new()) } else { Err(self.missing(text)) }
    }

    fn named(&self, text: &str) -> Vec<usize> {
        let names = self.names.iter().flatten().enumerate();
        names.filter(|(_, name)| *name == text.as_bytes()).map(|(place, _)| place).collect()
    }

    /// The columns whose names match a pattern in which `*` is any text. Without
    /// a header, only `*` matches.
    fn matching(&self, pattern: &str) -> Vec<usize> {
        if pattern == "*" {
            return (0..self.count).collect();
        }
        let names = self.names.iter().flatten().enumerate();
        names.filter(|(_, name)| matches(pattern.as_bytes(), name)).map(|(place, _)| place).collect()
    }

    fn missing(&self, text: &str) -> String {
        let folded = |name: &[u8]| String::from_utf8_lossy(name).trim().to_lowercase();
        let mut names = self.names.iter().flatten();
        let similar = names.find(|name| folded(name) == folded(text.as_bytes()));
        let hint = match similar {
            Some(name) => format!("did you mean `\"{}\"`? ", String::from_utf8_lossy(name)),
            None => String::new(),
        };
        format!("there is no column `{text}`; {hint}{}", self.list())
    }

    fn list(&self) -> String {
        let Some(names) = &self.names else {
            return format!(
                "the first record has {} columns, which have no names without a header",
                self.count
            );
        };
        let listed: Vec<String> = names
            .iter()
            .take(MAX_LISTED)
            .map(|name| format!("`{}`", String::from_utf8_lossy(name)))
            .collect();
        let more = names.len() - listed.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("the columns are {}{more}", listed.join(", "))
    }
}

/// The positions of `2-4` or `2-`. `None` if the text is not a range.
fn range(text: &str) -> Option<(usize, Option<usize>)> {
    let (first, last) = text.split_once('-')?;
    let last = if last.is_empty() { None } else { Some(position(last)?) };
    Some((position(first)?, last))
}

fn position(text: &str) -> Option<usize> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a name matches a pattern in which `*` is any text.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&[u8]> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle.iter().filter(|part| !part.is_empty()) {
        let Some(found) = memchr::memmem::find(rest, part) else { return false };
        rest = &rest[found + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use runner_values::{Syntax, parse_targets};

    fn columns(names: &[&str]) -> Columns {
        let names: Vec<_> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        Columns { count: names.len(), names: Some(names) }
    }

    fn select(columns: &Columns, list: &str) -> Result<(Vec<usize>, bool), String> {
        let (targets, rest) = parse_targets(list, Syntax::Names)?;
        assert_eq!(rest, "");
        let selected = columns.select(&Item::list(&targets))?;
        Ok((selected.places, selected.includes_rest))
    }

    #[test]
    fn names_positions_and_quoted_names_are_found() {
        let columns = columns(&["id", "Name, full", "2", "say \"hi\"", "a-b", "x*", "q?"]);
        for (list, places) in [
            (r#" id , "Name, full",4,"say ""hi""""#, vec![0, 1, 3]),
            ("2", vec![2]),
            ("\"q?\",a-b", vec![4, 6]),
            ("q?,x*", vec![5, 6]),
            ("id,none?,9?", vec![0]),
        ] {
            assert_eq!(select(&columns, list), Ok((places, false)), "{list}");
        }
    }

    #[test]
    fn ranges_wildcards_and_exclusions_select_several() {
        let columns = columns(&["id", "email_home", "email_work", "phone", "notes"]);
        for (list, places, rest) in [
            ("2-4", vec![1, 2, 3], false),
            ("4-", vec![3, 4], true),
            ("4-9?", vec![3, 4], false),
            ("9-?", vec![], true),
            ("email_*", vec![1, 2], false),
            ("*_*o*,*s", vec![1, 2, 4], false),
            ("none_*?", vec![], false),
            ("*", vec![0, 1, 2, 3, 4], true),
            ("!id", vec![1, 2, 3, 4], true),
            ("!id,!4-", vec![1, 2], false),
            ("!\"id\"", vec![1, 2, 3, 4], true),
            ("!id, !none?", vec![1, 2, 3, 4], true),
            ("email_*,!email_work", vec![1], false),
            ("!email_work,email_*,phone", vec![1, 3], false),
        ] {
            assert_eq!(select(&columns, list), Ok((places, rest)), "{list}");
        }
        let bare = Columns { count: 3, names: None };
        assert_eq!(select(&bare, "*"), Ok((vec![0, 1, 2], true)));
        assert_eq!(select(&bare, "!2"), Ok((vec![0, 2], true)));
    }

    #[test]
    fn mistakes_are_named() {
        let columns = columns(&["a", "b", "b", " Mail"]);
        for (list, error) in [
            ("c", "there is no column `c`; the columns are `a`, `b`, `b`"),
            ("mail", "there is no column `mail`; did you mean `\" Mail\"`? the columns are"),
            ("0", "there is no column `0`"),
            ("5", "there is no column `5`"),
            ("3-5", "there is no column `3-5`"),
            ("3-2", "there is no column `3-2`"),
            ("0-2", "there is no column `0-2`"),
            ("c*", "there is no column `c*`"),
            ("!c", "there is no column `c`"),
            ("\"1\"", "there is no column `1`"),
            ("b", "more than one column is named `b`; give its position instead: 2 or 3"),
            ("a,,b", "a name is missing"),
            ("", "a name is missing"),
            ("\"a", "a quote is not closed"),
            ("\"a\"b", "`b` follows the quoted name `a`"),
        ] {
            let found = select(&columns, list).expect_err(list);
            assert!(found.starts_with(error), "{list}: {found}");
        }
    }

    proptest! {
        #[test]
        fn wildcards_match_as_expressions_do(pattern in "[ab*]{0,6}", name in "[ab]{0,8}") {
            let mut expected = name.is_empty() && pattern.is_empty();
            // All splits of the name by brute force.
            fn model(pattern: &[u8], name: &[u8]) -> bool {
                match (pattern, name) {
                    ([], []) => true,
                    ([b'*', pattern @ ..], _) => (0..=name.len()).any(|at| model(pattern, &name[at..])),
                    ([left, pattern @ ..], [right, name @ ..]) => left == right && model(pattern, name),
                    _ => false,
                }
            }
            expected |= model(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected);
        }
    }
}
