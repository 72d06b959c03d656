//! Parameters as the fields of a type.

use runner_contract::{Failure, ParamSpec, Value};

use crate::Params;

/// A type whose fields are parameters. `#[derive(Params)]` implements it, with the
/// feature `derive`.
pub trait FromParams: Sized {
    /// The parameters, for the manifest.
    fn specs() -> Vec<ParamSpec>;

    /// Reads the parameters.
    ///
    /// # Errors
    /// If one is missing, or is not of its field's type.
    fn from_params(params: &Params) -> Result<Self, Failure>;
}

/// No parameters.
impl FromParams for () {
    fn specs() -> Vec<ParamSpec> {
        Vec::new()
    }

    fn from_params(_: &Params) -> Result<Self, Failure> {
        Ok(())
    }
}

/// A type that one value of a parameter can have: [`String`], [`Vec<u8>`], [`bool`],
/// the integers, and with `#[derive(Choice)]` enumerations.
pub trait ParamValue: Sized {
    /// The parameter, which is optional.
    fn spec(name: &str, doc: &str) -> ParamSpec;

    /// The value.
    ///
    /// # Errors
    /// What the value must be, as in "must be a text".
    fn of(value: &Value) -> Result<Self, String>;
}

impl ParamValue for String {
    fn spec(name: &str, doc: &str) -> ParamSpec {
        ParamSpec::text(name, doc)
    }

    fn of(value: &Value) -> Result<Self, String> {
        match value {
            Value::Text(text) => Ok(text.clone()),
            _ => Err("must be a text".into()),
        }
    }
}

impl ParamValue for Vec<u8> {
    fn spec(name: &str, doc: &str) -> ParamSpec {
        ParamSpec::bytes(name, doc)
    }

    fn of(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bytes(bytes) => Ok(bytes.clone()),
            _ => Err("must be bytes".into()),
        }
    }
}

impl ParamValue for bool {
    fn spec(name: &str, doc: &str) -> ParamSpec {
        ParamSpec::boolean(name, doc)
    }

    fn of(value: &Value) -> Result<Self, String> {
        match value {
            Value::Boolean(truth) => Ok(*truth),
            _ => Err("must be true or false".into()),
        }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {
        $(impl ParamValue for $integer {
            fn spec(name: &str, doc: &str) -> ParamSpec {
                ParamSpec::integer(name, doc)
            }

            fn of(value: &Value) -> Result<Self, String> {
                let Value::Integer(number) = value else { return Err("must be an integer".into()) };
                Self::try_from(*number)
                    .map_err(|_| format!("must be from {} to {}, not {number}", Self::MIN, Self::MAX))
            }
        })*
    };
}

integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

/// Reads the values of a parameter, for the derive macro.
///
/// # Errors
/// If a value is not of the type.
#[doc(hidden)]
pub fn values<T: ParamValue>(params: &Params, name: &str) -> Result<Vec<T>, Failure> {
    let wrong = |why: String| Failure::from(format!("the parameter `{name}` {why}"));
    params.values(name).map(|value| T::of(value).map_err(wrong)).collect()
}

/// Reads the value of a parameter, for the derive macro: the first one, if it is
/// there several times.
///
/// # Errors
/// If the value is not of the type.
#[doc(hidden)]
pub fn value<T: ParamValue>(params: &Params, name: &str) -> Result<Option<T>, Failure> {
    Ok(values(params, name)?.into_iter().next())
}

/// Reads the value of a parameter that must be there, for the derive macro.
///
/// # Errors
/// If there is none, or it is not of the type.
#[doc(hidden)]
pub fn required<T: ParamValue>(params: &Params, name: &str) -> Result<T, Failure> {
    value(params, name)?.ok_or_else(|| format!("the parameter `{name}` is missing").into())
}
