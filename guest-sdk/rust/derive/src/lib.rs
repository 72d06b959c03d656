//! The derive macros of `runner-plugin`. Use them through that crate, whose
//! documentation has examples.

mod attributes;
mod choice;
mod params;

use proc_macro::TokenStream;

/// Implements `FromParams` for a struct: each field is a parameter.
#[proc_macro_derive(Params, attributes(param))]
pub fn params(input: TokenStream) -> TokenStream {
    expand(input, params::expand)
}

/// Implements `ParamValue` for an enumeration: each variant is a word.
#[proc_macro_derive(Choice, attributes(param))]
pub fn choice(input: TokenStream) -> TokenStream {
    expand(input, choice::expand)
}

fn expand(
    input: TokenStream,
    with: impl FnOnce(&syn::DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let expanded = syn::parse(input).and_then(|input| with(&input));
    expanded.unwrap_or_else(|error| error.to_compile_error()).into()
}
