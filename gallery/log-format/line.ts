// A line of an access log, taken apart.

import { NONE, Window, utf8 } from "./runner";

const SPACE: u8 = 0x20, QUOTE: u8 = 0x22, BACKSLASH: u8 = 0x5c, HYPHEN: u8 = 0x2d;
const TIME_FORM = utf8("[00/MMM/0000:00:00:00 +0000] ");
const MONTHS = utf8("JanFebMarAprMayJunJulAugSepOctNovDec");
const HTTP = utf8("HTTP/");

/** Where the parts of a line are in the window. */
export class Line {
  host: i32 = 0;
  hostEnd: i32 = 0;
  ident: i32 = 0;
  identEnd: i32 = 0;
  user: i32 = 0;
  userEnd: i32 = 0;
  /** The time, of 26 bytes. */
  time: i32 = 0;
  request: i32 = 0;
  requestEnd: i32 = 0;
  methodEnd: i32 = 0;
  pathEnd: i32 = 0;
  status: i32 = 0;
  statusBytes: i32 = 0;
  size: i32 = 0;
  sizeEnd: i32 = 0;
  /** From here on NONE for what is absent. */
  referer: i32 = NONE;
  refererEnd: i32 = NONE;
  agent: i32 = NONE;
  agentEnd: i32 = NONE;
  forwarded: i32 = NONE;
  forwardedEnd: i32 = NONE;

  private window: Window = new Window();
  private at: i32 = 0;
  private end: i32 = 0;

  /** Takes a line apart. Returns where it is not in the format, or NONE. */
  parse(window: Window, start: i32, end: i32): i32 {
    this.window = window;
    this.at = start;
    this.end = end;
    this.referer = this.agent = this.forwarded = NONE;
    this.host = start;
    if (!this.word()) return this.at;
    this.hostEnd = this.at++;
    this.ident = this.at;
    if (!this.word()) return this.at;
    this.identEnd = this.at++;
    this.user = this.at;
    if (!this.word()) return this.at;
    this.userEnd = this.at++;
    if (!this.isTime()) return this.at;
    this.time = this.at + 1;
    this.at += TIME_FORM.length;
    this.request = this.at + 1;
    if (!this.quoted() || !this.space()) return this.at;
    this.requestEnd = this.at - 2;
    this.status = this.at;
    if (!this.number() || !this.space()) return this.at;
    this.statusBytes = this.at - 1 - this.status;
    this.size = this.at;
    if (!this.number()) return this.at;
    this.sizeEnd = this.at;
    if (this.at == end) return NONE;
    if (!this.space()) return this.at;
    this.referer = this.at + 1;
    if (!this.quoted() || !this.space()) return this.at;
    this.refererEnd = this.at - 2;
    this.agent = this.at + 1;
    if (!this.quoted()) return this.at;
    this.agentEnd = this.at - 1;
    if (this.at == end) return NONE;
    if (!this.space()) return this.at;
    this.forwarded = this.at + 1;
    if (!this.quoted()) return this.at;
    this.forwardedEnd = this.at - 1;
    return this.at == end ? NONE : this.at;
  }

  /** Whether the request is a method, a path and a protocol. */
  splitRequest(window: Window): bool {
    const end = this.requestEnd;
    let at = this.request;
    while (at < end && window.at(at) != SPACE) at++;
    this.methodEnd = at++;
    while (at < end && window.at(at) != SPACE) at++;
    this.pathEnd = at;
    if (at >= end || this.methodEnd == this.request || this.pathEnd == this.methodEnd + 1) return false;
    if (end - at - 1 <= HTTP.length || !window.startsWith(HTTP, at + 1)) return false;
    for (at++; at < end; at++) if (window.at(at) == SPACE) return false;
    return true;
  }

  /** The month whose name of three letters stands at a place; 0 if none does. */
  static month(window: Window, at: i32): i32 {
    for (let month = 1; month <= 12; month++) {
      const name = MONTHS.dataStart + 3 * (month - 1);
      if (window.at(at) == load<u8>(name) && window.at(at + 1) == load<u8>(name, 1) && window.at(at + 2) == load<u8>(name, 2)) {
        return month;
      }
    }
    return 0;
  }

  /** Goes on to the blank after a word. */
  private word(): bool {
    const start = this.at;
    while (this.at < this.end && this.window.at(this.at) != SPACE) this.at++;
    return this.at > start && this.at < this.end;
  }

  /** Goes on after a blank. */
  private space(): bool {
    if (this.at >= this.end || this.window.at(this.at) != SPACE) return false;
    this.at++;
    return true;
  }

  /** Goes on after a text in quotes, in which `\` stands before a quote. */
  private quoted(): bool {
    if (this.at >= this.end || this.window.at(this.at) != QUOTE) return false;
    for (let at = this.at + 1; at < this.end; at++) {
      const byte = this.window.at(at);
      if (byte == QUOTE) {
        this.at = at + 1;
        return true;
      }
      if (byte == BACKSLASH) at++;
    }
    return false;
  }

  /** Goes on after a number as in JSON, or `-`. */
  private number(): bool {
    const start = this.at;
    if (start < this.end && this.window.at(start) == HYPHEN) {
      this.at++;
      return true;
    }
    while (this.at < this.end && digit(this.window, this.at) <= 9) this.at++;
    const length = this.at - start;
    if (length == 0 || (length > 1 && this.window.at(start) == 0x30)) {
      this.at = start;
      return false;
    }
    return true;
  }

  /** Whether a time of the calendar stands here, in brackets and with a blank after it. */
  private isTime(): bool {
    const w = this.window, at = this.at;
    if (at + TIME_FORM.length > this.end) return false;
    for (let i = 0; i < TIME_FORM.length; i++) {
      const form = unchecked(TIME_FORM[i]), byte = w.at(at + i);
      if (form == 0x30 ? byte - 0x30 > 9 : form == 0x2b ? byte != 0x2b && byte != 0x2d : form != 0x4d && byte != form) return false;
    }
    const month = Line.month(w, at + 4), year = two(w, at + 8) * 100 + two(w, at + 10), day = two(w, at + 1);
    if (!month || !year || !day || day > daysIn(year, month)) return false;
    return two(w, at + 13) < 24 && two(w, at + 16) < 60 && two(w, at + 19) < 60 && two(w, at + 23) < 24 && two(w, at + 25) < 60;
  }
}

@inline
function digit(window: Window, at: i32): u8 {
  return window.at(at) - 0x30;
}

function two(window: Window, at: i32): i32 {
  return <i32>digit(window, at) * 10 + <i32>digit(window, at + 1);
}

function daysIn(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}
