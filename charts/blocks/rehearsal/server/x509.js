'use strict';

/*
 * Certificates of a throw-away authority. Node's crypto makes keys and signatures, but no certificates: this writes the few
 * structures of RFC 5280 that are needed. All keys made here are of the curve P-256.
 */

const { X509Certificate, createHash, createPrivateKey } = require('node:crypto');
const { generateKeyPairSync, randomBytes, sign } = require('node:crypto');

/**
 * @typedef {{ certificate: string, key: string }} Pair both in PEM
 * @typedef {{ certificate: string, key: import('node:crypto').KeyObject, subject: Buffer, keyId: Buffer, until: Date }} Authority
 *   `subject` and `keyId` as its certificate spells them: what it issues must repeat them byte for byte.
 * @typedef {{ commonName: string, dnsNames: string[], usages: string[] }} Wanted
 * @typedef {{ tag: number, whole: Buffer, body: Buffer }} Element
 */

const DAY = 86_400_000;
const AUTHORITY_DAYS = 3650;
const ISSUED_DAYS = 365;
// The clock of another node may be a little behind.
const SKEW_MILLISECONDS = 300_000;

/**
 * One element of DER: its tag, its length, its parts.
 * @param {number} tag
 * @param {(Uint8Array | string)[]} parts
 */
function der(tag, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const digits = body.length.toString(16);
  const length = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

/**
 * The elements in a row of DER.
 * @param {Buffer} row
 * @returns {Element[]}
 */
function elements(row) {
  /** @type {Element[]} */
  const found = [];
  for (let at = 0; at < row.length;) {
    let length = row.readUInt8(at + 1);
    let from = at + 2;
    if (length & 0x80) {
      const digits = length & 0x7f;
      length = row.readUIntBE(from, digits);
      from += digits;
    }
    const end = from + length;
    found.push({ tag: row.readUInt8(at), whole: row.subarray(at, end), body: row.subarray(from, end) });
    at = end;
  }
  return found;
}

/** What the first element of a row holds. @param {Buffer} [row] */
const inside = (row = Buffer.alloc(0)) => elements(elements(row)[0]?.body ?? Buffer.alloc(0));

/** @type {(...parts: (Uint8Array | string)[]) => Buffer} */
const sequence = (...parts) => der(0x30, ...parts);
/** @param {Uint8Array} bytes */
const octets = (bytes) => der(0x04, bytes);
/** @type {(unused: number, bytes: Uint8Array) => Buffer} */
const bits = (unused, bytes) => der(0x03, Buffer.from([unused]), bytes);

/** @param {string} dotted an object identifier */
function oid(dotted) {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift(0x80 | (left & 0x7f));
    return groups;
  });
  return der(0x06, Buffer.from(bytes));
}

/** Two digits of the year until 2049, four from then on. @param {Date} date */
function time(date) {
  const text = date.toISOString().replace(/\.\d+|[-:T]/g, '');
  return date.getUTCFullYear() < 2050 ? der(0x17, text.slice(2)) : der(0x18, text);
}

const yes = der(0x01, Buffer.from([0xff]));
const keyIdentifier = oid('2.5.29.14');
/** @type {(id: Buffer, value: Buffer, critical?: boolean) => Buffer} */
const extension = (id, value, critical = false) => sequence(id, ...(critical ? [yes] : []), octets(value));

/** @type {Record<string, Buffer>} */
const purposes = { 'server auth': oid('1.3.6.1.5.5.7.3.1'), 'client auth': oid('1.3.6.1.5.5.7.3.2') };
/** What a certificate may be used for, by the words of cert-manager. */
const knownUsages = Object.keys(purposes);

/** SHA-256 of each kind of key that an authority may have. @type {Record<string, Buffer>} */
const signatures = {
  ec: sequence(oid('1.2.840.10045.4.3.2')),
  rsa: sequence(oid('1.2.840.113549.1.1.11'), der(0x05)),
};

/** @param {string} commonName */
const nameOf = (commonName) => sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, commonName))));

/** The first 160 bits of the hash of the key itself (RFC 7093). @param {Buffer} publicKey */
const keyIdOf = (publicKey) => {
  const key = inside(publicKey)[1]?.body.subarray(1) ?? publicKey;
  return createHash('sha256').update(key).digest().subarray(0, 20);
};

/** Sixteen random bytes; the first is neither zero nor negative. */
function serial() {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return der(0x02, bytes);
}

/** @type {(label: string, bytes: Buffer) => string} */
const pem = (label, bytes) =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;

function newKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privateKey,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/**
 * @param {{ issuer: Buffer, subject: Buffer, publicKey: Buffer, until: Date, extensions: Buffer[],
 *   by: import('node:crypto').KeyObject }} content `by` is the key of the issuer
 */
function signed({ issuer, subject, publicKey, until, extensions, by }) {
  const algorithm = signatures[by.asymmetricKeyType ?? ''];
  if (!algorithm) throw new Error(`expected an authority with a key of EC or RSA, got ${by.asymmetricKeyType}`);
  const version3 = der(0xa0, der(0x02, Buffer.from([2])));
  const validity = sequence(time(new Date(Date.now() - SKEW_MILLISECONDS)), time(until));
  const more = der(0xa3, sequence(...extensions));
  const content = sequence(version3, serial(), algorithm, issuer, validity, subject, publicKey, more);
  return pem('CERTIFICATE', sequence(content, algorithm, bits(0, sign('sha256', content, by))));
}

/**
 * A new authority, which signs itself.
 * @param {string} commonName
 * @returns {Pair}
 */
function newAuthority(commonName) {
  const { privateKey, publicKey, key } = newKey();
  const subject = nameOf(commonName);
  const extensions = [
    // It issues leaves and no other authority: path length 0.
    extension(oid('2.5.29.19'), sequence(yes, der(0x02, Buffer.from([0]))), true),
    extension(oid('2.5.29.15'), bits(1, Buffer.from([0x06])), true), // keyCertSign, cRLSign
    extension(keyIdentifier, octets(keyIdOf(publicKey))),
  ];
  const until = new Date(Date.now() + AUTHORITY_DAYS * DAY);
  return { certificate: signed({ issuer: subject, subject, publicKey, until, extensions, by: privateKey }), key };
}

/**
 * Reads an authority, perhaps one that somebody else made. Errors quote nothing of the key.
 * @param {Partial<Pair>} pair
 * @returns {Authority}
 */
function openAuthority({ certificate = '', key: pemKey = '' }) {
  /** @param {string} what */
  const bad = (what) => new Error(`expected an authority that signed itself, and its key, got ${what}`);
  let read;
  let key;
  try {
    read = new X509Certificate(certificate);
    key = createPrivateKey(pemKey);
  } catch {
    throw bad(read ? 'a key that is not in PEM' : 'a certificate that is not in PEM');
  }
  if (!read.checkPrivateKey(key)) throw bad('the key of another certificate');
  if (!read.ca || !read.checkIssued(read)) throw bad('a certificate that may not issue others or was issued itself');
  const until = new Date(read.validTo);
  if (until.getTime() < Date.now()) throw bad(`one that ended on ${until.toISOString()}`);
  // Version, serial, algorithm, issuer, validity, subject, key, extensions.
  const fields = inside(inside(read.raw)[0]?.whole);
  const extensions = inside(fields.find(({ tag }) => tag === 0xa3)?.body);
  const own = extensions.map(({ body }) => elements(body)).find(([id]) => id?.whole.equals(keyIdentifier));
  const [keyId] = elements(own?.at(-1)?.body ?? Buffer.alloc(0));
  return {
    certificate: read.toString(),
    key,
    subject: fields[5]?.whole ?? Buffer.alloc(0),
    keyId: keyId?.body ?? keyIdOf(read.publicKey.export({ type: 'spki', format: 'der' })),
    until,
  };
}

/**
 * A certificate for a server or a client, with a key of its own.
 * @param {Authority} authority
 * @param {Wanted} wanted
 * @returns {Pair}
 */
function issue(authority, { commonName, dnsNames, usages }) {
  const { publicKey, key } = newKey();
  const extensions = [
    extension(oid('2.5.29.19'), sequence(), true), // no authority
    extension(oid('2.5.29.15'), bits(7, Buffer.from([0x80])), true), // digitalSignature
    extension(oid('2.5.29.37'), sequence(...usages.map((usage) => purposes[usage] ?? oid(usage)))),
    extension(keyIdentifier, octets(keyIdOf(publicKey))),
    extension(oid('2.5.29.35'), sequence(der(0x80, authority.keyId))),
  ];
  if (dnsNames.length > 0) {
    extensions.push(extension(oid('2.5.29.17'), sequence(...dnsNames.map((name) => der(0x82, name)))));
  }
  const { subject: issuer, key: by } = authority;
  const until = new Date(Math.min(Date.now() + ISSUED_DAYS * DAY, authority.until.getTime()));
  return { certificate: signed({ issuer, subject: nameOf(commonName), publicKey, until, extensions, by }), key };
}

module.exports = { issue, knownUsages, newAuthority, openAuthority };
