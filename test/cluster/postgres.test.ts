import { Agents } from '../faults/agents';
import { podFaults } from '../faults/faults-of-pods';
import { membersOf, whole } from '../faults/members';
import { strike } from '../faults/strike';
import { namespace, raise } from '../faults/target';
import { heal } from '../faults/undo';
import { developmentDown } from './development';
import { inside, kubectl, query, remove, requireCluster } from './support';

// Two of the campaign's faults; all of them take an hour: `npm run faults:postgres`.
jest.setTimeout(900_000);

const named = (name: string) => {
  const fault = podFaults.find((candidate) => candidate.name === name);
  if (!fault) throw new Error(`expected a fault \`${name}\`, got none`);
  return fault;
};

let agents: Agents;

beforeAll(async () => {
  await requireCluster({ nodes: 3, definitions: true });
  await developmentDown();
  agents = new Agents(await raise());
  await agents.start();
});
afterAll(async () => {
  heal({ late: true });
  await remove(namespace);
});

describe('a database of three members that is written to every 10 ms', () => {
  // A planned one takes 2 to 3 seconds; this machine has other work to do.
  test.each([
    ['delete-primary', 10, true],
    ['kill-primary', 15, false],
  ])('TDA-04 loses no acknowledged row and has one primary: %s', async (name, mostSeconds, handsOver) => {
    const began = new Date().toISOString();
    const outcome = await strike(named(name), agents);
    expect(outcome).toMatchObject({ lost: 0, twoPrimaries: 0, served: 1, failed: false });
    expect(outcome.acknowledged).toBeGreaterThan(1000);
    expect(outcome.direct.longest).toBeLessThanOrEqual(mostSeconds * 1000);
    expect(outcome.pooled.longest).toBeLessThanOrEqual(mostSeconds * 1000);
    expect(outcome.recovered).toBeDefined();
    if (!handsOver) return;
    expect(outcome.another).toBe(true);
    // The next one was asked to take over: it did not have to find out.
    const [next] = await membersOf(agents.target);
    const log = await kubectl('logs', `${next?.pod}`, '-n', namespace, '-c', 'server', `--since-time=${began}`);
    expect(log).toContain('Cleaning up failover key after acquiring leader lock');
  });

  test('TDA-04 gives up an address that does not answer in seconds, not in the minutes of the kernel', async () => {
    const began = Date.now();
    const nobody = ['psql', 'host=10.255.255.1 user=postgres dbname=postgres', '-c', 'select 1'];
    const attempt = inside(namespace, 'postgres-0', 'server', ...nobody);
    await expect(attempt).rejects.toThrow(/Connection timed out/);
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  test('ALL-13 says in the log of a pod, as JSON, which statement was slow', async () => {
    await query(namespace, 'postgres-0', 'postgres', 'select pg_sleep(1.1)');
    const lines = (await kubectl('logs', 'postgres-0', '-n', namespace, '-c', 'server', '--since=30s'))
      .split('\n')
      .filter((line) => line.startsWith('{'));
    const messages = lines.map((line) => JSON.parse(line) as { message: string });
    expect(messages.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^duration: .* pg_sleep/));
  });

  test('PHY-20 ALL-13 has room for what parallel workers share, more than the 64 MiB of a container', async () => {
    const [primary] = await membersOf(agents.target);
    const plan = await query(namespace, `${primary?.pod}`, 'postgres', largeParallelHash);
    const [, kilobytes] = /Parallel Hash[^]*Batches: 1 .*Memory Usage: (\d+)kB/.exec(plan) ?? [];
    expect(Number(kilobytes)).toBeGreaterThan(64 * 1024);
  });
});

test('TDA-04 ALL-17 nobody takes over from a primary that stops together with all others', async () => {
  const timeline = async () => {
    const [primary] = await membersOf(agents.target);
    const sql = 'select timeline_id from pg_control_checkpoint()';
    return Number(await query(namespace, `${primary?.pod}`, 'postgres', `checkpoint; ${sql}`));
  };
  const scale = (members: number) => kubectl('scale', 'statefulset/postgres', '-n', namespace, `--replicas=${members}`);
  const before = await timeline();
  await scale(0);
  const gone = ['pod', '-l', 'app.kubernetes.io/name=postgres', '-n', namespace];
  await kubectl('wait', ...gone, '--for=delete', '--timeout=120s');
  await scale(3);
  await whole(agents.target, 300);
  // The one that its former primary begins when it starts again.
  expect(await timeline()).toBe(before + 1);
});

const largeParallelHash = `
  create table large as select number, md5(number::text) as noise from generate_series(1, 1000000) number;
  set local work_mem = '64MB'; set local max_parallel_workers_per_gather = 2;
  set local parallel_setup_cost = 0; set local parallel_tuple_cost = 0; set local min_parallel_table_scan_size = 0;
  set local enable_mergejoin = off; set local enable_nestloop = off;
  analyze large;
  explain (analyze, costs off, timing off) select count(*) from large one join large another using (noise);
  drop table large`;
