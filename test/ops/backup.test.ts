import { join } from 'node:path';
import { cronJob, ended, namespace, pod, running, RunServer } from './run-server';
import { Session } from './session';

const dist = join('test', 'ops', 'fixtures', 'databases');
const full = 'postgres-backup-full';
let session: Session;
let server: RunServer;
let kubeconfig: string;

beforeAll(() => {
  session = new Session();
});
afterAll(() => session.stop());
beforeEach(async () => {
  server = new RunServer();
  server.known = [
    cronJob('postgres-backup-list', false),
    ...[full, 'postgres-backup-incremental', 'postgres-backup-verify'].map((name) => cronJob(name, false, 2)),
  ];
  kubeconfig = await server.api.start();
});
afterEach(() => server.api.stop());

const backup = (...args: string[]) => session.run({ args: ['backup', ...args, '--dist', dist], kubeconfig });
const ours = (...args: string[]) => backup(...args, '--platform', namespace);
const lastLine = ({ stderr }: { stderr: string }) => stderr.split('\n').at(-1);
const jobName = () => server.created[0]?.metadata.name ?? 'none';
/** One of several tries. */
const tried = (number: number, state: Record<string, unknown>) =>
  pod(full, state, {}, { name: `try-${number}`, creationTimestamp: `2026-11-20T10:0${number}:00Z` });
const failedFor = (reason: string, message: string) => ({
  status: { conditions: [{ type: 'Failed', status: 'True', reason, message }] },
});

describe('slipway backup', () => {
  test('ALL-34 list writes to stdout what the Job says, and nothing else', async () => {
    server.pods = [pod('postgres-backup-list', running), pod('postgres-backup-list', ended(0))];
    server.logs = ['repository 1: no backup yet, take one now\n'];
    expect(await ours('list')).toMatchObject({ exitCode: 0, stdout: 'repository 1: no backup yet, take one now\n' });
  });

  test.each([
    [['list'], 'postgres-backup-list'],
    [['now'], full],
    [['now', '--incremental'], 'postgres-backup-incremental'],
    [['verify'], 'postgres-backup-verify'],
  ])('ALL-16 %j starts a Job from the CronJob of that name, as the cluster has it', async (args, name) => {
    server.pods = [pod(name, ended(0))];
    expect((await ours(...args)).exitCode).toBe(0);
    expect(server.created).toEqual([
      expect.objectContaining({ spec: expect.objectContaining({ template: template(name) }) }),
    ]);
    expect(jobName()).toMatch(new RegExp(`^${name}-\\d{8}-\\d{6}$`));
  });

  test('asks which platform is meant when several have backups', async () => {
    expect(await backup('now')).toEqual({
      exitCode: 64,
      stdout: '',
      stderr: `expected \`--platform\` to be one of ai-governance, physics-assistant, got none: each has cronjob/${full}`,
    });
    expect(server.api.log).toEqual([]);
  });

  test('needs no platform where one alone has backups', async () => {
    server.pods = [pod('postgres-backup-list', ended(0))];
    expect((await backup('list', '--env', 'development')).exitCode).toBe(0);
  });

  test('an unknown platform lists the known ones', async () => {
    expect((await backup('list', '--platform', 'physics')).stderr).toBe(
      `expected \`--platform\` to be one of ai-governance, physics-assistant, got physics (${dist})`,
    );
  });

  test.each([
    [['verify'], 'postgres-backup-verify', 'run npm run synth'],
    [['now', '--incremental'], 'postgres-backup-incremental', 'leave `--incremental` out'],
  ])('an environment without the CronJob of %j says so', async (args, name, remedy) => {
    expect(await backup(...args, '--env', 'development')).toEqual({
      exitCode: 64,
      stdout: '',
      stderr: `expected development to have cronjob/${name}, got none (${dist}): ${remedy}`,
    });
  });
});

describe('a Job that is tried again', () => {
  const logOf = (name: string) => `GET /api/v1/namespaces/${namespace}/pods/${name}/log`;

  test('is followed from try to try, and ends as the last one does', async () => {
    const first = tried(1, ended(58));
    server.pods = [tried(1, running), first, first, first, [tried(2, running), first], [tried(2, ended(0)), first]];
    server.logs = ['too early\n', 'done\n'];
    const outcome = await ours('now');
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'too early\ndone\n' });
    expect(outcome.stderr).toContain('waiting for another try, the last one failed (1 of 3)');
    expect(server.api.log.filter((line) => line.endsWith('/log'))).toEqual([logOf('try-1'), logOf('try-2')]);
  });

  test('has failed when the last try has, with its exit code', async () => {
    const all = [1, 2, 3].map((number) => tried(number, ended(number)));
    server.pods = [tried(3, running), all];
    const outcome = await ours('now');
    expect(outcome.exitCode).toBe(3);
    expect(lastLine(outcome)).toContain(`expected job/${jobName()} to end with 0, got 3: its log is`);
  });

  test('has failed when Kubernetes gives it up, whatever tries are left', async () => {
    server.pods = [tried(1, running), tried(1, ended(7))];
    server.job = failedFor('DeadlineExceeded', 'it took too long');
    expect((await ours('now')).exitCode).toBe(7);
  });

  test('is not shown twice when it is given up while the next try is awaited', async () => {
    server.pods = [tried(1, running), tried(1, ended(7))];
    server.logs = ['once\n', 'twice\n'];
    server.refuse = (_method, path) => {
      const asked = server.api.log.filter((line) => line.endsWith(`/jobs/${jobName()}`)).length;
      if (path.endsWith(`/jobs/${jobName()}`) && asked > 3) server.job = failedFor('DeadlineExceeded', 'too long');
      return undefined;
    };
    expect(await ours('now')).toMatchObject({ exitCode: 7, stdout: 'once\n' });
  });

  test('is left to Kubernetes on ctrl-c between two tries, with the way back', async () => {
    server.pods = [tried(1, running), tried(1, ended(58))];
    server.refuse = (_method, path) => {
      if (path.endsWith(`/jobs/${jobName()}`)) session.interrupt();
      return undefined;
    };
    const outcome = await ours('now');
    expect(outcome.exitCode).toBe(130);
    expect(lastLine(outcome)).toContain(`job/${jobName()} runs on; back to it with kubectl -n ${namespace} logs -f`);
    expect(server.api.log.filter((line) => line.startsWith('DELETE '))).toEqual([]);
  });
});

const template = (name: string) => cronJob(name, false).spec.jobTemplate.spec.template;
