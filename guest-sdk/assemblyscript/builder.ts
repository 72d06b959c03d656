// Replacements that are put together from parts.

import { Window } from "./window";

/**
 * Bytes that are appended part by part, for `edits.replace`. Make one at the top
 * level or in the plugin, and `clear` it for each record: its memory is kept, so
 * that nothing is allocated per record.
 */
@final
export class Builder {
  private buffer: ArrayBuffer = new ArrayBuffer(256);
  private room: i32 = 256;
  private size: i32 = 0;

  /** The number of bytes. */
  @inline
  get length(): i32 {
    return this.size;
  }

  /** The address of the first byte, until the next call. */
  @inline
  get start(): usize {
    return changetype<usize>(this.buffer);
  }

  /** The byte at a position. */
  at(position: i32): u8 {
    if (<u32>position >= <u32>this.size) throw new RangeError("at: outside of the builder");
    return load<u8>(this.start + position);
  }

  /** Forgets what is there. */
  @inline
  clear(): Builder {
    this.size = 0;
    return this;
  }

  /** Appends a byte. */
  @inline
  byte(value: u8): Builder {
    store<u8>(this.more(1), value);
    return this;
  }

  /** Appends bytes of the window. */
  copy(window: Window, start: i32, end: i32): Builder {
    if (start < 0 || start > end || end > window.length) throw new RangeError("copy: outside of the window");
    memory.copy(this.more(end - start), window.bytes.dataStart + start, end - start);
    return this;
  }

  /** Appends bytes. */
  bytes(value: Uint8Array): Builder {
    memory.copy(this.more(value.length), value.dataStart, value.length);
    return this;
  }

  /** Appends a text. Where speed matters, `bytes` with a constant made by `utf8` is faster. */
  text(value: string): Builder {
    const at = this.more(String.UTF8.byteLength(value));
    String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, at, false, String.UTF8.ErrorMode.REPLACE);
    return this;
  }

  /** Appends a number in decimal, with zeros before it up to a number of digits. */
  integer(value: i64, digits: i32 = 1): Builder {
    if (value < 0) this.byte(0x2d);
    let rest = value < 0 ? 0 - <u64>value : <u64>value;
    let count = 1;
    for (let left = rest / 10; left; left /= 10) count++;
    count = max(count, digits);
    const at = this.more(count);
    while (count--) {
      store<u8>(at + count, <u8>(rest % 10) + 0x30);
      rest /= 10;
    }
    return this;
  }

  /** Makes room for more bytes, and returns the address of the first one. */
  @inline
  private more(count: i32): usize {
    const at = this.size;
    if (<u32>count > <u32>(this.room - at)) this.grow(count);
    this.size = at + count;
    return this.start + at;
  }

  private grow(count: i32): void {
    if (<i64>this.size + count > 1 << 30) throw new RangeError("a builder holds less than 1 GiB");
    const room = max(2 * this.room, this.size + count);
    const buffer = changetype<ArrayBuffer>(__new(room, idof<ArrayBuffer>()));
    memory.copy(changetype<usize>(buffer), this.start, this.size);
    this.buffer = buffer;
    this.room = room;
  }
}
