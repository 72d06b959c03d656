// The tokens of HTML, as the standard's section 13.2.5 has them: start tags with
// the places of their attributes, end tags, comments, and text that is no markup.
// Which text that is depends on the tree of elements in a few cases; `region`
// follows them as far as it must, and gives up where it cannot know.

/** What the text after these start tags is: raw up to the end tag. */
const RAW = new Set(['iframe', 'noembed', 'noframes', 'script', 'style', 'textarea', 'title', 'xmp']);
const IN_SELECT = new Set(['option', 'optgroup', 'hr']);
const VOID = new Set([
  'area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr', 'param',
]);

const MAYBE = 'whether this is markup depends on the whole tree of elements (there is SVG, MathML, a list of choices or a '
  + 'frameset around it), which this plugin does not build';
const NAME = /[^\t\n\f\r />]*/y;
const GAP = /[\t\n\f\r /]*/y;
const BLANK = /[\t\n\f\r ]*/y;
const ATTRIBUTE = /=?[^\t\n\f\r />=]*/y;
const UNQUOTED = /[^\t\n\f\r >]*/y;
const COMMENT_END = /--!?>/g;

/** Where a match of a sticky pattern ends. */
function skip(pattern, text, at) {
  pattern.lastIndex = at;
  pattern.test(text);
  return pattern.lastIndex;
}

/** Where `pattern`, which has the flag g, is found; -1 if it is not. */
function find(pattern, text, from) {
  pattern.lastIndex = from;
  const found = pattern.exec(text);
  return found ? found.index : -1;
}

const endTag = new Map([...RAW].map((name) => [name, new RegExp(`</${name}[\\t\\n\\f\\r />]`, 'gi')]));

const ASCII_UPPER = /[A-Z]/g;
/** Letters of ASCII in lower case: other bytes are parts of characters. */
export const lower = (name) => name.replace(ASCII_UPPER, (letter) => letter.toLowerCase());

export class Reader {
  // The name of the element whose text is read, if it is raw; `plaintext` never
  // ends.
  #raw = '';
  #region = new Region();
  #hasTemplate = false;

  /** Reads as many whole tokens as there are: `{ consumed, problem }`. Calls `onTag`
   * with the attributes of each start tag. */
  read(text, last, onTag) {
    let at = 0;
    for (;;) {
      const next = this.#raw ? this.#rawEnd(text, at) : text.indexOf('<', at);
      // Of raw text, which may have parts itself, nothing is consumed alone.
      if (next < 0) return { consumed: last || !this.#raw || this.#raw === 'plaintext' ? text.length : at };
      this.#raw = '';
      const token = readToken(text, next);
      if (token === undefined) return { consumed: last ? text.length : next };
      at = token.end;
      if (token.kind === 'start') {
        const problem = this.#doubt(token, text, last);
        if (problem === 'more') return { consumed: next };
        if (problem) return { consumed: next, problem };
        this.#start(token);
        onTag(token.attributes);
      } else if (token.kind === 'end') this.#region.end(token.name);
      else if (token.kind === 'cdata' && this.#region.isOpen) {
        const end = text.indexOf(']]>', next);
        if (end < 0 && !last) return { consumed: next };
        // A comment up to the first `>`, or text up to the end: the same, if there
        // is no markup between.
        const between = text.slice(at, end < 0 ? text.length : end);
        if (between.includes('<') || end < 0) return { consumed: next, problem: MAYBE };
        at = end + 3;
      }
    }
  }

  /** Why the text after a start tag cannot be read: a problem, or `more` text is
   * needed to say that. */
  #doubt({ name, selfClosing, end }, text, last) {
    if (!this.#region.isOpen) return '';
    if (name === 'plaintext') return MAYBE;
    if (!RAW.has(name)) return '';
    // Raw text or markup: the same, if there is no tag before the end tag.
    const stop = find(endTag.get(name), text, end);
    if (stop < 0 && !last) return 'more';
    return stop < 0 || selfClosing || text.slice(end, stop).includes('<') ? MAYBE : '';
  }

  /** What a start tag does to what comes after it. */
  #start({ name, selfClosing }) {
    if (name === 'template') this.#hasTemplate = true;
    if (name === 'frameset' || (name === 'col' && this.#hasTemplate)) this.#region.confuse();
    if (!this.#region.isOpen && (RAW.has(name) || name === 'plaintext')) this.#raw = name;
    this.#region.start(name, selfClosing);
  }

  /** Where the end tag of raw text stands; -1 if it does not. */
  #rawEnd(text, at) {
    if (this.#raw === 'plaintext') return -1;
    if (this.#raw !== 'script') return find(endTag.get(this.#raw), text, at);
    return scriptEnd(text, at);
  }
}

const SCRIPT = /<!--|<\/script[\t\n\f\r />]/gi;
const ESCAPED = /-->|<\/?script[\t\n\f\r />]/gi;
const TWICE = /-->|<\/script[\t\n\f\r />]/gi;

/** Where a script's end tag stands. In `<!-- <script> </script> -->` the first one
 * is none. */
function scriptEnd(text, at) {
  let pattern = SCRIPT;
  for (;;) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) return -1;
    at = pattern.lastIndex;
    const isEnd = found[0][1] === '/';
    if (pattern !== TWICE && isEnd) return found.index;
    if (found[0] === '<!--') {
      pattern = ESCAPED;
      at -= 2; // `<!-->` is whole
    } else if (found[0] === '-->') pattern = SCRIPT;
    else pattern = pattern === TWICE ? ESCAPED : TWICE;
  }
}

/** The token that begins with the `<` at `at`; undefined if it does not end here.
 */
function readToken(text, at) {
  const next = text[at + 1];
  if (next === undefined) return undefined;
  if (/[a-z]/i.test(next)) return readTag(text, at + 1, 'start');
  if (next === '/') {
    if (at + 2 >= text.length) return undefined;
    if (/[a-z]/i.test(text[at + 2])) return readTag(text, at + 2, 'end');
    return upTo('>', text, at + 2);
  }
  if (next === '?') return upTo('>', text, at + 2);
  if (next !== '!') return { kind: 'text', end: at + 1 };
  // Seven bytes tell a comment, and `[CDATA[`, from others.
  const start = text.slice(at + 2, at + 9);
  if (start.startsWith('--')) {
    if (/^-?>/.test(start.slice(2))) return upTo('>', text, at + 4);
    if (start.length < 4) return undefined;
    COMMENT_END.lastIndex = at + 4;
    return COMMENT_END.test(text) ? { kind: 'comment', end: COMMENT_END.lastIndex } : undefined;
  }
  if (start.length < 7 && ('[CDATA['.startsWith(start) || start === '-')) return undefined;
  return upTo('>', text, at + 2, start === '[CDATA[' ? 'cdata' : 'comment');
}

function upTo(what, text, from, kind = 'comment') {
  const end = text.indexOf(what, from);
  return end < 0 ? undefined : { kind, end: end + what.length };
}

/** A tag whose name begins at `at`. */
function readTag(text, at, kind) {
  const nameEnd = skip(NAME, text, at);
  const name = lower(text.slice(at, nameEnd));
  const attributes = [];
  const seen = new Set();
  at = nameEnd;
  for (;;) {
    const start = skip(GAP, text, at);
    if (start >= text.length) return undefined;
    if (text[start] === '>') {
      return { kind, name, attributes, selfClosing: text[start - 1] === '/' && start > at, end: start + 1 };
    }
    at = skip(ATTRIBUTE, text, start);
    const attribute = lower(text.slice(start, at));
    // Of attributes with one name, the first counts.
    const isFirst = !seen.has(attribute);
    seen.add(attribute);
    const equals = skip(BLANK, text, at);
    if (equals >= text.length) return undefined;
    if (text[equals] !== '=') continue;
    let value = skip(BLANK, text, equals + 1);
    if (value >= text.length) return undefined;
    const quote = text[value] === '"' || text[value] === "'" ? text[value] : '';
    let valueEnd;
    if (quote) {
      valueEnd = text.indexOf(quote, ++value);
      if (valueEnd < 0) return undefined;
      at = valueEnd + 1;
    } else {
      valueEnd = skip(UNQUOTED, text, value);
      if (valueEnd >= text.length) return undefined;
      at = valueEnd;
    }
    if (isFirst) attributes.push({ name: attribute, start: value, end: valueEnd, quote });
  }
}

/** Follows elements in which markup means something else: SVG and MathML, lists
 * of choices, and framesets. While it is open, the meaning is in doubt. */
class Region {
  #stack = [];
  #confused = false;

  get isOpen() {
    return this.#confused || this.#stack.length > 0;
  }

  /** From here on, nothing is certain. */
  confuse() {
    this.#confused = true;
  }

  start(name, selfClosing) {
    if (!this.#stack.length) {
      if (name === 'select' || ((name === 'svg' || name === 'math') && !selfClosing)) this.#stack.push(name);
      return;
    }
    if (this.#stack[0] === 'select') {
      if (!IN_SELECT.has(name)) this.#confused = true;
    } else if (!selfClosing && !VOID.has(name)) this.#stack.push(name);
  }

  end(name) {
    if (!this.#stack.length) return;
    if (this.#stack[0] === 'select') {
      if (name === 'select') this.#stack = [];
      else if (!IN_SELECT.has(name)) this.#confused = true;
    } else if (this.#stack.pop() !== name) this.#confused = true;
  }
}
