//! `plugin rebuild` with real compilers: the same bytes from the same source, in another
//! folder, confined; other bytes from another source.

use std::fs;

use runner_tests::authoring::{has_compilers, has_namespaces, plugin};
use runner_tests::{Scratch, names};

use crate::LANGUAGES;
use crate::alike::PATIENCE;

/// Packs a new project, builds it again, and then again from a changed source.
fn a_rebuild_gives_the_same_bytes(language: &str) {
    let scratch = Scratch::new();
    let folder = scratch.dir();
    plugin(folder, &["new", "shift-times", "--lang", language]).ok();
    plugin(folder, &["build", "shift-times", "--compile-timeout", PATIENCE]).ok();
    plugin(folder, &["package", "shift-times", "--namespace", "acme", "-o", "x.wasm"]).ok();
    let before = names(&scratch.path("shift-times"));
    let rebuild = ["rebuild", "x.wasm", "shift-times"];
    let said = plugin(folder, &rebuild).ok().text();
    assert!(said.contains("the same bytes: "), "{language}: {said}");
    assert_eq!(names(&scratch.path("shift-times")), before, "the source is not changed");
    let source = fs::read_dir(scratch.path("shift-times")).unwrap().flatten();
    let source = source.map(|entry| entry.path()).find(|path| {
        path.file_stem()
            .is_some_and(|stem| stem == "plugin" && path.extension().is_some_and(|end| end != "wit"))
    });
    let source = source.unwrap();
    let text = fs::read_to_string(&source).unwrap();
    let other = text.replacen("0.1.0", "0.1.9", 1);
    assert_ne!(text, other, "{language}");
    fs::write(&source, other).unwrap();
    plugin(folder, &rebuild).fails(5, "the rebuilt plugin has other bytes");
}

#[test]
fn rebuilds_give_the_same_bytes() {
    if has_compilers() && has_namespaces() {
        LANGUAGES.into_iter().chain(["d"]).for_each(a_rebuild_gives_the_same_bytes);
    }
}

/// AssemblyScript's compiler runs a program of the project.
#[test]
fn a_transform_reaches_nothing() {
    if !has_compilers() || !has_namespaces() {
        return;
    }
    let scratch = Scratch::new();
    let folder = scratch.dir();
    let secret = scratch.write("secret", "secret");
    plugin(folder, &["new", "x", "--lang", "assemblyscript"]).ok();
    plugin(folder, &["build", "x"]).ok();
    plugin(folder, &["package", "x", "--namespace", "acme", "-o", "x.wasm"]).ok();
    let transform = scratch.path("x/runner/transform.mjs");
    let text = fs::read_to_string(&transform).unwrap();
    let (secret, new) = (secret.display(), scratch.path("new"));
    let attack = format!(
        "import fs from \"node:fs\";\nimport net from \"node:net\";\n\
         const tried = [() => fs.readFileSync({:?}), () => fs.writeFileSync({:?}, \"\"),\n\
         () => fs.readdirSync(\"/\"), () => fs.readFileSync(\"/etc/passwd\")];\n\
         for (const one of tried) {{ let is_open = true; try {{ one(); }} catch {{ is_open = false; }}\n\
         if (is_open) throw new Error(\"it could: \" + one); }}\n\
         net.createServer().on(\"error\", () => {{}}).listen(0, () => process.exit(9));\n",
        secret.to_string(),
        new.display().to_string(),
    );
    fs::write(&transform, attack + &text).unwrap();
    let said = plugin(folder, &["rebuild", "x.wasm", "x"]).ok().text();
    assert!(said.contains("the same bytes: "), "{said}");
    assert!(!new.exists());
}
