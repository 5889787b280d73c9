import { repositoryFolder } from '../../charts/blocks/postgres/backup/configuration';
import { developmentUp, placeOf, sql } from './development';
import { inside, json, kubectl, openNodes, pause, query, ready, slipway, startJob, until } from './support';
import { request } from './client';

jest.setTimeout(900_000);

const platform = 'personal-assistant';
const { namespace } = placeOf(platform);
const target = ['--env', 'development', '--platform', platform];
const backup = (what: string) => slipway('backup', what, ...target);
const restore = (...more: string[]) => slipway('restore', 'postgres', ...target, ...more);
const rows = async () => Number(await sql(platform, 'select count(*) from kept'));
const write = (first: number, last: number) =>
  sql(platform, `insert into kept select number, now() from generate_series(${first}, ${last}) number`);

interface Set {
  readonly status: { readonly readyReplicas?: number };
}

const member = (...command: string[]) => inside(namespace, 'postgres-0', 'server', ...command);

/** Of the data folder, beside which the former ones stand. */
const folders = async () => (await member('ls', '/pgdata')).split('\n');

/** How many pods of the pooler are wanted: it is the door of all clients. */
const door = async () =>
  Number(await kubectl('get', 'deployment/postgres-pooler', '-n', namespace, '-o', 'jsonpath={.spec.replicas}'));

/** Whether a member's own role has the password of its Secret: it stands in the environment of the server's pod. */
const asRewind = () => {
  const command = 'PGPASSWORD=$PATRONI_REWIND_PASSWORD psql -XAtq -U rewind -d postgres -c "select current_user"';
  return member('bash', '-c', command);
};

let moment: string;

beforeAll(async () => {
  await developmentUp();
  await sql(platform, 'create table kept (number int primary key, written_at timestamptz not null)');
  await write(1, 100);
  // As a backup of another cluster would have it.
  await sql(platform, "alter role rewind password 'another'");
  await pause(2);
  moment = new Date().toISOString();
  await pause(2);
  await write(101, 150);
  await expect(asRewind()).rejects.toThrow('password authentication failed');
});
afterAll(async () => {
  await sql(platform, 'drop table if exists kept');
  const former = (await folders()).filter((name) => name.includes('.before-'));
  await member('rm', '-rf', ...former.map((name) => `/pgdata/${name}`));
});

test('ALL-16 a first backup is there soon after the apply, and one more when somebody asks', async () => {
  expect((await backup('list')).stdout).toMatch(/^ +\d{8}-\d{6}F +full/m);
  expect((await backup('now')).stdout).toMatch(/it says how many rows there were/);
  expect((await backup('list')).stdout.match(/^ +\d{8}-\d{6}F +full/gm)?.length).toBeGreaterThanOrEqual(2);
});

test.each([
  ['a moment that no backup reaches back to', { TARGET: '2020-01-01T00:00:00Z' }, /expected .*2020-01-01/],
  ['another passphrase', { TARGET: 'latest', PGBACKREST_REPO1_CIPHER_PASS: 'another' }, /passphrase/],
  [
    'a repository that there is not',
    { TARGET: 'latest', REPOSITORY: '7' },
    /expected REPOSITORY to be one of 1, got 7/,
  ],
])('ALL-17 a restore over the live database to %s ends before it touches anything', async (_what, given, message) => {
  const before = await folders();
  await startJob(namespace, 'postgres-restore', 'refused-of-test', { ...given, CONFIRM: namespace });
  const job = ['job/refused-of-test', '-n', namespace];
  await kubectl('wait', ...job, '--for=condition=Failed', '--timeout=180s');
  const log = await kubectl('logs', ...job);
  await kubectl('delete', ...job);
  expect(log).toMatch(message);
  expect(log).not.toContain('closing');
  // The lock of whoever restores stays for the next one.
  const after = (await folders()).filter((name) => !name.endsWith('.lock'));
  expect(after).toEqual(before.filter((name) => !name.endsWith('.lock')));
  expect(await rows()).toBe(150);
});

test('ALL-17 a restore over the live database asks for its name', async () => {
  const refused = await restore('--to', moment).catch((error: { code: number; stderr: string }) => error);
  expect(refused).toMatchObject({ code: 64, stderr: expect.stringContaining(`--confirm ${namespace}`) });
  expect(await rows()).toBe(150);
});

test('ALL-17 a copy beside it shows the rows of a moment and changes nothing', async () => {
  const { stdout } = await restore('--to', moment, '--scratch');
  expect(stdout).toContain('personal_assistant_prod is readable');
  expect(await rows()).toBe(150);
});

describe('ALL-17 the data of before come back', () => {
  const job = ['job/restore-of-test', '-n', namespace];
  const log = () => kubectl('logs', ...job);
  const says = (text: string) =>
    until(180, `the restore to say "${text}"`, async () => (await log().catch(() => '')).includes(text));

  /** A restore whose members find no node to start on, until something ends it. */
  async function stuck(patience: string, end: () => Promise<unknown>): Promise<void> {
    const given = { TARGET: moment, CONFIRM: namespace, PATIENCE: patience };
    await startJob(namespace, 'postgres-restore', 'restore-of-test', given);
    // Before the members stop: what runs already needs no node.
    await says('closing postgres-pooler');
    await openNodes(false);
    await says('starts with the restored data');
    await until(60, 'postgres-0 to wait for a node', async () => (await incarnation()) !== '');
    const waiting = await incarnation();
    await end();
    // The next one is for the data of before.
    await until(60, 'postgres-0 not to wait any more', async () => (await incarnation()) !== waiting);
    await openNodes(true);
  }

  /** Four bytes of the newest full backup, in the middle of its files; a second time they are what they were. */
  const turnOver = () =>
    inside(
      ...[namespace, 'deployment/postgres-repository', 'pgbackrest', 'bash', '-c'],
      `python3 -c "$0" $(find ${repositoryFolder} -path '*F/bundle/1' | sort | tail -1)`,
      `import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(0, 2)
    middle = file.seek(file.tell() // 2)
    found = file.read(4)
    file.seek(middle)
    file.write(bytes(255 - byte for byte in found))`,
    );

  const incarnation = () =>
    kubectl('get', 'pod', 'postgres-0', '-n', namespace, '--ignore-not-found', '-o', 'jsonpath={.metadata.uid}');

  async function asBefore(): Promise<void> {
    const strangers = async () => (await folders()).filter((name) => /\.(before|restoring(?!\.lock))/.test(name));
    const clean = () => strangers().then(({ length }) => length === 0);
    await until(180, 'a database without other folders', () => clean().catch(() => false));
    expect(await rows()).toBe(150);
    await until(60, 'an open door', async () => (await door()) === 1);
    await ready(namespace, 180);
  }

  afterEach(async () => {
    await openNodes(true);
    await kubectl('delete', ...job, '--ignore-not-found');
  });

  test('when the restored ones do not come to serve', async () => {
    await stuck('30', () => says('going back to the data of before'));
    await kubectl('wait', ...job, '--for=condition=Failed', '--timeout=120s');
    expect(await log()).toMatch(/nothing is changed[^]*\nexpected postgres-0 to be the primary within 30 s/);
    await asBefore();
  });

  test('when a file of the backup is damaged', async () => {
    await turnOver();
    const ended = await restore('--to', 'latest', '--confirm', namespace)
      .catch((error: { code: number; stdout: string }) => error)
      .finally(turnOver);
    expect(ended).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/closing[^]*F to be restored, got: [^]*choose an older backup/),
    });
    await asBefore();
    expect((await backup('verify')).stdout).toContain('every repository is whole');
  });

  test('when the restore is deleted', async () => {
    await stuck('300', () => kubectl('delete', ...job, '--wait=false'));
    await asBefore();
  });
});

test('ALL-17 TDA-12 over the live database exactly the rows of the moment come back, and the former data stay', async () => {
  // As a first start that did not come to its end leaves it: it was not the copy's.
  await member('touch', '/pgdata/pg17.initializing');
  const restored = restore('--to', moment, '--confirm', namespace);
  // Nobody writes what would be dropped.
  const closed = until(120, 'a closed door', async () => (await door()) === 0);
  const [{ stdout }] = await Promise.all([restored, closed]);
  expect(stdout).toMatch(/closing postgres-pooler[^]*stopping the members[^]*restored data serve[^]*opens again/);
  expect(await door()).toBe(1);
  expect(stdout).toMatch(/data of before are kept in \/pgdata\/pg17\.before-\d{8}T\d{6}Z/);
  expect(await rows()).toBe(100);
  expect((await folders()).filter((name) => name.startsWith('pg17.before-'))).toHaveLength(1);
  await ready(namespace, 180);
  expect((await json<Set>('get', 'statefulset', 'postgres', '-n', namespace)).status.readyReplicas).toBe(1);
  const { status } = await request(namespace, 'personal-assistant.localhost', '/health/database');
  expect(status).toBe(200);
});

test('ALL-17 what was restored knows the members by the passwords of today', async () => {
  expect(await asRewind()).toBe('rewind');
});

test('ALL-34 what was restored has a backup of its own, every file of which can be read back', async () => {
  expect((await backup('verify')).stdout).toContain('every repository is whole');
});

test('ALL-18 a drill restores the newest backup and writes down what it found', async () => {
  await kubectl('create', 'job', 'drill-of-test', '-n', namespace, '--from=cronjob/postgres-drill');
  await kubectl('wait', 'job/drill-of-test', '-n', namespace, '--for=condition=Complete', '--timeout=240s');
  const newest = 'select succeeded, problem from slipway_backup.drills order by finished_at desc limit 1';
  const found = await query(namespace, 'postgres-0', 'postgres', newest);
  expect(found).toBe('t|');
  await kubectl('delete', 'job', 'drill-of-test', '-n', namespace);
});

test('ALL-14 the weekly maintenance runs through', async () => {
  for (const kind of ['vacuum', 'reindex']) {
    await kubectl('create', 'job', `${kind}-of-test`, '-n', namespace, `--from=cronjob/postgres-${kind}`);
    await kubectl('wait', `job/${kind}-of-test`, '-n', namespace, '--for=condition=Complete', '--timeout=180s');
    await kubectl('delete', 'job', `${kind}-of-test`, '-n', namespace);
  }
});
