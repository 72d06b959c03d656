// Which values begin with what is looked for, and what is written there instead.

import { Failure, byteString, utf8 } from './runner/index.js';
import { lower } from './html.js';

/** Named character references for ASCII. Those of the second list also count
 * without `;`. */
const REFERENCES = {
  Tab: '\t', NewLine: '\n', excl: '!', quot: '"', QUOT: '"', num: '#', dollar: '$', percnt: '%', amp: '&', AMP: '&',
  apos: "'", lpar: '(', rpar: ')', ast: '*', midast: '*', plus: '+', comma: ',', period: '.', sol: '/', colon: ':',
  semi: ';', lt: '<', LT: '<', equals: '=', gt: '>', GT: '>', quest: '?', commat: '@', lsqb: '[', lbrack: '[',
  bsol: '\\', rsqb: ']', rbrack: ']', Hat: '^', lowbar: '_', UnderBar: '_', grave: '`', DiacriticalGrave: '`',
  lcub: '{', lbrace: '{', verbar: '|', vert: '|', VerticalLine: '|', rcub: '}', rbrace: '}',
};
const REFERENCE = /&(?:#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?|([A-Za-z]+);|(quot|QUOT|amp|AMP|lt|LT|gt|GT)(?![=A-Za-z0-9]))/g;

/** A value as a browser sees it: `{ text, at }`, where character `n` stands from
 * `at[n]` to `at[n + 1]`. References for anything but ASCII stay as they are. */
function decoded(value) {
  let text = '';
  const at = [];
  let done = 0;
  const copy = (end) => {
    text += value.slice(done, end);
    for (; done < end; done++) at.push(done);
  };
  REFERENCE.lastIndex = 0;
  for (let match; (match = REFERENCE.exec(value)) !== null; ) {
    const [whole, hex, decimal, named, bare] = match;
    const code = hex ? parseInt(hex, 16) : decimal ? parseInt(decimal, 10) : undefined;
    const name = named ?? bare;
    const char = name ? (Object.hasOwn(REFERENCES, name) ? REFERENCES[name] : undefined)
      : code > 0 && code < 128 ? String.fromCharCode(code) : undefined;
    if (char === undefined) continue;
    copy(match.index);
    text += char;
    at.push(done);
    done += whole.length;
  }
  copy(value.length);
  at.push(done);
  return { text, at };
}

/** The places of the URLs in a list for images, as `srcset` has them. */
function candidates(text) {
  const found = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /[\t\n\f\r ,]/.test(text[at])) at++;
    if (at >= text.length) return found;
    const start = at;
    while (at < text.length && !/[\t\n\f\r ]/.test(text[at])) at++;
    let end = at;
    while (end > start && text[end - 1] === ',') end--;
    found.push([start, end]);
    if (end < at) continue;
    // What describes the image, up to a comma outside of parentheses.
    for (let depth = 0; at < text.length; at++) {
      if (text[at] === '(') depth = 1;
      else if (text[at] === ')') depth = 0;
      else if (text[at] === ',' && !depth) break;
    }
  }
}

const SCHEME = /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]*/i;

export class Urls {
  #pairs;

  constructor(from, to) {
    if (from.length !== to.length) {
      throw new Failure(`\`from\` is given ${from.length} times, and \`to\` ${to.length} times: they are pairs`);
    }
    if (from.includes('')) throw new Failure('`from` is empty');
    this.#pairs = from.map((prefix, at) => {
      const text = byteString(utf8(prefix));
      const host = SCHEME.exec(text)?.[0].length ?? 0;
      return { text, host, start: lower(text.slice(0, host)), rest: text.slice(host), to: to[at] };
    });
  }

  /** Edits of a value: `{ start, end, bytes, links }`. */
  rewritten(value, quote, isList) {
    const { text, at } = value.includes('&') ? decoded(value) : { text: value };
    const places = isList ? candidates(text) : [[/^[\t\n\f\r ]*/.exec(text)[0].length, text.length]];
    const found = [];
    for (const [start, end] of places) {
      const pair = this.#pairs.find((pair) => begins(pair, text, start, end));
      if (!pair) continue;
      const stop = start + pair.text.length;
      found.push({ start: at ? at[start] : start, end: at ? at[stop] : stop, to: pair.to });
    }
    if (!found.length) return found;
    if (!quote && needsQuotes(value, found)) return [quoted(value, found)];
    return found.map(({ start, end, to }) => ({ start, end, bytes: utf8(escaped(to, quote)), links: 1 }));
  }
}

/** Whether a URL begins with what is looked for, as whole segments. Case does not
 * matter in a scheme and a host. */
function begins({ text: prefix, host, start: head, rest }, text, start, end) {
  const stop = start + prefix.length;
  if (stop > end) return false;
  if (lower(text.slice(start, start + host)) !== head || !text.startsWith(rest, start + host)) return false;
  return stop === end || /[/?#]/.test(text[stop]) || /[/?#=&]$/.test(prefix);
}

/** A text as it is written in a value with these quotes. */
function escaped(text, quote) {
  const unsafe = quote === '"' ? /[&"]/g : quote === "'" ? /[&']/g : /[&"'<>=`\t\n\f\r ]/g;
  return text.replace(unsafe, (char) => (char === '&' ? '&amp;' : `&#${char.charCodeAt(0)};`));
}

/** Without quotes a value cannot be empty, nor begin with a quote. */
function needsQuotes(value, found) {
  const [{ start, end, to }] = found;
  return start === 0 && to === '' && (end === value.length || /["']/.test(value[end]));
}

/** The whole value anew, in quotes. */
function quoted(value, found) {
  const parts = [];
  let done = 0;
  const copy = (end) => parts.push(Array.from(value.slice(done, end).replaceAll('"', '&#34;'), (char) => char.charCodeAt(0)));
  for (const { start, end, to } of found) {
    copy(start);
    parts.push([...utf8(escaped(to, '"'))]);
    done = end;
  }
  copy(value.length);
  return { start: 0, end: value.length, bytes: Uint8Array.from([34, ...parts.flat(), 34]), links: found.length };
}
