'use strict';

/* global AbortController */

const { readFileSync } = require('node:fs');
const { Postgres } = require('../../../charts/blocks/rehearsal/server/postgres.js');

/** Where the Secrets of the platform are mounted: read anew for each login, for they may be renewed. */
const password = () => readFileSync('/credentials/password', 'utf8').trim();

/** A connection that gives up: nothing is waited for longer than it is told. */
class Session {
  /**
   * @param {Postgres} postgres
   * @param {AbortController} patience
   */
  constructor(postgres, patience) {
    this.postgres = postgres;
    this.patience = patience;
  }

  /**
   * @param {string} host a name or an address; an address is not compared with the certificate
   * @param {number} milliseconds
   * @param {string} [secret] another password than the mounted one
   */
  static async open(host, milliseconds, secret = password()) {
    const { ROLE: user = '', DATABASE: database = '' } = process.env;
    const mode = /^[\d.]+$/.test(host) ? 'verify-ca' : 'verify-full';
    const url = `postgresql://${host}:5432/${database}?sslmode=${mode}`;
    const patience = new AbortController();
    const connecting = Postgres.connect({ url, user, password: secret }, patience.signal);
    return new Session(await within(connecting, milliseconds, patience), patience);
  }

  /**
   * @param {string} sql
   * @param {number} milliseconds
   */
  query(sql, milliseconds) {
    return within(this.postgres.query(sql), milliseconds, this.patience);
  }

  /** Hangs up at once, also on a server that does not answer. */
  drop() {
    this.patience.abort(new Error('dropped'));
  }
}

/**
 * @template T
 * @param {Promise<T>} answer
 * @param {number} milliseconds
 * @param {AbortController} patience
 */
async function within(answer, milliseconds, patience) {
  const timer = setTimeout(() => patience.abort(new Error('no answer')), milliseconds);
  try {
    return await answer;
  } catch (error) {
    patience.abort(new Error('dropped'));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

module.exports = { Session };
