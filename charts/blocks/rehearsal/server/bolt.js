'use strict';

const { address } = require('./address.js');
const { decode, encodeStructure } = require('./packstream.js');
const { Wire } = require('./wire.js');

const HELLO = 0x01;
const GOODBYE = 0x02;
const RUN = 0x10;
const PULL = 0x3f;
const LOGON = 0x6a;
const SUCCESS = 0x70;
const RECORD = 0x71;
const FAILURE = 0x7f;

// "6060B017", then four proposals: 5.4 and the four before it, 4.4, nothing, nothing.
const handshake = Buffer.from('6060b017' + '00040405' + '00000404' + '00000000' + '00000000', 'hex');

// neo4j:// asks a cluster for its routes first. A pod checks the one address that it was given, so both mean the same here.
const schemes = ['bolt', 'neo4j', 'bolt+s', 'neo4j+s', 'bolt+ssc', 'neo4j+ssc'];

/** One connection, Bolt 4.4 or 5.0 to 5.4. */
class Bolt {
  /** @param {Wire} wire */
  constructor(wire) {
    this.wire = wire;
  }

  /**
   * Connects and logs in.
   * @param {import('./address.js').Login} login
   * @param {AbortSignal} [signal]
   */
  static async connect(login, signal) {
    const to = address(login, schemes, 7687);
    const wire = await Wire.open(to.host, to.port, signal);
    const bolt = new Bolt(wire);
    try {
      // "+ssc" is Neo4j's own word for "encrypted, whoever signed the certificate".
      if (to.scheme.includes('+')) await wire.secure({ rejectUnauthorized: !to.scheme.endsWith('+ssc') });
      await bolt.logIn(to.user, to.password);
    } catch (error) {
      wire.close();
      throw error;
    }
    return bolt;
  }

  /** @type {(user: string, password: string) => Promise<void>} */
  async logIn(user, password) {
    this.wire.write(handshake);
    const [, , minor = 0, major = 0] = await this.wire.read(4);
    if (major === 0) throw new Error('the server speaks none of Bolt 4.4 and 5.0 to 5.4');
    if (major === 0x54) throw new Error('the server speaks HTTP here, not Bolt');
    const credentials = user ? { scheme: 'basic', principal: user, credentials: password } : { scheme: 'none' };
    const agent = { user_agent: 'slipway-rehearsal/1.0', bolt_agent: { product: 'slipway-rehearsal/1.0' } };
    const separate = major > 5 || (major === 5 && minor >= 1); // since 5.1 the login is a message of its own
    await this.call(HELLO, separate ? agent : { user_agent: agent.user_agent, ...credentials });
    if (separate) await this.call(LOGON, credentials);
  }

  /**
   * Runs a query.
   * @param {string} query
   * @returns {Promise<unknown[][]>} records, each a list of values
   */
  async run(query) {
    await this.call(RUN, query, {}, {});
    return this.call(PULL, { n: -1 });
  }

  /**
   * Sends a request and reads to the end of its answer; returns the records on the way.
   * @param {number} tag
   * @param {import('./packstream.js').Value[]} fields
   */
  async call(tag, ...fields) {
    this.wire.write(chunk(tag, fields));
    /** @type {unknown[][]} */
    const records = [];
    for (;;) {
      const answer = await this.receive();
      const [content] = answer.fields;
      if (answer.tag === SUCCESS) return records;
      if (answer.tag === RECORD && Array.isArray(content)) records.push(content);
      else if (answer.tag === FAILURE) {
        throw new Error(`${content?.message} (${content?.code})`);
      } else throw new Error(`the server answered with an unexpected Bolt message 0x${answer.tag.toString(16)}`);
    }
  }

  async receive() {
    const chunks = [];
    for (;;) {
      const length = (await this.wire.read(2)).readUInt16BE();
      if (length > 0) chunks.push(await this.wire.read(length));
      else if (chunks.length > 0) break; // an empty chunk ends a message; alone it is a sign of life
    }
    /** @type {Partial<import('./packstream.js').Structure> | null} */
    const message = decode(Buffer.concat(chunks));
    if (!message?.tag || !message.fields) throw new Error('the server does not speak Bolt');
    return { tag: message.tag, fields: message.fields };
  }

  close() {
    this.wire.close(chunk(GOODBYE, []));
  }
}

/** A message as one chunk; ours are far below the 64 KiB a chunk can hold. @type {(tag: number, fields: any[]) => Buffer} */
function chunk(tag, fields) {
  const body = encodeStructure(tag, fields);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([length, body, Buffer.from([0, 0])]);
}

/**
 * Up when the database answers a query.
 * @param {import('./address.js').Login} login
 * @param {AbortSignal} signal
 */
async function check(login, signal) {
  const bolt = await Bolt.connect(login, signal);
  try {
    const [record] = await bolt.run('RETURN 1');
    if (record?.[0] !== 1) throw new Error('the server did not answer RETURN 1 with 1');
  } finally {
    bolt.close();
  }
}

module.exports = { Bolt, check };
