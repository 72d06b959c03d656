// `console`, for the compiler: what it says goes to the log.

import { Level, log } from "./host";

export namespace console {
  export function assert<T>(condition: T, message: string = ""): void {
    if (!condition) write(Level.Error, "assertion failed: " + message);
  }
  export function log(message: string = ""): void {
    write(Level.Info, message);
  }
  export function debug(message: string = ""): void {
    write(Level.Debug, message);
  }
  export function info(message: string = ""): void {
    write(Level.Info, message);
  }
  export function warn(message: string = ""): void {
    write(Level.Warn, message);
  }
  export function error(message: string = ""): void {
    write(Level.Error, message);
  }
}

function write(level: Level, message: string): void {
  log(level, message);
}
