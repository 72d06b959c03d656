// Write plugins for `runner` in JavaScript. `index.d.ts` documents every item.

import { Failure, array, big, boolean, byteString, data, keys, latin1, own, shown, string, utf8 } from './check.js';
import { Edits } from './edits.js';
import { log, openTable } from './host.js';
import { JOB, framing, makeJob } from './job.js';
import { Window } from './window.js';

export { Edits, Failure, Window, byteString, framing, latin1, log, openTable, utf8 };

const KINDS = ['text', 'integer', 'boolean', 'secret', 'bytes', 'choice'];
const S64 = 1n << 63n;

/** Declares a plugin; export the result as `guest`. */
export function plugin(options) {
  const { name, version = '0.1.0', summary, license = 'Apache-2.0', params = {}, tables = {}, seed } = keys(
    options,
    ['name', 'version', 'summary', 'license', 'params', 'tables', 'seed', 'begin', 'transform', ...JOB],
    'plugin',
  );
  for (const hook of ['begin', 'transform']) {
    if (typeof options[hook] !== 'function' && (hook === 'transform' || options[hook] !== undefined)) {
      throw new TypeError(`\`${hook}\` must be a function, not ${shown(options[hook])}`);
    }
  }
  const manifest = {
    name: string(name, '`name`'),
    version: string(version, '`version`'),
    summary: string(summary, '`summary`'),
    license: string(license, '`license`'),
    params: Object.entries(params).map(([key, spec]) => rawParam(key, spec)),
    tables: Object.entries(tables).map(([key, table]) => {
      const { doc, required } = keys(table, ['doc', 'required'], `the table \`${key}\``);
      return { name: key, required: boolean(required, '`required`'), doc: string(doc, `the doc of \`${key}\``) };
    }),
    seed: boolean(seed, '`seed`'),
  };
  const declared = Object.fromEntries(JOB.filter((key) => key in options).map((key) => [key, options[key]]));
  const standard = makeJob(declared);
  let state;

  return {
    describe: () => manifest,
    begin: (given, file) =>
      guarded(() => {
        const values = paramValues(params, given);
        const { size, head, seed: chosen } = file;
        const answer = options.begin?.(values, { size, head: own(head), seed: chosen });
        const job = answer === undefined ? standard : makeJob({ ...declared, ...jobOf(answer) });
        state = { values, job };
        return job.raw;
      }),
    transform: (raw) =>
      guarded(() => {
        const window = new Window(raw, state.job.framing);
        const edits = new Edits(window, state.job);
        const answer = options.transform(edits, state.values);
        if (typeof answer?.then === 'function') throw new TypeError('`transform` must not be async');
        return edits.finish();
      }),
  };
}

function jobOf(answer) {
  if (typeof answer?.then === 'function') throw new TypeError('`begin` must not be async');
  return keys(answer, JOB, 'what begin returns');
}

function rawParam(name, spec) {
  const place = `the parameter \`${name}\``;
  const known = ['kind', 'doc', 'default', 'required', 'repeats', 'fromFile', 'choices'];
  const { kind, doc, required, repeats, fromFile, choices, ...rest } = keys(spec, known, place);
  if (!KINDS.includes(kind)) throw new TypeError(`the kind of ${place} must be one of ${KINDS.join(', ')}, not ${shown(kind)}`);
  return {
    name,
    kind,
    use: {
      required: boolean(required, `\`required\` of ${place}`),
      repeats: boolean(repeats, `\`repeats\` of ${place}`),
      fromFile: boolean(fromFile, `\`fromFile\` of ${place}`),
    },
    default: rest.default === undefined ? undefined : defaultText(kind, rest.default, `the default of ${place}`),
    doc: string(doc, `\`doc\` of ${place}`),
    choices: array(choices, `\`choices\` of ${place}`).map((word) => string(word, `a choice of ${place}`)),
  };
}

function defaultText(kind, value, place) {
  if (kind === 'integer') return String(big(value, place, -S64, S64 - 1n));
  if (kind === 'boolean') return String(boolean(value, place));
  if (kind !== 'bytes') return string(value, place);
  const plain = (byte) => byte >= 32 && byte < 127 && byte !== 92;
  const escape = (byte) => `\\x${byte.toString(16).padStart(2, '0')}`;
  return Array.from(data(value, place), (byte) => (plain(byte) ? String.fromCharCode(byte) : escape(byte))).join('');
}

/** The parameters by name, and as `given`, which `Object.keys` does not show. */
function paramValues(params, given) {
  const values = {};
  for (const [name, { repeats }] of Object.entries(params)) if (repeats) values[name] = [];
  const list = Array.from(given, ({ name, value }) => [name, value.tag === 'bytes' ? own(value.val) : value.val]);
  for (const [name, value] of list) {
    if (params[name].repeats) values[name].push(value);
    else values[name] = value;
  }
  Object.defineProperty(values, 'given', { value: list, enumerable: false });
  return values;
}

/** An exception becomes a failure: its message for the user, and its stack in
 * the log for the author of the plugin. */
function guarded(call) {
  try {
    return call();
  } catch (error) {
    if (error instanceof Failure) throw { message: error.message, position: error.position };
    // The engine throws this text, not an object, when its memory is used up.
    if (error === 'out of memory') throw { message: 'out of memory: give the plugin more with --memory', position: undefined };
    const what = error instanceof Error ? `${error.name}: ${error.message}` : `a thrown ${shown(error)}`;
    const stack = String(error?.stack ?? '').split('\n').filter((line) => line !== '' && !line.includes('initializer.js'));
    for (const line of [what, ...stack.map((frame) => `  at ${frame}`)]) log.error(line);
    const frame = stack.find((line) => /plugin\.js:\d+/.test(line));
    const place = frame ? ` (line ${/plugin\.js:(\d+)/.exec(frame)[1]} of plugin.js)` : '';
    throw { message: what + place, position: undefined };
  }
}
