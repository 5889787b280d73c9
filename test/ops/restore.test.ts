import { join } from 'node:path';
import { targetFrom } from '../../ops/commands/restore/target';
import { cronJob, ended, namespace, pod, running, RunServer } from './run-server';
import { Session } from './session';

const dist = join('test', 'ops', 'fixtures', 'databases');
const moment = '2026-01-20T10:15:00Z';
let session: Session;
let server: RunServer;
let kubeconfig: string;

beforeAll(() => {
  session = new Session();
});
afterAll(() => session.stop());
beforeEach(async () => {
  server = new RunServer();
  server.known = ['postgres-restore', 'postgres-restore-scratch', 'postgres-backup-full'].map((name) =>
    cronJob(name, false),
  );
  kubeconfig = await server.api.start();
});
afterEach(() => server.api.stop());

const restore = (...args: string[]) =>
  session.run({ args: ['restore', 'postgres', ...args, '--platform', namespace, '--dist', dist], kubeconfig });
const confirmed = (...args: string[]) => restore('--to', moment, '--confirm', namespace, ...args);
const lines = ({ stderr }: { stderr: string }) => stderr.split('\n');
const names = () => server.created.map(({ metadata }) => metadata.name.replace(/-\d{8}-\d{6}$/, ''));
/** Variables of each container of a Job. */
const environment = (index: number) =>
  Object.fromEntries(
    (server.created[index]?.spec.template.spec.containers ?? []).map(({ name, env = [] }) => [
      name,
      Object.fromEntries(env.map((variable) => [variable.name, variable.value])),
    ]),
  );

describe('the target', () => {
  const now = new Date('2026-11-21T12:00:00Z');

  test.each(['latest', '2026-11-21', '2024-02-29', moment, '2026-11-21T12:59:59.123456+01:00'])(
    'ALL-34 takes %s as it stands',
    (text) => expect(targetFrom(text, now)).toBe(text),
  );

  test.each([
    ...['newest', '2026-02-30', '2026-02-30T10:00:00Z', '21.11.2026', '2026-11-20T10:15:00', '2026-11-20 10:15:00Z'],
    ...['2026-11-20T24:00:00Z', '2026-11-20T10:60:00Z', "2026-11-20T10:15:00Z'; select 1", ''],
  ])('refuses %p, which is no day, moment or zone', (text) => {
    expect(() => targetFrom(text, now)).toThrow(
      'expected `--to` to be latest, a date such as 2026-11-20 or a moment with its zone such as 2026-11-20T10:15:00Z, ' +
        `got ${text}`,
    );
  });

  test.each(['2026-11-22', '2026-11-21T12:00:01Z', '2026-11-21T11:30:00-02:00'])(
    'refuses %s, which is to come',
    (text) => {
      expect(() => targetFrom(text, now)).toThrow(`expected \`--to\` to be past, got ${text} at 2026-11-21T12:00:00Z`);
    },
  );
});

describe('a restore over the running database', () => {
  test.each([
    ['nothing', [], 'none'],
    ['the namespace of another platform', ['--confirm', 'physics-assistant'], 'physics-assistant'],
  ])('ALL-34 with %s to confirm it does nothing but say what to type', async (_, args, got) => {
    const outcome = await restore('--to', moment, '--repository', '2', '--context', "it's", ...args);
    expect(outcome).toEqual({
      exitCode: 64,
      stdout: '',
      stderr:
        `expected \`--confirm\` to be ${namespace}, whose database is replaced, got ${got}: if that is meant, npx slipway ` +
        `restore postgres --to ${moment} --repository 2 --platform ${namespace} --dist ${dist} ` +
        `--context 'it'\\''s' --confirm ${namespace}`,
    });
    expect(server.api.log).toEqual([]);
  });

  test('a target that cannot be is refused before the cluster is asked', async () => {
    expect((await restore('--to', 'yesterday', '--confirm', namespace)).exitCode).toBe(64);
    expect(server.api.log).toEqual([]);
  });

  test('is nothing that is kept for some seconds', async () => {
    expect(await confirmed('--keep', '60')).toMatchObject({
      exitCode: 64,
      stderr: 'expected `--keep` with `--scratch`, got it alone: a restored database serves on',
    });
  });

  test('is told its target and who confirmed it, in place of what the template says; other containers are not', async () => {
    const [template] = server.known;
    const main = template?.spec.jobTemplate.spec.template.spec.containers[1];
    Object.assign(main ?? {}, {
      env: [
        { name: 'TARGET', value: '' },
        { name: 'PGHOST', value: 'postgres-primary' },
      ],
    });
    server.pods = [pod('postgres-restore', ended(0))];
    server.later = [[pod('postgres-backup-full', ended(0))]];
    await confirmed('--repository', '2');
    expect(environment(0)).toEqual({
      helper: {},
      'postgres-restore': { PGHOST: 'postgres-primary', TARGET: moment, REPOSITORY: '2', CONFIRM: namespace },
    });
  });

  test('ALL-34 shows its progress, then takes a backup of what is there, and says where the former data are', async () => {
    server.pods = [pod('postgres-restore', running), pod('postgres-restore', ended(0))];
    server.later = [[pod('postgres-backup-full', running), pod('postgres-backup-full', ended(0))]];
    server.logs = ['restoring 50%\nkept as /pgdata/pg17.before-20261121T130000Z, it said\ndone\n', 'backup\n'];
    const outcome = await confirmed();
    expect(outcome).toMatchObject({
      exitCode: 0,
      stdout: 'restoring 50%\nkept as /pgdata/pg17.before-20261121T130000Z, it said\ndone\nbackup\n',
    });
    expect(names()).toEqual(['postgres-restore', 'postgres-backup-full']);
    expect(environment(1)).toEqual({ helper: {}, 'postgres-backup-full': {} });
    expect(lines(outcome)).toContain(
      `restored ${namespace} to ${moment}; the data that were there are kept in /pgdata/pg17.before-20261121T130000Z`,
    );
  });

  test('that fails ends with its exit code, and takes no backup', async () => {
    server.pods = [pod('postgres-restore', ended(3))];
    const outcome = await confirmed();
    expect(outcome.exitCode).toBe(3);
    expect(names()).toEqual(['postgres-restore']);
    expect(outcome.stderr).not.toContain('kept in');
  });

  test('is not begun when there is nothing to take the backup after it', async () => {
    server.known = server.known.slice(0, 2);
    const outcome = await confirmed();
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain(`expected cronjob/postgres-backup-full in namespace ${namespace}, got none`);
    expect(names()).toEqual([]);
  });

  test('is complete even when the backup after it fails, and says how to repeat that', async () => {
    server.pods = [pod('postgres-restore', ended(0))];
    server.later = [[pod('postgres-backup-full', ended(82))]];
    const outcome = await confirmed();
    expect(outcome.exitCode).toBe(82);
    expect(lines(outcome).at(-1)).toBe(
      'the restore is complete, the backup after it is not: ' +
        `npx slipway backup now --platform ${namespace} --dist ${dist}`,
    );
  });

  test('goes on in the cluster on ctrl-c, and no backup is taken', async () => {
    server.pods = [pod('postgres-restore', running)];
    server.refuse = (_method, path) => {
      if (path.endsWith('/log')) session.interrupt();
      return undefined;
    };
    const outcome = await confirmed();
    expect(outcome.exitCode).toBe(130);
    expect(lines(outcome).at(-1)).toContain(
      `interrupted: job/${server.created[0]?.metadata.name} runs on; back to it with`,
    );
    expect(names()).toEqual(['postgres-restore']);
    expect(server.api.log.filter((line) => line.startsWith('DELETE '))).toEqual([]);
  });
});

describe('a restore beside the database', () => {
  const scratch = (...args: string[]) => restore('--to', 'latest', '--scratch', ...args);

  test('ALL-34 needs no confirmation, replaces nothing and takes no backup', async () => {
    server.pods = [pod('postgres-restore-scratch', ended(0))];
    expect((await scratch('--keep', '600')).exitCode).toBe(0);
    expect(names()).toEqual(['postgres-restore-scratch']);
    expect(environment(0)['postgres-restore-scratch']).toEqual({ TARGET: 'latest', KEEP_SECONDS: '600' });
  });

  test('cannot be confirmed', async () => {
    const { exitCode, stderr } = await scratch('--confirm', namespace);
    expect(exitCode).toBe(64);
    expect(stderr).toContain("option '--scratch' cannot be used with option '--confirm <namespace>'");
  });

  test.each([
    ['--repository', 'first', 'numbers'],
    ['--repository', '0', 'numbers'],
    ['--keep', '1h', 'seconds'],
  ])('takes no %s of %s', async (option, value, what) => {
    const { exitCode, stderr } = await scratch(option, value);
    expect(exitCode).toBe(64);
    expect(stderr).toContain(`expected whole ${what}, got ${value}`);
  });
});
