// Which regular expressions may be searched for in a whole window at once.
//
// `edits.sub` promises that a pattern sees one record at a time, because a
// window holds as many records as the host likes, and often not neighbours. A
// search of the whole window is faster. It finds the same if the pattern can
// neither match a line end nor ask whether it stands at the end of the text.
// In doubt the answer is no, and each record is searched on its own.

/** `{ lines, prefix, anchored }`: whether a search of many lines finds what a search
 * of each would; the length of what stands before group 1, or -1 if that is
 * not always the same text; whether there are `^` or `$`. */
export function analyse(regex) {
  const { source, flags } = regex;
  // Modes inside the pattern, and patterns that match nothing at all, are rare.
  let lines = !/[suv]/.test(flags) && !/\(\?[a-z-]/.test(source);
  lines &&= !new RegExp(source, flags.replace(/[gyd]/g, '')).test('');
  let anchored = false;
  let inClass = false;
  let negated = false;
  let depth = 0;
  let alternatives = false;
  // A group that begins after plain characters; where it ends.
  const plain = /^[A-Za-z0-9_=:;,"'<>@#%&~! -]*\((?!\?)/.exec(source);
  let prefix = plain && !flags.includes('i') ? plain[0].length - 1 : -1;
  let closed = false;
  for (let at = 0; at < source.length; at++) {
    const char = source[at];
    const code = source.charCodeAt(at);
    if (code < 32 || code > 126) lines = false;
    if (char === '\\') {
      const next = source[++at];
      // What stands for a line end, or may.
      const named = inClass && negated && /[ns]/.test(next);
      if (/[sncuxpPDW0]/.test(next) && !named) lines = false;
      if (/\d/.test(next) && /\d/.test(source[at + 1] ?? '')) lines = false;
      if (inClass && (source[at + 1] === '-' || source[at - 2] === '-')) lines = false;
    } else if (inClass) {
      if (char === ']') inClass = false;
    } else if (char === '[') {
      inClass = true;
      negated = source[at + 1] === '^';
      // A negated class holds the line end unless it names it.
      if (negated && !namesLineEnd(source, at)) lines = false;
      if (negated) at++;
    } else if (char === '^' || char === '$') {
      anchored = true;
      if (!flags.includes('m')) lines = false;
    } else if (char === '(') depth++;
    else if (char === ')') {
      depth--;
      if (depth === 0 && !closed) {
        closed = true;
        if (/[*+?{]/.test(source[at + 1] ?? '')) prefix = -1;
      }
    } else if (char === '|' && depth === 0) alternatives = true;
  }
  if (alternatives) prefix = -1;
  return { lines, prefix, anchored };
}

/** Whether the class that begins at `at` has `\n` or `\s` in it. */
function namesLineEnd(source, at) {
  const rest = /^\[\^((?:\\.|[^\]\\])*)\]/.exec(source.slice(at));
  return rest !== null && /^(?:[^\\]|\\[^ns])*\\[ns]/.test(rest[1]);
}
