'use strict';

/*
 * The rehearsal server: stands in for an application whose image does not exist yet. It answers the documented paths and opens
 * the connections that the service declares, with the environment that the real application would get.
 * What REHEARSAL may hold: config.js. At night: `curl host:port/health` says which connection is down and why.
 */

const http = require('node:http');
const { performance } = require('node:perf_hooks');
const { readConfig, refuse } = require('./config.js');
const { watch } = require('./connections.js');
const { describe, log } = require('./log.js');
const { Metrics } = require('./metrics.js');
const { answer } = require('./routes.js');
const { WebSockets } = require('./websocket.js');

const DEADLINE_MILLISECONDS = 19_000;
const SILENT_MILLISECONDS = 1000;

const { config, problems } = readConfig(process.env);
refuse(problems);
const service = config.name;
const metrics = new Metrics();
const webSockets = new WebSockets();
const { results, stop: stopChecks } = watch(config.connections, (connection, result) =>
  log(`connection ${result.status}`, { service, connection, ...result }),
);

/** @type {Set<import('node:net').Socket>} */
const sockets = new Set();
/** @type {Set<import('node:net').Socket>} those with a request in flight */
const busy = new Set();
const application = { config, metrics, results, stopping: false };

/** @param {number} port */
function listen(port) {
  const servesMetrics = port === (config.metricsPort ?? config.port);
  const server = http.createServer((request, response) => {
    const { socket } = request;
    const started = performance.now();
    busy.add(socket);
    response.on('close', () => {
      busy.delete(socket);
      // 499 is nginx's word for "the client went away before the answer".
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.observe(request.method ?? 'GET', status, (performance.now() - started) / 1000);
    });
    answer(application, request, response, servesMetrics).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => webSockets.upgrade(request, socket, head));
  server.on('error', (error) => {
    process.stderr.write(`expected port ${port} to be free to listen on: ${describe(error)}\n`);
    process.exit(1);
  });
  return server.listen(port, '0.0.0.0', () => log('start', { service, port }));
}

const ports = new Set([config.port, config.metricsPort].filter((port) => port !== undefined));
const servers = [...ports].map(listen);

/** @param {string} signal */
async function stop(signal) {
  if (application.stopping) return;
  application.stopping = true;
  log('stopping', { service, signal, requests: busy.size });
  setTimeout(() => process.exit(0), DEADLINE_MILLISECONDS).unref();
  stopChecks();
  webSockets.goAway();
  // Node closes idle connections itself, but takes one that never sent a request for busy.
  setTimeout(
    () => [...sockets].filter((socket) => !busy.has(socket)).forEach((socket) => socket.destroy()),
    SILENT_MILLISECONDS,
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  log('stop', { service });
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
