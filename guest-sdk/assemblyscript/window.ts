// What a plugin sees in one call.

import { byteAt, bytesAt, copyOf, NONE } from "./bytes";
import { Framing, ByteOrder } from "./job";
import { chunkOf } from "./memory";

/** A window of the file. It and its bytes belong to the call: copy what you keep, and write nothing into it. */
export class Window {
  /** The file offset of the first byte; with prefilters, of the first record only. */
  offset: u64 = 0;
  /** The content. */
  readonly bytes: Uint8Array = new Uint8Array(0);
  /** Where edits may start: the whole window, but for `overlapping`. */
  ownedStart: i32 = 0;
  /** One past the last byte where edits may start. */
  ownedEnd: i32 = 0;
  /** Whether it begins at the start of the file. */
  first: bool = false;
  /** Whether it ends at the end of the file. Do not rely on it when prefilters leave records out. */
  last: bool = false;

  private start: usize = 0; // Of the bytes in memory.
  private size: i32 = 0;
  private framing: Framing = Framing.lines();
  private matches: usize = 0;
  private matchCount: i32 = 0;
  private matched: i32 = 0;
  private shown: usize = 0;
  private shownCount: i32 = 0;

  /** The number of bytes. */
  @inline
  get length(): i32 {
    return this.size;
  }

  /** The byte at a position, which must be in the window. Faster than `bytes[position]`. */
  @inline
  at(position: i32): u8 {
    if (<u32>position >= <u32>this.size) outside(position, this.size);
    return load<u8>(this.start + position);
  }

  /** Where these bytes (see `utf8`) come next, from one position to another; NONE if they do not. */
  find(needle: Uint8Array, from: i32, to: i32): i32 {
    const start = this.bytes.dataStart;
    if (from < 0 || to > this.length || !needle.length) throw new RangeError("find: outside of the window");
    const found = bytesAt(needle.dataStart, needle.length, start + from, start + to);
    return from >= to || found == start + to ? NONE : <i32>(found - start);
  }

  /** Whether these bytes stand at a position. */
  startsWith(needle: Uint8Array, at: i32): bool {
    return at >= 0 && at + needle.length <= this.length &&
      memory.compare(this.bytes.dataStart + at, needle.dataStart, needle.length) == 0;
  }

  /** A copy of the bytes from one position to another. */
  slice(start: i32, end: i32): Uint8Array {
    if (start < 0 || start > end || end > this.length) throw new RangeError("slice: outside of the window");
    return copyOf(this.bytes.dataStart + start, end - start);
  }

  /** The bytes from one position to another, as a text. */
  text(start: i32, end: i32): string {
    if (start < 0 || start > end || end > this.length) throw new RangeError("text: outside of the window");
    return String.UTF8.decodeUnsafe(this.bytes.dataStart + start, end - start);
  }

  /**
   * The decimal number that the bytes from one position to another are; -1 if
   * they are anything but 1 to 18 digits. Faster than `parseInt(window.text(..))`.
   */
  integer(start: i32, end: i32): i64 {
    if (start < 0 || start > end || end > this.length) throw new RangeError("integer: outside of the window");
    if (start == end || end - start > 18) return -1;
    let value: i64 = 0;
    for (let at = start; at < end; at++) {
      const digit = load<u8>(this.start + at) - 0x30;
      if (digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  /** The lines, without the `\n` that ends each. */
  lines(): Records {
    return new Records(this, Framing.lines(), true);
  }

  /** The records of the job's framing, with their ends. */
  records(): Records {
    return new Records(this, this.framing, false);
  }

  /** The records of another framing. */
  recordsOf(framing: Framing): Records {
    return new Records(this, framing, false);
  }

  /** The fields that the job's projection shows. */
  fields(): Fields {
    return new Fields(this, this.shown, this.shownCount);
  }

  /**
   * Which prefilters the record that starts here matches: bit n for the id n.
   * Known when the job has several prefilters or shows all records.
   */
  matchesAt(start: i32): u64 {
    let at = this.matched;
    if (at > 0 && load<u32>(this.matches + (at - 1) * 16) >= <u32>start) at = 0;
    while (at < this.matchCount && load<u32>(this.matches + at * 16) < <u32>start) at++;
    this.matched = at;
    if (at == this.matchCount || load<u32>(this.matches + at * 16) != start) return 0;
    return load<u64>(this.matches + at * 16, 8);
  }

  /** Takes the arguments of a call. Nothing is copied: `bytes` becomes a view of the host's buffer. */
  take(
    framing: Framing, address: usize, length: i32, matches: usize, matchCount: i32, shown: usize, shownCount: i32,
  ): void {
    const view = changetype<usize>(this.bytes);
    store<usize>(view, changetype<usize>(chunkOf(address)), offsetof<Uint8Array>("buffer"));
    store<usize>(view, address, offsetof<Uint8Array>("dataStart"));
    store<i32>(view, length, offsetof<Uint8Array>("byteLength"));
    this.start = address;
    this.size = length;
    this.framing = framing;
    this.matches = matches;
    this.matchCount = matchCount;
    this.matched = 0;
    this.shown = shown;
    this.shownCount = shownCount;
  }
}

function outside(position: i32, size: i32): void {
  throw new RangeError("at: position " + position.toString() + " in a window of " + size.toString() + " bytes");
}

/** Goes over records: `while (records.next())` sets `start` and `end`. */
@final
export class Records {
  /** Where the record starts in the window. */
  start: i32 = 0;
  /** One past its last byte. */
  end: i32 = 0;
  private after: i32 = 0;
  private from: usize;
  private length: i32;
  private newline: bool;

  constructor(window: Window, private framing: Framing, private lines: bool) {
    this.from = window.bytes.dataStart;
    this.length = window.length;
    this.newline = framing.tag == 1 && framing.delimiter.length == 1;
  }

  /** Goes on to the next record; false after the last one. */
  next(): bool {
    const start = this.after;
    if (start >= this.length) return false;
    this.start = start;
    if (this.newline) {
      const stop = this.from + this.length;
      const found = byteAt(load<u8>(this.framing.delimiter.dataStart), this.from + start, stop);
      const end = <i32>(found - this.from);
      const after = end + i32(found < stop);
      this.after = after;
      this.end = this.lines ? end : after;
      return true;
    }
    this.after = this.end = this.endOf(start);
    return true;
  }

  private endOf(start: i32): i32 {
    const f = this.framing, length = this.length;
    switch (f.tag) {
      case 1: {
        // An occurrence may begin in the record before, as long as it ends in
        // this one: `aaa` delimited by `aa` is `aa` and `a`.
        const size = f.delimiter.length, stop = this.from + length;
        if (!size) return length;
        const found = bytesAt(f.delimiter.dataStart, size, this.from + max(start + 1 - size, 0), stop);
        return found == stop ? length : <i32>(found - this.from) + size;
      }
      case 2: {
        let inside = false;
        for (let at = start; at < length; at++) {
          const byte = load<u8>(this.from + at);
          if (byte == f.quote) inside = !inside;
          else if (byte == f.byte && !inside) return at + 1;
        }
        return length;
      }
      case 3:
        return <i32>min<u64>(<u64>length, <u64>start + max<u64>(f.size, 1));
      case 4:
        return this.stated(start);
      default:
        return length;
    }
  }

  /** The end of a record that states its length; the window's if it is cut short or impossible. */
  private stated(start: i32): i32 {
    const f = this.framing;
    const head = <i64>f.offset + f.width, rest = <i64>this.length - start;
    if (head > rest) return this.length;
    let field: u64 = 0;
    for (let i = 0; i < <i32>f.width; i++) {
      const byte = <u64>load<u8>(this.from + start + f.offset + i);
      field = f.order == ByteOrder.Little ? field | (byte << (8 * i)) : (field << 8) | byte;
    }
    if (field > <u64>rest && (f.adjustment >= 0 || field - <u64>-f.adjustment > <u64>rest)) return this.length;
    const total = <i64>field + f.adjustment + head;
    return total < max<i64>(head, 1) || total > rest ? this.length : start + <i32>total;
  }
}

/** Goes over the fields of a projection: `while (fields.next())` sets `start`, `end` and `index`. */
@final
export class Fields {
  /** Where the field starts in the window. */
  start: i32 = 0;
  /** One past its last byte. */
  end: i32 = 0;
  /** Which field of its record it is. Where it is not greater than before, another record begins. */
  index: u32 = 0;
  private at: i32 = 0;

  constructor(private window: Window, private shown: usize, private count: i32) {}

  /** Goes on to the next field; false after the last one. */
  next(): bool {
    const at = this.at;
    if (at >= this.count) return false;
    this.at = at + 1;
    const entry = this.shown + at * 8;
    this.start = load<u32>(entry);
    this.index = load<u32>(entry, 4);
    const next = at + 1 < this.count ? load<i32>(entry, 8) : this.window.length;
    this.end = max(next - 1, this.start);
    return true;
  }
}
