//! The parameters of a run, read and checked one by one.

use runner_plugin::{Manifest, ParamSpec, Params};

use crate::limits::MAX_OPEN_BYTES;

/// The parameters, as they were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) find: Vec<String>,
    pub(crate) with: Vec<String>,
    /// Tables of pairs.
    pub(crate) pairs: Vec<String>,
    /// Single pairs, `FROM=TO`.
    pub(crate) pair: Vec<String>,
    pub(crate) regex: bool,
    pub(crate) ignore_case: bool,
    pub(crate) word: bool,
    pub(crate) multiline: bool,
    /// Whether CRLF is a line end; absent: the file decides.
    pub(crate) crlf: Option<bool>,
    /// Whether backslashes begin escapes; absent: where that is clear.
    pub(crate) escapes: Option<bool>,
    pub(crate) max_match: Option<usize>,
    pub(crate) lines: Lines,
    pub(crate) counts: Counts,
    pub(crate) delete_lines: Option<String>,
    pub(crate) insert_before: Option<String>,
    pub(crate) insert_after: Option<String>,
    pub(crate) prepend: Option<String>,
    pub(crate) append: Option<String>,
}

/// Which lines are selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) with: Vec<String>,
    pub(crate) without: Vec<String>,
    pub(crate) numbers: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) markers: bool,
}

/// Which matches are replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) nth: Option<u64>,
    pub(crate) max: Option<u64>,
    pub(crate) nth_per_line: Option<u64>,
    pub(crate) max_per_line: Option<u64>,
}

impl Counts {
    pub(crate) fn of_file(&self) -> bool {
        self.nth.is_some() || self.max.is_some()
    }

    pub(crate) fn of_line(&self) -> bool {
        self.nth_per_line.is_some() || self.max_per_line.is_some()
    }
}

impl Lines {
    pub(crate) fn is_all(&self) -> bool {
        *self == Self { markers: self.markers, ..Self::default() }
    }
}

/// Adds all parameters to the manifest.
pub(crate) fn describe(manifest: Manifest) -> Manifest {
    let text = ParamSpec::text;
    let boolean = |name, doc| ParamSpec::boolean(name, doc).default("false");
    let auto = |name, doc| ParamSpec::choice(name, &["auto", "true", "false"], doc).default("auto");
    [
        text("find", "What to look for").repeats(),
        text("with", "What to put in its place (nothing by default)").repeats(),
        boolean("regex", "Whether find is a regular expression; with may then use $1, ${name} and \\U"),
        boolean("ignore-case", "Whether letters match either case"),
        boolean("word", "Whether only whole words match"),
        boolean("multiline", "Whether a match may span lines"),
        text("pairs", "Many texts and replacements: lines with a text, a tab, and its replacement")
            .repeats()
            .from_file(),
        text("pair", "One more text and its replacement: FROM=TO").repeats(),
        auto("escapes", "Whether \\n, \\t, \\xHH and so on are read; auto: where that is clear"),
        auto("crlf", "Whether CRLF is a line end; auto: if the first 64 KiB have one"),
        text("lines", "Only lines in which this expression matches").repeats(),
        text("not-lines", "Only lines in which this expression does not match").repeats(),
        text("line", "Only lines with these numbers: 3, 2-10, 5-, $ (the last one), or a list of these"),
        text("from", "Only lines from one in which this expression matches"),
        text("to", "Only lines up to one in which this expression matches"),
        boolean("markers", "Whether the lines in which from and to match belong to them").default("true"),
        ParamSpec::integer("nth", "Only the match with this number in the file"),
        ParamSpec::integer("max", "At most so many matches in the file"),
        ParamSpec::integer("nth-per-line", "Only the match with this number in each line"),
        ParamSpec::integer("max-per-line", "At most so many matches in each line"),
        text("delete-lines", "Delete whole lines in which this expression matches"),
        text("insert-before", "Insert this line before each selected line"),
        text("insert-after", "Insert this line after each selected line"),
        text("prepend", "Insert this at the start of the file"),
        text("append", "Insert this at the end of the file"),
        ParamSpec::integer(
            "max-match",
            "With multiline and regex: how many bytes to read for the end of a match (about 8 MiB by default)",
        ),
    ]
    .into_iter()
    .fold(manifest, Manifest::param)
}

impl Settings {
    /// # Errors
    /// If a value is none that the parameter takes.
    pub(crate) fn read(params: &Params) -> Result<Self, String> {
        let one = |name| params.get(name).map(str::to_owned);
        let all = |name| params.all(name).map(str::to_owned).collect();
        let count = |name: &str| match params.integer(name)? {
            Some(number) => match u64::try_from(number) {
                Ok(number @ 1..) => Ok(Some(number)),
                _ => Err(format!("`{name}` must be at least 1, not {number}")),
            },
            None => Ok(None),
        };
        Ok(Self {
            find: all("find"),
            with: all("with"),
            pairs: all("pairs"),
            pair: all("pair"),
            regex: params.bool("regex")?,
            ignore_case: params.bool("ignore-case")?,
            word: params.bool("word")?,
            multiline: params.bool("multiline")?,
            crlf: auto(params, "crlf"),
            escapes: auto(params, "escapes"),
            max_match: params.integer("max-match")?.map(check_max_match).transpose()?,
            lines: Lines {
                with: all("lines"),
                without: all("not-lines"),
                numbers: one("line"),
                from: one("from"),
                to: one("to"),
                markers: params.bool("markers")?,
            },
            counts: Counts {
                nth: count("nth")?,
                max: count("max")?,
                nth_per_line: count("nth-per-line")?,
                max_per_line: count("max-per-line")?,
            },
            delete_lines: one("delete-lines"),
            insert_before: one("insert-before"),
            insert_after: one("insert-after"),
            prepend: one("prepend"),
            append: one("append"),
        })
    }

    /// The names of what is asked to be done.
    pub(crate) fn actions(&self) -> Vec<&'static str> {
        let replace = !(self.find.is_empty() && self.pairs.is_empty() && self.pair.is_empty());
        let actions = [
            (replace, "find or pairs"),
            (self.delete_lines.is_some(), "delete-lines"),
            (self.insert_before.is_some() || self.insert_after.is_some(), "insert-before or insert-after"),
            (self.prepend.is_some() || self.append.is_some(), "prepend or append"),
        ];
        actions.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name).collect()
    }

    /// # Errors
    /// If parameters do not go together.
    pub(crate) fn check(&self) -> Result<(), String> {
        let replaces = match self.actions()[..] {
            [action] => action == "find or pairs",
            [] => {
                return Err("nothing to do: set `find`, `pairs`, `delete-lines`, `insert-before`, \
                              `insert-after`, `prepend` or `append`"
                    .into());
            }
            [first, second, ..] => {
                return Err(format!("one thing at a time: {first}, then {second} in a second run"));
            }
        };
        let ends = self.prepend.is_some() || self.append.is_some();
        let refuse = |is_set: bool, name: &str, with: &str| match is_set {
            true => Err(format!("`{name}` cannot be used with {with}")),
            false => Ok(()),
        };
        if !replaces {
            let with = "anything but `find`, `pairs` and `pair`";
            refuse(!self.with.is_empty() && self.with.iter().any(|with| !with.is_empty()), "with", with)?;
            refuse(self.regex, "regex", "anything but `find`: the other expressions are always ones")?;
            refuse(self.word, "word", with)?;
            refuse(self.multiline, "multiline", with)?;
            refuse(self.counts.of_file(), "nth` and `max", with)?;
            refuse(self.counts.of_line(), "nth-per-line` and `max-per-line", with)?;
        }
        refuse(ends && !self.lines.is_all(), "prepend` or `append", "a selection of lines")?;
        refuse(self.multiline && !self.lines.is_all(), "multiline", "a selection of lines")?;
        refuse(self.multiline && self.counts.of_line(), "multiline", "numbers of matches per line")?;
        refuse(self.counts.nth.is_some() && self.counts.max.is_some(), "nth", "`max`")?;
        let per_line = self.counts.nth_per_line.is_some() && self.counts.max_per_line.is_some();
        refuse(per_line, "nth-per-line", "`max-per-line`")?;
        let lines = &self.lines;
        let one = [("from", &lines.from), ("to", &lines.to), ("delete-lines", &self.delete_lines)];
        let one = one.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        let many = lines.with.iter().map(|text| ("lines", text));
        let others = lines.without.iter().map(|text| ("not-lines", text));
        for (name, text) in one.chain(many).chain(others) {
            if text.is_empty() {
                return Err(format!(
                    "`{name}` is empty, so it matches every line: write `^` if that is meant"
                ));
            }
        }
        if self.max_match.is_some() && !(self.regex && self.multiline) {
            return Err("`max-match` is only used with both `multiline` and `regex`".into());
        }
        Ok(())
    }
}

/// The value of `true`, `false` or `auto`.
fn auto(params: &Params, name: &str) -> Option<bool> {
    match params.get(name) {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    }
}

fn check_max_match(bytes: i64) -> Result<usize, String> {
    let most = 1 << 30;
    match usize::try_from(bytes) {
        Ok(bytes) if (1..=most).contains(&bytes) => Ok(bytes),
        _ => Err(format!("`max-match` must be 1 to {most} ({MAX_OPEN_BYTES} by default), not {bytes}")),
    }
}
