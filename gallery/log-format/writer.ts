// What lines become.

import { Builder, Window, utf8 } from "./runner";
import { decode, isUtf8, putEscaped, putEscapedAsIs } from "./text";

const NULL = utf8("null");

/** Writes the fields of a line one after the other. */
export abstract class Writer {
  /** Whether a field of this line was not UTF-8. */
  badUtf8: bool = false;
  protected out: Builder = new Builder();
  private decoded: Builder = new Builder();

  /** Begins a line. */
  begin(): void {
    this.badUtf8 = false;
    this.out.clear();
  }
  /** Ends it. What it returns belongs to the writer. */
  abstract end(): Builder;

  /** Writes a text as it stands in the log, with its escapes. `-` is null. */
  field(name: Uint8Array, window: Window, start: i32, end: i32): void {
    this.key(name);
    if (isHyphen(window, start, end)) {
      this.out.bytes(NULL);
      return;
    }
    const value = this.decoded.clear();
    decode(window, start, end, value);
    const good = isUtf8(value);
    if (!good) this.badUtf8 = true;
    this.value(value, good);
  }

  /** Writes a number as it stands in the log. `-` is null. */
  number(name: Uint8Array, window: Window, start: i32, end: i32): void {
    this.key(name);
    if (isHyphen(window, start, end)) this.out.bytes(NULL);
    else this.out.copy(window, start, end);
  }

  /** Writes ASCII without anything to be escaped. */
  plain(name: Uint8Array, text: Builder): void {
    this.key(name);
    this.value(text, true);
  }

  protected abstract key(name: Uint8Array): void;
  protected abstract value(text: Builder, isUtf8: bool): void;
}

function isHyphen(window: Window, start: i32, end: i32): bool {
  return end - start == 1 && window.at(start) == 0x2d;
}

/** A JSON object, as Python's `json.dumps` writes it without blanks. */
export class Json extends Writer {
  private isFirst: bool = true;

  begin(): void {
    super.begin();
    this.isFirst = true;
    this.out.byte(0x7b);
  }
  end(): Builder {
    return this.out.byte(0x7d);
  }
  protected key(name: Uint8Array): void {
    if (!this.isFirst) this.out.byte(0x2c);
    this.isFirst = false;
    this.out.byte(0x22).bytes(name).byte(0x22).byte(0x3a);
  }
  protected value(text: Builder, isUtf8: bool): void {
    this.out.byte(0x22);
    if (isUtf8) putEscapedAsIs(text, this.out);
    else putEscaped(text, this.out);
    this.out.byte(0x22);
  }
}

/** `key=value`, with quotes where they are needed. */
export class Logfmt extends Writer {
  end(): Builder {
    return this.out;
  }
  protected key(name: Uint8Array): void {
    if (this.out.length) this.out.byte(0x20);
    this.out.bytes(name).byte(0x3d);
  }
  protected value(text: Builder, isUtf8: bool): void {
    const quotes = !isUtf8 || needsQuotes(text);
    if (quotes) this.out.byte(0x22);
    if (isUtf8) putEscapedAsIs(text, this.out);
    else putEscaped(text, this.out);
    if (quotes) this.out.byte(0x22);
  }
}

/** Whether a value would be read as another one, or as several. */
function needsQuotes(text: Builder): bool {
  const length = text.length;
  if (!length || (length == 4 && memory.compare(text.start, NULL.dataStart, 4) == 0)) return true;
  for (let at = text.start; at < text.start + length; at++) {
    const byte = load<u8>(at);
    if (byte <= 0x20 || byte == 0x22 || byte == 0x3d || byte == 0x5c || byte == 0x7f) return true;
  }
  return false;
}
