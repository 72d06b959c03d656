//! Makes a plan from the parameters and the head of the file: which columns
//! exist, and what happens to each.

use crate::Csv;
use crate::action::{Action, MASK, Plan, Value, decode};
use crate::columns::{Columns, parse_list, parse_one};
use crate::dialect::Dialect;
use crate::record::{Fault, Field, read};
use runner_plugin::{FileHead, Params};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the parameters, and finds the columns in the file's head.
pub(crate) fn begin(params: &Params, file: &FileHead<'_>) -> Result<Csv, String> {
    let dialect = Dialect::of(params)?;
    let has_header = params.bool("header")?;
    let mark_bytes = if file.head.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let first = first_record(file, mark_bytes, dialect)?;
    let columns = first.as_ref().map(|first| {
        let name = |field: &Field| name(file.head, *field, dialect);
        let names = has_header.then(|| first.fields.iter().map(name).collect());
        Columns { count: first.fields.len(), names }
    });
    let actions = actions(params, dialect, columns.as_ref())?;
    let secret = match (params.get("hash"), params.get("key")) {
        (Some(_), None | Some("")) => return Err("`hash` needs a secret `key`".into()),
        (None, Some(_)) => return Err("`key` is only used with `hash`".into()),
        (_, secret) => secret,
    };
    Ok(Csv {
        dialect,
        plan: Plan::new(dialect, actions, secret),
        mark_bytes,
        header: first.filter(|_| has_header).map(|first| first.offset),
        fields: Vec::new(),
    })
}

/// The first record that is not an empty line.
struct First {
    offset: u64,
    fields: Vec<Field>,
}

/// Finds the first record; `None` if the file has none. It is an error if the
/// head contains only a part of the record, because its columns cannot be
/// counted.
fn first_record(file: &FileHead<'_>, start: usize, dialect: Dialect) -> Result<Option<First>, String> {
    let head = file.head;
    // The head of a stream contains the bytes that have arrived so far.
    let is_cut = file.size != Some(head.len() as u64);
    let too_long = || {
        let what = if file.size.is_some() { "file" } else { "stream, and no more bytes have arrived" };
        format!("the first record does not end in the first {} bytes of the {what}", head.len())
    };
    let mut fields = Vec::new();
    let mut at = start;
    while at < head.len() {
        let record = match read(head, at, dialect, usize::MAX, &mut fields) {
            Err(Fault::Unclosed(_)) if is_cut => return Err(too_long()),
            result => result.map_err(|fault| fault.message(0))?,
        };
        if is_cut && record.end == head.len() && !head.ends_with(b"\n") {
            return Err(too_long());
        }
        if !record.content.is_empty() {
            return Ok(Some(First { offset: at as u64, fields }));
        }
        at = record.end;
    }
    if is_cut { Err(too_long()) } else { Ok(None) }
}

fn name(head: &[u8], field: Field, dialect: Dialect) -> Vec<u8> {
    let mut name = Vec::new();
    decode(&head[field.content()], dialect.quote.filter(|_| field.quoted), &mut name);
    name
}

/// The action on each column. Without `columns` (the file has no record), the
/// parameters are checked as far as possible, and there are no actions.
fn actions(params: &Params, dialect: Dialect, columns: Option<&Columns>) -> Result<Vec<Action>, String> {
    let mut wanted = Vec::new();
    for (name, action) in [("mask", Action::Mask), ("hash", Action::Hash), ("drop", Action::Drop)] {
        let list =
            params.get(name).map(parse_list).transpose().map_err(|error| format!("`{name}`: {error}"))?;
        wanted.extend(list.into_iter().flatten().map(|column| (column, action.clone())));
    }
    for line in params.get("set").into_iter().flat_map(str::lines).filter(|line| !line.trim().is_empty()) {
        let (column, rest) = parse_one(line, '=').map_err(|error| format!("`set`: {error}"))?;
        let value =
            rest.strip_prefix('=').ok_or_else(|| format!("`set` must be COLUMN=VALUE, not `{line}`"))?;
        wanted.push((column, Action::Set(Value::new(value, dialect)?)));
    }
    if wanted.is_empty() {
        return Err("nothing to do: set at least one of `mask`, `hash`, `set` and `drop`".into());
    }
    if params.get("mask").is_some() && (dialect.delimiter == MASK || dialect.quote == Some(MASK)) {
        return Err("`mask` writes `*`, which is the delimiter or the quote of this file".into());
    }
    let mut actions: Vec<Action> = Vec::new();
    let Some(columns) = columns else { return Ok(actions) };
    for (column, action) in wanted {
        let place = columns.find(&column)?;
        if actions.len() <= place {
            actions.resize(place + 1, Action::Keep);
        }
        if actions[place] != Action::Keep {
            return Err(format!("column {} is named twice", place + 1));
        }
        actions[place] = action;
    }
    let dropped = actions.iter().filter(|action| **action == Action::Drop).count();
    if dropped == columns.count {
        return Err("`drop` names every column, so nothing would be left".into());
    }
    Ok(actions)
}
