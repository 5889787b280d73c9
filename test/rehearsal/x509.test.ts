import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import tls from 'node:tls';
import { issue, newAuthority, openAuthority } from '../../charts/blocks/rehearsal/server/x509.js';
import { closeAll, listen } from './support';

const made = newAuthority('physics authority');
const authority = openAuthority(made);
const root = new X509Certificate(made.certificate);
const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.example`;
const server = issue(authority, {
  commonName: 'postgres',
  dnsNames: ['postgres', '*.postgres-pods.physics.svc', long],
  usages: ['server auth', 'client auth'],
});
const leaf = new X509Certificate(server.certificate);
const wanted = { commonName: 'agents_api', dnsNames: [], usages: ['client auth'] };
const client = issue(authority, wanted);
const day = 86_400_000;
const lasts = ({ validFrom, validTo }: X509Certificate) => (Date.parse(validTo) - Date.parse(validFrom)) / day;

afterEach(closeAll);

describe('an authority of a throw-away cluster', () => {
  test('signs itself, for ten years, and may issue', () => {
    expect(root.subject).toBe('CN=physics authority');
    expect(root.ca).toBe(true);
    expect(root.checkIssued(root) && root.verify(root.publicKey)).toBe(true);
    expect(root.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(Math.floor(lasts(root))).toBe(3650);
  });

  test('is read again as it was written', () => {
    const again = openAuthority({ certificate: made.certificate, key: made.key });
    expect({ ...again, key: again.key.export({ type: 'pkcs8', format: 'pem' }) }).toEqual({
      ...authority,
      key: made.key,
    });
  });

  test.each([
    ['no certificate', {}, 'a certificate that is not in PEM'],
    ['no key', { certificate: made.certificate }, 'a key that is not in PEM'],
    ['a foreign key', { certificate: made.certificate, key: client.key }, 'the key of another certificate'],
    ['a leaf', server, 'a certificate that may not issue others or was issued itself'],
  ])('is refused with %s', (_what, pair, got) => {
    const error = `expected an authority that signed itself, and its key, got ${got}`;
    expect(() => openAuthority(pair)).toThrow(error);
  });
});

test('an authority that ended is refused', () => {
  jest.useFakeTimers({ now: Date.parse(root.validTo) + 1000 });
  try {
    expect(() => openAuthority(made)).toThrow(`got one that ended on ${new Date(root.validTo).toISOString()}`);
  } finally {
    jest.useRealTimers();
  }
});

describe('what it issues', () => {
  test('belongs to it and to the key beside it, for one year', () => {
    for (const { certificate, key } of [server, client]) {
      const issued = new X509Certificate(certificate);
      expect(issued.checkIssued(root) && issued.verify(root.publicKey)).toBe(true);
      expect(issued.checkPrivateKey(createPrivateKey(key))).toBe(true);
      expect(issued.ca).toBe(false);
      expect(Math.floor(lasts(issued))).toBe(365);
    }
    expect(server.key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  test('says its names and what it is for', () => {
    expect(leaf.subject).toBe('CN=postgres');
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(new X509Certificate(client.certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    for (const host of ['postgres', 'postgres-0.postgres-pods.physics.svc', long]) {
      expect(leaf.checkHost(host)).toBeDefined();
    }
    expect(leaf.checkHost('redis')).toBeUndefined();
    expect(new X509Certificate(client.certificate).subjectAltName).toBeUndefined();
  });

  test('has a serial of its own: sixteen bytes, positive', () => {
    const serials = Array.from({ length: 20 }, () => new X509Certificate(issue(authority, wanted).certificate));
    expect(new Set(serials.map(({ serialNumber }) => serialNumber)).size).toBe(20);
    for (const { serialNumber } of serials) expect(serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  test('does not outlast its authority', () => {
    const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + day);
    const short = new X509Certificate(issue({ ...authority, until }, wanted).certificate);
    expect(new Date(short.validTo)).toEqual(until);
  });

  test('may end after 2049, when years are written in full', () => {
    jest.useFakeTimers({ now: new Date('2049-06-01T00:00:00Z') });
    try {
      const until = new Date('2060-01-01T00:00:00Z');
      const late = new X509Certificate(issue({ ...authority, until }, wanted).certificate);
      expect(new Date(late.validFrom)).toEqual(new Date('2049-05-31T23:55:00Z'));
      expect(new Date(late.validTo)).toEqual(new Date('2050-06-01T00:00:00Z'));
    } finally {
      jest.useRealTimers();
    }
  });

  test('is not signed by a kind of key that nobody here reads', () => {
    const { privateKey: key } = generateKeyPairSync('ed25519');
    expect(() => issue({ ...authority, key }, wanted)).toThrow(
      'expected an authority with a key of EC or RSA, got ed25519',
    );
  });
});

describe('PHY-23 TLS with both certificates', () => {
  const ca = made.certificate;

  type Pair = ReturnType<typeof issue>;

  /** Who the server says that it speaks with, when the client accepts the server. */
  async function greet(host: string, { shown, trusted = ca }: { shown?: Pair; trusted?: string }) {
    const options = { cert: server.certificate, key: server.key, ca, requestCert: true, rejectUnauthorized: false };
    const secure = tls.createServer(options, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(String(socket.authorized ? socket.getPeerCertificate().subject.CN : socket.authorizationError));
    });
    secure.on('tlsClientError', () => undefined);
    const port = await listen(secure);
    const pair = shown && { cert: shown.certificate, key: shown.key };
    const socket = tls.connect({ port, host: '127.0.0.1', servername: host, ca: trusted, ...pair });
    const [greeting] = await once(socket, 'data').finally(() => socket.destroy());
    return String(greeting);
  }

  test('lets each side know the other', async () => {
    expect(await greet('postgres', { shown: client })).toBe('agents_api');
    expect(await greet('postgres-2.postgres-pods.physics.svc', { shown: client })).toBe('agents_api');
  });

  test('is nothing to a client that trusts another authority, or calls another name', async () => {
    const code = 'SELF_SIGNED_CERT_IN_CHAIN';
    const { certificate: trusted } = newAuthority('physics authority');
    await expect(greet('postgres', { shown: client, trusted })).rejects.toMatchObject({ code });
    await expect(greet('redis', { shown: client })).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test('is nothing to a server without a certificate, or with that of another authority', async () => {
    const stranger = issue(openAuthority(newAuthority('physics authority')), wanted);
    expect(await greet('postgres', { shown: stranger })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await greet('postgres', {})).toBe('UNABLE_TO_GET_ISSUER_CERT');
  });

  test('takes a certificate of a server for no certificate of a client', async () => {
    const shown = issue(authority, { ...wanted, usages: ['server auth'] });
    expect(await greet('postgres', { shown })).toBe('INVALID_PURPOSE');
  });
});
