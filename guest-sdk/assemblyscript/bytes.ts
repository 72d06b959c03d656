// Bytes and texts.

/** No position. */
export const NONE: i32 = -1;

/** The bytes of a text. */
export function utf8(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE));
}

/** The text of bytes, from `start` to `end` (without a second position, to the last one). */
export function textOf(bytes: Uint8Array, start: i32 = 0, end: i32 = i32.MAX_VALUE): string {
  end = min(end, bytes.length);
  if (start < 0 || start > end) throw new RangeError("textOf: the start lies after the end");
  return String.UTF8.decodeUnsafe(bytes.dataStart + start, end - start);
}

/** A copy of `length` bytes at an address. */
export function copyOf(address: usize, length: i32): Uint8Array {
  const copy = new Uint8Array(length);
  memory.copy(copy.dataStart, address, length);
  return copy;
}

/** The first place of a byte at or after `from`, before `end`; `end` if there is none. All are addresses. */
export function byteAt(byte: u8, from: usize, end: usize): usize {
  const all = i8x16.splat(byte as i8);
  while (from + 16 <= end) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(from), all));
    if (found) return from + ctz(found);
    from += 16;
  }
  while (from < end && load<u8>(from) != byte) from++;
  return from;
}

/** The same for bytes, of which there must be at least one. */
export function bytesAt(needle: usize, length: usize, from: usize, end: usize): usize {
  if (length == 1) return byteAt(load<u8>(needle), from, end);
  if (from + length > end) return end;
  const last = end - length; // Where the last one may begin.
  const first = i8x16.splat(load<i8>(needle)), second = i8x16.splat(load<i8>(needle, 1));
  while (from + 17 <= end) {
    let found = i8x16.bitmask(v128.and(i8x16.eq(v128.load(from), first), i8x16.eq(v128.load(from, 1), second)));
    while (found) {
      const at = from + ctz(found);
      if (at <= last && memory.compare(at, needle, length) == 0) return at;
      found &= found - 1;
    }
    from += 16;
  }
  for (; from <= last; from++) if (memory.compare(from, needle, length) == 0) return from;
  return end;
}
