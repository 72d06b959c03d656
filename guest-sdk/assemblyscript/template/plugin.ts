// Shifts time stamps such as `ts=2026-11-26T10:00:00Z` by a number of seconds.

import { Edits, Input, Job, Manifest, NONE, Param, Plugin, Window, register, utf8 } from "./runner";

const KEY = utf8("ts=");
const STAMP_BYTES = 20; // 2026-11-26T10:00:00Z

class Shift extends Plugin {
  seconds: i64 = 0;

  describe(): Manifest {
    return new Manifest("{{name}}", "0.1.0", "Shifts time stamps by a number of seconds")
      .license("Apache-2.0")
      .param(Param.integer("seconds", "How many seconds to add").required());
  }

  begin(input: Input): Job {
    this.seconds = input.integer("seconds");
    return new Job().literals(["ts="]).text().lengthPreserving().deterministic().counts(["stamps"]);
  }

  transform(window: Window, edits: Edits): void {
    const lines = window.lines();
    while (lines.next()) {
      let at = window.find(KEY, lines.start, lines.end);
      while (at != NONE && at + KEY.length + STAMP_BYTES <= lines.end) {
        const from = at + KEY.length;
        const time = parse(window, from);
        if (time < 0) {
          at = window.find(KEY, at + 1, lines.end);
          continue;
        }
        // The first comparison keeps the sum from wrapping around.
        const tooFar = this.seconds < -ALL_SECONDS || this.seconds > ALL_SECONDS;
        if (tooFar || time + this.seconds < 0 || time + this.seconds >= ALL_SECONDS) {
          return edits.fail("the shifted year is outside of 0000..9999", from);
        }
        format(time + this.seconds);
        edits.replace(from, from + STAMP_BYTES, stamp);
        edits.count(0);
        at = window.find(KEY, from + STAMP_BYTES, lines.end);
      }
    }
  }
}

register(new Shift());

// The calendar is the Gregorian one for all years.

/** The number of seconds in the years 0000 to 9999. */
const ALL_SECONDS: i64 = 3652425 * 86400;

const FORM = utf8("0000-00-00T00:00:00Z");

/** Reads a stamp as seconds since 0000-01-01T00:00:00Z; -1 if it is none. */
function parse(window: Window, from: i32): i64 {
  for (let i = 0; i < STAMP_BYTES; i++) {
    const byte = window.at(from + i), form = unchecked(FORM[i]);
    if (form == 0x30 ? byte - 0x30 > 9 : byte != form) return -1;
  }
  const year = two(window, from) * 100 + two(window, from + 2);
  const month = two(window, from + 5), day = two(window, from + 8);
  const hour = two(window, from + 11), minute = two(window, from + 14), second = two(window, from + 17);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return -1;
  if (hour > 23 || minute > 59 || second > 59) return -1;
  return <i64>dayNumber(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

function two(window: Window, at: i32): i32 {
  return (<i32>window.at(at) - 0x30) * 10 + (<i32>window.at(at + 1) - 0x30);
}

const DAYS: StaticArray<i32> = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: i32, month: i32): i32 {
  return month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : DAYS[month];
}

// Years that begin in March have the leap day at their end. The one before
// 0000-03-01 is year -1, so 400 years (146097 days) are added.

/** The number of days since 0000-01-01. */
function dayNumber(year: i32, month: i32, day: i32): i32 {
  year += 400;
  month -= 3;
  if (month < 0) {
    year--;
    month += 12;
  }
  return year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 + 60 - 146097;
}

const stamp = new StaticArray<u8>(STAMP_BYTES);

/** The inverse of `parse`, into `stamp`. */
function format(seconds: i64): void {
  const days = <i32>(seconds / 86400) - 60 + 146097, rest = <i32>(seconds % 86400);
  const era = days / 146097, inEra = days % 146097;
  const yearOfEra = (inEra - inEra / 1460 + inEra / 36524 - inEra / 146096) / 365;
  const inYear = inEra - (yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100);
  let month = (inYear * 5 + 2) / 153;
  const day = inYear - (month * 153 + 2) / 5 + 1;
  let year = era * 400 + yearOfEra - 400;
  month += 3;
  if (month > 12) {
    year++;
    month -= 12;
  }
  for (let i = 0; i < STAMP_BYTES; i++) unchecked((stamp[i] = FORM[i]));
  put(0, year / 100);
  put(2, year % 100);
  put(5, month);
  put(8, day);
  put(11, rest / 3600);
  put(14, (rest / 60) % 60);
  put(17, rest % 60);
}

function put(at: i32, value: i32): void {
  stamp[at] = <u8>(0x30 + value / 10);
  stamp[at + 1] = <u8>(0x30 + (value % 10));
}
