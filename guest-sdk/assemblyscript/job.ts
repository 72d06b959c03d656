// What a plugin asks for when it begins on a file.

import { utf8, NONE } from "./bytes";

/** How the bytes of a field are ordered. */
export enum ByteOrder {
  Little,
  Big,
}

/** What a field of every record's head holds. */
export class Check {
  constructor(
    public offset: u32, public width: u8, public order: ByteOrder, public min: u64, public max: u64,
  ) {}
}

/** Where records end. The tags are those of the contract. */
export class Framing {
  delimiter: Uint8Array = new Uint8Array(0);
  byte: u8 = 0;
  quote: u8 = 0;
  header: u64 = 0;
  size: u64 = 0;
  offset: u32 = 0;
  width: u8 = 0;
  order: ByteOrder = ByteOrder.Little;
  adjustment: i64 = 0;
  checks: Check[] = [];
  before: u32 = 0;
  after: u32 = 0;

  private constructor(public readonly tag: u8) {}

  /** Any cut; each byte is shown once. */
  static bytes(): Framing {
    return new Framing(0);
  }
  /** Each line ends after a `\n`. */
  static lines(): Framing {
    return Framing.delimited("\n");
  }
  /** A record ends after each occurrence of these bytes. */
  static delimited(delimiter: string): Framing {
    return Framing.delimitedBy(utf8(delimiter));
  }
  /** A record ends after each occurrence of these bytes. */
  static delimitedBy(delimiter: Uint8Array): Framing {
    const framing = new Framing(1);
    framing.delimiter = delimiter;
    return framing;
  }
  /** A record ends after a delimiter outside quotes, as in CSV. */
  static quoted(delimiter: u8, quote: u8): Framing {
    const framing = new Framing(2);
    framing.byte = delimiter;
    framing.quote = quote;
    return framing;
  }
  /** Records of one size, after a header that is never shown. */
  static fixed(header: u64, size: u64): Framing {
    const framing = new Framing(3);
    framing.header = header;
    framing.size = size;
    return framing;
  }
  /** Records of `offset + width + field + adjustment` bytes; at most 16 checks. */
  static lengthPrefixed(
    header: u64, offset: u32, width: u8, order: ByteOrder, adjustment: i64, checks: Check[] = [],
  ): Framing {
    const framing = new Framing(4);
    framing.header = header;
    framing.offset = offset;
    framing.width = width;
    framing.order = order;
    framing.adjustment = adjustment;
    framing.checks = checks;
    return framing;
  }
  /** Any cut, with up to 1 MiB before and after the owned part. */
  static overlapping(before: u32, after: u32): Framing {
    const framing = new Framing(5);
    framing.before = before;
    framing.after = after;
    return framing;
  }
  /** One instance sees the file in order; see `edits.consumed`. */
  static sequential(): Framing {
    return new Framing(6);
  }
}

/** What a prefilter searches for. */
export class Pattern {
  id: i32 = NONE;
  literals: Uint8Array[] = [];
  ignoreCase: bool = false;
  expression: string | null = null;

  private constructor() {}

  /** At least one of these texts. */
  static literals(texts: string[], ignoreCase: bool = false): Pattern {
    const pattern = new Pattern();
    for (let i = 0; i < texts.length; i++) pattern.literals.push(utf8(texts[i]));
    pattern.ignoreCase = ignoreCase;
    return pattern;
  }
  /** At least one of these byte strings. */
  static bytes(literals: Uint8Array[], ignoreCase: bool = false): Pattern {
    const pattern = new Pattern();
    pattern.literals = literals;
    pattern.ignoreCase = ignoreCase;
    return pattern;
  }
  /** A match of this expression, in the syntax of the Rust crate `regex`. */
  static regex(expression: string): Pattern {
    const pattern = new Pattern();
    pattern.expression = expression;
    return pattern;
  }
  /** Sets the id, 0 to 63. It is otherwise the number of prefilters before this one. */
  withId(id: u8): Pattern {
    this.id = id;
    return this;
  }
}

/** What a plugin asks for, and promises. */
export class Job {
  prefilters: Pattern[] = [];
  showsAll: bool = false;
  isText: bool = false;
  isLengthPreserving: bool = false;
  isIdempotent: bool = false;
  isDeterministic: bool = false;
  showsEmpty: bool = false;
  names: string[] = [];
  delimiter: u8 = 0;
  fields: u32[] | null = null;
  starts: u64[] | null = null;
  ends: u64[] = [];
  failure: string | null = null;
  position: i32 = NONE;

  constructor(public readonly framing: Framing = Framing.lines()) {}

  /** Gives up: `return Job.fail("what is wrong")`, perhaps at a byte of the head. */
  static fail(message: string, position: i32 = NONE): Job {
    const job = new Job();
    job.failure = message;
    job.position = position;
    return job;
  }

  /** Adds a prefilter: only records that match one are shown. */
  prefilter(pattern: Pattern): Job {
    if (pattern.id == NONE) pattern.id = this.prefilters.length;
    this.prefilters.push(pattern);
    return this;
  }
  /** Adds a prefilter of literals. */
  literals(texts: string[]): Job {
    return this.prefilter(Pattern.literals(texts));
  }
  /** Shows all records; the prefilters only say which ones match. */
  showAll(): Job {
    this.showsAll = true;
    return this;
  }
  /** Promises that the plugin reads text; the host refuses UTF-16 and compressed files. */
  text(): Job {
    this.isText = true;
    return this;
  }
  /** Promises that every edit keeps the length. */
  lengthPreserving(): Job {
    this.isLengthPreserving = true;
    return this;
  }
  /** Promises that a second run changes nothing. */
  idempotent(): Job {
    this.isIdempotent = true;
    return this;
  }
  /** Promises that the same input gives the same edits. */
  deterministic(): Job {
    this.isDeterministic = true;
    return this;
  }
  /** Shows an empty file as one empty window. */
  showEmpty(): Job {
    this.showsEmpty = true;
    return this;
  }
  /** Names what `edits.count` counts. */
  counts(names: string[]): Job {
    this.names = names;
    return this;
  }
  /** Shows only these fields of each record, counted from 0. */
  project(delimiter: u8, fields: u32[]): Job {
    this.delimiter = delimiter;
    this.fields = fields;
    return this;
  }
  /** Adds a range of the file; with the framing of bytes, nothing else is shown. */
  range(start: u64, end: u64): Job {
    let starts = this.starts;
    if (!starts) this.starts = starts = new Array<u64>();
    starts.push(start);
    this.ends.push(end);
    return this;
  }
}
