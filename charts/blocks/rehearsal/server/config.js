'use strict';

/**
 * What REHEARSAL declares, with the values of the variables it names.
 * @typedef {{ name: string, kind: 'postgres' | 'bolt' | 'redis' | 'http', url: string, user?: string, password?: string,
 *   path?: string, header?: string }} Connection
 *   `path` and `header` are for http: what is fetched, and the header that carries the password (Qdrant: `api-key`).
 * @typedef {{ name: string, port?: number, metricsPort?: number, health: string[], metrics?: string,
 *   connections: Connection[] }} Config
 * @typedef {Record<string, string | undefined>} Environment
 */

const kinds = ['postgres', 'bolt', 'redis', 'http'];

/** @param {unknown} value */
const isPort = (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65535;
/** @param {unknown} value */
const isPath = (value) => typeof value === 'string' && value.startsWith('/');
/** @param {unknown} value */
const isText = (value) => typeof value === 'string' && value !== '';

/**
 * Reads REHEARSAL and the variables it names. All problems are found in one go; the config counts only if there is none.
 * @param {Environment} environment
 * @returns {{ config: Config, problems: string[] }}
 */
function readConfig(environment) {
  /** @type {Config} */
  const nothing = { name: '', health: [], connections: [] };
  if (!environment.REHEARSAL) return { config: nothing, problems: ['expected REHEARSAL to be set, got nothing'] };
  let declared;
  try {
    declared = JSON.parse(environment.REHEARSAL);
  } catch {
    return { config: nothing, problems: ['expected REHEARSAL to be JSON, got something that does not parse'] };
  }
  if (declared === null || typeof declared !== 'object' || Array.isArray(declared)) {
    return { config: nothing, problems: ['expected REHEARSAL to be a JSON object'] };
  }

  /** @type {string[]} */
  const problems = [];
  /** @type {(good: boolean, key: string, wanted: string, value: unknown) => void} */
  const expect = (good, key, wanted, value) => {
    if (!good) problems.push(`expected REHEARSAL.${key} to be ${wanted}, got ${JSON.stringify(value) ?? 'nothing'}`);
  };
  const { name, port, metricsPort, metrics } = declared;
  const health = declared.health ?? [];
  const connections = declared.connections ?? [];
  const aPort = 'a port from 1 to 65535';
  expect(isText(name), 'name', 'a name', name);
  // A worker serves nothing but metrics: one of the two ports is enough.
  if (port !== undefined || metricsPort === undefined) expect(isPort(port), 'port', aPort, port);
  if (metricsPort !== undefined) expect(isPort(metricsPort), 'metricsPort', aPort, metricsPort);
  if (metrics) expect(isPath(metrics), 'metrics', 'a path', metrics);
  expect(Array.isArray(health) && health.every(isPath), 'health', 'a list of paths', health);
  expect(Array.isArray(connections), 'connections', 'a list', connections);
  if (problems.length > 0 && !Array.isArray(connections)) return { config: nothing, problems };

  const resolved = connections.map((/** @type {any} */ connection, /** @type {number} */ index) => {
    const key = `connections[${index}]`;
    expect(isText(connection?.name), `${key}.name`, 'a name', connection?.name);
    expect(kinds.includes(connection?.kind), `${key}.kind`, `one of ${kinds.join(', ')}`, connection?.kind);
    expect(isText(connection?.url), `${key}.url`, 'the name of a variable', connection?.url);
    /** @type {Record<string, string | undefined>} */
    const values = {};
    for (const field of ['url', 'user', 'password']) {
      const variable = connection?.[field];
      if (!isText(variable)) continue;
      values[field] = environment[variable];
      if (values[field]) continue;
      problems.push(
        `expected ${variable} to be set: it is the ${field} of connection \`${connection.name}\`, got nothing`,
      );
    }
    return { ...connection, ...values };
  });
  return {
    config: {
      name,
      ...(port !== undefined && { port }),
      ...(metricsPort !== undefined && { metricsPort }),
      ...((metrics || metricsPort !== undefined) && { metrics: metrics || '/metrics' }),
      // The exec probe needs a path to ask even where the application has none.
      health: health.length > 0 ? health : ['/health'],
      connections: resolved,
    },
    problems,
  };
}

/**
 * Ends the process when problems were found: a line for each on stderr, exit code 64 (bad usage).
 * @param {string[]} problems
 */
function refuse(problems) {
  if (problems.length === 0) return;
  process.stderr.write(problems.map((problem) => `${problem}\n`).join(''));
  process.exit(64);
}

module.exports = { readConfig, refuse };
