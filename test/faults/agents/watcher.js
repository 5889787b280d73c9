'use strict';

/*
 * Asks every member by its own address, five times a second, whether it takes a write, and keeps a journal of those
 * that did. One stands on every node: a node that is cut off from the others is watched from inside.
 */

const { existsSync, readFileSync } = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');
const journal = require('./journal.js');
const { Session } = require('./session.js');

const EVERY = 200;
/** A commit that waits for a replica is no mistake; it is waited for, so that not a session a second is left behind. */
const PATIENCE = 10_000;
/** A pod that is gone from the API server may still run on its node. */
const REMEMBER = 180_000;

const write = journal.open();
const writer = `${process.env.HOSTNAME}-${Date.now()}`;
/** @type {Map<string, number>} addresses, and when they were last listed */
const members = new Map();

/** @param {string} address */
async function watch(address) {
  /** @type {Session | undefined} */
  let session;
  for (let n = 1; Date.now() - (members.get(address) ?? 0) < REMEMBER; n += 1) {
    let sent = Date.now();
    try {
      session ??= await Session.open(address, 1000);
      const [[recovers] = []] = await session.query('select pg_is_in_recovery()', 1000);
      if (recovers === 'f') {
        sent = Date.now();
        await session.query(`insert into faults.rows values ('${writer}', '${address}', ${n})`, PATIENCE);
        write({ writer, series: address, n, sent, acked: Date.now() });
      }
    } catch (error) {
      write({ series: address, at: Date.now(), error: String(error) });
      session?.drop();
      session = undefined;
    }
    await sleep(Math.max(0, sent + EVERY - Date.now()));
  }
  session?.drop();
  members.delete(address);
}

/** The addresses are brought here by the campaign: names would be answered from a cache. */
function listen() {
  const listed = existsSync('/data/members') ? readFileSync('/data/members', 'utf8').split('\n').filter(Boolean) : [];
  for (const address of listed) {
    const known = members.has(address);
    members.set(address, Date.now());
    if (!known) void watch(address);
  }
}

listen();
setInterval(listen, 500);
