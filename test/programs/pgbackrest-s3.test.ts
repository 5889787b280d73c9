import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { eventually, freePort } from '../rehearsal/support';
import { need } from '../support/need';
import { Cluster, passphrase, volume } from './pgbackrest-cluster';

const marker = 'a secret that stands in a row of a table';
const keys = { id: 'key-of-the-bucket', secret: 'a secret key of the bucket' };

let cluster: Cluster;
let port: number;

const startBucket = async () => {
  cluster.spawn(
    'minio',
    'minio',
    ['server', '--quiet', '--certs-dir', cluster.at('certs'), '--address', `127.0.0.1:${port}`, cluster.at('bucket')],
    { MINIO_ROOT_USER: keys.id, MINIO_ROOT_PASSWORD: keys.secret, HOME: cluster.folder },
  );
  await eventually(
    () =>
      new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
        socket.on('error', () => resolve(false));
      }),
  );
};

beforeAll(async () => {
  need({ minio: 'MinIO' });
  port = await freePort();
  cluster = new Cluster({
    PGBACKREST_REPO1_CIPHER_PASS: passphrase,
    PGBACKREST_REPO2_CIPHER_PASS: `${passphrase} in the bucket`,
    PGBACKREST_REPO2_S3_KEY: keys.id,
    PGBACKREST_REPO2_S3_KEY_SECRET: keys.secret,
  });
  cluster.certificate('minio', 'minio');
  mkdirSync(cluster.at('bucket', 'backups'), { recursive: true });
  mkdirSync(cluster.at('certs'));
  cpSync(cluster.at('tls/minio/tls.crt'), cluster.at('certs/public.crt'));
  cpSync(cluster.at('tls/minio/tls.key'), cluster.at('certs/private.key'));
  await startBucket();
  const authority = readFileSync(cluster.at('ca.crt'), 'utf8');
  const bucket = { kind: 's3', bucket: 'backups', region: 'us-east-1', uriStyle: 'path', authority } as const;
  await cluster.start([volume, { ...bucket, endpoint: `localhost:${port}` }]);
  cluster.ask(
    `create table marks as select '${marker}'::text note from generate_series(1, 5000)`,
    'postgres',
    'grades',
  );
});
afterAll(() => cluster?.close());

const objects = () =>
  readdirSync(cluster.at('bucket/backups'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test('ALL-16 a volume and a bucket, whose certificate a private authority signed, both get log and backups', () => {
  expect(cluster.job('check')).toMatchObject({ status: 0 });
  expect(cluster.job('backup', ['incr'])).toMatchObject({ status: 0 });
  for (const repository of [1, 2]) {
    expect(cluster.backups(repository).map(({ type }) => type)).toEqual(['full', 'incr']);
    expect(cluster.backups(repository).at(-1)?.annotation?.rows).toContain('"public.marks": 5000');
  }
  expect(cluster.job('verify')).toMatchObject({ status: 0 });
});

test('ALL-16 the bucket learns no text of a table, compressed or not', () => {
  expect(cluster.job('backup', ['full'], { PGBACKREST_COMPRESS_TYPE: 'none' })).toMatchObject({ status: 0 });
  expect(objects().some((path) => path.includes('school-test/postgres/archive/db/17-1'))).toBe(true);
  expect(objects().filter((path) => readFileSync(path).includes(marker))).toEqual([]);
});

test('ALL-34 an object that is lost in the bucket is found there, while the volume is whole', () => {
  const [bundle = ''] = objects().filter((path) => /F\/bundle\/1\//.test(path));
  rmSync(bundle.replace(/\/bundle\/1\/.*/, '/bundle/1'), { recursive: true });
  const { status, said } = cluster.job('verify');
  expect(status).toBe(1);
  expect(said).toMatch(/expected repository 2 to be whole, got backup: \w+-\w+F, status: invalid/);
  expect(said).not.toContain('expected repository 1');
  expect(cluster.job('backup', ['full'])).toMatchObject({ status: 0 });
});

test('ALL-16 a bucket that is away fails the Job, and the volume has its backup and all log all the same', async () => {
  const before = cluster.backups(1).length;
  await cluster.stop('minio', 'SIGTERM');
  const { status, said } = cluster.job('backup', ['incr'], { PGBACKREST_IO_TIMEOUT: '3' });
  expect(status).not.toBe(0);
  expect(said).toContain(`unable to connect to 'localhost:${port}`);
  expect(cluster.backups(1)).toHaveLength(before + 1);

  const switched = Array.from({ length: 6 }, () => {
    cluster.ask("insert into marks values ('more')", 'postgres', 'grades');
    return cluster.ask('select pg_walfile_name(pg_switch_wal())').said;
  });
  const arrived = (files: readonly string[]) =>
    switched.every((name) => files.some((file) => file.includes(`/${name}-`)));
  await eventually(() => arrived(cluster.files()), 90_000);
  expect(arrived(objects())).toBe(false);

  await startBucket();
  expect(cluster.job('check')).toMatchObject({ status: 0 });
  await eventually(() => arrived(objects()), 90_000);
}, 240_000);

test('ALL-17 ALL-34 the bucket alone is enough to restore from', async () => {
  await cluster.stop('repository', 'SIGTERM');
  const { status, said } = cluster.restore('scratch', { TARGET: 'latest', REPOSITORY: '2' });
  expect(said).toContain('grades public.marks 5006');
  expect(status).toBe(0);
});
