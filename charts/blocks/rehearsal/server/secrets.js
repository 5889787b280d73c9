'use strict';

/*
 * Makes the secrets of a throw-away environment, inside its cluster: whatever the inventory needs gets a random value, and
 * certificates of an authority of its own. A key of somebody else's service opens nothing then, but the programs start; keys that
 * are optional are left out. A Secret that exists is never touched, so running it again is safe. Values go to the API server and
 * nowhere else.
 */

const { randomBytes } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { createSecret } = require('./api.js');
const { authorityOf, certify, problemsOf } = require('./certificates.js');
const { refuse } = require('./config.js');
const { describe, log } = require('./log.js');

/**
 * @typedef {{ key: string, origin: string, characters: number, minimum: number, optional: boolean }} Key
 * @typedef {{ name: string, keys: Key[] }} Declared
 * @typedef {import('./certificates.js').Certificates} Certificates
 */

const RETRY_MILLISECONDS = 60_000;
const { INVENTORY = '' } = process.env;
refuse(INVENTORY ? [] : ['expected INVENTORY to name a file, got nothing']);

/** @param {Key} key */
const isNeeded = ({ origin, optional }) => origin === 'generated' || !optional;

/** @param {number} characters */
const random = (characters) =>
  randomBytes(Math.ceil(characters / 2))
    .toString('hex')
    .slice(0, characters);

/**
 * @param {Declared} secret
 * @param {number} deadline
 */
async function create({ name, keys }, deadline) {
  const lengths = keys
    .filter(isNeeded)
    .map(({ key, characters, minimum }) => ({ key, length: Math.max(characters, minimum) }));
  for (const { key, length } of lengths) {
    if (!Number.isInteger(length) || length < 1) throw new Error(`expected \`characters\` of ${key} to be at least 1`);
  }
  const values = Object.fromEntries(lengths.map(({ key, length }) => [key, random(length)]));
  return createSecret(name, 'Opaque', values, deadline);
}

/**
 * Makes one Secret and says how it went; a failure is not the end of the others.
 * @param {string} name
 * @param {() => Promise<'created' | 'kept'>} make
 */
async function report(name, make) {
  try {
    log(await make(), { secret: name });
  } catch (error) {
    process.stderr.write(`secret ${name} was not created: ${describe(error)}\n`);
    process.exitCode = 1;
  }
}

/**
 * @param {Certificates} certificates
 * @param {number} deadline
 */
async function certifyAll({ authority: name, issued }, deadline) {
  /** @type {Awaited<ReturnType<typeof authorityOf>> | undefined} */
  let found;
  await report(name, async () => (found = await authorityOf(name, deadline)).event);
  // Without its authority none can be made, and one message says all.
  if (!found) return;
  const { authority } = found;
  for (const wanted of issued) await report(wanted.secret, () => certify(wanted, authority, deadline));
}

async function main() {
  /** @type {{ secrets: Declared[], certificates?: Certificates }} */
  const { secrets, certificates } = JSON.parse(readFileSync(INVENTORY, 'utf8'));
  const needed = secrets.filter(({ keys }) => keys.some(isNeeded));
  if (certificates !== undefined) {
    refuse(
      problemsOf(
        certificates,
        secrets.map(({ name }) => name),
      ),
    );
  }
  const deadline = Date.now() + RETRY_MILLISECONDS;
  for (const secret of needed) await report(secret.name, () => create(secret, deadline));
  if (certificates !== undefined) await certifyAll(certificates, deadline);
}

main().catch((error) => {
  process.stderr.write(`expected INVENTORY to be a readable list of secrets: ${describe(error)}\n`);
  process.exitCode = 1;
});
