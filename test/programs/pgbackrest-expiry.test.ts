import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { need } from '../support/need';
import { Cluster, volume } from './pgbackrest-cluster';
import { base } from './pgbackrest-machine';

/** A folder that the programs see, wherever they find theirs: the library, and the days that it adds to the clock. */
const folder = mkdtempSync(join(tmpdir(), 'slipway-clock-'));
const day = (number: number) => writeFileSync(join(folder, 'days'), `+${number}d`);

let clock: ChildProcess | undefined;
let cluster: Cluster;

/** Sets the clock of every program that the machine of the tests runs, whoever runs it. */
async function startClock(): Promise<void> {
  need({ faketime: 'faketime' });
  // Both lines at once: what is read is what was written first.
  const said = 'printf "%s\\n" "$(grep -om 1 "/.*libfaketime.*" /proc/self/maps)" "$FAKETIME_SHARED"; exec cat';
  clock = spawn('faketime', ['-f', '+0', 'sh', '-c', said], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [library = '', shared = ''] = String((await once(clock.stdout as Readable, 'data'))[0]).split('\n');
  copyFileSync(library, join(folder, 'faketime.so'));
  const [semaphore, memory] = shared.split(' ');
  for (const path of [`/dev/shm/sem.${semaphore?.slice(1)}`, `/dev/shm${memory}`]) chmodSync(path, 0o666);
  chmodSync(folder, 0o755);
  day(0);
  Object.assign(base, {
    LD_PRELOAD: join(folder, 'faketime.so'),
    FAKETIME_SHARED: shared,
    FAKETIME_TIMESTAMP_FILE: join(folder, 'days'),
    FAKETIME_NO_CACHE: '1',
  });
}

beforeAll(async () => {
  await startClock();
  cluster = await new Cluster().start([volume]);
  cluster.ask('create table marks (day int)', 'postgres', 'grades');
});
afterAll(async () => {
  await cluster?.close();
  clock?.stdin?.end();
  rmSync(folder, { recursive: true, force: true });
});

/** A backup of that day, and a row of it; gives its label. */
function taken(number: number, type: 'full' | 'incr'): string {
  day(number);
  cluster.ask(`insert into marks values (${number})`, 'postgres', 'grades');
  expect(cluster.job('backup', [type])).toMatchObject({ status: 0 });
  return labels().at(-1) ?? '';
}

const labels = () => cluster.backups().map(({ label }) => label);

test('ALL-16 a backup is kept as long as somebody may want a moment of the last thirty days that only it reaches', () => {
  expect(cluster.job('check')).toMatchObject({ status: 0 });
  const [first = ''] = labels();
  const log = () =>
    cluster
      .files()
      .filter((path) => path.includes('/archive/'))
      .sort();
  const [oldest] = log();
  const between = taken(1, 'incr');
  const second = taken(20, 'full');
  // Day 15 is thirty days away: the first one reaches it, with what follows.
  const third = taken(45, 'full');
  expect(labels()).toEqual([first, between, second, third]);
  const fourth = taken(51, 'full');
  expect(labels()).toEqual([second, third, fourth]);
  expect(cluster.files().filter((path) => path.includes(`/${first}/`))).toEqual([]);
  expect(log()).not.toContain(oldest);

  const moment = new Date(Date.now() + 22 * 24 * 3600 * 1000).toISOString();
  const restored = cluster.restore('scratch', { TARGET: moment });
  expect(restored.said).toContain('grades public.marks 2');
  expect(restored.status).toBe(0);
  expect(cluster.restore('scratch', { TARGET: new Date().toISOString() })).not.toMatchObject({ status: 0 });
});
