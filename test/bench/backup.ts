import { rmSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Cluster, volume } from '../programs/pgbackrest-cluster';
import { base, run, type Run } from '../programs/pgbackrest-machine';
import { writeMeasurements } from './document';
import { ratios, spread } from './postgres/load';
import { table } from '../support/table';

/**
 * What a backup and a restore of PostgreSQL take, beside pg_dump and pg_restore of the same data, and what is lost when a
 * server ends without warning. Sides run in turn.
 *
 * `--write` puts the tables into docs/measurements.md, `--quick` shows in two minutes that it works.
 */
const [write, quick] = ['--write', '--quick'].map((flag) => process.argv.includes(flag));
const rounds = quick ? 1 : 3;
/** pgbench's unit is 15 MB: together a GiB. */
const scale = quick ? 5 : 68;
/** Seconds after the first row at which the server ends: somewhere between two segments. */
const ends = quick ? [20] : [57, 85];
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function seconds(what: string, work: () => Run): number {
  const begun = performance.now();
  const { status, said } = work();
  if (status !== 0) throw new Error(`expected ${what} to end well, got ${status}: ${said.slice(-2000)}`);
  const taken = (performance.now() - begun) / 1000;
  say(`${what}: ${taken.toFixed(1)} s`);
  return taken;
}

type Task = 'backup' | 'pg_dump' | 'restore' | 'pg_restore';

/** As generated: nothing is left out that a disk costs. */
const started = () => new Cluster(undefined, {}).start([volume]);

async function throughput(): Promise<string> {
  const cluster = await started();
  const times: Record<Task, number[]> = { backup: [], pg_dump: [], restore: [], pg_restore: [] };
  const login = ['-h', cluster.at('run'), '-p', `${cluster.portOf('postgres')}`, '-U', 'postgres'];
  const dump = `${cluster.directory('dump')}/dump`;
  try {
    seconds('filling', () => run('pgbench', ['-i', '-q', '-s', `${scale}`, ...login, 'grades'], base));
    cluster.ask('checkpoint');
    seconds('first check', () => cluster.job('check'));
    const bytes = Number(cluster.ask("select pg_database_size('grades')").said);
    const ours = () => {
      times.backup.push(seconds('backup', () => cluster.job('backup', ['full'])));
      times.restore.push(seconds('restore', () => cluster.restore('scratch', { TARGET: 'latest' })));
    };
    const theirs = () => {
      const how = ['-Fd', '-j', '2', '-Z', 'zstd', '-f', dump];
      times.pg_dump.push(seconds('pg_dump', () => run('pg_dump', [...how, ...login, 'grades'], base)));
      cluster.ask('create database copy');
      const back = ['-j', '2', '--exit-on-error', '-d', 'copy'];
      times.pg_restore.push(seconds('pg_restore', () => run('pg_restore', [...back, ...login, dump], base)));
      cluster.ask('drop database copy');
      rmSync(dump, { recursive: true });
    };
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) side();
    }
    const speed = (name: Task) => times[name].map((taken) => bytes / 1024 / 1024 / taken);
    const row = (title: string, name: Task) => [title, spread(times[name], 1), spread(speed(name), 0)];
    const ratio = (title: string, one: Task, other: Task) => [title, spread(ratios(times[one], times[other]), 2), ''];
    return table(
      [`${(bytes / 1024 ** 3).toFixed(2)} GiB`, 'seconds', 'MiB of database a second'],
      [
        row('Job of a full backup: encrypted, rows counted twice', 'backup'),
        row('`pg_dump -Fd -j 2 -Z zstd`: plain', 'pg_dump'),
        ratio('ratio', 'backup', 'pg_dump'),
        row('restore beside: log replayed, every table read', 'restore'),
        row('`pg_restore -j 2`: nothing read', 'pg_restore'),
        ratio('ratio', 'restore', 'pg_restore'),
      ],
      true,
    );
  } finally {
    await cluster.close();
  }
}

const writing =
  'do $$ begin loop insert into marks values (clock_timestamp()); commit; perform pg_sleep(0.01); end loop; end $$';

/** Seconds of acknowledged rows that are in no repository when the server is killed and its disk is gone. */
async function lost(): Promise<string> {
  const cluster = await started();
  const losses: number[] = [];
  try {
    cluster.ask('create table marks (written_at timestamptz not null)', 'postgres', 'grades');
    seconds('first check', () => cluster.job('check'));
    for (const end of ends) {
      const writer = cluster.session('grades', writing);
      await new Promise((resolve) => setTimeout(resolve, end * 1000));
      const newest = Number(
        cluster.ask('select extract(epoch from max(written_at)) from marks', 'postgres', 'grades').said,
      );
      await cluster.stop('postgres', 'SIGKILL');
      writer.kill();
      const { status, said } = cluster.restore('scratch', { TARGET: 'latest' });
      const [, last] = /after the transaction of ([\d-]+ [\d:]+) UTC/.exec(said) ?? [];
      if (status !== 0 || !last)
        throw new Error(`expected the restore to end well, got ${status}: ${said.slice(-2000)}`);
      // The log of the restore knows whole seconds: the loss may be one second less.
      losses.push(newest - Date.parse(`${last.replace(' ', 'T')}Z`) / 1000);
      say(`killed after ${end} s: ${losses.at(-1)?.toFixed(1)} s are lost`);
      await cluster.startPostgres();
      // Patroni starts it as a replica and promotes it; this wakes the checkpointer as a promotion does.
      cluster.ask('checkpoint');
    }
    return table(
      ['a row every 10 ms, the server killed and its disk gone', 'seconds lost'],
      losses.map((loss, index) => [`after ${ends[index]} s of writing`, loss.toFixed(1)]),
      true,
    );
  } finally {
    await cluster.close();
  }
}

async function main(): Promise<void> {
  const tables = [await throughput(), await lost()].join('\n\n');
  process.stdout.write(`${tables}\n`);
  if (write) writeMeasurements('npm run bench:backup', tables);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
