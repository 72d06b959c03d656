//! Guests that are too large, or too many, for files.

use std::fmt::Write as _;

use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::guest;

/// A component of a few hundred bytes that holds 2^`levels` instances: each
/// component makes two of the one before.
pub(crate) fn nested(levels: u32) -> Vec<u8> {
    let mut text =
        String::from("(component (component $c0 (core module $m) (core instance (instantiate $m)))");
    for level in 1..=levels {
        let below = format!("(instance (instantiate $c{}))", level - 1);
        write!(text, "(component $c{level} {below} {below})").unwrap();
    }
    write!(text, "(instance (instantiate $c{levels})))").unwrap();
    wat::parse_str(text).unwrap()
}

/// A component with one function of `branches` branches, each of which may
/// set one of `locals` variables that are all read at the end: work in the
/// product of both.
pub(crate) fn branches(branches: u32, locals: u32) -> Vec<u8> {
    let mut text = String::from("(component (core module (func (param i32) (local");
    text.push_str(&" i32".repeat(locals as usize));
    text.push(')');
    for branch in 0..branches {
        write!(text, "(if (local.get 0) (then (local.set {} (local.get 0))))", 1 + branch % locals).unwrap();
    }
    for local in 1..=locals {
        write!(text, "(local.set 0 (local.get {local}))").unwrap();
    }
    text.push_str(")))");
    wat::parse_str(text).unwrap()
}

/// The honest guest of `prelude.wat` as a component that makes `count` more
/// instances of `module` when it starts.
pub(crate) fn beside(count: u32, module: &str) -> Vec<u8> {
    let module = wat::parse_str(module).unwrap();
    let mut honest = guest::build("honest", "");
    let mut resolve = Resolve::default();
    let package = resolve.push_str("plugin.wit", include_str!("../../../wit/0.2.0/plugin.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    embed_component_metadata(&mut honest, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut component = ComponentEncoder::default().module(&honest).unwrap().encode().unwrap();
    let modules = Parser::new(0)
        .parse_all(&component)
        .filter(|payload| matches!(payload, Ok(Payload::ModuleSection { .. })))
        .count();
    section(&mut component, 1, &module);
    // "Instantiate this module with no arguments", `count` times.
    let mut instances = leb(count as usize);
    for _ in 0..count {
        instances.push(0);
        instances.extend(leb(modules));
        instances.push(0);
    }
    section(&mut component, 2, &instances);
    component
}

fn section(component: &mut Vec<u8>, id: u8, content: &[u8]) {
    component.push(id);
    component.extend(leb(content.len()));
    component.extend_from_slice(content);
}

fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// All of WASI 0.1, with the parameters of each function: `4` for 32 bits,
/// `8` for 64.
const WASI_0_1: [(&str, &str); 45] = [
    ("args_get", "44"),
    ("args_sizes_get", "44"),
    ("environ_get", "44"),
    ("environ_sizes_get", "44"),
    ("clock_res_get", "44"),
    ("clock_time_get", "484"),
    ("fd_advise", "4884"),
    ("fd_allocate", "488"),
    ("fd_close", "4"),
    ("fd_datasync", "4"),
    ("fd_fdstat_get", "44"),
    ("fd_fdstat_set_flags", "44"),
    ("fd_fdstat_set_rights", "488"),
    ("fd_filestat_get", "44"),
    ("fd_filestat_set_size", "48"),
    ("fd_filestat_set_times", "4884"),
    ("fd_pread", "44484"),
    ("fd_prestat_get", "44"),
    ("fd_prestat_dir_name", "444"),
    ("fd_pwrite", "44484"),
    ("fd_read", "4444"),
    ("fd_readdir", "44484"),
    ("fd_renumber", "44"),
    ("fd_seek", "4844"),
    ("fd_sync", "4"),
    ("fd_tell", "44"),
    ("fd_write", "4444"),
    ("path_create_directory", "444"),
    ("path_filestat_get", "44444"),
    ("path_filestat_set_times", "4444884"),
    ("path_link", "4444444"),
    ("path_open", "444448844"),
    ("path_readlink", "444444"),
    ("path_remove_directory", "444"),
    ("path_rename", "444444"),
    ("path_symlink", "44444"),
    ("path_unlink_file", "444"),
    ("poll_oneoff", "4444"),
    ("proc_raise", "4"),
    ("random_get", "44"),
    ("sched_yield", ""),
    ("sock_accept", "444"),
    ("sock_recv", "444444"),
    ("sock_send", "44444"),
    ("sock_shutdown", "44"),
];

/// For each function of WASI 0.1 but `proc_exit`, a guest that imports it and
/// calls it once, with `first` for its first argument and 3072 for all others.
/// It changes the file where the answer is "success".
pub(crate) fn wasi_0_1(first: u32) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    WASI_0_1.into_iter().map(move |(name, params)| {
        let ty = |param| if param == '8' { "i64" } else { "i32" };
        let types: Vec<_> = params.chars().map(ty).collect();
        let mut text = format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func $it ");
        write!(text, "(param {}) (result i32)))\n(func $transform (type $window)", types.join(" ")).unwrap();
        text.push_str("(if (i32.eqz (call $it");
        for (index, ty) in types.iter().enumerate() {
            write!(text, " ({ty}.const {})", if index == 0 { first } else { 3072 }).unwrap();
        }
        text.push_str(")) (then (call $span (i32.const 0) (i32.const 1) (i32.const 1)))) (call $edits))");
        (name, guest::build(name, &text))
    })
}
