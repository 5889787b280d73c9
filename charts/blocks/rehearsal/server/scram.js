'use strict';

const { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } = require('node:crypto');

/** @type {(key: Uint8Array, text: string) => Buffer} */
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/**
 * The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding.
 * @param {string} user
 * @param {string} password
 * @param {string} [nonce] only for tests
 */
function scram(user, password, nonce = randomBytes(18).toString('base64')) {
  const bare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  /** @type {Buffer} */
  let expectedSignature = Buffer.alloc(0);
  return {
    first: `n,,${bare}`,

    /**
     * The proof of the password, for the server's first message.
     * @param {string} serverFirst
     */
    final(serverFirst) {
      const [, combined, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(serverFirst) ?? [];
      if (!combined || !salt || !iterations) throw new Error('the server sent a malformed SCRAM message');
      if (!combined.startsWith(nonce) || combined === nonce)
        throw new Error('the server answered another login (SCRAM nonce)');
      const salted = pbkdf2Sync(
        password.normalize('NFKC'),
        Buffer.from(salt, 'base64'),
        Number(iterations),
        32,
        'sha256',
      );
      const withoutProof = `c=biws,r=${combined}`;
      const authMessage = `${bare},${serverFirst},${withoutProof}`;
      const clientKey = hmac(salted, 'Client Key');
      const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage);
      const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
      expectedSignature = hmac(hmac(salted, 'Server Key'), authMessage);
      return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
    },

    /**
     * Throws unless the server proved that it knows the password, too.
     * @param {string} serverFinal
     */
    verify(serverFinal) {
      const signature = Buffer.from(/^v=([^,]+)/.exec(serverFinal)?.[1] ?? '', 'base64');
      if (expectedSignature.length === 0 || signature.length !== expectedSignature.length) {
        throw new Error('the server did not prove that it knows the password (SCRAM)');
      }
      if (!timingSafeEqual(signature, expectedSignature)) {
        throw new Error('the server does not know the password (SCRAM signature)');
      }
    },
  };
}

module.exports = { scram };
