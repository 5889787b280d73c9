import { limitsOf, type Resources } from '../quantity';

/** Most connections at once. Each costs memory; a pooler in front multiplies them (ALL-12). */
export const maxConnections = 200;

/** PostgreSQL's share of the work memory when every connection sorts at the same time; parallel workers count too. */
const sortersPerConnection = 3;
const workerProcesses = 8;

/**
 * postgresql.conf for a server of this size (ALL-13, PHY-20). The rules are pgtune's for a mixed load; the memory is
 * the container's limit, in MiB.
 */
export function tuning(size: Resources): Record<string, string> {
  const { memoryMiB, milliCpu } = limitsOf(size);
  const sharedBuffers = Math.floor(memoryMiB / 4);
  const workMiB = (memoryMiB - sharedBuffers) / ((maxConnections + workerProcesses) * sortersPerConnection);
  const cores = Math.max(1, Math.ceil(milliCpu / 1000));
  return {
    max_connections: `${maxConnections}`,
    shared_buffers: `${sharedBuffers}MB`,
    effective_cache_size: `${Math.floor((memoryMiB * 3) / 4)}MB`,
    maintenance_work_mem: `${Math.min(2048, Math.max(16, Math.floor(memoryMiB / 16)))}MB`,
    work_mem: `${Math.max(1024, Math.floor(workMiB * 1024))}kB`,
    wal_buffers: `${Math.min(16, Math.max(1, Math.floor(sharedBuffers * 0.03)))}MB`,
    min_wal_size: '256MB',
    max_wal_size: '1GB',
    checkpoint_completion_target: '0.9',
    random_page_cost: '1.1',
    effective_io_concurrency: '200',
    default_statistics_target: '100',
    max_worker_processes: `${workerProcesses}`,
    max_parallel_workers: `${Math.min(workerProcesses, cores)}`,
    max_parallel_workers_per_gather: `${Math.min(4, Math.ceil(cores / 2))}`,
    jit: 'off',
  };
}

/** What holds for every size: safety, statistics, logs to stderr with the prefix of the documents (ALL-13). */
const always: Record<string, string> = {
  listen_addresses: "'*'",
  unix_socket_directories: "'/run/postgresql'",
  password_encryption: "'scram-sha-256'",
  wal_level: "'replica'",
  dynamic_shared_memory_type: "'posix'",
  shared_preload_libraries: "'pg_stat_statements'",
  'pg_stat_statements.track': "'all'",
  track_io_timing: 'on',
  logging_collector: 'off',
  log_min_duration_statement: '1000',
  log_line_prefix: "'%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h '",
  log_checkpoints: 'on',
  log_connections: 'off',
  log_lock_waits: 'on',
  log_temp_files: '0',
  log_timezone: "'UTC'",
  timezone: "'UTC'",
};

/** The whole postgresql.conf. */
export const postgresConf = (size: Resources): string =>
  Object.entries({ ...always, ...tuning(size) })
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');

/** Who may log in: over the network with a password, inside the pod as the superuser. */
export const hbaConf = [
  'local all all peer map=pod',
  'host  all all all scram-sha-256',
  'host  replication all all scram-sha-256',
  '',
].join('\n');
