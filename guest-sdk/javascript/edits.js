// Collects what a plugin wants changed in one window.

import { Failure, big, byteString, data, integer, notAscii, shown, string, utf8 } from './check.js';
import { isLine } from './window.js';
import { analyse } from './pattern.js';

const MOST = 0xffffffff;

/** The answer to one window. See `index.d.ts`. */
export class Edits {
  #job;
  #spans = [];
  #new = [];
  // Whether all replacements so far are strings.
  #strings = true;
  // Where the last edit starts and ends, and the last place for a new one.
  #before = -1;
  #after;
  #limit;
  #whole;
  #consumed;
  #counts = new Map();

  constructor(window, job) {
    this.window = window;
    this.#job = job;
    const { start, end } = window.owned;
    this.#after = start;
    this.#limit = window.last && end === window.bytes.length ? end : end - 1;
    this.#consumed = BigInt(window.bytes.length);
  }

  replace(start, end, replacement) {
    if (typeof replacement !== 'string') {
      this.#strings = false;
      data(replacement, 'the replacement of edits.replace');
    }
    this.#add(start, end, replacement);
  }

  insert(at, replacement) {
    this.replace(at, at, replacement);
  }

  delete(start, end) {
    this.#add(start, end, '');
  }

  replaceAll(replacement) {
    if (this.#whole) throw new Error('the window was replaced twice');
    this.#whole = data(replacement, 'what edits.replaceAll gets');
  }

  consumed(length) {
    this.#consumed = big(length, 'what edits.consumed gets', 0n, (1n << 64n) - 1n);
  }

  count(name, times = 1) {
    if (!this.#job.counts.includes(name)) {
      string(name, 'the name of a count');
      throw new Error(`\`${name}\` is not among the counts of the job: ${this.#job.counts.join(', ') || 'none'}`);
    }
    big(times, 'what edits.count adds', 0n, (1n << 64n) - 1n);
    const before = this.#counts.get(name) ?? 0;
    this.#counts.set(name, typeof before === typeof times ? before + times : BigInt(before) + BigInt(times));
  }

  sub(pattern, replacement, { group = 0 } = {}) {
    if (!(pattern instanceof RegExp)) throw new TypeError(`the pattern of edits.sub must be a RegExp, not ${shown(pattern)}`);
    const make = typeof replacement === 'function' ? replacement : constant(replacement);
    const search = this.#job.searches.get(pattern) ?? howToSearch(pattern, group, this.#job);
    this.#job.searches.set(pattern, search);
    if (search.where === 'owned') return this.#subOwned(search, make);
    if (search.where === 'window') return this.#subIn(search, this.window.text, make, group, 0);
    let done = 0;
    for (const { start, bytes } of this.window.records()) {
      done += this.#subIn(search, byteString(bytes.subarray(0, bytes.length - search.ending(bytes))), make, group, start);
    }
    return done;
  }

  #subIn({ regex, prefix }, text, make, group, base) {
    const spans = this.#spans;
    const added = this.#new;
    const before = spans.length;
    const limit = this.#limit;
    let after = this.#after;
    regex.lastIndex = 0;
    for (let match; (match = regex.exec(text)) !== null; ) {
      const value = this.#call(make, match, base, group, prefix);
      const whole = match[0].length;
      if (whole === 0) regex.lastIndex++;
      if (value === null || value === undefined) continue;
      let start = base + match.index;
      let end;
      if (group === 0) end = start + whole;
      else if (prefix >= 0) end = (start += prefix) + match[1].length;
      else {
        const range = match.indices[group];
        if (!range) throw new Error(`group ${group} of the pattern is not in the match ${shown(match[0])}`);
        start = base + range[0];
        end = base + range[1];
      }
      if (typeof value !== 'string') {
        this.#strings = false;
        data(value, 'what the function of edits.sub returns');
      }
      // Matches are in order. Only what was there before can collide, or an
      // empty group.
      if (start < after || start >= end || start > limit) {
        this.#after = after;
        if (spans.length) this.#before = spans[spans.length - 1].start;
        this.#check(start, end);
      }
      after = end;
      spans.push({ start, end, len: value.length });
      added.push(value);
    }
    if (spans.length > before) {
      this.#before = spans[spans.length - 1].start;
      this.#after = after;
    }
    return spans.length - before;
  }

  /** For windows with context. What stands at a place decides on the edit
   * there, not where the search has begun: a match that is left alone hides
   * nothing that begins inside it. */
  #subOwned({ regex, most }, make) {
    const { text } = this.window;
    const before = this.#spans.length;
    regex.lastIndex = this.#after;
    for (let match; (match = regex.exec(text)) !== null && match.index <= this.#limit; ) {
      const start = match.index;
      const end = start + match[0].length;
      if (end - start > most) {
        throw new Error(`a match of ${end - start} bytes is longer than \`after\`, ${most}: limit its repeats, or raise it`);
      }
      const value = this.#call(make, match, 0, 0);
      const left = value === null || value === undefined;
      if (!left) this.replace(start, end, value);
      regex.lastIndex = left ? start + 1 : Math.max(end, start + 1);
    }
    return this.#spans.length - before;
  }

  #call(make, match, base, group, prefix) {
    try {
      return make(match);
    } catch (error) {
      if (error instanceof Failure) {
        if (error.position !== undefined) {
          throw new TypeError('the function of edits.sub must throw a Failure without a position: it is that of the match');
        }
        error.position = base + (group === 0 ? match.index : prefix >= 0 ? match.index + prefix : match.indices[group][0]);
      }
      throw error;
    }
  }

  #add(start, end, replacement) {
    if (!(Number.isInteger(start) && Number.isInteger(end))) {
      integer(start, 'the start of an edit', 0, MOST);
      integer(end, 'the end of an edit', 0, MOST);
    }
    if (!(this.#after <= start && start < end && start <= this.#limit && end <= this.window.bytes.length)) {
      this.#check(start, end);
    }
    this.#before = start;
    this.#after = end;
    this.#spans.push({ start, end, len: replacement.length });
    this.#new.push(replacement);
  }

  /** Throws what is wrong with the place of an edit. */
  #check(start, end) {
    const { bytes, owned } = this.window;
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`an edit of ${start}..${end} in a window of ${bytes.length} bytes`);
    }
    if (start < owned.start || start > this.#limit) {
      throw new RangeError(`an edit of ${start}..${end} starts outside the owned range ${owned.start}..${owned.end}`);
    }
    if (start < this.#after || (start === end && start === this.#before)) {
      throw new RangeError(`an edit of ${start}..${end} after one of ${this.#before}..${this.#after}`);
    }
  }

  /** The reply, for `plugin.js` of this SDK. */
  finish() {
    if (this.#whole && this.#spans.length) throw new Error('a window was both edited and replaced');
    let change = { tag: 'unchanged' };
    if (this.#whole) change = { tag: 'replaced', val: this.#whole };
    else if (this.#spans.length) change = { tag: 'edits', val: { spans: this.#spans, bytes: this.#joined() } };
    const counts = [];
    this.#job.counts.forEach((name, index) => {
      const times = this.#counts.get(name);
      if (times) counts.push({ name: index, number: BigInt(times) });
    });
    return { consumed: this.#consumed, change, counts };
  }

  /** All replacements in one piece. Strings must be ASCII, so that they are as
   * many bytes as they have characters. */
  #joined() {
    if (this.#strings) {
      const text = this.#new.join('');
      const bytes = utf8(text);
      if (bytes.length === text.length) return bytes;
    }
    const bytes = new Uint8Array(this.#spans.reduce((sum, { len }) => sum + len, 0));
    let at = 0;
    this.#new.forEach((part, index) => {
      const piece = typeof part === 'string' ? utf8(part) : part;
      if (piece.length !== part.length) {
        const { start, end } = this.#spans[index];
        throw notAscii(part, `the replacement of the edit of ${start}..${end}`);
      }
      bytes.set(piece, at);
      at += piece.length;
    });
    return bytes;
  }
}

function constant(replacement) {
  if (typeof replacement !== 'string' && !(replacement instanceof Uint8Array)) {
    throw new TypeError(`the replacement of edits.sub must be a function, a string or a Uint8Array, not ${shown(replacement)}`);
  }
  return () => replacement;
}

/** Where `sub` may search: in the whole window at once, in the owned range, or
 * in each record without its ending. */
function howToSearch(pattern, group, job) {
  const { kind, delimiter, after } = job.framing;
  const { lines, prefix, anchored } = analyse(pattern);
  let flags = pattern.flags.replace('y', '');
  if (!flags.includes('g')) flags += 'g';
  const direct = group === 1 && prefix >= 0;
  if (group !== 0 && !direct && !flags.includes('d')) flags += 'd';
  const regex = new RegExp(pattern.source, flags);
  if (/[uv]/.test(flags)) throw new Error('a pattern of edits.sub sees bytes, one character each: leave out the flags u and v');
  const around = anchored || /\(\?<?[=!]|\\[bB]/.test(pattern.source);
  if (kind === 'sequential') {
    throw new Error('edits.sub does not know how much to consume; with the framing sequential, search yourself');
  }
  if (kind === 'bytes') {
    if (around || !/^(\[(\\.|[^\]\\])*\]|\\x..|\\?[^\\])$/.test(pattern.source)) {
      throw new Error('with the framing bytes, a pattern of edits.sub must be one character or class');
    }
    return { where: 'window', regex };
  }
  if (kind === 'overlapping') {
    if (anchored || group !== 0 || (around && !(job.framing.before && after))) {
      throw new Error('with the framing overlapping, a pattern has no ^, $ and groups to replace, and (?<=...) needs context');
    }
    return { where: 'owned', regex, most: after };
  }
  if (lines && isLine(job.framing) && !job.fields) return { where: 'window', regex, prefix: direct ? prefix : -1 };
  const wanted = job.fields || !delimiter ? [] : kind === 'quoted' ? [delimiter] : [...delimiter];
  const ending = (bytes) => {
    const from = bytes.length - wanted.length;
    return from >= 0 && wanted.every((byte, at) => bytes[from + at] === byte) ? wanted.length : 0;
  };
  return { where: 'record', regex, prefix: direct ? prefix : -1, ending };
}
