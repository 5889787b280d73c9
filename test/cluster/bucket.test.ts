import type { Construct } from 'constructs';
import { Platform } from '../../charts/blocks/platform';
import { Postgres } from '../../charts/blocks/postgres/postgres';
import { DisposableSecrets } from '../../charts/blocks/rehearsal/disposable-secrets';
import type { Settings } from '../../config';
import { programs } from '../../config/programs';
import { certificates } from '../faults/authority';
import { apply } from '../faults/kube';
import type { Manifest } from '../support/manifests';
import { database } from '../support/testing';
import { applyAgain, json, kubectl, query, ready, remove, requireCluster, startJob, until, written } from './support';

jest.setTimeout(600_000);

const namespace = 'library-development';
/** Where the S3 service stands: on the network of a node, outside of what the cluster gives its pods. */
const outside = 'bucket-of-test';
const host = `minio.${outside}.svc.cluster.local`;
const port = 9000;
const bucket = 'backups';

/** A database whose only backups are in a bucket, the certificate of which an authority of its owner has signed. */
class Library extends Platform {
  constructor(scope: Construct, settings: Settings, authority: string) {
    super(scope, 'library', settings);
    new Postgres(this, 'postgres', {
      ...database,
      size: { cpu: '500m', memory: '512Mi', storage: '1Gi' },
      pooler: { cpu: '100m', memory: '64Mi', replicas: { min: 1, max: 1 }, poolSize: 10 },
      backup: {
        ...database.backup,
        destinations: [
          { kind: 's3', bucket, endpoint: `https://${host}:${port}`, region: 'us-east-1', pathStyle: true, authority },
        ],
      },
    });
    new DisposableSecrets(this);
  }
}

const object = (kind: string, name: string, more: object) => ({
  ...{ apiVersion: 'v1', kind, metadata: { name, namespace: outside, labels: { app: 'minio' } } },
  ...more,
});

/** MinIO with one bucket, and the keys that the platform has made for it. */
async function startBucket(node: string): Promise<void> {
  const { data = {} } = await json<Manifest>('get', 'secret', 'backup', '-n', namespace);
  const mount = (name: string, mountPath: string) => ({ name, mountPath });
  const pod = object('Pod', 'minio', {
    spec: {
      hostNetwork: true,
      nodeName: node,
      volumes: [
        { name: 'data', emptyDir: {} },
        {
          name: 'tls',
          secret: {
            secretName: 'minio-tls',
            items: [
              { key: 'tls.crt', path: 'public.crt' },
              { key: 'tls.key', path: 'private.key' },
            ],
          },
        },
      ],
      initContainers: [
        {
          ...{ name: 'bucket', image: programs.node, command: ['mkdir', `/data/${bucket}`] },
          volumeMounts: [mount('data', '/data')],
        },
      ],
      containers: [
        {
          ...{ name: 'minio', image: 'localhost/minio:1' },
          args: ['server', '--quiet', '--certs-dir', '/certs', '--address', `:${port}`, '/data'],
          envFrom: [{ secretRef: { name: 'keys' } }],
          env: [{ name: 'HOME', value: '/data' }],
          readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
          volumeMounts: [mount('data', '/data'), mount('tls', '/certs')],
        },
      ],
    },
  });
  const keys = object('Secret', 'keys', {
    data: { MINIO_ROOT_USER: data.S3_ACCESS_KEY_ID, MINIO_ROOT_PASSWORD: data.S3_SECRET_ACCESS_KEY },
  });
  await apply([keys, pod]);
  await kubectl('wait', 'pod/minio', '-n', outside, '--for=condition=Ready', '--timeout=60s');
}

/** The certificate of the service, and who signed it. */
async function sign(): Promise<string> {
  const authority = object('Certificate', 'authority', {
    spec: { isCA: true, secretName: 'authority', commonName: 'authority of the bucket' },
  });
  const leaf = object('Certificate', 'minio', {
    spec: {
      ...{ secretName: 'minio-tls', commonName: 'minio', dnsNames: [host], usages: ['server auth'] },
      issuerRef: { name: 'authority' },
    },
  });
  const [root, issued] = await certificates(outside, [authority, leaf]);
  await apply([issued as object]);
  return Buffer.from(root?.data['ca.crt'] ?? '', 'base64').toString();
}

const sql = (text: string) => query(namespace, 'postgres-0', 'grades', text);
const rows = async () => Number(await sql('select count(*) from kept'));
const complete = (...jobs: string[]) =>
  kubectl('wait', ...jobs, '-n', namespace, '--for=condition=Complete', '--timeout=300s');
const accounts = ['jobs', '-l', 'app.kubernetes.io/name=postgres-accounts'];

let folder: string;

beforeAll(async () => {
  await requireCluster();
  await Promise.all([remove(namespace), remove(outside)]);
  await kubectl('create', 'namespace', outside);
  const { items } = await json<{ items: Manifest[] }>('get', 'nodes');
  const node = items[0] as Manifest & { status: { addresses: { type: string; address: string }[] } };
  const address = node.status.addresses.find(({ type }) => type === 'InternalIP')?.address;
  const authority = await sign();
  folder = written(
    'development',
    (settings) => ({ ...settings, externals: { 'backup-bucket': [`${address}/32`] } }),
    (app, settings) => new Library(app, settings, authority),
  );
  await kubectl('apply', '-f', folder);
  const service = object('Service', 'minio', {
    spec: { clusterIP: 'None', selector: { app: 'minio' }, ports: [{ port }] },
  });
  await apply([service]);
  const secret = () => kubectl('get', 'secret', 'backup', '-n', namespace, '--ignore-not-found', '-o', 'name');
  await until(120, 'keys of the bucket', async () => (await secret()) !== '');
  await startBucket(node.metadata.name);
});
afterAll(async () => {
  await Promise.all([remove(namespace), remove(outside)]);
});

test('ALL-16 the bucket has a first backup soon after the apply, whichever of them was there first', async () => {
  await ready(namespace, 300);
  await sql('create table kept as select number from generate_series(1, 100) number');
  for (const kind of ['full', 'verify']) {
    await kubectl('create', 'job', `${kind}-of-test`, '-n', namespace, `--from=cronjob/postgres-backup-${kind}`);
    await complete(`job/${kind}-of-test`);
  }
});

test('ALL-17 ALL-34 a platform that is lost with all it had comes back from the bucket and the kept passphrase', async () => {
  await sql('insert into kept select number from generate_series(101, 150) number');
  const written = await sql('select pg_walfile_name(pg_switch_wal())');
  const archived = () => sql('select last_archived_wal from pg_stat_archiver');
  await until(90, 'the log in the bucket', async () => (await archived()) >= written);
  const kept = await Promise.all(
    ['postgres-backup', 'backup'].map((name) => json<Manifest>('get', 'secret', name, '-n', namespace)),
  );

  await remove(namespace);
  await kubectl('create', 'namespace', namespace);
  await apply(kept.map(({ metadata: { name }, ...secret }) => ({ ...secret, metadata: { name, namespace } })));
  await applyAgain(folder);
  await complete(...accounts);
  await expect(rows()).rejects.toThrow('relation "kept" does not exist');

  await startJob(namespace, 'postgres-restore', 'restore-of-test', { TARGET: 'latest', CONFIRM: namespace });
  await complete('job/restore-of-test');
  const said = await kubectl('logs', 'job/restore-of-test', '-n', namespace);
  expect(said).toContain('the primary is of another cluster than the backups');
  await kubectl('delete', ...accounts, '-n', namespace);
  await applyAgain(folder);
  await complete(...accounts);
  expect(await rows()).toBe(150);
});
