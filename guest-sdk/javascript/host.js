// What a plugin may ask of the host.

import { log as send, tableRead, tableSize } from 'runner:plugin/host@0.2.0';
import { integer, own, string } from './check.js';

const at = (level) => (message) => send(level, string(message, `the message of log.${level}`));

/** Says something to the user, at one of five levels. */
export const log = {
  trace: at('trace'),
  debug: at('debug'),
  info: at('info'),
  warn: at('warn'),
  error: at('error'),
};

/** A table that the user has given, or undefined. */
export function openTable(name) {
  const size = tableSize(string(name, 'the name of a table'));
  if (size === undefined || size === null) return undefined;
  const read = (offset, length) =>
    own(
      tableRead(
        name,
        BigInt(integer(Number(offset), 'the offset of a table', 0, Number.MAX_SAFE_INTEGER)),
        integer(length, 'the length read from a table', 0, 0xffffffff),
      ),
    );
  return { size, read };
}
