'use strict';

const { readFileSync } = require('node:fs');
const { address } = require('./address.js');
const { scram } = require('./scram.js');
const { Wire } = require('./wire.js');

/** @typedef {(string | null)[]} Row */

/** An error that the server reported; `code` is the SQLSTATE. */
class PostgresError extends Error {
  /** @param {Buffer} body */
  constructor(body) {
    const fields = new Map(textParts(body).map((part) => [part[0], part.slice(1)]));
    super(`${fields.get('M') ?? 'the server reported an error'} (SQLSTATE ${fields.get('C') ?? 'unknown'})`);
    this.code = fields.get('C') ?? '';
  }
}

/** One connection, protocol version 3, simple queries. */
class Postgres {
  /** @param {Wire} wire */
  constructor(wire) {
    this.wire = wire;
  }

  /**
   * Connects and logs in: `trust` or SCRAM-SHA-256. A password is never sent in clear, nor as MD5.
   * @param {import('./address.js').Login} login
   * @param {AbortSignal} [signal]
   */
  static async connect(login, signal) {
    const to = address(login, ['postgresql', 'postgres'], 5432);
    const wire = await Wire.open(to.host, to.port, signal);
    const postgres = new Postgres(wire);
    try {
      await postgres.encrypt(to.parameters);
      await postgres.logIn(to);
    } catch (error) {
      wire.close();
      throw error;
    }
    return postgres;
  }

  /**
   * The modes mean what they mean to libpq: `require` verifies only if it is given a CA, `verify-ca` does not compare the host.
   * What the URL leaves open, the environment says.
   * @param {URLSearchParams} parameters
   */
  async encrypt(parameters) {
    const { PGSSLMODE, PGSSLROOTCERT, PGSSLCERT, PGSSLKEY } = process.env;
    // `ssl` is how asyncpg spells it. `prefer` is refused: a rehearsal must not fall back in silence.
    const mode = parameters.get('sslmode') ?? parameters.get('ssl') ?? PGSSLMODE ?? 'disable';
    if (mode === 'disable') return;
    const known = ['require', 'verify-ca', 'verify-full'];
    if (!known.includes(mode))
      throw new Error(`expected sslmode to be one of disable, ${known.join(', ')}, got ${mode}`);
    this.wire.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
    if ((await this.wire.read(1)).toString() !== 'S') throw new Error('the server does not speak TLS');
    const ca = parameters.get('sslrootcert') ?? PGSSLROOTCERT;
    await this.wire.secure({
      rejectUnauthorized: mode !== 'require' || ca !== undefined,
      ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
      ...(ca !== undefined && { ca: readFileSync(ca) }),
      ...(PGSSLCERT && PGSSLKEY && { cert: readFileSync(PGSSLCERT), key: readFileSync(PGSSLKEY) }),
    });
  }

  /** @param {import('./address.js').Address} to */
  async logIn({ user, password, path }) {
    const parameters = ['user', user, 'database', path || user, 'application_name', 'rehearsal', ''];
    const version = Buffer.from([0, 3, 0, 0]);
    this.wire.write(withLength(Buffer.concat([version, Buffer.from(`${parameters.join('\0')}\0`)])));
    const login = scram('', password); // the server takes the user from the start-up message
    let asked = false;
    let proven = false;
    for (;;) {
      const { type, body } = await this.receive();
      if (type === 'E') throw new PostgresError(body);
      if (type === 'Z') return;
      if (type !== 'R') continue;
      const method = body.readInt32BE(0);
      const data = body.subarray(4);
      // A login that ends before the server gave its own proof is somebody else's server.
      if (method === 0 && asked && !proven) throw new Error('the server skipped its own proof (SCRAM)');
      else if (method === 0) continue;
      else if (method === 10 && textParts(data).includes('SCRAM-SHA-256')) {
        asked = true;
        const first = Buffer.from(login.first);
        this.send('p', Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), withLength(first, 0)]));
      } else if (method === 11) this.send('p', Buffer.from(login.final(data.toString())));
      else if (method === 12) {
        login.verify(data.toString());
        proven = true;
      } else throw new Error(`the server asks for a password in another way than SCRAM-SHA-256 (method ${method})`);
    }
  }

  /**
   * Runs SQL; several statements are allowed, their rows come one after the other.
   * @param {string} sql
   * @returns {Promise<Row[]>} values as text
   */
  async query(sql) {
    this.send('Q', Buffer.from(`${sql}\0`));
    /** @type {Row[]} */
    const rows = [];
    let failure;
    for (;;) {
      const { type, body } = await this.receive();
      if (type === 'D') rows.push(readRow(body));
      else if (type === 'E') failure = new PostgresError(body);
      else if (type === 'G') this.send('f', Buffer.from('copy is not supported\0'));
      else if (type === 'Z') {
        if (failure) throw failure;
        return rows;
      }
    }
  }

  close() {
    this.wire.close(message('X', Buffer.alloc(0)));
  }

  /** @type {(type: string, body: Buffer) => void} */
  send(type, body) {
    this.wire.write(message(type, body));
  }

  async receive() {
    const head = await this.wire.read(5);
    const body = await this.wire.read(head.readInt32BE(1) - 4);
    return { type: String.fromCharCode(head[0] ?? 0), body };
  }
}

/**
 * A length of four bytes, then the body; by the protocol's custom the length counts itself.
 * @param {Buffer} body
 * @param {number} [itself]
 */
function withLength(body, itself = 4) {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + itself);
  return Buffer.concat([length, body]);
}

/** @type {(type: string, body: Buffer) => Buffer} */
const message = (type, body) => Buffer.concat([Buffer.from(type), withLength(body)]);

/** @type {(body: Buffer) => string[]} */
const textParts = (body) => body.toString().split('\0').filter(Boolean);

/**
 * @param {Buffer} body
 * @returns {Row}
 */
function readRow(body) {
  let offset = 2;
  return Array.from({ length: body.readInt16BE(0) }, () => {
    const length = body.readInt32BE(offset);
    offset += 4 + Math.max(length, 0);
    return length < 0 ? null : body.toString('utf8', offset - length, offset);
  });
}

/**
 * Up when the database answers a query.
 * @param {import('./address.js').Login} login
 * @param {AbortSignal} signal
 */
async function check(login, signal) {
  const postgres = await Postgres.connect(login, signal);
  try {
    await postgres.query('select 1');
  } finally {
    postgres.close();
  }
}

module.exports = { Postgres, PostgresError, check };
