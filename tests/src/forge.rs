//! Patch files as anybody can make them who knows the format: all checks are
//! right, whatever the frames say.

use serde_json::Value;

pub const MAGIC: &[u8; 8] = b"RUNPATCH";

/// The frames of a patch, as the design describes them: kind and payload.
pub fn frames(patch: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let (mut rest, mut frames) = (&patch[12..], Vec::new());
    while let Some((head, tail)) = rest.split_first_chunk::<5>() {
        let length = u32::from_le_bytes(head[1..].try_into().unwrap()) as usize;
        frames.push((head[0], tail[..length].to_vec()));
        rest = &tail[length + 32..];
    }
    frames
}

/// The patch with these frames, and with the checks that they must have.
pub fn forged(frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    forged_as(2, frames)
}

/// The same in a version of the format.
pub fn forged_as(version: u32, frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut patch = [&MAGIC[..], &version.to_le_bytes()].concat();
    let mut check = blake3::hash(&patch);
    for (kind, payload) in frames {
        let length = (payload.len() as u32).to_le_bytes();
        let frame = [&[*kind][..], &length, payload].concat();
        check = blake3::hash(&[check.as_bytes(), &frame[..]].concat());
        patch.extend_from_slice(&frame);
        patch.extend_from_slice(check.as_bytes());
    }
    patch
}

/// The same patch as one that knows no roots.
pub fn without_roots(patch: &[u8]) -> Vec<u8> {
    let mut frames = frames(patch);
    let seal = frames.iter_mut().find(|(kind, _)| *kind == 3).expect("a seal");
    *seal = altered(seal, |seal| (seal["pre_root"], seal["post_root"]) = (Value::Null, Value::Null));
    forged_as(3, &frames)
}

/// The payload of a batch, of as many bytes as it says.
pub fn batch(edits: &[(u64, u32, u32)], groups: &[u64]) -> Vec<u8> {
    let mut out = [(edits.len() as u32).to_le_bytes(), (groups.len() as u32).to_le_bytes()].concat();
    for (start, old, new) in edits {
        out.extend([&start.to_le_bytes()[..], &old.to_le_bytes(), &new.to_le_bytes()].concat());
    }
    for index in groups {
        out.extend([&index.to_le_bytes()[..], &[7; 64]].concat());
    }
    let bytes: u32 = edits.iter().map(|(_, old, new)| old + new).sum();
    out.resize(out.len() + bytes as usize, b'x');
    out
}

/// A frame's JSON with one thing in it changed.
pub fn altered(frame: &(u8, Vec<u8>), change: impl FnOnce(&mut Value)) -> (u8, Vec<u8>) {
    let mut value = serde_json::from_slice(&frame.1).unwrap();
    change(&mut value);
    (frame.0, serde_json::to_vec(&value).unwrap())
}

/// Start, bytes replaced, bytes that replace them.
pub type Edits<'a> = &'a [OneEdit<'a>];
type OneEdit<'a> = (u64, &'a [u8], &'a [u8]);

/// A patch file as anybody can make it: all checks are right, and all counts;
/// what else it says is up to whoever makes it.
pub fn made(
    size: u64,
    edits: Edits<'_>,
    groups: &[(u64, [u8; 32], [u8; 32])],
    roots: [blake3::Hash; 2],
) -> Vec<u8> {
    let file =
        serde_json::json!({ "size": size, "inode": 0, "born_ns": null, "changed_ns": 0, "modified_ns": 0 });
    let header = serde_json::json!({
        "plugin": { "name": "replace", "version": "0.1.0", "digest": "0" }, "params": [], "target": "x",
        "identity": { "file": file }, "group_bytes": 65536,
    });
    let mut batch = [(edits.len() as u32).to_le_bytes(), (groups.len() as u32).to_le_bytes()].concat();
    for (start, old, new) in edits {
        batch.extend(start.to_le_bytes());
        batch.extend([old, new].iter().flat_map(|bytes| (bytes.len() as u32).to_le_bytes()));
    }
    groups.iter().for_each(|(index, before, after)| {
        batch.extend([&index.to_le_bytes()[..], before, after].concat());
    });
    edits.iter().for_each(|(_, old, _)| batch.extend(*old));
    edits.iter().for_each(|(.., new)| batch.extend(*new));
    let bytes = |side: fn(&OneEdit<'_>) -> usize| edits.iter().map(side).sum::<usize>();
    let change = edits.iter().find(|(_, old, new)| old.len() != new.len()).map(|edit| edit.0);
    let seal = serde_json::json!({
        "stats": {
            "edits": edits.len(), "groups": groups.len(), "old_bytes": bytes(|edit| edit.1.len()),
            "new_bytes": bytes(|edit| edit.2.len()), "pre_size": size, "first_length_change": change,
            "in_place_form": change.is_none(),
        },
        "pre_root": roots[0].to_hex().as_str(), "post_root": roots[1].to_hex().as_str(),
    });
    let json = |value: Value| serde_json::to_vec(&value).unwrap();
    forged(&[(1, json(header)), (2, batch), (3, json(seal))])
}
