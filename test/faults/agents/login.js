'use strict';

/*
 * `login.js remember` keeps the password that the pod has now. `login.js` ends with 0 when the pod was brought another
 * one, every door takes that, and none the former.
 */

const { copyFileSync, readFileSync } = require('node:fs');
const { Session } = require('./session.js');

const current = '/credentials/password';
const former = '/data/former-password';

/** @param {string} file */
const read = (file) => readFileSync(file, 'utf8').trim();

/**
 * @param {string} door
 * @param {string} password
 */
async function takes(door, password) {
  try {
    const session = await Session.open(door, 2000, password);
    await session.query('select 1', 2000);
    session.drop();
    return true;
  } catch (error) {
    // 28: the server says no. Anything else is no answer to the question.
    if (/SQLSTATE (28|08P01)/.test(String(error))) return false;
    throw error;
  }
}

async function main() {
  if (process.argv[2] === 'remember') return copyFileSync(current, former);
  if (read(current) === read(former)) throw new Error('the former password in the pod');
  for (const door of (process.env.DOORS ?? '').split(',')) {
    if (!(await takes(door, read(current)))) throw new Error(`${door} to refuse the new password`);
    if (await takes(door, read(former))) throw new Error(`${door} to take the former password`);
  }
}

main().catch((error) => {
  process.stderr.write(`expected every door to take the new password alone, got ${error}\n`);
  process.exitCode = 1;
});
