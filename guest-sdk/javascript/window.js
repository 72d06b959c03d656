// A window of the file, and its records.

import { byte, byteString, data, integer, own } from './check.js';

/** What a plugin sees in one call. See `index.d.ts`. */
export class Window {
  #raw;
  #framing;
  #matches;
  #text;

  constructor(raw, framing) {
    this.#raw = raw;
    this.#framing = framing;
    this.bytes = own(raw.bytes);
    this.offset = raw.offset;
    this.owned = raw.owned;
    this.first = raw.first;
    this.last = raw.last;
  }

  /** The content as a string with one character for each byte. */
  get text() {
    return (this.#text ??= byteString(this.bytes));
  }

  get matches() {
    return (this.#matches ??= new Map(this.#raw.matches.map(({ start, ids }) => [start, ids])));
  }

  *records() {
    if (this.#raw.fields.length) {
      for (const { start, bytes } of this.fields()) yield { start, bytes };
      return;
    }
    const framing = this.#framing;
    if (framing.kind === 'delimited') yield* isLine(framing) ? this.lines() : this.delimited(framing.delimiter);
    else if (framing.kind === 'quoted') yield* this.quoted(framing.delimiter, framing.quote);
    else if (framing.kind === 'fixed') yield* this.fixed(framing.size);
    else if (framing.kind === 'length-prefixed') yield* this.lengthPrefixed(framing);
    else throw new Error(`there are no records with the framing \`${framing.kind}\``);
  }

  *lines() {
    const { bytes } = this;
    for (let start = 0, end; start < bytes.length; start = end + 1) {
      end = bytes.indexOf(10, start);
      if (end < 0) end = bytes.length;
      yield { start, bytes: bytes.subarray(start, end) };
    }
  }

  *delimited(delimiter) {
    const { bytes } = this;
    const wanted = data(delimiter, 'the delimiter');
    if (!wanted.length) throw new RangeError('the delimiter is empty');
    for (let start = 0; start < bytes.length; ) {
      // A delimiter may overlap itself and begin in the record before.
      const end = endOf(bytes, wanted, Math.max(start + 1 - wanted.length, 0));
      yield { start, bytes: bytes.subarray(start, end) };
      start = end;
    }
  }

  *quoted(delimiter = '\n', quote = '"') {
    const { bytes } = this;
    const [ends, toggles] = [byte(delimiter, 'the delimiter'), byte(quote, 'the quote')];
    for (let start = 0; start < bytes.length; ) {
      let at = start;
      for (let inside = false; at < bytes.length; at++) {
        if (bytes[at] === toggles) inside = !inside;
        else if (bytes[at] === ends && !inside) break;
      }
      const end = Math.min(at + 1, bytes.length);
      yield { start, bytes: bytes.subarray(start, end) };
      start = end;
    }
  }

  *fixed(size) {
    const { bytes } = this;
    integer(size, 'the size of a record', 1, Number.MAX_SAFE_INTEGER);
    for (let start = 0; start < bytes.length; start += size) yield { start, bytes: bytes.subarray(start, start + size) };
  }

  *lengthPrefixed({ offset, width, order = 'big', adjustment = 0 }) {
    const { bytes } = this;
    const head = offset + width;
    for (let start = 0; start < bytes.length; ) {
      let end = bytes.length;
      if (start + head <= end) {
        let field = 0n;
        for (let at = 0; at < width; at++) {
          field = (field << 8n) | BigInt(bytes[start + offset + (order === 'big' ? at : width - 1 - at)]);
        }
        const length = field + BigInt(head) + BigInt(adjustment);
        if (length >= Math.max(head, 1) && length < end - start) end = start + Number(length);
      }
      yield { start, bytes: bytes.subarray(start, end) };
      start = end;
    }
  }

  *fields() {
    const { bytes } = this;
    const { fields } = this.#raw;
    for (let at = 0; at < fields.length; at++) {
      const { start, field } = fields[at];
      const next = at + 1 < fields.length ? fields[at + 1].start : bytes.length;
      yield { start, index: field, bytes: bytes.subarray(start, next - 1) };
    }
  }
}

export const isLine = ({ kind, delimiter }) => kind === 'delimited' && delimiter.length === 1 && delimiter[0] === 10;

/** Where the first occurrence from `from` on ends; else the content's end. */
function endOf(bytes, wanted, from) {
  for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same++;
    if (same === wanted.length) return at + same;
  }
  return bytes.length;
}
