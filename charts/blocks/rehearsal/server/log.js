'use strict';

/**
 * Writes one event as one JSON line; callers pass no secret.
 * @param {string} event
 * @param {Record<string, unknown>} [details]
 */
function log(event, details) {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...details })}\n`);
}

/**
 * Says what happened, in one line. Node leaves the message of a connection refused at several addresses empty.
 * @param {unknown} error
 * @returns {string}
 */
function describe(error) {
  const { message, errors } = /** @type {{ message?: string, errors?: unknown[] }} */ (Object(error));
  return message || [...new Set(errors?.map(describe))].join('; ') || String(error);
}

/**
 * Blots out secrets, in case a server quotes one back.
 * @param {string} text
 * @param {string[]} secrets
 */
function redact(text, secrets) {
  return secrets.filter(Boolean).reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}

module.exports = { log, describe, redact };
