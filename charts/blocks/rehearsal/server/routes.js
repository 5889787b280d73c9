'use strict';

const { hostname } = require('node:os');
const { setTimeout: sleep } = require('node:timers/promises');
const { URLSearchParams } = require('node:url');

/**
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('node:http').ServerResponse} Response
 * @typedef {{ config: import('./config.js').Config, metrics: import('./metrics.js').Metrics,
 *   results: Map<string, import('./connections.js').Result>, stopping: boolean }} Application
 */

/**
 * A whole number from a query parameter; undefined if it is absent.
 * @param {URLSearchParams} query
 * @param {string} name
 * @param {number} least
 * @param {number} most
 */
function numberOf(query, name, least, most) {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (/^\d{1,6}$/.test(text) && value >= least && value <= most) return value;
  throw new RangeError(`expected \`${name}\` to be a whole number from ${least} to ${most}`);
}

/**
 * Answers one request.
 * @param {Application} application
 * @param {Request} request
 * @param {Response} response
 * @param {boolean} servesMetrics whether the metrics belong to the port that was asked
 */
async function answer(application, request, response, servesMetrics) {
  const { config, metrics, results } = application;
  const service = config.name;
  /** @type {(status: number, body: string | object, type?: string) => void} */
  const send = (status, body, type = 'application/json') => {
    // Asked as late as possible: a request in flight at SIGTERM must not leave a kept-alive connection behind.
    if (application.stopping) response.setHeader('connection', 'close');
    response.writeHead(status, { 'content-type': type });
    response.end(typeof body === 'string' ? body : `${JSON.stringify(body)}\n`);
  };

  const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  let received = 0;
  for await (const chunk of request) received += chunk.length;

  let status;
  try {
    // Whatever the path: errors, latency and a graceful stop can be rehearsed on every route.
    status = numberOf(query, 'status', 200, 599);
    await sleep(numberOf(query, 'delay', 0, 30_000) ?? 0);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return send(400, { service, error: error.message });
  }

  if (status === undefined && config.health.includes(path)) {
    const up = [...results.values()].every((result) => result.status === 'up');
    const body = { service, status: up ? 'up' : 'down', connections: Object.fromEntries(results) };
    return send(up ? 200 : 503, body);
  }
  if (status === undefined && servesMetrics && path === config.metrics) {
    return send(200, metrics.text(results), 'text/plain; version=0.0.4; charset=utf-8');
  }
  const { method, headers } = request;
  const forwarded = {
    for: headers['x-forwarded-for'] ?? null,
    proto: headers['x-forwarded-proto'] ?? null,
    prefix: headers['x-forwarded-prefix'] ?? null,
  };
  send(status ?? 200, {
    service,
    pod: hostname(),
    method,
    path,
    query: search,
    host: headers.host ?? null,
    forwarded,
    received,
  });
}

module.exports = { answer };
