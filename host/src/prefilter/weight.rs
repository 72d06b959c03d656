//! How much work it is to translate an expression.
//!
//! A class of Unicode is a few bytes of an expression, and stands for hundreds
//! of ranges; to ignore case in it takes as long again for each of its
//! characters. Nothing interrupts the translation, so what is too much is
//! refused before.

use regex_syntax::ast::{self, Ast, ClassSetItem, Flag, Visitor};

/// Classes of Unicode that an expression may have. Some milliseconds each, where
/// case is ignored.
const CLASSES: usize = 1000;
/// What a class counts in an expression that ignores case anywhere.
const FOLDED: usize = 20;

/// Refuses an expression that takes too long to translate.
///
/// # Errors
/// Says so in words.
pub(super) fn weigh(tree: &Ast) -> Result<(), String> {
    let counted = ast::visit(tree, Count::default())?;
    let each = if counted.folds { FOLDED } else { 1 };
    if counted.classes.saturating_mul(each) <= CLASSES {
        return Ok(());
    }
    let most = CLASSES / each;
    Err(format!(
        "the expression of its prefilter has {} classes of Unicode; at most {most} are possible",
        counted.classes
    ))
}

#[derive(Default)]
struct Count {
    classes: usize,
    folds: bool,
}

impl Count {
    fn flags(&mut self, flags: &ast::Flags) {
        self.folds |= flags.flag_state(Flag::CaseInsensitive) == Some(true);
    }
}

impl Visitor for Count {
    type Output = Self;
    type Err = String;

    fn finish(self) -> Result<Self, String> {
        Ok(self)
    }

    fn visit_pre(&mut self, tree: &Ast) -> Result<(), String> {
        match tree {
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => {
                if let Some(flags) = group.flags() {
                    self.flags(flags);
                }
            }
            Ast::ClassUnicode(_) | Ast::ClassPerl(_) | Ast::Dot(_) => self.classes += 1,
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), String> {
        match item {
            ClassSetItem::Unicode(_) | ClassSetItem::Perl(_) => self.classes += 1,
            // To ignore case, all its characters are looked at.
            ClassSetItem::Range(range) if !range.end.c.is_ascii() => self.classes += 1,
            _ => {}
        }
        Ok(())
    }
}
