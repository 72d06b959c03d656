// HTML for the plugin link-rewrite, and what parse5, a parser that follows the whole
// standard, says of it.
//
//   link_rewrite.mjs make SEED COUNT FOLDER     makes a folder for each of some
//                                               settings: `set`, and COUNT times N.html
//   link_rewrite.mjs check FOLDER               compares N.html with N.out, unless there
//                                               is N.refused

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const found = createRequire(join(process.cwd(), 'x.js')).resolve('parse5');
const { Parser } = await import(pathToFileURL(found.replace(/dist\/cjs\//, 'dist/')));

/** A generator of numbers (mulberry32). */
function numbers(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const SETTINGS = [
  { from: ['http://old.example'], to: ['https://new.example'] },
  { from: ['http://old.example/a', 'http://old.example/', '/x'], to: ['/a&b', '', 'http://n/"\'= x'] },
  { from: ['//Old.example', '/x?a=1&b=', 'http:'], to: ['', '/y?c=<>&d=', 'https:'] },
];
const PIECES = [
  'http://old.example', 'HTTP://OLD.example', 'http://old.example/', 'http://old.example/a', 'http://old.example/ab',
  'http://old.examples/', '//old.example/q', '/x', '/x/y', '/xy', '/x?a=1&amp;b=2', '/x?a=1&b=2', '/x?a=1&ampb=2', '&#47;x',
  '&sol;x', '&#x68;ttp://old.example/a', 'http&colon;//old.example', '&lt;', '&copy', '', 'mailto:a@b', '#top', '\u00e9',
  'http://old.example?q', 'http://old.example#f', '&#0;', '&#200;', '&bogus;', '>', '<', '=',
];
const NAMES = ['href', 'HREF', 'src', 'srcset', 'title', 'action', 'xlink:href', 'data-href', 'hrefs', 'poster', 'id', '=', 'a"b'];
const TAGS = ['a', 'A', 'img', 'link', 'p', 'div', 'form', 'br', 'template', 'noscript', 'table', 'td', 'tr', 'span', 'b',
  'head', 'body', 'html', 'base', 'video', 'col', 'li', 'button', 'h1', 'option', 'foo-bar', 'input', 'image', 'center'];
const RAW = ['script', 'style', 'title', 'textarea', 'xmp', 'iframe', 'noembed', 'noframes', 'SCRIPT'];
const FOREIGN = ['svg', 'math', 'g', 'path', 'foreignObject', 'desc', 'title', 'style', 'a', 'use', 'image', 'mi', 'p', 'script'];

function document(random) {
  const one = (list) => list[random(list.length)];
  const chance = (of) => random(of) === 0;
  const blank = () => one(['', ' ', '\n', '\t', ' \r\n', '/']);
  const url = () => blank().replace('/', '') + one(PIECES) + (chance(3) ? one(PIECES) : '');
  const attribute = () => {
    const name = one(NAMES);
    if (chance(8)) return name;
    let value = name === 'srcset' || chance(20) ? list() : url();
    const quote = one(['"', '"', "'", '']);
    if (quote) value = value.replaceAll(quote, '');
    else if (!chance(30)) value = value.replace(/[\s>"']/g, '') || 'v';
    return name + one(['=', '=', ' = ', '=\n']) + quote + value + quote;
  };
  const list = () => Array.from({ length: 1 + random(3) }, () => url() + one(['', ' 2x', ' 100w', ' (a,b) 1x', ' a(b,c', '  ']))
    .join(one([',', ', ', ' , ', ',,']));
  const tag = (name, close = '') => {
    let text = `<${close}${name}`;
    for (let left = random(4); left > 0; left--) text += one([' ', ' ', '\n', '/', ' / ']) + attribute();
    return text + blank() + (chance(60) ? '' : '>');
  };
  const rough = () => one([
    '<', '</', '</>', '<!', '<!>', '<?php a ?>', '<!doctype html>', '<!DOCTYPE html PUBLIC "a>b">', '<!-', '</ a>', '<1', '&amp;',
    '<![CDATA[ x ]]>', '<![CDATA[ <a href=/x> ]]>', '<![CDATA[>]]>', '<![CDATA[ > ', '\u00e9', '<![', '<!---', '<\u00e9>',
  ]);
  const comment = () => one([
    `<!-- ${tag('a')} -->`, '<!-->', '<!--->', '<!---->', `<!-- --!>`, `<!-- <!-- x --> `, `<!--${tag('a')}--!>`, '<!-- - -- > -->',
  ]);
  const inner = () => one([tag('a'), 'x', '<!--', '-->', '<script>', '</script x', '</styl>', '</', '<script ', ' if (a<b)', tag('a')]);
  const raw = () => {
    const name = one(RAW);
    let text = tag(name);
    for (let left = random(5); left > 0; left--) text += inner();
    return text + (chance(15) ? '' : `</${name}${one(['>', ' >', '/>', '\n>'])}`);
  };
  const select = () => `<select>${Array.from({ length: random(4) }, () => one(['<option>', '<option>x</option>', '<optgroup>', 'y', chance(9) ? raw() : '']))
    .join('')}</select>`;
  const foreign = (depth) => {
    const name = depth ? one(FOREIGN) : one(['svg', 'math', 'svg']);
    const open = tag(name).replace(/\/?>?$/, '');
    if (chance(4)) return open + '/>';
    let text = open + '>';
    for (let left = random(4); left > 0; left--) text += one([() => 'x', rough, comment, () => (depth < 3 ? foreign(depth + 1) : 'y')])();
    return text + (chance(25) ? '' : `</${name}>`);
  };
  const parts = [
    () => tag(one(TAGS)), () => tag(one(TAGS)), () => `</${one(TAGS)}>`, () => 'text & more\n', () => tag(one(TAGS), '/'), rough, comment,
    raw, () => (chance(3) ? select() : 'x'), () => (chance(3) ? foreign(0) : 'y'),
    () => (chance(60) ? one(['<plaintext>', '<frameset>', '<select>', '</svg>']) : 'z'),
  ];
  let text = chance(3) ? '<!doctype html>' : '';
  for (let left = [0, 1, 4, 20, 60][random(5)]; left > 0; left--) text += one(parts)();
  return text;
}

/** The places of the URLs in a list, by the standard's own steps. */
function imageUrls(value) {
  const urls = [];
  const isSpace = (char) => ' \t\n\f\r'.includes(char);
  let at = 0;
  while (at < value.length) {
    while (at < value.length && (isSpace(value[at]) || value[at] === ',')) at++;
    if (at === value.length) break;
    const start = at;
    while (at < value.length && !isSpace(value[at])) at++;
    const url = value.slice(start, at);
    const stripped = url.replace(/,+$/, '');
    urls.push([start, stripped.length]);
    if (stripped !== url) continue;
    let state = 'descriptor';
    for (; at < value.length; at++) {
      const char = value[at];
      if (state === 'parens') state = char === ')' ? 'descriptor' : state;
      else if (char === '(') state = 'parens';
      else if (char === ',') break;
    }
  }
  return urls;
}

const SINGLE = ['action', 'background', 'cite', 'formaction', 'href', 'longdesc', 'poster', 'src', 'xlink:href'];
const bytesOf = (text) => Buffer.from(text, 'utf8').toString('latin1');

/** Whether a URL begins with a prefix. */
function begins(url, prefix) {
  const head = /^([a-z][a-z0-9+.-]*:)?\/\/[^/?#]*/i.exec(prefix)?.[0].length ?? 0;
  const same = url.slice(0, head).toLowerCase() === prefix.slice(0, head).toLowerCase();
  if (!same || url.slice(head, prefix.length) !== prefix.slice(head) || url.length < prefix.length) return false;
  return url.length === prefix.length || '/?#'.includes(url[prefix.length]) || '/?#=&'.includes(prefix.at(-1));
}

/** What a decoded value becomes; undefined if it has no link that matches. */
function newValue(value, isList, { from, to }) {
  const places = isList ? imageUrls(value) : [[/^[\t\n\f\r ]*/.exec(value)[0].length, Infinity]];
  let text = '';
  let done = 0;
  let links = 0;
  for (const [start, length] of places) {
    const url = value.slice(start, start + length);
    const pair = from.findIndex((prefix) => begins(url, bytesOf(prefix)));
    if (pair < 0) continue;
    text += value.slice(done, start) + bytesOf(to[pair]);
    done = start + bytesOf(from[pair]).length;
    links++;
  }
  return links ? text + value.slice(done) : undefined;
}

/** The attributes of all start tags, in order, as parse5's tokens have them while it
 * builds the tree: with their decoded values and their places. */
function attributesOf(html) {
  const all = [];
  class Recorder extends Parser {
    onStartTag(token) {
      for (const { name, value } of token.attrs) {
        const { startOffset, endOffset } = token.location.attrs[name];
        all.push({ name, value, start: startOffset, end: endOffset });
      }
      super.onStartTag(token);
    }
  }
  Recorder.parse(html, { sourceCodeLocationInfo: true, scriptingEnabled: false });
  return all;
}

function make(seed, count, folder) {
  SETTINGS.forEach((settings, at) => {
    const place = join(folder, String(at));
    mkdirSync(place);
    const words = [...settings.from.map((text) => `from=${text}`), ...settings.to.map((text) => `to=${text}`)];
    writeFileSync(join(place, 'set'), words.join('\n'));
    for (let number = 0; number < count; number++) {
      const html = bytesOf(document(numbers(seed * 1000003 + at * 100003 + number)));
      writeFileSync(join(place, `${number}.html`), Buffer.from(html, 'latin1'));
    }
  });
}

/** Compares one document: whatever is no link that matches stands there as before,
 * byte for byte, and each link that matches has the new value. */
function compare(file, settings) {
  const [before, after] = [file, file.replace(/html$/, 'out')].map((path) => readFileSync(path, 'latin1'));
  const [old, now] = [attributesOf(before), attributesOf(after)];
  const wrong = (why, at) => {
    console.error(`${file}: ${why}\n${JSON.stringify(before.slice(Math.max(0, at - 150), at + 150))}`);
    process.exit(1);
  };
  let [oldDone, newDone, links] = [0, 0, 0];
  if (old.length !== now.length) wrong(`${old.length} attributes, then ${now.length}`, 0);
  old.forEach((attribute, at) => {
    const { name, value, start, end } = attribute;
    const isList = name === 'srcset' || name === 'imagesrcset';
    const expected = isList || SINGLE.includes(name) ? newValue(value, isList, settings) : undefined;
    const found = now[at];
    if (before.slice(oldDone, start) !== after.slice(newDone, found.start)) wrong('bytes before an attribute changed', start);
    if (found.name !== name) wrong('an attribute has another name', start);
    if (found.value !== (expected ?? value)) wrong(`\`${found.value}\` instead of \`${expected ?? value}\``, start);
    if (expected === undefined && before.slice(start, end) !== after.slice(found.start, found.end)) wrong('written anew', start);
    links += expected !== undefined;
    [oldDone, newDone] = [end, found.end];
  });
  if (before.slice(oldDone) !== after.slice(newDone)) wrong('bytes after the last attribute changed', oldDone);
  return links;
}

/** Compares all documents that the plugin has not refused. */
function check(folder) {
  let links = 0;
  SETTINGS.forEach((settings, at) => {
    for (const name of readdirSync(join(folder, String(at)))) {
      const refused = existsSync(join(folder, String(at), name.replace(/html$/, 'refused')));
      if (name.endsWith('.html') && !refused) links += compare(join(folder, String(at), name), settings);
    }
  });
  console.log(links);
}

if (process.argv[2] === 'make') make(Number(process.argv[3]), Number(process.argv[4]), process.argv[5]);
else check(process.argv[3]);
