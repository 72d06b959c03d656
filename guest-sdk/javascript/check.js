// How a plugin gives up, and checks of types that name the place.

/** Ends the run with `message`, and leaves the file untouched. `position` is
 * the byte of the window (in `begin`, of the head) that is the reason. */
export class Failure extends Error {
  constructor(message, position) {
    if (typeof message !== 'string') throw new TypeError(`the message of a Failure must be a string, not ${shown(message)}`);
    super(message);
    this.name = 'Failure';
    this.position = position === undefined ? undefined : integer(position, 'the position of a Failure', 0, 0xffffffff);
  }
}

/** A value and its type, for a message. */
export function shown(value) {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Uint8Array) return `Uint8Array (${value.length} bytes)`;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return `${typeof value} (${text.length < 60 ? text : text.slice(0, 57) + '...'})`;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of a text in UTF-8. */
export const utf8 = (text) => encoder.encode(string(text, 'what utf8 gets'));

/** The bytes of a text whose every character is one byte, as in a match. */
export function latin1(text) {
  string(text, 'what latin1 gets');
  return Uint8Array.from(text, (character) => {
    const code = character.codePointAt(0);
    if (code > 255) throw new RangeError(`latin1 cannot encode ${JSON.stringify(character)}`);
    return code;
  });
}

/** Bytes as a text with one character for each byte. */
export function byteString(bytes) {
  // Text of ASCII alone, which is the rule, is decoded many times faster. One
  // character for each byte and none replaced: then all are ASCII.
  const text = decoder.decode(bytes);
  if (text.length === bytes.length && !text.includes('\ufffd') && !(bytes[0] === 0xef)) return text;
  const parts = [];
  for (let at = 0; at < bytes.length; at += 4096) {
    parts.push(String.fromCharCode.apply(null, bytes.subarray(at, at + 4096)));
  }
  return parts.join('');
}

/** The same bytes as a Uint8Array of this realm: those that come from the host
 * are of another one, so that `instanceof Uint8Array` is false for them. */
export const own = ({ buffer, byteOffset, length }) => new Uint8Array(buffer, byteOffset, length);

/** `value` as bytes: a Uint8Array, or a string of ASCII. */
export function data(value, place) {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') throw new TypeError(`${place} must be a string or a Uint8Array, not ${shown(value)}`);
  const bytes = encoder.encode(value);
  if (bytes.length !== value.length) throw notAscii(value, place);
  return bytes;
}

export function notAscii(value, place) {
  return new TypeError(`${place} is not ASCII: ${shown(value)}; use utf8(...), or latin1(...) for what comes from a match`);
}

export function string(value, place) {
  if (typeof value !== 'string') throw new TypeError(`${place} must be a string, not ${shown(value)}`);
  return value;
}

export function boolean(value, place) {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw new TypeError(`${place} must be true or false, not ${shown(value)}`);
  return value;
}

/** `value`, a whole number that fits a double exactly. */
export function integer(value, place, least, most) {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${place} must be a whole number, not ${shown(value)}`);
  if (value < least || value > most) throw new RangeError(`${place} must be from ${least} to ${most}, not ${value}`);
  return value;
}

/** `value`, a number or bigint, as a bigint. */
export function big(value, place, least, most) {
  if (typeof value !== 'bigint') value = BigInt(integer(value, place, -Infinity, Infinity));
  if (value < least || value > most) throw new RangeError(`${place} must be from ${least} to ${most}, not ${value}`);
  return value;
}

/** `value`, one byte: a number or a string of one character. */
export function byte(value, place) {
  if (typeof value === 'number') return integer(value, place, 0, 255);
  const bytes = data(value, place);
  if (bytes.length !== 1) throw new RangeError(`${place} must be one byte, not ${shown(value)}`);
  return bytes[0];
}

export function array(value, place) {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new TypeError(`${place} must be an array, not ${shown(value)}`);
  return value;
}

/** Refuses misspelt keys of an object. */
export function keys(value, allowed, place) {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${place} must be an object, not ${shown(value)}`);
  for (const key of Object.keys(value)) {
    if (!allowed.includes(key)) throw new TypeError(`${place} has no \`${key}\`; it may have ${allowed.join(', ')}`);
  }
  return value;
}
