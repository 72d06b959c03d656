// Rewrites the beginnings of URLs in the attributes of HTML.
//
// The tokens of HTML depend on what stands before them (a script, a comment, a
// value in quotes), so the framing is sequential: one instance reads the file in
// order, and `state` is what it has read. A window ends in the middle of a tag:
// it is then consumed up to that tag, which the next window begins with.

import { byteString, Failure, framing, plugin, utf8 } from './runner/index.js';
import { lower, Reader } from './html.js';
import { Urls } from './urls.js';

/** Attributes that hold one URL, and those that hold a list for images. */
const SINGLE = ['action', 'background', 'cite', 'formaction', 'href', 'longdesc', 'poster', 'src', 'xlink:href'];
const LISTS = ['imagesrcset', 'srcset'];

let reader;
let urls;
let names;

export const guest = plugin({
  name: 'link-rewrite',
  version: '0.1.0',
  summary: 'Rewrites the beginnings of URLs in HTML',
  license: 'Apache-2.0',
  params: {
    from: { kind: 'text', required: true, repeats: true, doc: 'What a URL begins with, such as http://old.example/docs' },
    to: { kind: 'text', required: true, repeats: true, doc: 'What stands there instead; as many as there are of `from`' },
    attribute: { kind: 'text', repeats: true, doc: 'An attribute that holds a URL (default: href, src, srcset and others)' },
  },
  framing: framing.sequential(),
  text: true,
  deterministic: true,
  counts: ['links'],
  begin(params) {
    reader = new Reader();
    urls = new Urls(params.from, params.to);
    names = new Set(params.attribute.length ? params.attribute.map((name) => lower(byteString(utf8(name)))) : [...SINGLE, ...LISTS]);
  },
  transform(edits) {
    const { text, last } = edits.window;
    const onTag = (attributes) => {
      for (const { name, start, end, quote } of attributes) {
        if (!names.has(name)) continue;
        const value = text.slice(start, end);
        for (const edit of urls.rewritten(value, quote, LISTS.includes(name))) {
          edits.replace(start + edit.start, start + edit.end, edit.bytes);
          edits.count('links', edit.links);
        }
      }
    };
    const { consumed, problem } = reader.read(text, last, onTag);
    if (problem) throw new Failure(problem, consumed);
    edits.consumed(consumed);
  },
});
