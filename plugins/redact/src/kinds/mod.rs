//! The kinds of values that have a form of their own.

pub(crate) mod card;
pub(crate) mod date;
pub(crate) mod email;
pub(crate) mod iban;
pub(crate) mod ipv4;
pub(crate) mod ipv6;
pub(crate) mod mac;
pub(crate) mod national;
mod network;
pub(crate) mod phone;
pub(crate) mod uuid;
mod version;
