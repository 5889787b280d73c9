'use strict';

/*
 * Certificates of a throw-away environment, from an authority of its namespace. At night: an authority that is gone is made anew,
 * but certificates that the old one issued stay. Delete those too, run this again, restart who uses them.
 */

const { createSecret, namespace, readSecret } = require('./api.js');
const { issue, knownUsages, newAuthority, openAuthority } = require('./x509.js');

/**
 * @typedef {import('./x509.js').Authority} Authority
 * @typedef {import('./x509.js').Wanted & { secret: string }} Issued
 * @typedef {{ authority: string, issued: Issued[] }} Certificates
 */

// Longer ones do not fit into a certificate (X.520).
const COMMON_NAME_CHARACTERS = 64;
const label = '[a-z0-9]([a-z0-9-]*[a-z0-9])?';
const dnsName = new RegExp(`^(\\*\\.)?${label}(\\.${label})*$`, 'i');

/** @param {unknown} value */
const isText = (value) => typeof value === 'string' && value !== '';
/** @type {(value: unknown, is: (item: unknown) => boolean) => boolean} */
const isListOf = (value, is) => Array.isArray(value) && value.every(is);

/**
 * Everything that is wrong with what the inventory says about certificates.
 * @param {any} certificates
 * @param {string[]} taken names of other Secrets
 * @returns {string[]}
 */
function problemsOf(certificates, taken) {
  /** @type {string[]} */
  const problems = [];
  /** @type {(good: boolean, key: string, wanted: string, value: unknown) => void} */
  const expect = (good, key, wanted, value) => {
    if (!good) problems.push(`expected certificates.${key} to be ${wanted}, got ${JSON.stringify(value) ?? 'nothing'}`);
  };
  const names = new Set(taken);
  /** @type {(key: string, name: unknown) => void} */
  const expectName = (key, name) => {
    expect(isText(name) && !names.has(String(name)), key, 'a name that no other Secret has', name);
    names.add(String(name));
  };
  const { authority, issued } = Object(certificates);
  expectName('authority', authority);
  expect(Array.isArray(issued), 'issued', 'a list', issued);
  for (const [index, certificate] of Array.isArray(issued) ? issued.entries() : []) {
    const { secret, commonName, dnsNames, usages } = Object(certificate);
    const key = `issued[${index}]`;
    const characters = isText(commonName) ? [...commonName].length : 0;
    const fits = characters >= 1 && characters <= COMMON_NAME_CHARACTERS;
    expectName(`${key}.secret`, secret);
    expect(fits, `${key}.commonName`, `a name of 1 to ${COMMON_NAME_CHARACTERS} characters`, commonName);
    expect(
      isListOf(dnsNames, (name) => isText(name) && dnsName.test(String(name))),
      `${key}.dnsNames`,
      'a list of DNS names',
      dnsNames,
    );
    const isUsage = isListOf(usages, (usage) => knownUsages.includes(String(usage))) && usages.length > 0;
    expect(isUsage, `${key}.usages`, `a list of ${knownUsages.join(' or ')}`, usages);
  }
  return problems;
}

/**
 * @type {(name: string, pair: import('./x509.js').Pair, authority: string, deadline: number) => Promise<'created' | 'kept'>}
 */
const createTls = (name, { certificate, key }, authority, deadline) =>
  createSecret(name, 'kubernetes.io/tls', { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': authority }, deadline);

/**
 * The authority of this namespace: the one that exists, else a new one.
 * @param {string} name
 * @param {number} deadline
 * @returns {Promise<{ event: 'created' | 'kept', authority: Authority }>}
 */
async function authorityOf(name, deadline) {
  const there = await readSecret(name, deadline);
  if (there) return { event: 'kept', authority: authorityIn(there) };
  const suffix = ' authority';
  const made = newAuthority(namespace().slice(0, COMMON_NAME_CHARACTERS - suffix.length) + suffix);
  const event = await createTls(name, made, made.certificate, deadline);
  if (event === 'created') return { event, authority: openAuthority(made) };
  // Another run was faster: its authority is the one that counts.
  return { event, authority: authorityIn((await readSecret(name, deadline)) ?? {}) };
}

/** @param {import('./api.js').Values} values */
const authorityIn = ({ 'tls.crt': certificate = '', 'tls.key': key = '' }) => openAuthority({ certificate, key });

/**
 * Issues a certificate unless its Secret exists.
 * @param {Issued} wanted
 * @param {Authority} authority
 * @param {number} deadline
 */
const certify = (wanted, authority, deadline) =>
  createTls(wanted.secret, issue(authority, wanted), authority.certificate, deadline);

module.exports = { authorityOf, certify, problemsOf };
