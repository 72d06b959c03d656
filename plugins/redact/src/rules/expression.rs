//! Expressions, compiled when they are first needed.

use super::go;
use regex_automata::meta::{Config, Regex};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;
use std::sync::OnceLock;

/// Maximum size of a compiled expression, in bytes. The largest of gitleaks'
/// rules takes about 1 MiB.
const MAX_COMPILED_BYTES: usize = 64 << 20;

/// An expression in Go's syntax that matches bytes.
#[derive(Debug)]
pub(super) struct Expression {
    go: String,
    compiled: OnceLock<Result<Regex, String>>,
}

impl Expression {
    /// An expression that is neither parsed nor compiled yet.
    pub(super) fn new(go: String) -> Self {
        Self { go, compiled: OnceLock::new() }
    }

    /// Parses it.
    ///
    /// # Errors
    /// If it is not valid, or needs Unicode's tables.
    pub(super) fn parse(&self) -> Result<Hir, String> {
        let mut parser = ParserBuilder::new().unicode(false).utf8(false).nest_limit(200).build();
        parser.parse(&go::translate(&self.go)).map_err(|error| {
            let reason = match &error {
                regex_syntax::Error::Parse(error) => error.kind().to_string(),
                regex_syntax::Error::Translate(error) => error.kind().to_string(),
                _ => error.to_string(),
            };
            format!("the expression `{}` is not valid: {reason}", self.go)
        })
    }

    /// The compiled expression.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse), and if it is too large.
    pub(super) fn compiled(&self) -> Result<&Regex, String> {
        let compiled = self.compiled.get_or_init(|| {
            let config = Config::new()
                .utf8_empty(false)
                .nfa_size_limit(Some(MAX_COMPILED_BYTES))
                .hybrid_cache_capacity(1 << 20);
            let regex = Regex::builder().configure(config).build_from_hir(&self.parse()?);
            regex.map_err(|_| {
                format!("the expression `{}` is too large, even for {MAX_COMPILED_BYTES} bytes", self.go)
            })
        });
        compiled.as_ref().map_err(String::clone)
    }
}
