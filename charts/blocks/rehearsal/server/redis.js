'use strict';

const { address } = require('./address.js');
const { Wire } = require('./wire.js');

/** @typedef {string | number | null | unknown[]} Reply */

/** @type {(words: string[]) => string} */
const encode = (words) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/** One connection, RESP version 2. */
class Redis {
  /** @param {Wire} wire */
  constructor(wire) {
    this.wire = wire;
  }

  /**
   * Connects, logs in and selects the database that the URL names.
   * @param {import('./address.js').Login} login
   * @param {AbortSignal} [signal]
   */
  static async connect(login, signal) {
    const to = address(login, ['redis', 'rediss'], 6379);
    const wire = await Wire.open(to.host, to.port, signal);
    const redis = new Redis(wire);
    try {
      if (to.scheme === 'rediss') await wire.secure();
      if (to.password) await redis.call('AUTH', ...(to.user ? [to.user] : []), to.password);
      if (to.path) await redis.call('SELECT', to.path);
    } catch (error) {
      wire.close();
      throw error;
    }
    return redis;
  }

  /**
   * Sends a command; an error reply is thrown.
   * @param {string[]} words
   * @returns {Promise<Reply>}
   */
  call(...words) {
    this.wire.write(encode(words));
    return this.reply();
  }

  /** @returns {Promise<Reply>} */
  async reply() {
    const line = await this.wire.line();
    const rest = line.slice(1);
    switch (line[0]) {
      case '+':
        return rest;
      case '-':
        throw new Error(rest);
      case ':':
        return Number(rest);
      case '$': {
        if (Number(rest) < 0) return null;
        const text = await this.wire.read(Number(rest) + 2);
        return text.toString('utf8', 0, text.length - 2);
      }
      case '*': {
        if (Number(rest) < 0) return null;
        const items = [];
        for (let index = 0; index < Number(rest); index += 1) items.push(await this.reply());
        return items;
      }
      default:
        throw new Error('the server does not speak the Redis protocol');
    }
  }

  close() {
    this.wire.close(Buffer.from(encode(['QUIT'])));
  }
}

/**
 * Up when the server answers PING.
 * @param {import('./address.js').Login} login
 * @param {AbortSignal} signal
 */
async function check(login, signal) {
  const redis = await Redis.connect(login, signal);
  try {
    const answer = await redis.call('PING');
    if (answer !== 'PONG') throw new Error('the server did not answer PING with PONG');
  } finally {
    redis.close();
  }
}

module.exports = { Redis, check };
