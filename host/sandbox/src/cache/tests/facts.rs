//! What is in an entry: code, and the facts about its plugin.

use super::*;
use crate::cache::FOOTER_BYTES;
use runner_pipeline::cancel::Cancel;

use crate::engine::Counting;
use crate::isolation::Compiler;

fn compile(bytes: &[u8]) -> code::Code {
    let source = Source { name: "it", bytes };
    let file = CodeFile::new().unwrap();
    let (engine, counting) = (engine::new(Counting::Off).unwrap(), Counting::Off);
    let compiler = Compiler { engine: &engine, counting, cancel: Cancel::NEVER };
    Isolation::InProcess.compile(&compiler, &source, file, crate::Confinement::AsFarAsPossible).unwrap()
}

#[test]
fn facts_are_kept_with_the_code() {
    let (_parent, dir) = cache_dir();
    assert!(matches!(find(&dir), Cached::Missing(_)));
    load_cached(&dir);
    let compiled = compile(&wasm("tiny"));
    let Cached::Found(found) = find(&dir) else { panic!("it is not in the cache") };
    let bytes = |code: &code::Code| code.with_bytes(<[u8]>::to_vec).unwrap();
    assert!(bytes(&found) == bytes(&compiled));
    assert_eq!(found.facts(), compiled.facts());
    assert_eq!(found.facts().memories, 1);
    assert!((1 << 16..1 << 20).contains(&found.facts().instance_bytes), "{:?}", found.facts());
    // Facts of others, with the right code and its MAC.
    let (path, good) = entry(&dir);
    for at in good.len() - FOOTER_BYTES..good.len() - blake3::OUT_LEN {
        let mut other = good.clone();
        other[at] ^= 1;
        fs::write(&path, other).unwrap();
        assert!(matches!(find(&dir), Cached::Bad), "byte {at}");
    }
}

/// A correct MAC over what is not code: the plugin is compiled again.
#[test]
fn an_authentic_entry_that_cannot_be_mapped_is_no_error() {
    let (_parent, dir) = cache_dir();
    let (cache, engine) = (Cache::open(&dir).unwrap(), engine::new(Counting::Off).unwrap());
    let file = CodeFile::new().unwrap();
    file.write(b"not code").unwrap();
    let facts = compile(&wasm("tiny")).facts();
    cache.store(&engine, &blake3::hash(&wasm("tiny")), &file.seal(8, facts).unwrap());
    assert!(matches!(find(&dir), Cached::Found(_)));
    load_cached(&dir);
    assert!(is_hit(&dir), "not repaired");
}
