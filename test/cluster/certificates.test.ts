import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { freePort } from '../rehearsal/support';
import { manifestsOfPlatform, ofKind, type Manifest } from '../support/manifests';
import { need } from '../support/need';
import { fileOf, json, kubectl, remove, requireCluster, until } from './support';

jest.setTimeout(240_000);

const namespace = 'certificates-of-test';
/** The parts of cert-manager that an authority of the cluster's own takes: none asks the world outside. */
const controllers = [
  ...[
    'issuers',
    'certificaterequests-approver',
    'certificaterequests-issuer-ca',
    'certificaterequests-issuer-selfsigned',
  ],
  ...['issuing', 'key-manager', 'readiness', 'request-manager', 'revision-manager', 'trigger'].map(
    (part) => `certificates-${part}`,
  ),
];

/** What the platform declares, but for the certificate of its public name, which an authority outside signs. */
const declared = ofKind(manifestsOfPlatform('production', 'personal-assistant'), 'Issuer', 'Certificate').filter(
  ({ metadata }) => metadata.name !== 'gateway',
);
const leaves = ofKind(declared, 'Certificate').filter(({ spec }) => spec.isCA !== true);

interface Issued {
  readonly certificate: X509Certificate;
  readonly authority: X509Certificate;
  readonly key: string;
}

async function issued({ spec }: Manifest): Promise<Issued> {
  const { data = {} } = await json<Manifest>('get', 'secret', spec.secretName, '-n', namespace);
  const file = (name: string) => Buffer.from(data[name] ?? '', 'base64');
  return {
    certificate: new X509Certificate(file('tls.crt')),
    authority: new X509Certificate(file('ca.crt')),
    key: file('tls.key').toString(),
  };
}

let manager: ChildProcess | undefined;
let log = '';

beforeAll(async () => {
  need({ 'cert-manager-controller': "cert-manager's controller" });
  await requireCluster({ definitions: true });
  await kubectl('create', 'namespace', namespace);
  const own = declared.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
  await kubectl('apply', '--server-side', '-f', fileOf(own));
  manager = spawn('cert-manager-controller', [
    `--kubeconfig=${process.env.KUBECONFIG}`,
    `--namespace=${namespace}`,
    `--cluster-resource-namespace=${namespace}`,
    `--controllers=${controllers.join(',')}`,
    `--metrics-listen-address=127.0.0.1:${await freePort()}`,
    '--leader-elect=false',
  ]);
  for (const stream of [manager.stdout, manager.stderr]) stream?.on('data', (chunk) => (log += chunk));
});
afterAll(async () => {
  if (manager && manager.exitCode === null) {
    manager.kill();
    await once(manager, 'close');
  }
  await remove(namespace);
});

test('TDA-07 cert-manager issues every certificate of the databases and their clients', async () => {
  const wait = ['--for=condition=Ready', '--timeout=120s', '-n', namespace];
  await kubectl('wait', 'certificates', '--all', ...wait).catch((error: Error) => {
    throw new Error(`${error.message}\n${log.slice(-3000)}`);
  });
  const root = (await issued({ spec: { secretName: 'authority' } } as Manifest)).certificate;
  expect(leaves.length).toBeGreaterThan(5);
  for (const leaf of leaves) {
    const { certificate, authority, key } = await issued(leaf);
    const { commonName, dnsNames = [] } = leaf.spec as { commonName: string; dnsNames?: string[] };
    expect(certificate.subject).toBe(`CN=${commonName}`);
    expect(certificate.subjectAltName?.split(', ') ?? []).toEqual(dnsNames.map((name) => `DNS:${name}`));
    expect([authority.fingerprint256, certificate.verify(root.publicKey)]).toEqual([root.fingerprint256, true]);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;
    expect(Math.round(days)).toBe(90);
  }
});

test('TDA-07 renews one with another key, by the authority that its peers know', async () => {
  const server = leaves.find(({ metadata }) => metadata.name === 'postgres-tls') as Manifest;
  const before = await issued(server);
  // What `cmctl renew` does.
  const renewal = { type: 'Issuing', status: 'True', reason: 'ManuallyTriggered', message: 'asked for by a test' };
  const status = { conditions: [{ ...renewal, lastTransitionTime: new Date().toISOString() }] };
  const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
  await kubectl('patch', 'certificate', server.metadata.name, '-n', namespace, ...patch);
  const serial = async () => (await issued(server)).certificate.serialNumber;
  await until(60, 'another certificate', async () => (await serial()) !== before.certificate.serialNumber);
  const after = await issued(server);
  expect(after.key).not.toBe(before.key);
  expect(after.authority.fingerprint256).toBe(before.authority.fingerprint256);
  expect(after.certificate.subjectAltName).toBe(before.certificate.subjectAltName);
});
