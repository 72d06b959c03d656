//! `#[derive(Choice)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields};

use crate::attributes::{Attributes, word};

/// The implementation for an enumeration.
///
/// # Errors
/// At the place that is wrong.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(input.ident.span(), "a choice is an enumeration"));
    };
    if data.variants.is_empty() {
        return Err(Error::new(input.ident.span(), "a choice needs a variant"));
    }
    let (mut words, mut variants) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new(variant.ident.span(), "a variant of a choice has no fields"));
        }
        let name = Attributes::read(&variant.attrs)?.name;
        words.push(name.unwrap_or_else(|| word(&variant.ident.to_string())));
        variants.push(&variant.ident);
    }
    let name = &input.ident;
    Ok(quote! {
        impl ::runner_plugin::ParamValue for #name {
            fn spec(name: &str, doc: &str) -> ::runner_plugin::ParamSpec {
                ::runner_plugin::ParamSpec::choice(name, &[#(#words),*], doc)
            }

            fn of(value: &::runner_plugin::Value) -> ::std::result::Result<Self, ::std::string::String> {
                match value {
                    #(::runner_plugin::Value::Text(text) if text == #words => {
                        ::std::result::Result::Ok(Self::#variants)
                    })*
                    _ => ::std::result::Result::Err([#(#words),*].join(", ")),
                }
                .map_err(|words| ::std::format!("must be one of {words}"))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said() {
        for (source, words) in [
            ("struct A;", "a choice is an enumeration"),
            ("enum A {}", "needs a variant"),
            ("enum A { B(u8) }", "has no fields"),
        ] {
            let error = expand(&syn::parse_str(source).expect("Rust")).expect_err("an error").to_string();
            assert!(error.contains(words), "{source}: {error}");
        }
    }

    #[test]
    fn names_become_words() {
        assert_eq!(
            ["skip_lines", "SkipLines", "r#type", "Utc"].map(word),
            ["skip-lines", "skip-lines", "type", "utc"]
        );
    }
}
