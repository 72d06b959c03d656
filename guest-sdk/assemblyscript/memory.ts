// The memory that the host writes into and reads from.

// What the host writes for one call lies in one buffer, which is kept and used
// again; so memory does not grow with the file. What does not fit goes into
// further buffers until the call ends.
let chunk: ArrayBuffer = new ArrayBuffer(1024);
let used: usize = 0;
let older: ArrayBuffer[] = [];
let filled: usize = 0;

/** The export `cabi_realloc`. */
export function realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  let at = (used + align - 1) & ~(align - 1);
  if (at + size > <usize>chunk.byteLength) {
    if (used) {
      older.push(chunk);
      filled += used;
    }
    chunk = newChunk(size);
    at = 0;
  }
  used = at + size;
  const address = changetype<usize>(chunk) + at;
  if (oldSize) memory.copy(address, old, min(oldSize, size));
  return address;
}

// Buffers are aligned to 16 bytes by the runtime.
function newChunk(size: usize): ArrayBuffer {
  const bytes = size + (size >> 3) + 4096;
  return changetype<ArrayBuffer>(__new(bytes, idof<ArrayBuffer>()));
}

/** The buffer that a window lies in. */
export function chunkOf(address: usize): ArrayBuffer {
  for (let i = 0; i < older.length; i++) {
    const start = changetype<usize>(older[i]);
    if (address >= start && address < start + older[i].byteLength) return older[i];
  }
  return chunk;
}

/** Ends the life of what the host has written, and of what the plugin does not reach any more. */
export function release(): void {
  if (older.length) {
    const size = filled + used;
    older.length = 0;
    chunk = newChunk(size);
  }
  used = 0;
  filled = 0;
  __collect();
}

/** How far the memory is used, for `restore`. */
export function arena(): usize {
  return used;
}

/** Gives back what was used since, unless it went into another buffer. */
export function restore(mark: usize): void {
  if (mark <= used) used = mark;
}

/** A list of bytes that grows, and that the collector does not look at. */
@final @unmanaged
export class Growing {
  start: usize;
  length: usize;
  room: usize;

  static create(): Growing {
    const list = changetype<Growing>(heap.alloc(offsetof<Growing>()));
    list.start = heap.alloc(4096);
    list.length = 0;
    list.room = 4096;
    return list;
  }

  /** The address of `size` more bytes. */
  @inline
  more(size: usize): usize {
    const at = this.length;
    const length = at + size;
    if (length > this.room) this.grow(length);
    this.length = length;
    return this.start + at;
  }

  private grow(length: usize): void {
    this.room = length + length / 2;
    this.start = heap.realloc(this.start, this.room);
  }
}

// What the host reads after a call: 128 bytes of result, and what it points to.
const result = memory.data(128, 8);
let kept: ArrayBuffer[] = [];

/** The empty result. */
export function fresh(): usize {
  memory.fill(result, 0, 128);
  kept.length = 0;
  return result;
}

/** Writes a list: an address and a length. */
@inline
export function list(at: usize, address: usize, length: i32): void {
  store<u32>(at, length ? address : 16);
  store<u32>(at, length, 4);
}

/** Writes a text. */
export function text(at: usize, value: string): void {
  const bytes = String.UTF8.encode(value, false, String.UTF8.ErrorMode.REPLACE);
  kept.push(bytes);
  list(at, changetype<usize>(bytes), bytes.byteLength);
}

/** Writes bytes. */
export function bytes(at: usize, value: Uint8Array): void {
  kept.push(value.buffer);
  list(at, value.dataStart, value.length);
}

/** Writes a list of `count` records, and returns the address of the first one, to be filled. */
export function records(at: usize, count: i32, size: i32): usize {
  const all = new ArrayBuffer(count * size);
  kept.push(all);
  list(at, changetype<usize>(all), count);
  return changetype<usize>(all);
}

/** Writes a list of texts. */
export function texts(at: usize, values: string[]): void {
  const first = records(at, values.length, 8);
  for (let i = 0; i < values.length; i++) text(first + i * 8, values[i]);
}
