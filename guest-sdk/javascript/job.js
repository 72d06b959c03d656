// What a plugin asks for, as the contract wants it.

import { array, big, boolean, byte, data, integer, keys, shown, string } from './check.js';

const U32 = 0xffffffff;
const U64 = (1n << 64n) - 1n;
const S64 = 1n << 63n;

/** Where records end. */
export const framing = {
  lines: () => ({ kind: 'delimited', delimiter: Uint8Array.of(10) }),
  delimited: (delimiter) => ({ kind: 'delimited', delimiter: data(delimiter, 'the delimiter') }),
  quoted: (delimiter = '\n', quote = '"') => ({
    kind: 'quoted',
    delimiter: byte(delimiter, 'the delimiter'),
    quote: byte(quote, 'the quote'),
  }),
  fixed: (size, header = 0) => ({
    kind: 'fixed',
    size: integer(size, 'the size of a record', 1, Number.MAX_SAFE_INTEGER),
    header: integer(header, '`header`', 0, Number.MAX_SAFE_INTEGER),
  }),
  lengthPrefixed: (options) => {
    const known = ['header', 'offset', 'width', 'order', 'adjustment', 'checks'];
    const { header = 0, offset, width, order = 'big', adjustment = 0, checks } = keys(options, known, 'lengthPrefixed');
    return {
      kind: 'length-prefixed',
      header: integer(header, '`header`', 0, Number.MAX_SAFE_INTEGER),
      offset: integer(offset, '`offset`', 0, U32),
      width: integer(width, '`width`', 1, 8),
      order: byteOrder(order),
      adjustment: big(adjustment, '`adjustment`', -S64, S64 - 1n),
      checks: array(checks, '`checks`').map(fieldCheck),
    };
  },
  bytes: () => ({ kind: 'bytes' }),
  overlapping: (before, after) => ({
    kind: 'overlapping',
    before: integer(before, '`before`', 0, 1 << 20),
    after: integer(after, '`after`', 0, 1 << 20),
  }),
  sequential: () => ({ kind: 'sequential' }),
};

function byteOrder(order) {
  if (order !== 'big' && order !== 'little') throw new TypeError(`an order must be 'big' or 'little', not ${shown(order)}`);
  return order;
}

function fieldCheck(check) {
  const { offset, width, order = 'big', min, max } = keys(check, ['offset', 'width', 'order', 'min', 'max'], 'a check');
  return {
    offset: integer(offset, 'the offset of a check', 0, U32),
    width: integer(width, 'the width of a check', 1, 8),
    order: byteOrder(order),
    min: big(min, 'the least value of a check', 0n, U64),
    max: big(max, 'the greatest value of a check', 0n, U64),
  };
}

/** The names of what a job may have. */
export const JOB = [
  'framing', 'literals', 'regex', 'prefilters', 'showAll', 'text', 'lengthPreserving', 'idempotent', 'deterministic',
  'showEmpty', 'counts', 'fields', 'fieldDelimiter', 'ranges',
];

/** Checks a job, and fills in what is missing. */
export function makeJob(options) {
  keys(options, JOB, 'a job');
  const prefilters = array(options.prefilters, '`prefilters`').map((one) => one);
  if (options.literals !== undefined) prefilters.push({ literals: options.literals });
  if (options.regex !== undefined) prefilters.push({ regex: options.regex });
  const ranges = options.ranges && array(options.ranges, '`ranges`').map(([start, end]) => ({
    start: big(start, 'the start of a range', 0n, U64),
    end: big(end, 'the end of a range', 0n, U64),
  }));
  const fields = options.fields && array(options.fields, '`fields`').map((at) => integer(at, 'an element of `fields`', 0, U32));
  const made = options.framing ?? framing.lines();
  if (!Object.hasOwn(framing, made?.kind?.replace(/-p/, 'P')) && made?.kind !== 'delimited') {
    throw new TypeError(`\`framing\` must be made by framing.lines() and so on, not ${shown(made)}`);
  }
  return {
    framing: made,
    counts: array(options.counts, '`counts`').map((name) => string(name, 'the name of a count')),
    fields,
    searches: new Map(),
    raw: {
      framing: rawFraming(made),
      prefilters: prefilters.map(rawPrefilter),
      showAll: boolean(options.showAll, '`showAll`'),
      claims: {
        text: boolean(options.text, '`text`'),
        lengthPreserving: boolean(options.lengthPreserving, '`lengthPreserving`'),
        idempotent: boolean(options.idempotent, '`idempotent`'),
        deterministic: boolean(options.deterministic, '`deterministic`'),
      },
      showEmpty: boolean(options.showEmpty, '`showEmpty`'),
      counts: options.counts ?? [],
      projection: fields && { delimiter: byte(options.fieldDelimiter ?? ',', '`fieldDelimiter`'), fields },
      ranges,
    },
  };
}

function rawPrefilter(one, index) {
  const { literals, regex, anyCase, id = index } = keys(one, ['literals', 'regex', 'anyCase', 'id'], 'a prefilter');
  let pattern;
  if (regex === undefined) {
    const patterns = array(literals, '`literals`').map((text) => data(text, 'an element of `literals`'));
    pattern = { tag: 'literals', val: { patterns, ignoreAsciiCase: boolean(anyCase, '`anyCase`') } };
  } else pattern = { tag: 'regex', val: string(regex, 'the regex of a prefilter (in the syntax of Rust)') };
  return { id: integer(id, 'the id of a prefilter', 0, 63), pattern };
}

function rawFraming(made) {
  const { kind, ...parts } = made;
  if (kind === 'delimited') return { tag: kind, val: made.delimiter };
  if (kind === 'fixed') return { tag: kind, val: { header: BigInt(made.header), size: BigInt(made.size) } };
  if (kind === 'length-prefixed') return { tag: kind, val: { ...parts, header: BigInt(made.header) } };
  if (kind === 'quoted' || kind === 'overlapping') return { tag: kind, val: parts };
  return { tag: kind };
}
