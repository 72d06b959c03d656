//! What is done to the columns of one table.

mod checks;

use std::collections::HashMap;

use runner_values::{Action, Rule, Target};

use crate::change::Change;
use crate::condition::Condition;
use crate::create::{Column, Table};
use crate::name::TableName;
use crate::target::ColumnPattern;
use crate::types::Class;

/// What is done.
#[derive(Debug, Clone)]
enum Deed {
    /// The value is changed, with the value of another column as the group.
    Change(Action, Option<Vec<u8>>),
    /// The row is deleted if its value fulfils a condition.
    Delete(Condition),
}

/// What is done to the columns that fit a pattern.
#[derive(Debug)]
pub(crate) struct Wish {
    /// The name of the parameter.
    parameter: String,
    /// `users.email`, for messages.
    shown: String,
    pattern: ColumnPattern,
    deed: Deed,
    /// Whether a table of the file fits.
    has_table: bool,
    /// Whether a column of the file fits.
    has_column: bool,
}

impl Wish {
    fn new(parameter: &str, target: &Target, deed: Deed) -> Result<Self, String> {
        let pattern = ColumnPattern::new(target).map_err(|error| format!("`{parameter}`: {error}"))?;
        let (parameter, shown) = (parameter.to_owned(), target.text());
        Ok(Self { parameter, shown, pattern, deed, has_table: false, has_column: false })
    }

    /// The wishes of a rule that a parameter gave.
    ///
    /// # Errors
    /// If a reference does not name a table.
    pub(crate) fn of_rule(parameter: &str, rule: &Rule) -> Result<Vec<Self>, String> {
        let group = rule.group.as_ref().and_then(|target| target.parts.last());
        let group = group.map(|part| part.text.clone().into_bytes());
        let deed = Deed::Change(rule.action.clone(), group);
        rule.targets.iter().map(|target| Self::new(parameter, target, deed.clone())).collect()
    }

    /// The wish to delete rows.
    ///
    /// # Errors
    /// If the text is not a condition on a column of a table.
    pub(crate) fn of_condition(parameter: &str, text: &str) -> Result<Self, String> {
        let (target, condition) =
            Condition::parse(text).map_err(|error| format!("`{parameter}`: {error}"))?;
        Self::new(parameter, &target, Deed::Delete(condition))
    }
}

/// The change of a column.
#[derive(Debug)]
pub(crate) struct Step {
    /// The position of the column, from zero.
    pub(crate) column: usize,
    pub(crate) change: Change,
    /// The position of the column whose value is the group.
    pub(crate) group: Option<usize>,
}

/// What is done to the rows of a table that have the same columns.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The table's name, for messages.
    pub(crate) table: String,
    /// The number of values of a row.
    pub(crate) width: usize,
    /// The changes, in the order of the columns; one for each.
    pub(crate) steps: Vec<Step>,
    /// The conditions under which a row is deleted, in the order of the columns.
    pub(crate) deletions: Vec<(usize, Condition)>,
}

impl Plan {
    /// Whether a row must be in view as a whole before its first value can be
    /// changed.
    pub(crate) fn needs_row(&self) -> bool {
        !self.deletions.is_empty() || self.steps.iter().any(|step| step.group.is_some())
    }

    /// The columns whose values are needed besides those that are changed.
    pub(crate) fn extra_columns(&self) -> impl Iterator<Item = usize> {
        self.deletions
            .iter()
            .map(|(column, _)| *column)
            .chain(self.steps.iter().filter_map(|step| step.group))
    }
}

/// All wishes, and the tables seen so far.
#[derive(Debug)]
pub(crate) struct Planner {
    wishes: Vec<Wish>,
    tables: HashMap<TableName, Table>,
    /// Tables that the user has described. They stand for those of the file that
    /// it does not create.
    given: HashMap<TableName, Table>,
}

impl Planner {
    /// A planner that knows no table.
    pub(crate) fn new(wishes: Vec<Wish>) -> Self {
        Self { wishes, tables: HashMap::new(), given: HashMap::new() }
    }

    /// Takes the tables seen so far as described by the user.
    pub(crate) fn take_as_given(&mut self) {
        self.given = std::mem::take(&mut self.tables);
        for wish in &mut self.wishes {
            (wish.has_table, wish.has_column) = (false, false);
        }
    }

    /// Whether anything may be done to a table.
    pub(crate) fn concerns(&self, name: &TableName) -> bool {
        self.wishes.iter().any(|wish| wish.pattern.fits_table(name))
    }

    /// Whether a name may be that of a table to which something is done.
    pub(crate) fn mentions(&self, table: &[u8]) -> bool {
        self.wishes.iter().any(|wish| wish.pattern.fits_table_name(table))
    }

    /// Remembers a table of the file.
    pub(crate) fn create(&mut self, name: TableName, table: Table) {
        for wish in self.wishes.iter_mut().filter(|wish| wish.pattern.fits_table(&name)) {
            wish.has_table = true;
            wish.has_column |= table.columns.iter().any(|column| wish.pattern.fits_column(&column.name));
        }
        self.tables.insert(name, table);
    }

    /// Notes that the order of a table's columns is no longer known.
    pub(crate) fn alter(&mut self, name: &TableName) {
        if let Some(table) = self.tables.get_mut(name) {
            table.unordered = Some("ALTER TABLE has changed its columns");
        }
    }

    /// Forgets all tables, as those that follow are of another database.
    pub(crate) fn forget(&mut self) {
        self.tables.clear();
    }

    /// The plan for rows of a table with these columns, or with all that it has.
    /// `None` if nothing is done to them.
    ///
    /// # Errors
    /// If the columns are not known, or if what is to be done is impossible.
    pub(crate) fn plan(
        &mut self,
        name: &TableName,
        list: Option<&[Vec<u8>]>,
    ) -> Result<Option<Plan>, String> {
        let table = self.tables.get(name).or_else(|| self.given.get(name));
        let shown = name.shown();
        let columns = columns(&shown, table, list)?;
        let mut plan = Plan { table: shown, width: columns.len(), steps: Vec::new(), deletions: Vec::new() };
        let wishes = self.wishes.iter_mut().filter(|wish| wish.pattern.fits_table(name));
        for wish in wishes {
            wish.has_table = true;
            for (place, column) in columns.iter().enumerate() {
                if wish.pattern.fits_column(&column.name) {
                    wish.has_column = true;
                    add(&mut plan, wish, &columns, place)?;
                }
            }
        }
        plan.steps.sort_by_key(|step| step.column);
        plan.deletions.sort_by_key(|(column, _)| *column);
        if let Some(pair) = plan.steps.windows(2).find(|pair| pair[0].column == pair[1].column) {
            let [first, second] = [&pair[0].change, &pair[1].change];
            return Err(format!(
                "`{}` and `{}` both change `{}`; name it once",
                first.parameter, second.parameter, first.shown
            ));
        }
        Ok((!plan.steps.is_empty() || !plan.deletions.is_empty()).then_some(plan))
    }

    /// What was named but does not exist in the file.
    pub(crate) fn missing(&self) -> Vec<String> {
        let missing = self.wishes.iter().filter(|wish| !wish.has_column);
        missing
            .map(|wish| {
                let what = if wish.has_table { "the table has no such column" } else { "no such table" };
                format!("`{}={}` ({what})", wish.parameter, wish.shown)
            })
            .collect()
    }
}

/// The columns of a row.
fn columns(shown: &str, table: Option<&Table>, list: Option<&[Vec<u8>]>) -> Result<Vec<Column>, String> {
    let unknown =
        |name: &Vec<u8>| Column { name: name.clone(), class: Class::Unknown, not_null: false, hidden: false };
    let known = |name: &Vec<u8>| table.and_then(|table| table.columns.iter().find(|it| it.name == *name));
    match (list, table) {
        (Some(list), _) => {
            Ok(list.iter().map(|name| known(name).cloned().unwrap_or_else(|| unknown(name))).collect())
        }
        (None, None) => Err(format!(
            "the rows of `{shown}` have no list of columns, and no CREATE TABLE comes before them; \
             dump with `--complete-insert` or `--column-inserts`, or give `schema`"
        )),
        (None, Some(Table { unordered: Some(why), .. })) => Err(format!(
            "the rows of `{shown}` have no list of columns, and {why}; \
             dump with `--complete-insert` or `--column-inserts`"
        )),
        (None, Some(table)) => Ok(table.columns.iter().filter(|column| !column.hidden).cloned().collect()),
    }
}

/// Adds what a wish does to a column.
fn add(plan: &mut Plan, wish: &Wish, columns: &[Column], place: usize) -> Result<(), String> {
    let column = &columns[place];
    let shown = format!("{}.{}", plan.table, String::from_utf8_lossy(&column.name));
    let (action, group) = match &wish.deed {
        Deed::Change(action, group) => (action, group),
        Deed::Delete(condition) => {
            plan.deletions.push((place, condition.clone()));
            return Ok(());
        }
    };
    let group = match group {
        None => None,
        Some(name) => match columns.iter().position(|column| column.name.eq_ignore_ascii_case(name)) {
            Some(group) => Some(group),
            None => {
                let name = String::from_utf8_lossy(name);
                return Err(format!("`{}`: `{}` has no column `{name}`", wish.parameter, plan.table));
            }
        },
    };
    let change = Change::new(shown, wish.parameter.clone(), action.clone(), column.class.clone());
    if change.is_null() && column.not_null {
        return Err(change.refusal("the column is NOT NULL; use `set` with an empty or neutral value"));
    }
    if let Some(value) = change.constant() {
        change.check_constant(value)?;
    }
    plan.steps.push(Step { column: place, change, group });
    Ok(())
}
