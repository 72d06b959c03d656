//! Reads the parameters and the head of the file: which dialect it has, which
//! columns exist, and what happens to each.

use crate::change::{Change, Changer, MASK};
use crate::columns::{Columns, Item};
use crate::condition::Condition;
use crate::dialect::{Dialect, Escape, LineEnd};
use crate::open::{Opened, check_encoding, first_line_end, mark_bytes, open, separator_line};
use crate::params;
use crate::plan::Plan;
use crate::reader::{Stop, Text};
use crate::settings::{Delimiter, Ragged, Settings};
use crate::steps::{Step, Steps};
use crate::{Csv, guess};
use runner_plugin::{Claims, Failure, FileHead, Framing, HEAD_BYTES, Job, LogLevel, Params, log};
use runner_values::{ACTIONS, Key, Rule, Rules, Syntax, Target, parse_targets};

/// The names of counts: of changed fields for each of [`ACTIONS`], of deleted
/// records, and of dropped fields.
const COUNTS: [&str; ACTIONS.len() + 2] = {
    let mut names = ["deleted-rows"; ACTIONS.len() + 2];
    names[DROPPED] = "dropped-fields";
    let mut place = 0;
    while place < ACTIONS.len() {
        names[place] = ACTIONS[place];
        place += 1;
    }
    names
};

/// The index of the count of deleted records.
pub(crate) const DELETED: usize = ACTIONS.len();

/// The index of the count of dropped fields, without those of the header.
pub(crate) const DROPPED: usize = ACTIONS.len() + 1;

/// What the user wants, before the columns are known.
#[derive(Debug)]
pub(crate) struct Wishes {
    pub(crate) settings: Settings,
    /// The rules, each with the index of its action in [`ACTIONS`].
    rules: Vec<(usize, Rule)>,
    drop: Vec<Vec<Target>>,
    conditions: Vec<Condition>,
    /// The first lines that are no records: where they begin, and how many
    /// follow.
    pub(crate) preamble: (usize, u64),
}

/// Starts on a file.
///
/// # Errors
/// The message for the user.
pub(crate) fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Csv, Job), Failure> {
    let mut settings = Settings::read(params)?;
    let head = file.head;
    check_encoding(head)?;
    // The head of a stream contains the bytes that have arrived so far.
    let text = Text { bytes: head, is_complete: file.size == Some(head.len() as u64) };
    let separator = if settings.skip == 0 { separator_line(head) } else { None };
    let start = separator.as_ref().map_or(mark_bytes(head), |(_, start)| *start);
    let preamble = (start, settings.skip);
    let is_strict_quote = settings.skip == 0 && settings.dialect.comment.is_empty();
    let line_end =
        first_line_end(&head[start.min(head.len())..], settings.dialect.quote.filter(|_| is_strict_quote));
    if settings.finds_line_end && line_end == Some(LineEnd::Return) {
        settings.dialect.line_end = LineEnd::Return;
        log(LogLevel::Info, "records end with carriage returns, as the first one does");
    }
    settings.dialect.delimiter = find_delimiter(&settings, text, preamble, separator)?;
    if settings.delimiter == Delimiter::Guessed {
        settings.ragged.get_or_insert(Ragged::Refuse);
    }
    let changer = changer(params, &settings)?;
    let wishes = wishes(params, settings, preamble)?;
    let dialect = changer.dialect.clone();
    wishes.check(&dialect)?;
    let claims = wishes.claims(&dialect);
    let mut csv = Csv::new(wishes, changer);
    let mut fields = None;
    let framing = match open(text, &dialect, preamble) {
        Err(Stop::Fault(fault)) => return Err(csv.failure(fault, head)),
        // The host asks again when more has arrived.
        Err(Stop::Incomplete) if file.size.is_none() && head.len() < HEAD_BYTES && !head.contains(&b'\n') => {
            return Err(format!(
                "the first record does not end in the first {} bytes of the stream, and no more bytes have arrived",
                head.len()
            )
            .into());
        }
        // The first record is read with the first window.
        Err(Stop::Incomplete) => None,
        Ok(opened) => {
            csv.resolve(&opened, head)?;
            fields = csv.wanted_fields(&opened, mark_bytes(head), head);
            let is_from_return = dialect.line_end == LineEnd::Any && line_end != Some(LineEnd::LineFeed);
            dialect.parallel_framing().filter(|_| opened.has_even_quotes && !is_from_return)
        }
    };
    csv.is_sequential = framing.is_none();
    let mut job = Job::new(framing.unwrap_or(Framing::Sequential)).text().deterministic().counts(COUNTS);
    job.claims = Claims { text: job.claims.text, deterministic: job.claims.deterministic, ..claims };
    if let Some(fields) = fields.filter(|_| !csv.is_sequential) {
        job = job.project(dialect.delimiter[0], fields);
        csv.is_projected = true;
    }
    Ok((csv, job))
}

/// The delimiter: the given one, that of the line `sep=`, or the one that
/// fits.
fn find_delimiter(
    settings: &Settings,
    head: Text<'_>,
    preamble: (usize, u64),
    separator: Option<(Vec<u8>, usize)>,
) -> Result<Vec<u8>, String> {
    let shown = |delimiter: &[u8]| delimiter.escape_ascii().to_string();
    match (&settings.delimiter, separator) {
        (Delimiter::Given(given), Some((found, _))) if *given != found => Err(format!(
            "the first line says that the delimiter is `{}`, but `delimiter` is `{}`; leave it out, or set `skip=1`",
            shown(&found),
            shown(given)
        )),
        (Delimiter::Given(given), _) => Ok(given.clone()),
        (_, Some((found, _))) => {
            let message = format!("the delimiter is `{}`, as the first line says", shown(&found));
            log(LogLevel::Info, &message);
            settings.with_delimiter(found).map(|dialect| dialect.delimiter)
        }
        (Delimiter::Default, None) => settings.with_delimiter(b",".to_vec()).map(|dialect| dialect.delimiter),
        (Delimiter::Guessed, None) if head.is_complete && head.bytes.len() <= preamble.0 => Ok(b",".to_vec()),
        (Delimiter::Guessed, None) => {
            let guess = guess::guess(head, &settings.dialect, preamble)?;
            let message = format!(
                "guessed the delimiter `{}`: it divides the first {} records into {} fields each",
                shown(&[guess.delimiter]),
                guess.records,
                guess.columns
            );
            log(LogLevel::Info, &message);
            Ok(vec![guess.delimiter])
        }
    }
}

fn changer(params: &Params, settings: &Settings) -> Result<Changer, String> {
    let dialect = settings.dialect.clone();
    let null = match (params.get("null-word"), dialect.escape) {
        (Some(word), _) => word.as_bytes().to_vec(),
        (None, Escape::MySql | Escape::Lines) => b"\\N".to_vec(),
        (None, _) => Vec::new(),
    };
    let is_escaped = dialect.escape.byte().is_some_and(|escape| null.starts_with(&[escape]));
    if !null.is_empty() && !is_escaped && dialect.must_protect(&null) {
        return Err("`null-word` cannot be written without quotes or escapes".into());
    }
    if dialect.is_comment(&null) {
        return Err("`null-word` begins as a comment does".into());
    }
    Ok(Changer { dialect, null_words: settings.null_words.clone(), null })
}

fn wishes(params: &Params, settings: Settings, preamble: (usize, u64)) -> Result<Wishes, String> {
    let secret = params::one(params, "key");
    let key = secret.map(Key::new).transpose()?;
    let parser = Rules { syntax: Syntax::Names, key: key.as_ref() };
    let mut rules = Vec::new();
    for (count, name) in ACTIONS.into_iter().enumerate() {
        for text in params.all(name) {
            rules.push((count, parser.parse(name, text)?));
        }
    }
    let mut drop = Vec::new();
    for text in params.all("drop") {
        match parse_targets(text, Syntax::Names).map_err(|error| format!("`drop`: {error}"))? {
            (targets, "") => drop.push(targets),
            (_, rest) => return Err(format!("`drop`: `{rest}` follows the columns")),
        }
    }
    let conditions = params.all("delete-rows").map(Condition::parse);
    let conditions =
        conditions.collect::<Result<Vec<_>, _>>().map_err(|error| format!("`delete-rows`: {error}"))?;
    if rules.is_empty() && drop.is_empty() && conditions.is_empty() {
        let names = ACTIONS.map(|name| format!("`{name}`")).join(", ");
        return Err(format!("nothing to do: set at least one of {names}, `drop` and `delete-rows`"));
    }
    let needs_key = params.get("hash").is_some() || params.get("shift-date").is_some();
    if secret.is_some() && !needs_key {
        return Err("`key` is only used with `hash` and `shift-date`".into());
    }
    Ok(Wishes { settings, rules, drop, conditions, preamble })
}

impl Wishes {
    /// The plan for the columns of the first record. Without a record, there
    /// is nothing to do.
    ///
    /// # Errors
    /// If the file does not have the columns, or not as the user named them.
    pub(crate) fn plan(self, opened: &Opened, bytes: &[u8], dialect: &Dialect) -> Result<Plan, String> {
        let names = opened.first.as_ref().map(|first| first.values(bytes, dialect));
        let count = names.as_ref().map_or(0, Vec::len);
        let mut steps = Steps {
            columns: vec![Step::Keep; count],
            rest: Step::Keep,
            changes: Vec::new(),
            conditions: Vec::new(),
            expected: (self.settings.ragged == Some(Ragged::Refuse)).then_some(count),
            guards_backslashes: self.settings.guards_backslashes
                && ![dialect.quote, dialect.delimiter.first().copied()].contains(&Some(b'\\')),
            header: opened
                .first
                .as_ref()
                .filter(|_| self.settings.has_header)
                .map(|first| first.start as u64),
        };
        let Some(names) = names else {
            if self.settings.skip > 0 && self.settings.has_header && !bytes.is_empty() {
                return Err("no header follows the lines that `skip` skips; is there one less?".into());
            }
            return Ok(Plan::new(steps));
        };
        let columns = Columns { count, names: Some(names).filter(|_| self.settings.has_header) };
        for targets in &self.drop {
            assign(&mut steps, &columns, targets, Step::Drop)?;
        }
        if steps.columns.iter().all(|step| *step == Step::Drop) {
            return Err("`drop` names every column, so nothing would be left".into());
        }
        for (count, rule) in self.rules {
            let group = match rule.group.as_ref().and_then(|group| group.parts.first()) {
                Some(part) => columns.select_one(&Item::new(part))?,
                None => None,
            };
            let step = Step::Change(steps.changes.len());
            steps.changes.push(Change::new(rule.action, group).counted(count));
            assign(&mut steps, &columns, &rule.targets, step)?;
        }
        for condition in self.conditions {
            let item = Item::new(&condition.column);
            steps.conditions.push((columns.select_one(&item)?, condition));
        }
        Ok(Plan::new(steps))
    }

    /// Whether a rule's replacement could be read as something else.
    ///
    /// # Errors
    /// The message for the user.
    pub(crate) fn check(&self, dialect: &Dialect) -> Result<(), String> {
        let writes_mask =
            self.rules.iter().any(|(_, rule)| Change::new(rule.action.clone(), None).writes_mask());
        let has_mask =
            [dialect.quote, dialect.escape.byte()].contains(&Some(MASK)) || dialect.delimiter.contains(&MASK);
        if writes_mask && has_mask {
            return Err("`mask` writes `*`, which is a delimiter, a quote or an escape in this file".into());
        }
        if writes_mask && dialect.is_comment(&[MASK]) {
            return Err("`mask` writes `*`, with which a comment begins in this file".into());
        }
        Ok(())
    }

    /// What all rules promise.
    fn claims(&self, dialect: &Dialect) -> Claims {
        let only_rules = self.drop.is_empty() && self.conditions.is_empty();
        let keeps = |(_, rule): &(usize, Rule)| Change::new(rule.action.clone(), None).keeps_length(dialect);
        Claims {
            length_preserving: only_rules && self.rules.iter().all(keeps),
            idempotent: only_rules && self.rules.iter().all(|(_, rule)| rule.action.is_idempotent()),
            ..Claims::default()
        }
    }
}

/// Sets the step of some columns.
fn assign(steps: &mut Steps, columns: &Columns, targets: &[Target], step: Step) -> Result<(), String> {
    let selected = columns.select(&Item::list(targets))?;
    for place in selected.places {
        if steps.columns[place] != Step::Keep {
            return Err(format!("column {} is named twice", place + 1));
        }
        steps.columns[place] = step;
    }
    if selected.includes_rest {
        if steps.rest != Step::Keep {
            return Err("the columns beyond those of the first record are named twice".into());
        }
        steps.rest = step;
    }
    Ok(())
}
