'use strict';

const { performance } = require('node:perf_hooks');
const { describe, redact } = require('./log.js');

/**
 * @typedef {import('./config.js').Connection} Connection
 * @typedef {{ status: 'up', milliseconds: number } | { status: 'down', error: string }} Result
 */

/** @type {Record<Connection['kind'], (connection: Connection, signal: AbortSignal) => Promise<void>>} */
const checks = {
  postgres: require('./postgres.js').check,
  bolt: require('./bolt.js').check,
  redis: require('./redis.js').check,
  http: require('./http-check.js').check,
};

/**
 * Every form in which the password may appear in an error: as it is, and as the URL spells it.
 * @param {Connection} connection
 */
function secretsOf({ url, password = '' }) {
  const inUrl = URL.canParse(url) ? new URL(url).password : (/\/\/[^@]*?:(.+)@/.exec(url)?.[1] ?? '');
  let decoded = '';
  try {
    decoded = decodeURIComponent(inUrl);
  } catch {
    // not percent-encoded after all: the literal form is the only one
  }
  return [password, encodeURIComponent(password), inUrl, decoded];
}

/**
 * Checks one connection once; never throws.
 * @param {Connection} connection
 * @param {number} withinMilliseconds
 * @returns {Promise<Result>}
 */
async function checkOnce(connection, withinMilliseconds) {
  const signal = AbortSignal.timeout(withinMilliseconds);
  const started = performance.now();
  try {
    await checks[connection.kind](connection, signal);
    return { status: 'up', milliseconds: Math.round(performance.now() - started) };
  } catch (error) {
    const text = signal.aborted ? `no answer within ${withinMilliseconds / 1000} s` : describe(error);
    return { status: 'down', error: redact(text, secretsOf(connection)) };
  }
}

/**
 * Checks all connections now and then again and again; rounds never overlap.
 * @param {Connection[]} connections
 * @param {(name: string, result: Result) => void} onChange called when a connection goes up or down
 * @param {{ everyMilliseconds?: number, withinMilliseconds?: number }} [pace]
 * @returns {{ results: Map<string, Result>, stop: () => void }} the last result of each
 */
function watch(connections, onChange, { everyMilliseconds = 5000, withinMilliseconds = 3000 } = {}) {
  /** @type {Map<string, Result>} */
  const results = new Map(connections.map(({ name }) => [name, { status: 'down', error: 'not checked yet' }]));
  const known = new Set();
  let stopped = false;
  /** @type {NodeJS.Timeout} */
  let timer;

  const round = async () => {
    const next = performance.now() + everyMilliseconds;
    await Promise.all(
      connections.map(async (connection) => {
        const { name } = connection;
        const result = await checkOnce(connection, withinMilliseconds);
        if (stopped) return;
        const changed = !known.has(name) || results.get(name)?.status !== result.status;
        known.add(name);
        results.set(name, result);
        if (changed) onChange(name, result);
      }),
    );
    if (!stopped) timer = setTimeout(round, Math.max(0, next - performance.now()));
  };
  void round();

  return {
    results,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

module.exports = { watch };
