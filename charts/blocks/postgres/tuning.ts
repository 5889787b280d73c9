import { archiveParameters } from './backup/configuration';
import type { PostgresVersion } from '../platform';
import { limitsOf, memoryMiB, type Resources } from '../quantity';

/** What decides the configuration of a server. */
export interface ServerSize extends Resources {
  readonly storage: string;
}

/** The figures of a guide: they hold when the memory is the guide's (HWO-04, TDA-22). */
export interface Documented {
  readonly memory: string;
  readonly parameters: Parameters;
}

/** postgresql.conf by name; values as the file has them, without quotes. */
export type Parameters = Readonly<Record<string, string>>;

/** Most connections at once, as most guides have it. Each costs memory; a pooler in front multiplies them (ALL-12). */
export const maxConnections = 200;

/** A sort takes its work memory as often as it has nodes, and each parallel worker takes it again. */
const sortersPerConnection = 3;
const workerProcesses = 8;

/**
 * The figures for a server of this size (ALL-13, PHY-20), after pgtune's for a mixed load. Memory is the container's
 * limit: the kernel counts the page cache of a container as its own memory, so what the server does not take is cache.
 */
export function tuning(size: ServerSize, connections: number): Parameters {
  const { memoryMiB: memory, milliCpu } = limitsOf(size);
  const storage = memoryMiB(size.storage);
  const sharedBuffers = Math.floor(memory / 4);
  const workMiB = (memory - sharedBuffers) / ((connections + workerProcesses) * sortersPerConnection);
  const cores = Math.max(1, Math.ceil(milliCpu / 1000));
  // Write-ahead log shares the volume with the data: between two checkpoints it may take a tenth of it.
  const maxWal = Math.min(8192, Math.max(256, Math.floor(storage / 10)));
  return {
    max_connections: `${connections}`,
    shared_buffers: `${sharedBuffers}MB`,
    effective_cache_size: `${Math.floor((memory * 3) / 4)}MB`,
    maintenance_work_mem: `${Math.min(2048, Math.max(16, Math.floor(memory / 16)))}MB`,
    work_mem: `${Math.max(1024, Math.floor(workMiB * 1024))}kB`,
    wal_buffers: `${Math.min(16, Math.max(1, Math.floor(sharedBuffers * 0.03)))}MB`,
    min_wal_size: `${Math.min(1024, Math.floor(maxWal / 4))}MB`,
    max_wal_size: `${maxWal}MB`,
    // A replica that stays away may hold back a quarter of the volume, then it is made anew.
    max_slot_wal_keep_size: `${Math.floor(storage / 4)}MB`,
    wal_keep_size: `${Math.min(512, Math.floor(storage / 20))}MB`,
    checkpoint_completion_target: '0.9',
    checkpoint_timeout: '15min',
    random_page_cost: '1.1',
    effective_io_concurrency: '200',
    default_statistics_target: '100',
    max_worker_processes: `${workerProcesses}`,
    max_parallel_workers: `${Math.min(workerProcesses, cores)}`,
    max_parallel_workers_per_gather: `${Math.min(4, Math.ceil(cores / 2))}`,
    max_parallel_maintenance_workers: `${Math.min(4, Math.ceil(cores / 2))}`,
    jit: 'off',
  };
}

/**
 * Most that /dev/shm may take, in MiB: there parallel workers share what one sort, hash or vacuum has of `work_mem` and
 * `maintenance_work_mem`, which are counted already. A container has 64 MiB unless told otherwise, and a query ends then.
 */
export const sharedMemoryMiB = ({ memory }: Resources): number => Math.max(64, Math.floor(memoryMiB(memory) / 4));

/** What holds for every size: safety, replication, statistics, logs with the prefix of the documents (ALL-13, TDA-04). */
const always: Parameters = {
  password_encryption: 'scram-sha-256',
  wal_level: 'replica',
  hot_standby: 'on',
  max_wal_senders: '10',
  max_replication_slots: '10',
  wal_log_hints: 'on',
  // A peer that is gone is noticed in seconds, not in the kernel's quarter of an hour.
  wal_sender_timeout: '5s',
  wal_receiver_timeout: '5s',
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  dynamic_shared_memory_type: 'posix',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
  track_io_timing: 'on',
  log_min_duration_statement: '1000ms',
  log_line_prefix: '%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ',
  log_checkpoints: 'on',
  log_connections: 'off',
  log_lock_waits: 'on',
  log_temp_files: '0',
  log_timezone: 'UTC',
  timezone: 'UTC',
  ssl: 'on',
  ssl_min_protocol_version: 'TLSv1.2',
  ssl_cert_file: '/tls/tls.crt',
  ssl_key_file: '/tls/tls.key',
  ssl_ca_file: '/tls/ca.crt',
};

/**
 * A JSON object for each message, to the output of the container: the collector, which alone writes them, finds there
 * what `memberScript` puts at these names. PostgreSQL 14 knows plain lines only.
 */
const logging = (version: PostgresVersion): Parameters =>
  version === '14'
    ? { logging_collector: 'off', log_destination: 'stderr' }
    : {
        logging_collector: 'on',
        log_destination: 'jsonlog',
        log_directory: logFiles.folder,
        log_filename: logFiles.plain,
        log_rotation_age: '0',
        log_rotation_size: '0',
      };

/** How page images in the log are compressed. `pglz`, all that 14 has, costs a fifth of what is written (docs/measurements.md). */
const compression = (version: PostgresVersion): Parameters => ({ wal_compression: version === '14' ? 'off' : 'lz4' });

/** Names of the collector's files; what is no message, as the words of `archive_command`, goes to the plain one. */
export const logFiles = { folder: '/tmp', plain: 'postgresql.log', json: 'postgresql.json' };

/** The whole configuration: what always holds, what the size asks for, and the guide's own figures at its own memory. */
export function parameters(
  size: ServerSize,
  connections: number,
  version: PostgresVersion,
  documented?: Documented,
): Parameters {
  const own = documented?.memory === size.memory ? documented.parameters : {};
  return {
    ...always,
    ...logging(version),
    ...compression(version),
    ...archiveParameters,
    ...tuning(size, connections),
    ...own,
  };
}
