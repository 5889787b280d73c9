'use strict';

/*
 * Writes one numbered row every 10 ms through each door of the database, and a journal of what was acknowledged. A
 * number that was not acknowledged is never used again: its row may be there or not.
 */

const { setTimeout: sleep } = require('node:timers/promises');
const journal = require('./journal.js');
const { Session } = require('./session.js');

const EVERY = 10;
const PATIENCE = 1000;
const write = journal.open();
const writer = `writer-${Date.now()}`;

/** @param {string} door */
async function loop(door) {
  /** @type {Session | undefined} */
  let session;
  for (let n = 1; ; n += 1) {
    const sent = Date.now();
    try {
      session ??= await Session.open(door, PATIENCE);
      await session.query(`insert into faults.rows values ('${writer}', '${door}', ${n})`, PATIENCE);
      write({ writer, series: door, n, sent, acked: Date.now() });
    } catch (error) {
      write({ series: door, at: Date.now(), error: String(error) });
      session?.drop();
      session = undefined;
      await sleep(100);
    }
    await sleep(Math.max(0, sent + EVERY - Date.now()));
  }
}

for (const door of (process.env.DOORS ?? '').split(',')) void loop(door);
