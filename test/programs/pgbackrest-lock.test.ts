import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { eventually } from '../rehearsal/support';
import { Cluster, volume } from './pgbackrest-cluster';

let cluster: Cluster;
beforeAll(async () => (cluster = await new Cluster().start([volume])));
afterAll(() => cluster?.close());

const holders = () => cluster.ask("select pid from pg_locks where locktype = 'advisory' and granted").said;
const sessions = () => cluster.ask("select count(*) from pg_stat_activity where application_name = 'lock backup'").said;
/** A run that holds the lock until somebody makes the file. */
const holding = async (name = 'backup') => {
  const run = cluster.jobMeanwhile('with-lock', [name, '5', 'sh', '-c', 'echo begun; exec sleep 60']);
  await eventually(() => run.output.said.includes('begun'));
  return run;
};

describe('ALL-16 a lock', () => {
  test('gives the exit code and the words of its command', () => {
    const run = cluster.job('with-lock', [
      'backup',
      '5',
      'sh',
      '-c',
      'echo out; echo "$1 $2"; exit 7',
      'x',
      'a b',
      "c'd",
    ]);
    expect(run).toEqual({ status: 7, said: "out\na b c'd" });
    expect(holders()).toBe('');
  });

  test('lets one run in after the other', async () => {
    const log = cluster.at('order');
    const script = 'echo "begin $1" >> "$2"; sleep 1; echo "end $1" >> "$2"';
    const runs = ['a', 'b', 'c'].map((name) =>
      cluster.jobMeanwhile('with-lock', ['backup', '20', 'sh', '-c', script, 'x', name, log]),
    );
    expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    expect(lines.filter((_, index) => index % 2 === 0).map((line) => line.replace('begin', 'end'))).toEqual(
      lines.filter((_, index) => index % 2 === 1),
    );
  });

  test('does not hold up a run with a lock of another name', async () => {
    const other = await holding('maintenance');
    expect(cluster.job('with-lock', ['backup', '1', 'true'])).toMatchObject({ status: 0 });
    other.child.kill();
    await other.ended;
  });

  test('is waited for no longer than said, and the command does not run then', async () => {
    const first = await holding();
    const begin = Date.now();
    const { status, said } = cluster.job('with-lock', ['backup', '1', 'echo', 'it runs']);
    expect([status, said]).toEqual([
      1,
      expect.stringMatching(/^expected the lock "backup" to be free within 1 s, got a run/),
    ]);
    expect(Date.now() - begin).toBeLessThan(4000);
    first.child.kill();
    await first.ended;
  });

  test('is free as soon as its run is killed', async () => {
    const first = await holding();
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    expect(cluster.job('with-lock', ['backup', '3', 'true'])).toMatchObject({ status: 0 });
  });

  test('is free when a run that waits for it is stopped', async () => {
    const first = await holding();
    const second = cluster.jobMeanwhile('with-lock', ['backup', '60', 'true']);
    await eventually(() => sessions() === '2');
    second.child.kill();
    expect(await second.ended).toBe(143);
    await eventually(() => sessions() === '1', 5000);
    first.child.kill();
    await first.ended;
  });

  test('hands a stop signal to whatever its command waits for, and waits for that', async () => {
    const script =
      'trap : TERM; sh -c \'trap "echo inner stops; exit 0" TERM; echo begun; while :; do sleep 0.1; done\'; echo outer ends';
    const run = cluster.jobMeanwhile('with-lock', ['backup', '5', 'bash', '-c', script]);
    await eventually(() => run.output.said.includes('begun'));
    run.child.kill();
    await run.ended;
    expect(run.output.said).toMatch(/^begun[^]*inner stops[^]*outer ends\n$/);
    expect(holders()).toBe('');
  });

  test('takes its command with it when the primary is lost', async () => {
    const run = await holding();
    cluster.ask(`select pg_terminate_backend(${holders()})`);
    expect(await run.ended).toBe(1);
    expect(run.output.said).toContain('expected the lock "backup" to be held until the end, got the session lost');
  });
});
