'use strict';

const { existsSync, openSync, readFileSync, writeSync } = require('node:fs');

/**
 * What was acknowledged: one row in `faults.rows` each. `sent` and `acked` are milliseconds since 1970: pods of several
 * machines need clocks that agree.
 * @typedef {{ writer: string, series: string, n: number, sent: number, acked: number }} Entry
 * A mistake of a series, at a time.
 * @typedef {{ series: string, at: number, error: string }} Failure
 */

const path = '/data/journal';

/** Appends to the journal; it stands on the node's disk, so that it outlives the container. */
function open() {
  const file = openSync(path, 'a');
  /** @param {Entry | Failure} line */
  return (line) => writeSync(file, `${JSON.stringify(line)}\n`);
}

/**
 * Everything since a time. The last line may be half written: by a process that was killed, or is writing now.
 * @param {number} since
 */
function read(since) {
  /** @type {Entry[]} */
  const entries = [];
  /** @type {Failure[]} */
  const failures = [];
  for (const text of existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []) {
    if (!text.endsWith('}')) continue;
    const line = JSON.parse(text);
    if ('error' in line && line.at >= since) failures.push(line);
    else if (line.acked >= since) entries.push(line);
  }
  return { entries, failures };
}

module.exports = { open, read };
