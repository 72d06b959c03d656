// The edits of one window.

import { NONE } from "./bytes";
import { Builder } from "./builder";
import { Growing } from "./memory";
import { Window } from "./window";

/**
 * Collects the edits of one window. They come in order and do not overlap; the
 * first mistake ends the run with a message. Replacements are a string, a
 * Uint8Array, a StaticArray<u8> or a Builder.
 */
@final
export class Edits {
  /** Twelve bytes for each edit, as in the contract. */
  spans: Growing = Growing.create();
  /** The replacements. */
  bytes: Growing = Growing.create();
  counts: u64[] = [];
  names: string[] = [];
  isReplaced: bool = false;
  consumedBytes: u64 = 0;
  failure: string | null = null;
  position: i32 = NONE;
  private window: Window = new Window();
  private after: i32 = 0;
  private insertedAt: i32 = NONE;

  /** Makes the collector ready for a window. */
  reset(window: Window, names: string[]): void {
    this.window = window;
    this.spans.length = 0;
    this.bytes.length = 0;
    this.names = names;
    if (this.counts.length != names.length) this.counts = new Array<u64>(names.length);
    this.counts.fill(0);
    this.isReplaced = false;
    this.consumedBytes = window.length;
    this.failure = null;
    this.position = NONE;
    this.after = window.ownedStart;
    this.insertedAt = NONE;
  }

  /** Replaces the bytes from `start` to `end` of the window. */
  replace<T>(start: i32, end: i32, replacement: T): void {
    if (!this.allows(start, end)) return;
    const length = this.append<T>(replacement);
    const span = this.spans.more(12);
    store<u32>(span, start);
    store<u32>(span, end, 4);
    store<u32>(span, length, 8);
  }

  /** Inserts before the byte at a position. Only at the end of the file may that be the window's length. */
  insert<T>(at: i32, what: T): void {
    this.replace<T>(at, at, what);
  }

  /** Removes the bytes from `start` to `end`. */
  delete(start: i32, end: i32): void {
    this.replace<string>(start, end, "");
  }

  /** Replaces the whole window, or with `sequential` what is consumed of it. Not together with other edits. */
  replaceAll<T>(replacement: T): void {
    if (this.isReplaced) return this.wrong("the window was replaced twice");
    if (this.spans.length) return this.wrong("a window was both edited and replaced");
    this.isReplaced = true;
    this.append<T>(replacement);
  }

  /** With `sequential`: how many bytes were dealt with, if not the whole window. */
  consumed(bytes: u64): void {
    this.consumedBytes = bytes;
  }

  /** Adds to a count: an index into the names of the job. */
  count(name: i32, number: u64 = 1): void {
    if (<u32>name >= <u32>this.counts.length) return this.wrong("count " + name.toString() + " has no name in the job");
    unchecked((this.counts[name] += number));
  }

  /** Whether there are no edits so far. */
  isEmpty(): bool {
    return !this.spans.length && !this.isReplaced;
  }

  /** Gives up: `return edits.fail("what is wrong", position)`. The file stays untouched. */
  fail(message: string, position: i32 = NONE): void {
    if (this.failure) return;
    this.failure = message;
    this.position = position;
  }

  /** Appends a replacement, and returns its number of bytes. */
  private append<T>(value: T): i32 {
    if (isString<T>()) {
      const text = changetype<string>(value);
      const length = String.UTF8.byteLength(text);
      String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, this.bytes.more(length));
      return length;
    } else if (value instanceof Uint8Array) {
      return this.copy(value.dataStart, value.length);
    } else if (value instanceof StaticArray<u8>) {
      return this.copy(changetype<usize>(value), value.length);
    } else if (value instanceof Builder) {
      return this.copy(value.start, value.length);
    } else {
      ERROR("a replacement is a string, a Uint8Array, a StaticArray<u8> or a Builder");
      return 0;
    }
  }

  @inline
  private copy(address: usize, length: i32): i32 {
    memory.copy(this.bytes.more(length), address, length);
    return length;
  }

  /** Checks an edit; the usual case costs little. */
  @inline
  private allows(start: i32, end: i32): bool {
    if (start >= this.after && start < end && start < this.window.ownedEnd && end <= this.window.length && !this.isReplaced) {
      this.after = end;
      this.insertedAt = NONE;
      return true;
    }
    return this.allowsRarely(start, end);
  }

  private allowsRarely(start: i32, end: i32): bool {
    const w = this.window, length = w.length;
    if (start > end || start < 0 || end > length) {
      this.wrong("an edit of " + pair(start, end) + " in a window of " + length.toString() + " bytes");
      return false;
    }
    const atEnd = w.last && start == w.ownedEnd && start == length;
    if ((start < w.ownedStart || start >= w.ownedEnd) && !atEnd) {
      this.wrong("an edit of " + pair(start, end) + " starts outside the owned range " + pair(w.ownedStart, w.ownedEnd));
      return false;
    }
    if (start < this.after || (start == end && this.insertedAt == start)) {
      const last = this.spans.start + this.spans.length - 12;
      this.wrong("an edit of " + pair(start, end) + " after one of " + pair(load<i32>(last), load<i32>(last, 4)));
      return false;
    }
    if (this.isReplaced) {
      this.wrong("a window was both edited and replaced");
      return false;
    }
    this.after = end;
    this.insertedAt = start == end ? start : NONE;
    return true;
  }

  private wrong(what: string): void {
    this.fail("mistake in the plugin: " + what);
  }
}

function pair(start: i32, end: i32): string {
  return start.toString() + ".." + end.toString();
}
