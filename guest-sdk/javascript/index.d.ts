/** Write plugins for `runner` in JavaScript or TypeScript. */

/** Bytes, or a string of ASCII. A string with other characters is an error:
 * say with `utf8(text)` or `latin1(text)` which bytes they are. */
export type Bytes = string | Uint8Array;

/** Ends the run with `message`, and leaves the file untouched. */
export class Failure extends Error {
  /** `position` is the byte of the window (in `begin`, of the head) that is the
   * reason. The host says at which line and offset of the file that is. */
  constructor(message: string, position?: number);
  position?: number;
}

/** The bytes of a text in UTF-8. */
export function utf8(text: string): Uint8Array;
/** The bytes of a text of which each character is one byte, as in a match. */
export function latin1(text: string): Uint8Array;
/** Bytes as a text of which each character is one byte. */
export function byteString(bytes: Uint8Array): string;

/** Where records end. */
export interface Framing {
  readonly kind: string;
}

export const framing: {
  /** A record ends after each `\n`. The default. */
  lines(): Framing;
  /** A record ends after each `delimiter` (1 to 255 bytes). */
  delimited(delimiter: Bytes): Framing;
  /** As CSV: a delimiter inside quotes ends nothing. */
  quoted(delimiter?: Bytes | number, quote?: Bytes | number): Framing;
  /** Records of one size, after `header` bytes that are never shown. */
  fixed(size: number, header?: number): Framing;
  /** Each record is `offset + width + field + adjustment` bytes long. */
  lengthPrefixed(options: LengthField & { header?: number; checks?: FieldCheck[] }): Framing;
  /** The file may be cut anywhere: for edits that depend on one byte. */
  bytes(): Framing;
  /** Any cut, with context on both sides: for matches that cross lines. */
  overlapping(before: number, after: number): Framing;
  /** One instance sees the file in order, and says what it consumed. */
  sequential(): Framing;
};

export interface LengthField {
  /** Where the length field begins in the record. */
  offset: number;
  /** Its width, 1 to 8 bytes. */
  width: number;
  order?: 'big' | 'little';
  adjustment?: number | bigint;
}

/** What a field of every record's head holds. */
export interface FieldCheck {
  offset: number;
  width: number;
  order?: 'big' | 'little';
  min: number | bigint;
  max: number | bigint;
}

/** What a record must contain to be shown. Ids count from 0 by default. */
export type Prefilter =
  | { literals: Bytes[]; anyCase?: boolean; id?: number }
  /** In the syntax of the Rust crate `regex`. */
  | { regex: string; id?: number };

/** What a plugin asks for. */
export interface Job {
  framing?: Framing;
  /** The one prefilter that most plugins need. */
  literals?: Bytes[];
  regex?: string;
  /** Or several, with ids. */
  prefilters?: Prefilter[];
  /** Show records that match no prefilter as well. */
  showAll?: boolean;
  /** The plugin reads text, not just bytes. */
  text?: boolean;
  lengthPreserving?: boolean;
  idempotent?: boolean;
  deterministic?: boolean;
  /** Show an empty file as one empty window. */
  showEmpty?: boolean;
  /** Names of what the plugin counts. */
  counts?: string[];
  /** Show only these fields of each record, counted from 0. */
  fields?: number[];
  /** What ends a field; `,` by default. */
  fieldDelimiter?: Bytes | number;
  /** With the framing `bytes`: the `[start, end]` that are needed. */
  ranges?: [number | bigint, number | bigint][];
}

export interface Parameter {
  /** The plugin gets a string for text, secret and choice, a bigint for
   * integer, a boolean for boolean, and a Uint8Array for bytes. */
  kind: 'text' | 'integer' | 'boolean' | 'secret' | 'bytes' | 'choice';
  doc: string;
  default?: string | number | bigint | boolean | Uint8Array;
  required?: boolean;
  /** It may be given several times; the plugin gets an array. */
  repeats?: boolean;
  /** A value `@PATH` stands for the content of that file. */
  fromFile?: boolean;
  /** The words of a choice. */
  choices?: string[];
}

/** The parameters by name; absent ones are undefined. */
export type Params = { [name: string]: any } & {
  /** All names and values, in the order in which they came. */
  readonly given: [string, string | bigint | boolean | Uint8Array][];
};

export interface FileHead {
  /** In bytes; undefined for a stream. */
  size?: bigint;
  /** Up to 64 KiB. */
  head: Uint8Array;
  seed?: bigint;
}

export interface PluginOptions extends Job {
  /** Lower-case letters, digits and hyphens. */
  name: string;
  version?: string;
  summary: string;
  license?: string;
  params?: Record<string, Parameter>;
  tables?: Record<string, { doc: string; required?: boolean }>;
  /** Whether the plugin takes `--seed N`. */
  seed?: boolean;
  /** Called once for each file, in each instance. What it returns takes
   * precedence over the job declared here. */
  begin?(params: Params, file: FileHead): Job | void;
  /** Called for each window. */
  transform(edits: Edits, params: Params): void;
}

/** Declares a plugin; export the result as `guest`. */
export function plugin(options: PluginOptions): object;

export interface Record {
  /** Where it starts in the window. */
  start: number;
  bytes: Uint8Array;
}

/** What a plugin sees in one call. */
export class Window {
  readonly bytes: Uint8Array;
  /** `bytes` as a string with one character for each byte. */
  readonly text: string;
  /** The offset in the file of the first byte. */
  readonly offset: bigint;
  /** Where edits may start: all of it, but for `overlapping`. */
  readonly owned: { start: number; end: number };
  /** Whether it begins at the start of the file, or ends at its end. */
  readonly first: boolean;
  readonly last: boolean;
  /** Where records start that match a prefilter, and its ids (bit `n` for the
   * id `n`), if the job has several prefilters, or some and `showAll`. */
  readonly matches: Map<number, bigint>;
  /** The records of the job's framing; lines come without their `\n`. */
  records(): Generator<Record>;
  /** Lines without their `\n`; a `\r` stays. */
  lines(): Generator<Record>;
  delimited(delimiter: Bytes): Generator<Record>;
  quoted(delimiter?: Bytes | number, quote?: Bytes | number): Generator<Record>;
  fixed(size: number): Generator<Record>;
  lengthPrefixed(field: LengthField): Generator<Record>;
  /** The fields that the job shows. A new record begins where the index is
   * not greater than the one before. */
  fields(): Generator<Record & { index: number }>;
}

/** Collects what a plugin wants changed in one window. Edits come in order and
 * do not overlap; a violation throws at the line that made it. */
export class Edits {
  readonly window: Window;
  replace(start: number, end: number, replacement: Bytes): void;
  insert(at: number, replacement: Bytes): void;
  delete(start: number, end: number): void;
  /** Replaces the whole window; the host finds the difference. */
  replaceAll(replacement: Bytes): void;
  /** With `sequential`: how many bytes of the window are dealt with. */
  consumed(length: number | bigint): void;
  /** Adds to one of the job's `counts`. */
  count(name: string, times?: number | bigint): void;
  /** Replaces each match of a pattern, and returns how many were replaced.
   *
   * The pattern sees one record at a time, without its ending, as text of which
   * each character is one byte. The function returns the replacement, or
   * undefined to leave the match alone. Only the given group is replaced. A
   * `Failure` that it throws is placed at the group. What `match.index` counts
   * from is unspecified. */
  sub(
    pattern: RegExp,
    replacement: Bytes | ((match: RegExpExecArray) => Bytes | undefined | null),
    options?: { group?: number },
  ): number;
}

/** Says something to the user. `console.log` works as well, as info, and
 * `console.error` as warn. */
export const log: {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
};

/** A table that the user has given, or undefined. */
export function openTable(name: string): Table | undefined;

export interface Table {
  /** In bytes. */
  readonly size: bigint;
  /** As many bytes from `offset` on as asked for, or fewer at its end. */
  read(offset: number | bigint, length: number): Uint8Array;
}
