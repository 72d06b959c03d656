// Uses every part of the contract, in the same way as the plugin `conform` of
// every other language, so that their answers can be compared byte by byte.
// It is of no other use.

import { Failure, framing, log, openTable, plugin, utf8 } from './runner/index.js';

const FRAMINGS = ['lines', 'bytes', 'quoted', 'fields', 'fixed', 'length-prefixed', 'overlapping', 'sequential'];
const JOBS = {
  lines: {
    prefilters: [{ literals: ['a=', 'b='], anyCase: true }, { regex: 'c=[0-9]+' }, { literals: ['!', '?', '@'] }],
    showAll: true, showEmpty: true, counts: ['first', 'second'], text: true, deterministic: true,
  },
  bytes: { framing: framing.bytes(), ranges: [[0, 4], [8, 12]], lengthPreserving: true },
  quoted: { framing: framing.quoted('\n', '"'), literals: ['x'] },
  fields: { framing: framing.quoted('\n', '"'), fields: [0, 2], fieldDelimiter: ',' },
  fixed: { framing: framing.fixed(8, 4), lengthPreserving: true, idempotent: true },
  'length-prefixed': {
    framing: framing.lengthPrefixed({
      header: 2, offset: 1, width: 2, order: 'big', adjustment: 1,
      checks: [{ offset: 0, width: 1, order: 'little', min: 1, max: 9 }],
    }),
  },
  overlapping: { framing: framing.overlapping(2, 3) },
  sequential: { framing: framing.sequential() },
};

let chosen;
/** What the marker `@` becomes. */
let told;

export const guest = plugin({
  name: 'conform',
  version: '1.0.0',
  summary: 'Uses every part of the contract',
  license: 'Apache-2.0',
  params: {
    framing: { kind: 'choice', choices: FRAMINGS, doc: 'Where records end', default: 'lines' },
    text: { kind: 'text', doc: 'A text', default: 'hi' },
    number: { kind: 'integer', doc: 'A number', default: 7 },
    flag: { kind: 'boolean', doc: 'A truth', default: true },
    data: { kind: 'bytes', doc: 'Some bytes', default: Uint8Array.of(0, 0xff) },
    word: { kind: 'secret', doc: 'A secret' },
    many: { kind: 'text', doc: 'Texts', repeats: true },
    file: { kind: 'text', doc: 'The content of a file', fromFile: true },
  },
  tables: { notes: { doc: 'Any bytes' } },
  seed: true,
  begin(params, file) {
    chosen = params.framing;
    log.debug(`size ${file.size ?? 'stream'}, head ${file.head.length}`);
    const at = file.head.indexOf(35);
    if (at >= 0) throw new Failure('the head has a #', at);
    // name=value for each parameter, in the order in which they came, then the
    // seed and the table.
    const parts = [];
    for (const [name, value] of params.given) if (name !== 'framing') parts.push(`${name}=`, shown(value), '|');
    parts.push(file.seed === undefined ? 'no seed|' : `seed=${file.seed}|`);
    const notes = openTable('notes');
    if (notes) parts.push(`notes[${notes.size}]=`, notes.read(1, 5));
    else parts.push('no notes');
    told = joined(parts.map((part) => (typeof part === 'string' ? utf8(part) : part)));
    return JOBS[chosen];
  },
  transform(edits) {
    actions[chosen](edits, edits.window);
  },
});

const actions = {
  /** Says at the start of each line which prefilters matched, and does what a
   * line asks for. */
  lines(edits, window) {
    if (window.first && window.last && window.bytes.length === 0) {
      edits.insert(0, 'empty');
      return;
    }
    for (const { start, bytes } of window.lines()) {
      const ids = window.matches.get(start) ?? 0n;
      if (ids !== 0n) edits.insert(start, `${ids.toString(16)} `);
      edits.count('first', ids & 1n);
      edits.count('second', (ids >> 1n) & 1n);
      for (let at = start; at < start + bytes.length; at++) {
        const char = String.fromCharCode(bytes[at - start]);
        if (char === '!') throw new Failure('bang', at);
        if (char === '?') log.warn('asked');
        if (char === '@' && at > start) edits.replace(at, at + 1, told);
      }
    }
  },
  /** `x` becomes `y`. */
  bytes(edits) {
    edits.sub(/x/, 'y');
  },
  /** The number of bytes before each record that has an `x`. */
  quoted(edits, window) {
    for (const { start, bytes } of window.quoted('\n', '"')) {
      if (bytes.includes(0x78)) edits.insert(start, `${bytes.length}:`);
    }
  },
  /** Its index and its length in place of each field. */
  fields(edits, window) {
    for (const { start, index, bytes } of window.fields()) {
      edits.replace(start, start + bytes.length, `<${index}:${bytes.length}>`);
    }
  },
  /** The first byte of each record as the last one, too. */
  fixed(edits, window) {
    for (const { start, bytes } of window.fixed(8)) {
      edits.replace(start + bytes.length - 1, start + bytes.length, bytes.subarray(0, 1));
    }
  },
  /** The length of each record, modulo 10, in its first byte. */
  'length-prefixed'(edits, window) {
    for (const { start, bytes } of window.lengthPrefixed({ offset: 1, width: 2, order: 'big', adjustment: 1 })) {
      edits.replace(start, start + 1, Uint8Array.of(bytes.length % 10));
    }
  },
  /** `abc` is deleted; so is an `x` between two blanks. */
  overlapping(edits) {
    edits.sub(/abc|(?<= )x(?= )/, '');
  },
  /** Every whole group of four bytes is turned round, and the rest deleted. */
  sequential(edits, { bytes, last }) {
    const whole = bytes.length - (bytes.length % 4);
    for (let start = 0; start < whole; start += 4) {
      edits.replace(start, start + 4, bytes.slice(start, start + 4).reverse());
    }
    if (last) edits.delete(whole, bytes.length);
    edits.consumed(last ? bytes.length : whole);
  },
};

function shown(value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value instanceof Uint8Array ? value : String(value);
}

function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
