// What the host provides: the log and tables.

import { arena, restore } from "./memory";
import { copyOf } from "./bytes";

@external("runner:plugin/host@0.2.0", "log")
declare function hostLog(level: i32, message: usize, length: usize): void;
@external("runner:plugin/host@0.2.0", "table-size")
declare function hostTableSize(name: usize, length: usize, result: usize): void;
@external("runner:plugin/host@0.2.0", "table-read")
declare function hostTableRead(name: usize, length: usize, offset: u64, wanted: u32, result: usize): void;

/** How loud a log line is. */
export enum Level {
  /** For the author of the plugin, in every detail. */
  Trace,
  /** For the author of the plugin. */
  Debug,
  /** For the curious user. */
  Info,
  /** For every user. */
  Warn,
  /** For every user: what went wrong. */
  Error,
}

/** Says something to the user. */
export function log(level: Level, message: string): void {
  const text = String.UTF8.encode(message, false, String.UTF8.ErrorMode.REPLACE);
  hostLog(level, changetype<usize>(text), text.byteLength);
}

/** Logs for the author of the plugin. */
export function debug(message: string): void {
  log(Level.Debug, message);
}

/** Logs for the curious user. */
export function info(message: string): void {
  log(Level.Info, message);
}

/** Logs for every user. */
export function warn(message: string): void {
  log(Level.Warn, message);
}

/** A table that the user handed to the plugin, read-only, with `--table NAME=FILE`. */
export class Table {
  private constructor(private name: ArrayBuffer, public readonly size: u64) {}

  /** The table with this name; null if the user gave none. */
  static open(name: string): Table | null {
    const text = String.UTF8.encode(name);
    const result = memory.data(16, 8);
    hostTableSize(changetype<usize>(text), text.byteLength, result);
    return load<u8>(result) ? new Table(text, load<u64>(result, 8)) : null;
  }

  /** Up to `length` bytes from an offset on; fewer at the end. */
  read(offset: u64, length: u32): Uint8Array {
    const result = memory.data(8, 4);
    const mark = arena();
    hostTableRead(changetype<usize>(this.name), this.name.byteLength, offset, length, result);
    const bytes = copyOf(load<u32>(result), load<u32>(result, 4));
    restore(mark);
    return bytes;
  }
}

/** What the compiler calls for `throw`, a failed `assert` and broken bounds. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  let text = message ? message : "aborted";
  if (file) text += " (" + file + ":" + line.toString() + ":" + column.toString() + ")";
  log(Level.Error, text);
  unreachable();
}

/** What the compiler calls for `trace`. */
export function trace(
  message: string, n: i32 = 0, a0: f64 = 0, a1: f64 = 0, a2: f64 = 0, a3: f64 = 0, a4: f64 = 0,
): void {
  if (n > 0) message += " " + a0.toString();
  if (n > 1) message += ", " + a1.toString();
  if (n > 2) message += ", " + a2.toString();
  if (n > 3) message += ", " + a3.toString();
  if (n > 4) message += ", " + a4.toString();
  log(Level.Info, message);
}

/** `Math.random` gives the same numbers in every run. */
export function seed(): f64 {
  return 7;
}
