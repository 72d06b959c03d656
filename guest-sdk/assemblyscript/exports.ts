// What the plugin exports: the canonical ABI of the contract, by hand. This is
// the module that the compiler is given; transform.mjs gives the exports the
// names of the contract.

import { thePlugin, Kind } from "./plugin";
import "./console";
import "../plugin";
import { Input, Value } from "./input";
import { Job } from "./job";
import { Window } from "./window";
import { Edits } from "./edits";
import { copyOf, NONE } from "./bytes";
import * as host from "./memory";

export function realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  return host.realloc(old, oldSize, align, size);
}

/** Called after the host has read a result. */
export function release(result: usize): void {
  host.release();
}

let job: Job = new Job();
let window: Window = new Window();
let edits: Edits = new Edits();

export function describe(): usize {
  const m = thePlugin().describe();
  const at = host.fresh();
  host.text(at, m.name);
  host.text(at + 8, m.version);
  host.text(at + 16, m.summary);
  host.text(at + 24, m.licence);
  let one = host.records(at + 32, m.params.length, 40);
  for (let i = 0; i < m.params.length; i++, one += 40) {
    const p = m.params[i];
    host.text(one, p.name);
    store<u8>(one, p.kind, 8);
    store<u8>(one, u8(p.isRequired) | (u8(p.doesRepeat) << 1) | (u8(p.isFromFile) << 2), 9);
    const fallback = p.fallback;
    if (fallback) {
      store<u8>(one, 1, 12);
      host.text(one + 16, fallback);
    }
    host.text(one + 24, p.doc);
    host.texts(one + 32, p.words);
  }
  one = host.records(at + 40, m.tables.length, 20);
  for (let i = 0; i < m.tables.length; i++, one += 20) {
    const t = m.tables[i];
    host.text(one, t.name);
    store<u8>(one, u8(t.required), 8);
    host.text(one + 12, t.doc);
  }
  store<u8>(at, u8(m.takesSeed), 48);
  return at;
}

export function begin(
  params: usize, paramCount: i32, hasSize: i32, size: u64, head: usize, headLength: i32, hasSeed: i32, seed: u64,
): usize {
  const input = new Input();
  input.isStream = !hasSize;
  input.size = size;
  input.head = copyOf(head, headLength);
  input.hasSeed = hasSeed != 0;
  input.seed = seed;
  for (let i = 0; i < paramCount; i++, params += 24) input.values.push(valueAt(params));
  job = thePlugin().begin(input);
  const failure = job.failure;
  return failure ? fail(failure, job.position) : writeJob(job);
}

function valueAt(param: usize): Value {
  const name = String.UTF8.decodeUnsafe(load<u32>(param), load<u32>(param, 4));
  const address = load<u32>(param, 16), length = load<u32>(param, 20);
  switch (load<u8>(param, 8)) {
    case 0: {
      const value = new Value(name, Kind.Text);
      value.text = String.UTF8.decodeUnsafe(address, length);
      return value;
    }
    case 1: {
      const value = new Value(name, Kind.Bytes);
      value.bytes = copyOf(address, length);
      return value;
    }
    case 2: {
      const value = new Value(name, Kind.Integer);
      value.integer = load<i64>(param, 16);
      return value;
    }
    default: {
      const value = new Value(name, Kind.Boolean);
      value.boolean = load<u8>(param, 16) != 0;
      return value;
    }
  }
}

function writeJob(j: Job): usize {
  const at = host.fresh(), f = j.framing;
  store<u8>(at, f.tag, 8);
  switch (f.tag) {
    case 1:
      host.bytes(at + 16, f.delimiter);
      break;
    case 2:
      store<u8>(at, f.byte, 16);
      store<u8>(at, f.quote, 17);
      break;
    case 3:
      store<u64>(at, f.header, 16);
      store<u64>(at, f.size, 24);
      break;
    case 4:
      store<u64>(at, f.header, 16);
      store<u32>(at, f.offset, 24);
      store<u8>(at, f.width, 28);
      store<u8>(at, f.order, 29);
      store<i64>(at, f.adjustment, 32);
      let check = host.records(at + 40, f.checks.length, 24);
      for (let i = 0; i < f.checks.length; i++, check += 24) {
        const c = f.checks[i];
        store<u32>(check, c.offset);
        store<u8>(check, c.width, 4);
        store<u8>(check, c.order, 5);
        store<u64>(check, c.min, 8);
        store<u64>(check, c.max, 16);
      }
      break;
    case 5:
      store<u32>(at, f.before, 16);
      store<u32>(at, f.after, 20);
      break;
  }
  let one = host.records(at + 48, j.prefilters.length, 20);
  for (let i = 0; i < j.prefilters.length; i++, one += 20) {
    const p = j.prefilters[i];
    store<u8>(one, min(p.id, 255));
    const expression = p.expression;
    if (expression) {
      store<u8>(one, 1, 4);
      host.text(one + 8, expression);
      continue;
    }
    const literals = host.records(one + 8, p.literals.length, 8);
    for (let k = 0; k < p.literals.length; k++) host.bytes(literals + k * 8, p.literals[k]);
    store<u8>(one, u8(p.ignoreCase), 16);
  }
  store<u8>(at, u8(j.showsAll), 56);
  store<u8>(
    at, u8(j.isText) | (u8(j.isLengthPreserving) << 1) | (u8(j.isIdempotent) << 2) | (u8(j.isDeterministic) << 3), 57,
  );
  store<u8>(at, u8(j.showsEmpty), 58);
  host.texts(at + 60, j.names);
  const fields = j.fields;
  if (fields) {
    store<u8>(at, 1, 68);
    store<u8>(at, j.delimiter, 72);
    const list = host.records(at + 76, fields.length, 4);
    for (let i = 0; i < fields.length; i++) store<u32>(list + i * 4, fields[i]);
  }
  const starts = j.starts;
  if (starts) {
    store<u8>(at, 1, 84);
    const list = host.records(at + 88, starts.length, 16);
    for (let i = 0; i < starts.length; i++) {
      store<u64>(list + i * 16, starts[i]);
      store<u64>(list + i * 16, j.ends[i], 8);
    }
  }
  return at;
}

function fail(message: string, position: i32): usize {
  const at = host.fresh();
  store<u8>(at, 1);
  host.text(at + 8, message);
  if (position != NONE) {
    store<u8>(at, 1, 16);
    store<u32>(at, position, 20);
  }
  return at;
}

export function transform(
  offset: u64, address: usize, length: i32, ownedStart: i32, ownedEnd: i32, last: i32, first: i32,
  matches: usize, matchCount: i32, shown: usize, shownCount: i32,
): usize {
  window.take(job.framing, address, length, matches, matchCount, shown, shownCount);
  window.offset = offset;
  window.ownedStart = ownedStart;
  window.ownedEnd = ownedEnd;
  window.last = last != 0;
  window.first = first != 0;
  edits.reset(window, job.names);
  thePlugin().transform(window, edits);
  const failure = edits.failure;
  if (failure) return fail(failure, edits.position);
  const at = host.fresh();
  store<u64>(at, edits.consumedBytes, 8);
  if (edits.isReplaced) {
    store<u8>(at, 2, 16);
    host.list(at + 20, edits.bytes.start, <i32>edits.bytes.length);
  } else if (edits.spans.length) {
    store<u8>(at, 1, 16);
    host.list(at + 20, edits.spans.start, <i32>edits.spans.length / 12);
    host.list(at + 28, edits.bytes.start, <i32>edits.bytes.length);
  }
  let counted = 0;
  for (let i = 0; i < edits.counts.length; i++) counted += i32(edits.counts[i] != 0);
  let one = host.records(at + 36, counted, 16);
  for (let i = 0; i < edits.counts.length; i++) {
    if (!edits.counts[i]) continue;
    store<u32>(one, i);
    store<u64>(one, edits.counts[i], 8);
    one += 16;
  }
  return at;
}
