'use strict';

/*
 * Makes the secrets of a throw-away environment, inside its cluster: whatever the inventory needs gets a random value. A key of
 * somebody else's service opens nothing then, but the programs start; keys that are optional are left out.
 * A secret that exists is never touched, so running it again is safe. Values go to the API server and nowhere else.
 */

const { randomBytes } = require('node:crypto');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { refuse } = require('./config.js');
const { describe, log, redact } = require('./log.js');

/**
 * @typedef {{ key: string, origin: string, characters: number, minimum: number, optional: boolean }} Key
 * @typedef {{ name: string, keys: Key[] }} Declared
 */

const RETRY_MILLISECONDS = 60_000;
const { INVENTORY = '', SERVICEACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount' } = process.env;
refuse(INVENTORY ? [] : ['expected INVENTORY to name a file, got nothing']);

/** @param {string} name */
const account = (name) => readFileSync(join(SERVICEACCOUNT_DIR, name), 'utf8').trim();

function apiServer() {
  const { API_SERVER, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  if (API_SERVER) return API_SERVER.replace(/\/$/, '');
  if (!host) return 'https://kubernetes.default.svc';
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** @param {Key} key */
const isNeeded = ({ origin, optional }) => origin === 'generated' || !optional;

/** @param {number} characters */
const random = (characters) =>
  randomBytes(Math.ceil(characters / 2))
    .toString('hex')
    .slice(0, characters);

/**
 * One POST; resolves with any answer, rejects when there is none.
 * @param {string} url
 * @param {unknown} body
 * @param {string} token
 * @returns {Promise<{ status: number, text: string }>}
 */
function post(url, body, token) {
  return new Promise((resolve, reject) => {
    const secure = url.startsWith('https:');
    const request = (secure ? https : http).request(url, {
      method: 'POST',
      agent: false,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json' },
      signal: AbortSignal.timeout(10_000),
      ...(secure && { ca: account('ca.crt') }),
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const text = response.setEncoding('utf8').toArray();
      text.then((parts) => resolve({ status: response.statusCode ?? 0, text: parts.join('') }), reject);
    });
    request.end(JSON.stringify(body));
  });
}

/**
 * The API server may not be reachable in the first seconds of a pod (policies, DNS): tries until `deadline`.
 * @param {() => ReturnType<typeof post>} attempt
 * @param {number} deadline
 */
async function persist(attempt, deadline) {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() + 1000 > deadline) throw error;
      await sleep(1000);
    }
  }
}

/**
 * What a Status object says, if it is one.
 * @param {string} text
 */
function messageOf(text) {
  try {
    return String(JSON.parse(text).message ?? 'no message');
  } catch {
    return 'an answer that is not JSON';
  }
}

/**
 * @param {Declared} secret
 * @param {number} deadline
 * @returns {Promise<'created' | 'kept'>}
 */
async function create({ name, keys }, deadline) {
  const lengths = keys
    .filter(isNeeded)
    .map(({ key, characters, minimum }) => ({ key, length: Math.max(characters, minimum) }));
  for (const { key, length } of lengths) {
    if (!Number.isInteger(length) || length < 1) throw new Error(`expected \`characters\` of ${key} to be at least 1`);
  }
  const stringData = Object.fromEntries(lengths.map(({ key, length }) => [key, random(length)]));
  const metadata = { name, labels: { 'app.kubernetes.io/managed-by': 'slipway' } };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', stringData };
  const url = `${apiServer()}/api/v1/namespaces/${account('namespace')}/secrets`;
  const token = account('token');
  const { status, text } = await persist(() => post(url, body, token), deadline);
  if (status === 201) return 'created';
  if (status === 409) return 'kept';
  throw new Error(`HTTP ${status}: ${redact(messageOf(text), [token, ...Object.values(stringData)])}`);
}

async function main() {
  /** @type {{ secrets: Declared[] }} */
  const { secrets } = JSON.parse(readFileSync(INVENTORY, 'utf8'));
  const deadline = Date.now() + RETRY_MILLISECONDS;
  for (const secret of secrets.filter(({ keys }) => keys.some(isNeeded))) {
    try {
      log(await create(secret, deadline), { secret: secret.name });
    } catch (error) {
      process.stderr.write(`secret ${secret.name} was not created: ${describe(error)}\n`);
      process.exitCode = 1;
    }
  }
}

main().catch((error) => {
  process.stderr.write(`expected INVENTORY to be a readable list of secrets: ${describe(error)}\n`);
  process.exitCode = 1;
});
