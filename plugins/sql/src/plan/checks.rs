//! Finds rows to which the user most likely wants something done, although no
//! name that was given says so.

use super::{Planner, Wish};
use crate::create::Table;
use crate::name::TableName;

impl Planner {
    /// Fails if it cannot be told whether something is done to a table.
    ///
    /// # Errors
    /// If the table's schema is not known, and something is to be done to a
    /// table of its name in one schema.
    pub(crate) fn check_schema(&self, name: &TableName) -> Result<(), String> {
        match self.wishes.iter().find(|wish| wish.pattern.needs_schema(name)) {
            None => Ok(()),
            Some(wish) => Err(format!(
                "the file does not tell the schema of `{}`, which `{}={}` asks for; leave the schema out of \
                 the name",
                name.shown(),
                wish.parameter,
                wish.shown
            )),
        }
    }

    /// Fails if a table holds rows of another one to which something is done
    /// that is not done to it.
    ///
    /// # Errors
    /// The message for the user.
    pub(crate) fn check_child(&self, parent: &TableName, child: &TableName) -> Result<(), String> {
        let is_done = |wish: &&Wish| {
            self.wishes
                .iter()
                .any(|it| it.pattern.fits_table(child) && it.pattern.has_column_of(&wish.pattern))
        };
        match self.wishes.iter().filter(|wish| wish.pattern.fits_table(parent)).find(|wish| !is_done(wish)) {
            None => Ok(()),
            Some(wish) => Err(format!(
                "`{}` holds rows of `{}`, but `{}={}` does not name it; name it too, or give a pattern that \
                 fits both, such as `{}*`",
                child.shown(),
                parent.shown(),
                wish.parameter,
                wish.shown,
                String::from_utf8_lossy(&parent.table)
            )),
        }
    }

    /// Whether something may be done to columns of a table.
    pub(crate) fn changes(&self, name: &TableName, table: &Table) -> bool {
        let is_fit = |wish: &Wish| {
            table.columns.is_empty()
                || table.columns.iter().any(|column| wish.pattern.fits_column(&column.name))
        };
        self.wishes.iter().any(|wish| wish.pattern.fits_table(name) && is_fit(wish))
    }
}
