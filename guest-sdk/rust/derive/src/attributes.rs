//! What stands above a field or a variant: its documentation and `#[param(..)]`.

use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta};

/// What `#[param(..)]` says.
#[derive(Default)]
pub(crate) struct Attributes {
    /// Another name.
    pub(crate) name: Option<String>,
    /// The default, as a user writes it.
    pub(crate) default: Option<String>,
    pub(crate) is_secret: bool,
    pub(crate) is_from_file: bool,
}

impl Attributes {
    /// Reads all `#[param(..)]`.
    ///
    /// # Errors
    /// If one says something unknown.
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("param")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    read.name = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("default") {
                    read.default = Some(literal(&meta.value()?.parse()?)?);
                } else if meta.path.is_ident("secret") {
                    read.is_secret = true;
                } else if meta.path.is_ident("from_file") {
                    read.is_from_file = true;
                } else {
                    return Err(meta.error("expected `name`, `default`, `secret` or `from_file`"));
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
}

/// The text of a literal, as a user writes the value of a parameter.
fn literal(value: &Expr) -> syn::Result<String> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.value()),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Ok(number.base10_digits().to_owned()),
        Expr::Lit(ExprLit { lit: Lit::Bool(truth), .. }) => Ok(truth.value.to_string()),
        Expr::Unary(minus) if matches!(minus.op, syn::UnOp::Neg(_)) => {
            literal(&minus.expr).map(|number| format!("-{number}"))
        }
        other => Err(syn::Error::new(other.span(), "a default is a text, an integer, `true` or `false`")),
    }
}

/// The documentation in one line, without the full stop at its end.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let mut words = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            words.extend(text.value().split_whitespace().map(str::to_owned));
        }
    }
    let line = words.join(" ");
    line.strip_suffix('.').map_or(line.clone(), str::to_owned)
}

/// A name of Rust as a word for users: `skip_lines` and `SkipLines` are `skip-lines`.
pub(crate) fn word(name: &str) -> String {
    let mut word = String::new();
    for letter in name.trim_start_matches("r#").chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(if letter == '_' { '-' } else { letter.to_ascii_lowercase() });
    }
    word
}
