//! Values that only their context shows: what stands after `password=`, after
//! `Authorization:`, or before the `@` of a URL.

pub(crate) mod assignment;
mod basic;
mod credentials;
mod key_name;
pub(crate) mod option;
pub(crate) mod url;
mod value;

pub(crate) use basic::basic;
pub(crate) use credentials::bearer;
