import { hbaConf, postgresConf, tuning } from '../../charts/blocks/postgres/tuning';

test('ALL-13 PHY-20 a server of 1 CPU and 2 GiB', () => {
  expect(tuning({ cpu: '1', memory: '2Gi' })).toEqual({
    max_connections: '200',
    shared_buffers: '512MB',
    effective_cache_size: '1536MB',
    maintenance_work_mem: '128MB',
    work_mem: '2520kB',
    wal_buffers: '15MB',
    min_wal_size: '256MB',
    max_wal_size: '1GB',
    checkpoint_completion_target: '0.9',
    random_page_cost: '1.1',
    effective_io_concurrency: '200',
    default_statistics_target: '100',
    max_worker_processes: '8',
    max_parallel_workers: '1',
    max_parallel_workers_per_gather: '1',
    jit: 'off',
  });
});

test('ALL-13 PHY-20 a server of 8 CPU and 16 GiB', () => {
  expect(tuning({ cpu: '8', memory: '16Gi' })).toMatchObject({
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

test('ALL-13 a server of 256 MiB keeps what PostgreSQL needs at least', () => {
  expect(tuning({ cpu: '250m', memory: '256Mi' })).toMatchObject({
    shared_buffers: '64MB',
    maintenance_work_mem: '16MB',
    work_mem: '1024kB',
    wal_buffers: '1MB',
    max_parallel_workers: '1',
  });
});

test('ALL-13 statements are counted, slow ones logged, with the prefix of the documents', () => {
  expect(postgresConf({ cpu: '1', memory: '2Gi' }).split('\n')).toEqual(
    expect.arrayContaining([
      "shared_preload_libraries = 'pg_stat_statements'",
      'log_min_duration_statement = 1000',
      "log_line_prefix = '%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h '",
      'logging_collector = off',
      'shared_buffers = 512MB',
    ]),
  );
});

test('over the network nobody comes in without a password', () => {
  expect(hbaConf.split('\n').filter((line) => line.startsWith('host'))).toEqual([
    'host  all all all scram-sha-256',
    'host  replication all all scram-sha-256',
  ]);
});
