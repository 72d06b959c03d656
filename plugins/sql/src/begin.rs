//! Reads the parameters: the only place that knows how they are given.

use runner_plugin::{Edits, FileHead, LogLevel, Params, Window, log};
use runner_values::{ACTIONS, Key, Rules, Syntax};

use crate::Sql;
use crate::dialect::Dialect;
use crate::fault::Stop;
use crate::lexis::Lexis;
use crate::machine::Machine;
use crate::plan::{Planner, Wish};
use crate::view::View;

/// The parameter that deletes rows.
pub(crate) const DELETE_ROWS: &str = "delete-rows";

/// Reads the parameters and the file's head.
pub(crate) fn begin(params: &Params, file: &FileHead<'_>) -> Result<Sql, String> {
    let wishes = wishes(params)?;
    let may_miss = params.required("missing")? == "ok";
    if file.head.is_empty() && !may_miss {
        return Err("the file is empty: no table is in it".into());
    }
    let mut lexis = Lexis::new(dialect(params, file)?);
    let escapes = params.required("backslash-escapes")?;
    if escapes != "auto" {
        lexis.backslash = escapes == "true";
        lexis.is_backslash_fixed = true;
    }
    let mut machine = Machine::new(lexis, Planner::new(wishes));
    if let Some(schema) = params.get("schema").filter(|schema| !schema.is_empty()) {
        describe(&mut machine, schema.as_bytes())?;
    }
    Ok(Sql { machine, may_miss })
}

fn wishes(params: &Params) -> Result<Vec<Wish>, String> {
    let key = params.get("key").map(Key::new).transpose()?;
    let rules = Rules { syntax: Syntax::Dotted, key: key.as_ref() };
    let mut wishes = Vec::new();
    for name in ACTIONS {
        for text in params.all(name) {
            wishes.extend(Wish::of_rule(name, &rules.parse(name, text)?)?);
        }
    }
    for text in params.all(DELETE_ROWS) {
        wishes.push(Wish::of_condition(DELETE_ROWS, text)?);
    }
    if wishes.is_empty() {
        return Err(format!("nothing to do: give one of {}, {DELETE_ROWS}", ACTIONS.join(", ")));
    }
    Ok(wishes)
}

/// The dialect that was given, or that of the head.
fn dialect(params: &Params, file: &FileHead<'_>) -> Result<Dialect, String> {
    if let Some(dialect) = Dialect::named(params.required("dialect")?) {
        return Ok(dialect);
    }
    let Some((dialect, mark)) = Dialect::guess(file.head) else {
        return Err(
            "the dialect cannot be told from the start of the file; give dialect=postgresql, mysql or sqlite"
                .into(),
        );
    };
    log(LogLevel::Info, &format!("dialect {}, because of `{mark}`", dialect.word()));
    Ok(dialect)
}

/// Reads the tables that the user describes by `CREATE TABLE`.
fn describe(machine: &mut Machine, schema: &[u8]) -> Result<(), String> {
    let window = Window::new(0, schema).last(true);
    let mut edits = Edits::new(&window);
    match machine.go(View { bytes: schema, last: true }, 0, &mut edits) {
        Ok(_) if edits.is_empty() => {}
        Ok(_) => return Err("`schema` holds rows; it must be CREATE TABLE statements".into()),
        Err(Stop::More) => return Err("`schema` ends too early".into()),
        Err(Stop::Fault(fault)) => return Err(format!("`schema`, byte {}: {}", fault.at, fault.what)),
    }
    let base = machine.base.clone();
    let planner = std::mem::replace(&mut machine.planner, Planner::new(Vec::new()));
    *machine = Machine::new(base, planner);
    machine.planner.take_as_given();
    Ok(())
}
