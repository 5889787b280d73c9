import { X509Certificate, createPrivateKey } from 'node:crypto';
import { newAuthority } from '../../charts/blocks/rehearsal/server/x509.js';
import { Maker, SecretsApi } from './secrets-api';
import { closeAll, listen } from './support';

const server = {
  secret: 'postgres-server',
  commonName: 'postgres',
  dnsNames: ['postgres', '*.postgres-pods'],
  usages: ['server auth', 'client auth'],
};
const client = { secret: 'agents-api-client', commonName: 'agents_api', dnsNames: [], usages: ['client auth'] };
const certificates = { authority: 'authority', issued: [server, client] };
const keys = [{ key: 'password', origin: 'generated', characters: 64, minimum: 32, optional: false }];

const maker = new Maker('physics-assistant');
let api: SecretsApi;
let port: number;
const make = (inventory: object = { secrets: [], certificates }) => maker.run(inventory, port);
const eventsOf = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ event, secret }) => `${event} ${secret}`);
const certificateOf = (secret: string) => new X509Certificate(api.value(secret, 'tls.crt'));

beforeEach(async () => {
  api = new SecretsApi();
  port = await listen(api.server);
});
afterEach(closeAll);
afterAll(() => maker.remove());

describe('PHY-23 TDA-07 certificates of a throw-away cluster', () => {
  test('come from one authority of the namespace, beside the other secrets', async () => {
    const { code, stdout, stderr } = await make({ secrets: [{ name: 'postgres', keys }], certificates });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const names = ['postgres', 'authority', 'postgres-server', 'agents-api-client'];
    expect(eventsOf(stdout)).toEqual(names.map((name) => `created ${name}`));
    expect(api.calls).toEqual(['POST postgres', 'GET authority', ...names.slice(1).map((name) => `POST ${name}`)]);
    const root = certificateOf('authority');
    expect(root.subject).toBe('CN=physics-assistant authority');
    for (const name of names.slice(1)) {
      expect(api.types.get(name)).toBe('kubernetes.io/tls');
      expect(Object.keys(api.kept.get(name) ?? {})).toEqual(['tls.crt', 'tls.key', 'ca.crt']);
      expect(api.value(name, 'ca.crt')).toBe(api.value('authority', 'tls.crt'));
      expect(certificateOf(name).verify(root.publicKey)).toBe(true);
      expect(certificateOf(name).checkPrivateKey(createPrivateKey(api.value(name, 'tls.key')))).toBe(true);
    }
    expect(certificateOf('postgres-server').subjectAltName).toBe('DNS:postgres, DNS:*.postgres-pods');
    expect(certificateOf('agents-api-client').subject).toBe('CN=agents_api');
  });

  test('are kept when they exist, and a new one is of the same authority', async () => {
    await make({ secrets: [], certificates: { ...certificates, issued: [server] } });
    const before = new Map(api.kept);
    const { code, stdout, stderr } = await make();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(eventsOf(stdout)).toEqual(['kept authority', 'kept postgres-server', 'created agents-api-client']);
    expect(api.kept.get('authority')).toEqual(before.get('authority'));
    expect(api.kept.get('postgres-server')).toEqual(before.get('postgres-server'));
    expect(certificateOf('agents-api-client').verify(certificateOf('authority').publicKey)).toBe(true);
  });

  test('are of one authority, also when another run was faster', async () => {
    const theirs = newAuthority('physics-assistant authority');
    api.instead = (call) => {
      if (call === 'POST authority') {
        api.kept.set('authority', { 'tls.crt': theirs.certificate, 'tls.key': theirs.key });
      }
      return undefined;
    };
    const { code, stdout } = await make();
    expect(code).toBe(0);
    expect(eventsOf(stdout)[0]).toBe('kept authority');
    expect(api.calls.slice(0, 3)).toEqual(['GET authority', 'POST authority', 'GET authority']);
    expect(api.value('postgres-server', 'ca.crt')).toBe(theirs.certificate);
    expect(certificateOf('postgres-server').verify(new X509Certificate(theirs.certificate).publicKey)).toBe(true);
  });

  test('of two runs at once fit together', async () => {
    const runs = await Promise.all([make(), make()]);
    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(2).fill({ code: 0, stderr: '' }));
    const all = runs.flatMap(({ stdout }) => eventsOf(stdout)).sort();
    const names = ['agents-api-client', 'authority', 'postgres-server'];
    expect(all).toEqual([...names.map((name) => `created ${name}`), ...names.map((name) => `kept ${name}`)]);
    for (const name of names) expect(certificateOf(name).verify(certificateOf('authority').publicKey)).toBe(true);
  });

  test('have an authority whose name fits, however long the namespace is', async () => {
    const other = new Maker('n'.repeat(63));
    const { code } = await other.run({ secrets: [], certificates }, port);
    other.remove();
    expect(code).toBe(0);
    expect(certificateOf('authority').subject).toBe(`CN=${'n'.repeat(54)} authority`);
  });

  test('are not made with an authority that is none, nor is it replaced', async () => {
    const none = { 'tls.crt': newAuthority('a').certificate, 'tls.key': newAuthority('b').key };
    api.kept.set('authority', none);
    const { code, stdout, stderr } = await make();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^secret authority was not created: expected an authority .*, got the key of another/);
    expect(api.kept).toEqual(new Map([['authority', none]]));
  });

  test('go on after a refusal, which is repeated without key and token', async () => {
    api.instead = (call, values) => {
      const lines = String(values['tls.key']).split('\n');
      const encoded = Buffer.from(values['tls.key'] ?? '').toString('base64');
      const message = `no: ${lines[1]} ${JSON.stringify(values['tls.key'])} ${encoded} a-token`;
      return call === 'POST postgres-server' ? { status: 403, body: { message } } : undefined;
    };
    const { code, stdout, stderr } = await make();
    expect(code).toBe(1);
    expect(stderr).toBe(
      'secret postgres-server was not created: HTTP 403: no: *** "***\\n***\\n***\\n***\\n***\\n" *** ***\n',
    );
    expect(eventsOf(stdout)).toEqual(['created authority', 'created agents-api-client']);
  });

  test('wait for nothing else when the authority may not be read', async () => {
    api.instead = (call) => (call.startsWith('GET') ? { status: 403, body: { message: 'forbidden' } } : undefined);
    const { code, stderr } = await make();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'secret authority was not created: HTTP 403: forbidden\n',
    });
    expect(api.calls).toEqual(['GET authority']);
  });

  test('never show a key, whatever happens', async () => {
    const first = await make();
    const second = await make();
    const output = [first, second].map(({ stdout, stderr }) => stdout + stderr).join('');
    for (const name of api.kept.keys()) {
      for (const line of api.value(name, 'tls.key').split('\n').slice(1, -2)) expect(output).not.toContain(line);
    }
  });
});

describe('an inventory of certificates', () => {
  const many = [
    { ...client, secret: 'authority', commonName: 'n'.repeat(65) },
    { ...server, dnsNames: ['postgres', 'pods.*'], usages: ['everything'] },
    { ...server, secret: 'postgres', commonName: '', usages: [] },
    null,
  ];

  test('is refused with all that is wrong, before anything is made', async () => {
    const inventory = { secrets: [{ name: 'postgres', keys }], certificates: { authority: 'authority', issued: many } };
    const { code, stdout, stderr } = await make(inventory);
    expect({ code, stdout, calls: api.calls }).toEqual({ code: 64, stdout: '', calls: [] });
    const usages = 'usages to be a list of server auth or client auth, got';
    expect(stderr.split('\n')).toEqual([
      'expected certificates.issued[0].secret to be a name that no other Secret has, got "authority"',
      `expected certificates.issued[0].commonName to be a name of 1 to 64 characters, got "${'n'.repeat(65)}"`,
      'expected certificates.issued[1].dnsNames to be a list of DNS names, got ["postgres","pods.*"]',
      `expected certificates.issued[1].${usages} ["everything"]`,
      'expected certificates.issued[2].secret to be a name that no other Secret has, got "postgres"',
      'expected certificates.issued[2].commonName to be a name of 1 to 64 characters, got ""',
      `expected certificates.issued[2].${usages} []`,
      'expected certificates.issued[3].secret to be a name that no other Secret has, got nothing',
      'expected certificates.issued[3].commonName to be a name of 1 to 64 characters, got nothing',
      'expected certificates.issued[3].dnsNames to be a list of DNS names, got nothing',
      `expected certificates.issued[3].${usages} nothing`,
      '',
    ]);
  });

  test.each([[null], ['authority'], [{}]])('that is %j is refused', async (certificates) => {
    const { code, stderr } = await make({ secrets: [], certificates });
    expect(code).toBe(64);
    expect(stderr).toContain('expected certificates.issued to be a list, got nothing\n');
  });

  test('may name a server in more than 64 characters', async () => {
    const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.svc.cluster.local`;
    const issued = [{ ...server, dnsNames: [long] }];
    expect((await make({ secrets: [], certificates: { authority: 'authority', issued } })).code).toBe(0);
    expect(certificateOf('postgres-server').checkHost(long)).toBe(long);
  });

  test('may be absent: then no authority is asked for', async () => {
    expect((await make({ secrets: [{ name: 'postgres', keys }] })).code).toBe(0);
    expect(api.calls).toEqual(['POST postgres']);
  });
});
