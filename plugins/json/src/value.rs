//! Values: finds their ends, and applies their rules.

use crate::action::{Action, Scalar};
use crate::escape;
use crate::fault::{Fault, Stop};
use crate::lexer::{self, Rest};
use crate::plan::{NO_RULE, RuleId, Target};
use crate::removal::{PART_BYTES, undeletable};
use crate::scanner::{Content, Kind, Output, Walk};
use crate::stops::too_long;
use crate::strings::{self, StringEnd};

/// Maximum number of bytes of a string whose new value depends on the whole.
pub(crate) const MAX_STRING_BYTES: usize = 16 << 20;

/// The byte that masks of strings consist of.
pub(crate) const MASK: u8 = b'*';

impl<O: Output> Walk<'_, O> {
    /// Takes the value that begins at `at` with this byte.
    #[inline]
    pub(crate) fn value(&mut self, at: usize, byte: u8) -> Result<usize, Stop> {
        let target = self.target(at)?;
        match byte {
            b'"' => self.string(at, target.rule),
            b'{' | b'[' => {
                if target == Target::NONE
                    && let Some(end) = self.skip(at)
                {
                    return Ok(self.after_value(end));
                }
                self.open(at, if byte == b'{' { Kind::Object } else { Kind::Array }, target)
            }
            b'-' | b'0'..=b'9' => {
                let end = lexer::number(self.input.bytes, at, self.input.rest)?;
                let end = self.token_end(at, end, "a number")?;
                if target.rule != NO_RULE {
                    self.scalar((at, end), Scalar::Number, target.rule)?;
                }
                Ok(self.after_value(end))
            }
            b't' | b'f' | b'n' => {
                let end = lexer::word(self.input.bytes, at, self.input.rest)?;
                let end = self.token_end(at, end, "a word")?;
                // Null stays null: there is nothing to hide.
                if target.rule != NO_RULE && byte != b'n' {
                    self.scalar((at, end), Scalar::Boolean, target.rule)?;
                }
                Ok(self.after_value(end))
            }
            _ => Err(self.unexpected(at, byte)),
        }
    }

    /// What applies to the value at `at` that is left after removals.
    #[inline]
    fn target(&mut self, at: usize) -> Result<Target, Stop> {
        if self.scanner.removal.is_some() {
            return Ok(Target::NONE);
        }
        let frame = &self.scanner.top;
        let found = match frame.kind {
            Kind::Object => Ok(self.scanner.child),
            Kind::Array if frame.target.is_live() => self.plan.element(frame.target, frame.index),
            Kind::Array => Ok(frame.target),
            Kind::Top => self.plan.top(),
        };
        let target = found.map_err(|what| Fault::new(at, what))?;
        if frame.kind == Kind::Array {
            self.scanner.child = target;
            self.decide(at)?;
        }
        if target.rule == NO_RULE {
            return Ok(target);
        }
        let action = &self.plan.rule(target.rule).action;
        // Deletions were noted when they were decided.
        if !matches!(action, Action::Delete) {
            self.note(at, target.state);
        }
        match action {
            Action::Keep => Ok(Target::NONE),
            Action::Delete if self.scanner.top.kind == Kind::Top => Err(undeletable(at)),
            Action::Delete => Ok(Target::NONE),
            Action::Replace(_) => {
                self.begin_removal(at, target.rule, self.scanner.expect);
                Ok(Target::NONE)
            }
            _ => Ok(target),
        }
    }

    /// Takes the string whose opening quote is at `at`.
    #[inline]
    fn string(&mut self, at: usize, rule: RuleId) -> Result<usize, Stop> {
        if rule == NO_RULE
            && let Some(quote) = strings::plain_string(self.input.bytes, at + 1)
        {
            return Ok(self.after_value(quote + 1));
        }
        let masks = rule != NO_RULE && matches!(self.plan.rule(rule).action, Action::Mask);
        if rule == NO_RULE || masks {
            let content = if masks { Content::Masked } else { Content::Kept };
            return self.string_part(at, at + 1, content);
        }
        match strings::string(self.input.bytes, at + 1)? {
            StringEnd::Closed { quote, escaped } => {
                if quote - at > MAX_STRING_BYTES {
                    return Err(too_long(
                        at,
                        "a string whose new value depends on all of it",
                        MAX_STRING_BYTES,
                    ));
                }
                self.scalar((at + 1, quote), Scalar::String { escaped }, rule)?;
                Ok(self.after_value(quote + 1))
            }
            StringEnd::Open { .. } if self.input.bytes.len() - at > MAX_STRING_BYTES => {
                Err(too_long(at, "a string whose new value depends on all of it", MAX_STRING_BYTES))
            }
            StringEnd::Open { .. } if self.input.rest == Rest::Nothing => Err(unclosed(at)),
            StringEnd::Open { .. } => Err(Stop::More(at)),
        }
    }

    /// Takes the rest of a string that began in an earlier window.
    pub(crate) fn string_rest(&mut self, at: usize, content: Content) -> Result<usize, Stop> {
        self.string_part(at, at, content)
    }

    /// Takes a string that need not be whole. Its content begins or goes on at
    /// `from`.
    fn string_part(&mut self, start: usize, from: usize, content: Content) -> Result<usize, Stop> {
        match strings::string(self.input.bytes, from)? {
            StringEnd::Closed { quote, .. } => {
                if content == Content::Masked {
                    self.mask(from, quote);
                }
                self.scanner.inside = None;
                Ok(self.after_value(quote + 1))
            }
            StringEnd::Open { .. } if self.input.rest == Rest::Nothing => Err(unclosed(start)),
            // What is masked is waited for, unless it is large.
            StringEnd::Open { .. }
                if content == Content::Masked
                    && from > start
                    && self.input.bytes.len() - start < PART_BYTES =>
            {
                Err(Stop::More(start))
            }
            StringEnd::Open { safe } => {
                if content == Content::Masked {
                    self.mask(from, safe);
                }
                self.scanner.inside = Some(content);
                Err(Stop::More(safe))
            }
        }
    }

    fn mask(&mut self, start: usize, end: usize) {
        if self.input.bytes[start..end].iter().any(|byte| *byte != MASK) {
            self.out.fill(start..end, MASK);
        }
    }

    /// Applies a rule to the scalar in a range; for strings, that is the content
    /// between the quotes.
    fn scalar(&mut self, (start, end): (usize, usize), kind: Scalar, rule: RuleId) -> Result<(), Stop> {
        let raw = &self.input.bytes[start..end];
        let rule = self.plan.rule(rule);
        if let (Some(characters), Scalar::String { .. }) = (rule.action.truncates(), kind) {
            let cut = start + escape::first_characters(raw, characters);
            if cut < end {
                self.out.replace(cut..end, b"");
            }
            return Ok(());
        }
        let mut decoded = std::mem::take(&mut self.scanner.decoded);
        let mut new = std::mem::take(&mut self.scanner.scratch);
        new.clear();
        let value = if kind == (Scalar::String { escaped: true }) {
            escape::decode(raw, &mut decoded);
            &decoded[..]
        } else {
            raw
        };
        let applied = rule.action.apply(kind, value, &mut new);
        let written = match applied.map_err(|what| Fault::new(start, format!("`{}`: {what}", rule.text())))? {
            None => raw,
            Some(Scalar::String { .. }) => {
                decoded.clear();
                let quote: &[u8] = if matches!(kind, Scalar::String { .. }) { b"" } else { b"\"" };
                decoded.extend_from_slice(quote);
                escape::encode(&new, escape::Style::of(raw), &mut decoded);
                decoded.extend_from_slice(quote);
                &decoded
            }
            Some(_) => &new,
        };
        if written != raw {
            self.out.replace(start..end, written);
        }
        self.scanner.decoded = decoded;
        self.scanner.scratch = new;
        Ok(())
    }
}

fn unclosed(at: usize) -> Stop {
    Fault::syntax(at, "the input ends in the middle of a string, which begins or goes on here").into()
}
