// Shifts time stamps of the form ts=2026-11-26T10:00:00Z by some seconds.

import { Failure, plugin } from './runner/index.js';

const STAMP = /ts=((\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)Z)/;

export const guest = plugin({
  name: '{{name}}',
  version: '0.1.0',
  summary: 'Shifts time stamps by a number of seconds',
  license: 'Apache-2.0',
  params: { seconds: { kind: 'integer', required: true, doc: 'How many seconds to add' } },
  literals: ['ts='],
  text: true,
  lengthPreserving: true,
  deterministic: true,
  counts: ['stamps'],
  transform(edits, { seconds }) {
    // Integers are of the type bigint. A double holds every shift that can end in
    // a year of four digits exactly.
    const by = Number(seconds);
    const shifted = ([, , date, hour, minute, second]) => {
      const day = dayNumber(date);
      if (day === undefined) return undefined; // no stamp: leave it as it is
      const total = +hour * 3600 + +minute * 60 + +second + by;
      const days = Math.floor(total / 86400);
      return `${dateOf(day + days)}T${clock(total - days * 86400)}Z`;
    };
    edits.count('stamps', edits.sub(STAMP, shifted, { group: 1 }));
  },
});

const two = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

function clock(seconds) {
  const minutes = (seconds / 60) | 0;
  return `${two[(minutes / 60) | 0]}:${two[minutes % 60]}:${two[seconds % 60]}`;
}

// The calendar, as Gregory's rules count it back to the year 0. Years begin in
// March here, so that the leap day is the last one of a year. Neighbouring
// stamps have the same date: it is remembered.

const dayNumber = remembered((text) => {
  let [year, month, day] = text.split('-').map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (month < 1 || month > 12 || day < 1 || day > days[month - 1]) return undefined;
  if (month < 3) [year, month] = [year - 1, month + 12];
  const leapDays = Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  return year * 365 + leapDays + Math.floor((month * 153 - 457) / 5) + day - 1;
});

const [FIRST, LAST] = [dayNumber('0000-01-01'), dayNumber('9999-12-31')];

const dateOf = remembered((number) => {
  if (!(number >= FIRST && number <= LAST)) throw new Failure('the shifted year is outside of 0000..9999');
  const era = Math.floor(number / 146097);
  let days = number - era * 146097;
  let year = Math.floor((days - Math.floor(days / 1460) + Math.floor(days / 36524) - Math.floor(days / 146096)) / 365);
  days -= year * 365 + Math.floor(year / 4) - Math.floor(year / 100);
  let month = Math.floor((days * 5 + 2) / 153);
  const day = days - Math.floor((month * 153 + 2) / 5) + 1;
  [year, month] = month < 10 ? [year + era * 400, month + 3] : [year + era * 400 + 1, month - 9];
  return `${String(year).padStart(4, '0')}-${two[month]}-${two[day]}`;
});

/** A function that remembers up to 1,000 of its results. */
function remembered(make) {
  const results = new Map();
  return (key) => {
    let result = results.get(key);
    if (result === undefined) {
      result = make(key);
      if (results.size >= 1000) results.clear();
      results.set(key, result);
    }
    return result;
  };
}
