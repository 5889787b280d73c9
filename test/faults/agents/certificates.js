'use strict';

/*
 * Prints the certificates that servers show, by their fingerprints. Usage: certificates.js NAME=ADDRESS…
 */

const { once } = require('node:events');
const net = require('node:net');
const tls = require('node:tls');

/** @param {string} host */
async function shown(host) {
  const socket = net.connect({ host, port: 5432, timeout: 2000 });
  socket.on('timeout', () => socket.destroy(new Error('no answer')));
  await once(socket, 'connect');
  // PostgreSQL speaks TLS when it is asked to.
  socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
  await once(socket, 'data');
  const secured = tls.connect({ socket, rejectUnauthorized: false });
  await once(secured, 'secureConnect');
  const { fingerprint256 } = secured.getPeerCertificate();
  secured.destroy();
  return fingerprint256;
}

async function main() {
  /** @type {Record<string, string>} */
  const found = {};
  for (const [name = '', address = ''] of process.argv.slice(2).map((text) => text.split('='))) {
    found[name] = await shown(address);
  }
  process.stdout.write(JSON.stringify(found));
}

main().catch((error) => {
  process.stderr.write(`expected every server to show a certificate, got ${error}\n`);
  process.exitCode = 1;
});
