// Escapes of access logs, and of JSON.

import { Builder, Window, utf8 } from "./runner";

const BACKSLASH: u8 = 0x5c;
const HEX = utf8("0123456789abcdef");

/** Appends a text of the log, with its escapes resolved: `\"`, `\\`, `\b`, `\n`, `\r`, `\t`, `\v`, `\xHH`. Others stay. */
export function decode(window: Window, start: i32, end: i32, to: Builder): void {
  let from = start; // What is not yet copied.
  for (let at = start; at + 1 < end; at++) {
    if (window.at(at) != BACKSLASH) continue;
    const next = window.at(at + 1);
    let byte: i32 = -1, length = 2;
    switch (next) {
      case 0x22: // "
      case BACKSLASH:
        byte = next;
        break;
      case 0x62: // b
        byte = 8;
        break;
      case 0x6e: // n
        byte = 10;
        break;
      case 0x72: // r
        byte = 13;
        break;
      case 0x74: // t
        byte = 9;
        break;
      case 0x76: // v
        byte = 11;
        break;
      case 0x78: // x
        if (at + 3 < end) {
          const high = hex(window.at(at + 2)), low = hex(window.at(at + 3));
          if (high >= 0 && low >= 0) byte = high * 16 + low;
          length = 4;
        }
        break;
    }
    if (byte < 0) {
      at++; // Neither byte begins another escape.
      continue;
    }
    to.copy(window, from, at).byte(<u8>byte);
    from = at + length;
    at = from - 1;
  }
  to.copy(window, from, end);
}

function hex(digit: u8): i32 {
  if (digit >= 0x30 && digit <= 0x39) return digit - 0x30;
  const letter = digit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Whether all of it is UTF-8. */
export function isUtf8(text: Builder): bool {
  const end = text.start + text.length;
  let at = text.start;
  while (at < end) {
    const length = sequence(at, end);
    if (!length) return false;
    at += length;
  }
  return true;
}

/** The length of the character that begins at an address; 0 if it is not UTF-8. */
function sequence(at: usize, end: usize): i32 {
  const first = load<u8>(at);
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (!length || at + length > end) return 0;
  // The second byte bounds the value: no long forms, no surrogates, no more than U+10FFFF.
  const second = load<u8>(at, 1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  for (let i = 1; i < length; i++) if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  return length;
}

/** Appends UTF-8 as it stands in a JSON string. */
export function putEscapedAsIs(text: Builder, to: Builder): void {
  const end = text.start + text.length;
  for (let at = text.start; at < end; at++) putByte(load<u8>(at), to);
}

/** The same for text that is not all UTF-8: bytes that are not become `\xHH`, with the backslash escaped. */
export function putEscaped(text: Builder, to: Builder): void {
  const end = text.start + text.length;
  let at = text.start;
  while (at < end) {
    let length = sequence(at, end);
    if (!length) {
      const byte = load<u8>(at++);
      to.byte(BACKSLASH).byte(BACKSLASH).byte(0x78).byte(HEX[byte >> 4]).byte(HEX[byte & 15]);
      continue;
    }
    for (; length; length--, at++) putByte(load<u8>(at), to);
  }
}

@inline
function putByte(byte: u8, to: Builder): void {
  if (byte >= 0x20 && byte != 0x22 && byte != BACKSLASH) to.byte(byte);
  else putControl(byte, to);
}

function putControl(byte: u8, to: Builder): void {
  to.byte(BACKSLASH);
  switch (byte) {
    case 8:
      to.byte(0x62);
      break;
    case 9:
      to.byte(0x74);
      break;
    case 10:
      to.byte(0x6e);
      break;
    case 12:
      to.byte(0x66);
      break;
    case 13:
      to.byte(0x72);
      break;
    case 0x22:
    case BACKSLASH:
      to.byte(byte);
      break;
    default:
      to.byte(0x75).byte(0x30).byte(0x30).byte(HEX[byte >> 4]).byte(HEX[byte & 15]);
  }
}
