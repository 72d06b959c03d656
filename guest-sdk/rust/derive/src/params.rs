//! `#[derive(Params)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Field, Fields, GenericArgument, PathArguments, Type};

use crate::attributes::{Attributes, documentation, word};

/// How often a parameter comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Often {
    Once,
    /// Or never.
    Perhaps,
    Many,
}

/// The implementation for a struct.
///
/// # Errors
/// At the place that is wrong.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => &fields.named,
            _ => return Err(Error::new(input.ident.span(), "parameters need a struct with named fields")),
        },
        _ => {
            return Err(Error::new(
                input.ident.span(),
                "parameters are a struct; `Choice` is for enumerations",
            ));
        }
    };
    let (mut specs, mut reads) = (Vec::new(), Vec::new());
    for field in fields {
        let (spec, read) = parameter(field)?;
        specs.push(spec);
        reads.push(read);
    }
    let (name, (generics, arguments, condition)) = (&input.ident, input.generics.split_for_impl());
    Ok(quote! {
        impl #generics ::runner_plugin::FromParams for #name #arguments #condition {
            fn specs() -> ::std::vec::Vec<::runner_plugin::ParamSpec> {
                ::std::vec![#(#specs),*]
            }

            fn from_params(
                params: &::runner_plugin::Params,
            ) -> ::std::result::Result<Self, ::runner_plugin::Failure> {
                ::std::result::Result::Ok(Self { #(#reads),* })
            }
        }
    })
}

/// How a field is described, and how it is read.
fn parameter(field: &Field) -> syn::Result<(TokenStream, TokenStream)> {
    let Some(ident) = &field.ident else { return Err(Error::new(field.span(), "a field needs a name")) };
    let attributes = Attributes::read(&field.attrs)?;
    let doc = documentation(&field.attrs);
    if doc.is_empty() {
        return Err(Error::new(ident.span(), "a parameter needs a doc comment, which is its help"));
    }
    let name = attributes.name.unwrap_or_else(|| word(&ident.to_string()));
    let (often, of) = kind(&field.ty);
    let is_flag = is_named(of, "bool") && often == Often::Once && attributes.default.is_none();
    if often != Often::Once && attributes.default.is_some() {
        return Err(Error::new(field.ty.span(), "with a default, the type is that of one value"));
    }
    let mut spec = quote!(<#of as ::runner_plugin::ParamValue>::spec(#name, #doc));
    if attributes.is_secret {
        if !is_named(of, "String") {
            return Err(Error::new(field.ty.span(), "a secret is a `String`"));
        }
        spec = quote!(::runner_plugin::ParamSpec::secret(#name, #doc));
    }
    if let Some(default) = &attributes.default {
        spec = quote!(#spec.default(#default));
    } else if often == Often::Once && !is_flag {
        spec = quote!(#spec.required());
    }
    if often == Often::Many {
        spec = quote!(#spec.repeats());
    }
    if attributes.is_from_file {
        spec = quote!(#spec.from_file());
    }
    let read = match often {
        Often::Once if is_flag => quote!(::runner_plugin::typed::value(params, #name)?.unwrap_or_default()),
        Often::Once => quote!(::runner_plugin::typed::required(params, #name)?),
        Often::Perhaps => quote!(::runner_plugin::typed::value(params, #name)?),
        Often::Many => quote!(::runner_plugin::typed::values(params, #name)?),
    };
    Ok((spec, quote!(#ident: #read)))
}

/// How often a parameter comes, and the type of its values: `Option<T>`, `Vec<T>`
/// and `T`; `Vec<u8>` is one value.
fn kind(ty: &Type) -> (Often, &Type) {
    let Type::Path(path) = ty else { return (Often::Once, ty) };
    let Some(last) = path.path.segments.last() else { return (Often::Once, ty) };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return (Often::Once, ty) };
    match arguments.args.first() {
        Some(GenericArgument::Type(of)) if last.ident == "Option" => (Often::Perhaps, of),
        Some(GenericArgument::Type(of)) if last.ident == "Vec" && !is_named(of, "u8") => (Often::Many, of),
        _ => (Often::Once, ty),
    }
}

fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(source: &str) -> String {
        let input = syn::parse_str(source).expect("Rust");
        expand(&input).expect_err("an error").to_string()
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (source, words) in [
            ("struct A(i64);", "named fields"),
            ("enum A { B }", "`Choice` is for enumerations"),
            ("struct A { b: i64 }", "needs a doc comment"),
            ("struct A { /** B */ #[param(defualt = 1)] b: i64 }", "expected `name`, `default`"),
            ("struct A { /** B */ #[param(default = f())] b: i64 }", "a default is a text"),
            ("struct A { /** B */ #[param(default = 1)] b: Option<i64> }", "that of one value"),
            ("struct A { /** B */ #[param(secret)] b: i64 }", "a secret is a `String`"),
        ] {
            assert!(error(source).contains(words), "{source}: {}", error(source));
        }
    }
}
