//! How much an expression takes to be translated.
//!
//! A class of Unicode is a few bytes of an expression, and stands for hundreds
//! of ranges, each of which is looked at where case is ignored. Nothing
//! interrupts the translation, so what is too much is refused before.

use regex_syntax::ast::{self, Ast, ClassSetItem, Visitor};

/// Classes of Unicode that an expression may have: some kilobytes and at most
/// about a millisecond each.
const CLASSES: usize = 1000;

/// Refuses an expression that takes too much to translate.
///
/// # Errors
/// Says so in words.
pub(super) fn weigh(tree: &Ast) -> Result<(), String> {
    let classes = ast::visit(tree, Count(0))?;
    if classes <= CLASSES {
        return Ok(());
    }
    Err(format!(
        "the expression of its prefilter has {classes} classes of characters; {CLASSES} are possible"
    ))
}

/// Classes so far.
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
