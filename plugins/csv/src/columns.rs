//! References to columns: lists of names and positions in parameters, and their
//! places in the file.

/// A column as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    text: String,
    /// Whether it is quoted, so that it is a name even if it looks like a
    /// position.
    quoted: bool,
}

/// Parses a list such as `email,"Name, full",3`.
pub(crate) fn parse_list(list: &str) -> Result<Vec<Reference>, String> {
    let mut references = Vec::new();
    let mut rest = list;
    loop {
        let (reference, after) = parse_one(rest, ',')?;
        references.push(reference);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None => return Ok(references),
        }
    }
}

/// Parses one column up to `stop` or the end. The returned rest begins with
/// `stop` or is empty. Quotes are always `"` here, whatever the file uses.
pub(crate) fn parse_one(text: &str, stop: char) -> Result<(Reference, &str), String> {
    let trimmed = text.trim_start();
    let Some(mut rest) = trimmed.strip_prefix('"') else {
        let (name, after) = text.split_at(text.find(stop).unwrap_or(text.len()));
        let name = name.trim();
        if name.is_empty() {
            return Err(format!("a column is missing in `{text}`"));
        }
        return Ok((Reference { text: name.into(), quoted: false }, after));
    };
    let mut name = String::new();
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            return Err(format!("a quote is not closed in `{text}`"));
        };
        name.push_str(before);
        if let Some(after) = after.strip_prefix('"') {
            name.push('"');
            rest = after;
            continue;
        }
        let after = after.trim_start();
        if !after.is_empty() && !after.starts_with(stop) {
            return Err(format!("`{after}` follows the quoted column `{name}`"));
        }
        return Ok((Reference { text: name, quoted: true }, after));
    }
}

/// The columns of the file, according to its first record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Number of columns.
    pub(crate) count: usize,
    /// Their names, decoded, if the file has a header.
    pub(crate) names: Option<Vec<Vec<u8>>>,
}

/// Maximum number of names listed in an error.
const MAX_LISTED: usize = 40;

impl Columns {
    /// The index, from 0, of the referenced column. A name takes precedence
    /// over a position.
    pub(crate) fn find(&self, reference: &Reference) -> Result<usize, String> {
        let text = reference.text.as_str();
        let named: Vec<usize> = match &self.names {
            Some(names) => (0..names.len()).filter(|&place| names[place] == text.as_bytes()).collect(),
            None => Vec::new(),
        };
        if let [place] = named[..] {
            return Ok(place);
        }
        if let [first, second, ..] = named[..] {
            return Err(format!(
                "more than one column is named `{text}`; give its position instead: {} or {}",
                first + 1,
                second + 1
            ));
        }
        let is_position = !reference.quoted && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<usize>().ok().filter(|_| is_position) {
            Some(position) if (1..=self.count).contains(&position) => Ok(position - 1),
            _ => Err(format!("there is no column `{text}`; {}", self.list())),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn columns(names: &[&str]) -> Columns {
        let names: Vec<_> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        Columns { count: names.len(), names: Some(names) }
    }

    fn find(columns: &Columns, list: &str) -> Result<Vec<usize>, String> {
        parse_list(list)?.iter().map(|reference| columns.find(reference)).collect()
    }

    #[test]
    fn names_positions_and_quoted_names_are_found() {
        let columns = columns(&["id", "Name, full", "2", "say \"hi\""]);
        assert_eq!(find(&columns, r#" id , "Name, full",4,"say ""hi""""#), Ok(vec![0, 1, 3, 3]));
        assert_eq!(find(&columns, "2"), Ok(vec![2]), "a name takes precedence over a position");
    }

    #[test]
    fn mistakes_are_named() {
        let columns = columns(&["a", "b", "b"]);
        for (list, error) in [
            ("c", "there is no column `c`; the columns are `a`, `b`, `b`"),
            ("0", "there is no column `0`"),
            ("4", "there is no column `4`"),
            ("\"1\"", "there is no column `1`"),
            ("b", "more than one column is named `b`; give its position instead: 2 or 3"),
            ("a,,b", "a column is missing"),
            ("", "a column is missing"),
            ("\"a", "a quote is not closed"),
            ("\"a\"b", "`b` follows the quoted column `a`"),
        ] {
            let found = find(&columns, list).expect_err(list);
            assert!(found.starts_with(error), "{list}: {found}");
        }
    }

    proptest! {
        #[test]
        fn quoted_names_come_back(names in prop::collection::vec("[a, \"=1]{0,4}", 1..5)) {
            let list: Vec<_> = names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
            let found: Vec<_> = parse_list(&list.join(" , ")).expect("a good list").into_iter().map(|found| found.text).collect();
            prop_assert_eq!(found, names);
        }
    }
}
