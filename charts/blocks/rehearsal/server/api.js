'use strict';

/* Secrets of this namespace, as the API server gives and takes them from the account of this pod. */

const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { redact } = require('./log.js');

/**
 * @typedef {Record<string, string>} Values of a Secret, by key
 * @typedef {{ status: number, text: string }} Answer
 */

/** @param {string} name */
function account(name) {
  const { SERVICEACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount' } = process.env;
  return readFileSync(join(SERVICEACCOUNT_DIR, name), 'utf8').trim();
}

/** The namespace of this pod. */
const namespace = () => account('namespace');

function apiServer() {
  const { API_SERVER, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  if (API_SERVER) return API_SERVER.replace(/\/$/, '');
  if (!host) return 'https://kubernetes.default.svc';
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * One request; resolves with any answer, rejects when there is none.
 * @param {string} url
 * @param {import('node:https').RequestOptions} options
 * @param {unknown} body
 * @returns {Promise<Answer>}
 */
function send(url, options, body) {
  return new Promise((resolve, reject) => {
    const { request: open } = url.startsWith('https:') ? https : http;
    const request = open(url, { ...options, agent: false, signal: AbortSignal.timeout(10_000) });
    request.on('error', reject);
    request.on('response', (response) => {
      const text = response.setEncoding('utf8').toArray();
      text.then((parts) => resolve({ status: response.statusCode ?? 0, text: parts.join('') }), reject);
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * Asks for the secrets of the namespace, or one of them. The API server may not be reachable in the first seconds of a pod
 * (policies, DNS): tries until `deadline`.
 * @param {'GET' | 'POST'} method
 * @param {string} path
 * @param {unknown} body
 * @param {number} deadline
 */
async function ask(method, path, body, deadline) {
  const url = `${apiServer()}/api/v1/namespaces/${namespace()}/secrets${path}`;
  const json = 'application/json';
  const headers = { authorization: `Bearer ${account('token')}`, 'content-type': json, accept: json };
  const options = { method, headers, ...(url.startsWith('https:') && { ca: account('ca.crt') }) };
  for (;;) {
    try {
      return await send(url, options, body);
    } catch (error) {
      if (Date.now() + 1000 > deadline) throw error;
      await sleep(1000);
    }
  }
}

/**
 * An answer that is no success, in words; values that the server may quote are blotted out, also line by line.
 * @param {Answer} answer
 * @param {string[]} values
 */
function refusal({ status, text }, values) {
  let message = 'an answer that is not JSON';
  try {
    message = String(JSON.parse(text).message ?? 'no message');
  } catch {
    // said already; the parser's own words would quote the answer
  }
  const forms = values.flatMap((value) => [value, Buffer.from(value).toString('base64'), ...value.split('\n')]);
  return new Error(`HTTP ${status}: ${redact(message, [account('token'), ...forms])}`);
}

/**
 * Creates a Secret unless it exists.
 * @param {string} name
 * @param {string} type
 * @param {Values} stringData
 * @param {number} deadline
 * @returns {Promise<'created' | 'kept'>}
 */
async function createSecret(name, type, stringData, deadline) {
  const metadata = { name, labels: { 'app.kubernetes.io/managed-by': 'slipway' } };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata, type, stringData };
  const answer = await ask('POST', '', body, deadline);
  if (answer.status === 201) return 'created';
  if (answer.status === 409) return 'kept';
  throw refusal(answer, Object.values(stringData));
}

/**
 * Reads a Secret.
 * @param {string} name
 * @param {number} deadline
 * @returns {Promise<Values | undefined>} nothing when there is none
 */
async function readSecret(name, deadline) {
  const answer = await ask('GET', `/${name}`, undefined, deadline);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refusal(answer, []);
  try {
    /** @type {[string, string][]} */
    const data = Object.entries(JSON.parse(answer.text).data ?? {});
    return Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
  } catch {
    throw new Error('expected the Secret as JSON, got an answer that does not parse');
  }
}

module.exports = { createSecret, namespace, readSecret };
