//! Estimates the cost of translating an expression.
//!
//! A Unicode class takes a few bytes of an expression, and represents hundreds
//! of ranges, each of which is processed when case is ignored. The translation
//! cannot be interrupted, so an expression that would cost too much is refused
//! beforehand.

use regex_syntax::ast::{self, Ast, ClassSetItem, Visitor};

/// Maximum number of Unicode classes in an expression: each takes some
/// kilobytes and at most about a millisecond.
const CLASSES: usize = 1000;

/// Refuses an expression that costs too much to translate.
///
/// # Errors
/// The reason, in words.
pub(super) fn weigh(tree: &Ast) -> Result<(), String> {
    let classes = ast::visit(tree, Count(0))?;
    if classes <= CLASSES {
        return Ok(());
    }
    Err(format!("the expression of its prefilter has {classes} character classes; the limit is {CLASSES}"))
}

/// The number of classes so far.
struct Count(usize);

impl Visitor for Count {
    type Output = usize;
    type Err = String;

    fn finish(self) -> Result<usize, String> {
        Ok(self.0)
    }

    fn visit_pre(&mut self, tree: &Ast) -> Result<(), String> {
        self.0 += usize::from(matches!(tree, Ast::ClassUnicode(_) | Ast::ClassPerl(_)));
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), String> {
        self.0 += usize::from(match item {
            ClassSetItem::Unicode(_) | ClassSetItem::Perl(_) => true,
            ClassSetItem::Range(range) => !range.end.c.is_ascii(),
            _ => false,
        });
        Ok(())
    }
}
