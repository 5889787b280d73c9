import { parse } from 'yaml';
import { parameters, sharedMemoryMiB, tuning } from '../../charts/blocks/postgres/tuning';
import { memoryMiB } from '../../charts/blocks/quantity';
import { everywhere } from '../support/everywhere';
import { find } from '../support/manifests';

test('ALL-13 PHY-20 a server of 1 CPU and 2 GiB', () => {
  expect(tuning({ cpu: '1', memory: '2Gi', storage: '100Gi' }, 200)).toEqual({
    max_connections: '200',
    shared_buffers: '512MB',
    effective_cache_size: '1536MB',
    maintenance_work_mem: '128MB',
    work_mem: '2520kB',
    wal_buffers: '15MB',
    min_wal_size: '1024MB',
    max_wal_size: '8192MB',
    max_slot_wal_keep_size: '25600MB',
    wal_keep_size: '512MB',
    checkpoint_completion_target: '0.9',
    checkpoint_timeout: '15min',
    random_page_cost: '1.1',
    effective_io_concurrency: '200',
    default_statistics_target: '100',
    max_worker_processes: '8',
    max_parallel_workers: '1',
    max_parallel_workers_per_gather: '1',
    max_parallel_maintenance_workers: '1',
    jit: 'off',
  });
});

test('ALL-13 PHY-20 a server of 8 CPU and 16 GiB', () => {
  expect(tuning({ cpu: '8', memory: '16Gi', storage: '200Gi' }, 200)).toMatchObject({
    max_connections: '200',
    shared_buffers: '4096MB',
    effective_cache_size: '12288MB',
    maintenance_work_mem: '1024MB',
    work_mem: '20164kB',
    wal_buffers: '16MB',
    max_parallel_workers: '8',
    max_parallel_workers_per_gather: '4',
  });
});

test('ALL-13 a server of 256 MiB and 1 GiB of storage keeps what PostgreSQL needs at least', () => {
  expect(tuning({ cpu: '250m', memory: '256Mi', storage: '1Gi' }, 200)).toMatchObject({
    shared_buffers: '64MB',
    maintenance_work_mem: '16MB',
    work_mem: '1024kB',
    wal_buffers: '1MB',
    max_wal_size: '256MB',
    min_wal_size: '64MB',
    max_slot_wal_keep_size: '256MB',
    max_parallel_workers: '1',
  });
});

test('ALL-12 fewer connections leave more work memory to each', () => {
  expect(tuning({ cpu: '1', memory: '2Gi', storage: '10Gi' }, 100)).toMatchObject({
    max_connections: '100',
    work_mem: '4854kB',
  });
});

test('ALL-13 statements are counted, slow ones logged, with the prefix of the documents', () => {
  expect(parameters({ cpu: '1', memory: '2Gi', storage: '10Gi' }, 200, '17')).toMatchObject({
    shared_preload_libraries: 'pg_stat_statements',
    log_min_duration_statement: '1000ms',
    log_line_prefix: '%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ',
    shared_buffers: '512MB',
  });
});

describe('TDA-22 HWO-04 the figures of a guide', () => {
  const documented = { memory: '16Gi', parameters: { work_mem: '64MB' } };

  test('hold at the memory of the guide', () => {
    expect(parameters({ cpu: '8', memory: '16Gi', storage: '200Gi' }, 200, '17', documented)).toMatchObject({
      work_mem: '64MB',

      shared_buffers: '4096MB',
    });
  });

  test('are computed at any other', () => {
    expect(parameters({ cpu: '8', memory: '8Gi', storage: '200Gi' }, 200, '17', documented)).toMatchObject({
      work_mem: '10082kB',

      shared_buffers: '2048MB',
    });
  });
});

test.each([
  ['14', 'off'],
  ['15', 'lz4'],
  ['18', 'lz4'],
] as const)(
  'ALL-13 PostgreSQL %s has page images in its log %s: pglz costs a fifth of what is written',
  (version, kind) => {
    const { wal_compression } = parameters({ cpu: '1', memory: '2Gi', storage: '10Gi' }, 200, version);
    expect(wal_compression).toBe(kind);
  },
);

const units: Record<string, number> = { kB: 1 / 1024, MB: 1, GB: 1024 };
const mebibytes = (value: string): number => parseInt(value) * (units[value.replace(/^\d+/, '')] ?? NaN);

test.each(everywhere)(
  'PHY-20 /dev/shm of $platform in $environment holds a parallel index build, and a hash of all workers',
  ({ objects }) => {
    const text = find(objects, 'ConfigMap', 'postgres-settings').data?.['agreement.yml'] ?? '';
    const { postgresql } = parse(text) as { postgresql: { parameters: Record<string, string> } };
    const { maintenance_work_mem = '', work_mem = '', max_parallel_workers_per_gather } = postgresql.parameters;
    const { volumes } = find(objects, 'StatefulSet', 'postgres').spec.template.spec;
    const { emptyDir } = volumes.find(({ name }: { name: string }) => name === 'shm');
    expect(emptyDir.medium).toBe('Memory');
    // PostgreSQL gives a hash twice its `work_mem`, for each worker and the leader.
    const hash = 2 * mebibytes(work_mem) * (Number(max_parallel_workers_per_gather) + 1);
    expect(memoryMiB(emptyDir.sizeLimit)).toBeGreaterThanOrEqual(mebibytes(maintenance_work_mem) + hash);
  },
);

test('PHY-20 /dev/shm has a quarter of the memory, and never less than a container by itself', () => {
  expect([sharedMemoryMiB({ cpu: '1', memory: '4Gi' }), sharedMemoryMiB({ cpu: '1', memory: '128Mi' })]).toEqual([
    1024, 64,
  ]);
});
