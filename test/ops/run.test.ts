import { join } from 'node:path';
import { writeKubeconfig } from './api-server';
import { cronJob, ended, namespace, pod, running, RunServer } from './run-server';
import { Session } from './session';

const dist = join('test', 'ops', 'fixtures', 'dist');
let session: Session;
let server: RunServer;
let kubeconfig: string;

beforeAll(() => {
  session = new Session();
});
afterAll(() => session.stop());
beforeEach(async () => {
  server = new RunServer();
  kubeconfig = await server.api.start();
});
afterEach(() => server.api.stop());

const slipway = (args: string[], { input = '', path = kubeconfig } = {}) =>
  session.run({ args: ['run', ...args, '--dist', dist], kubeconfig: path, input });
const reindex = (...options: string[]) => slipway(['reindex', ...options]);
const createAdmin = (input: string) => slipway(['create-admin', '--platform', namespace], { input });
const jobName = () => server.created[0]?.metadata.name ?? 'none';
const lastLine = ({ stderr }: { stderr: string }) => stderr.split('\n').at(-1);
const deleted = () => server.api.log.filter((line) => line.startsWith('DELETE '));

describe('which command', () => {
  const known = 'create-admin (ai-governance), reindex (ai-governance), create-admin (physics-assistant)';

  test.each<[string, string[], string]>([
    ['no name', [], `expected the name of a command to be one of ${known}, got none`],
    ['an unknown name', ['create'], `expected the name of a command to be one of ${known}, got create`],
    [
      'a name of two platforms',
      ['create-admin'],
      'expected `--platform` to be one of ai-governance, physics-assistant, got none: each has a command create-admin',
    ],
    [
      'a name of another platform',
      ['reindex', '--platform', 'physics-assistant'],
      'expected the name of a command to be one of create-admin (physics-assistant), got reindex',
    ],
    [
      'an unknown platform',
      ['reindex', '--platform', 'physics'],
      `expected \`--platform\` to be one of ai-governance, physics-assistant, got physics (${dist})`,
    ],
    [
      'an environment without commands',
      ['reindex', '--env', 'staging'],
      `expected staging to have one-off commands, got none (${dist})`,
    ],
  ])('GOV-08 %s is answered with those that there are', async (_, args, stderr) => {
    expect(await slipway(args)).toEqual({ exitCode: 64, stdout: '', stderr });
    expect(server.api.log).toEqual([]);
  });

  test('a time to wait is a number of seconds', async () => {
    const { exitCode, stderr } = await reindex('--timeout', 'soon');
    expect(exitCode).toBe(64);
    expect(stderr).toContain('expected whole seconds, got soon');
  });
});

describe('the cluster', () => {
  const context = '(context test)';
  const forbidden = (verb: string, resource: string) => ({
    code: 403,
    message: `${resource} is forbidden: User "eve" cannot ${verb} resource "${resource}" in API group "batch"`,
  });

  test('that cannot be reached', async () => {
    expect(await slipway(['reindex'], { path: writeKubeconfig('https://127.0.0.1:1') })).toEqual({
      exitCode: 69,
      stdout: '',
      stderr: `expected a cluster at https://127.0.0.1:1 ${context}, got ECONNREFUSED: check KUBECONFIG and --context`,
    });
  });

  test('without the namespace', async () => {
    server.api.namespaces.clear();
    server.refuse = (_method, path) => (path.includes('/cronjobs/') ? [404, { code: 404 }] : undefined);
    expect(await reindex()).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `expected namespace ${namespace}, got none: apply dist first (kubectl apply -f ${dist})`,
    });
  });

  test('without the command', async () => {
    server.refuse = (_method, path) => (path.includes('/cronjobs/') ? [404, { code: 404 }] : undefined);
    expect(await reindex()).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `expected cronjob/reindex in namespace ${namespace}, got none: apply dist first (kubectl apply -f ${dist})`,
    });
  });

  test.each([
    ['to read the command', 'get', 'cronjobs', 'GET', 'cronjobs', 'cronjobs'],
    ['to start it', 'create', 'jobs', 'POST', 'jobs', 'jobs'],
    ['to find its pod', 'list', 'pods', 'GET', 'pods', 'pods'],
    ['to read its log', 'get', 'pods/log', 'GET', 'log', 'pods --subresource=log'],
  ])('that gives no permission %s', async (_, verb, resource, method, word, asked) => {
    server.pods = [pod('reindex', running)];
    server.refuse = (how, path) =>
      how === method && new RegExp(`/${word}(/reindex)?$`).test(path) ? [403, forbidden(verb, resource)] : undefined;
    const { exitCode, stderr } = await reindex();
    expect(exitCode).toBe(77);
    expect(stderr).toContain(
      `expected permission to ${verb} ${resource} in namespace ${namespace} ${context}, got 403 Forbidden: ` +
        `ask for a role that allows it, then see kubectl auth can-i ${verb} ${asked} -n ${namespace}`,
    );
  });

  test('that gives no permission to attach', async () => {
    server.pods = [pod('create-admin', running)];
    server.api.upgrade = (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    const outcome = await createAdmin('');
    expect(outcome.exitCode).toBe(77);
    expect(outcome.stderr.split('\n').slice(-2)).toEqual([
      `expected permission to get pods/attach in namespace ${namespace} ${context}, got 403 Forbidden: ` +
        `ask for a role that allows it, then see kubectl auth can-i get pods --subresource=attach -n ${namespace}`,
      `job/${jobName()} was deleted before its program began`,
    ]);
  });
});

describe('a run', () => {
  test('GOV-08 is a Job from the template as the cluster has it', async () => {
    server.pods = [pod('reindex', ended(0))];
    await reindex();
    const { spec, metadata } = cronJob('reindex', false).spec.jobTemplate;
    expect(server.created).toEqual([
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: {
          name: expect.stringMatching(/^reindex-\d{8}-\d{6}$/),
          labels: metadata.labels,
          annotations: { note: 'kept', 'cronjob.kubernetes.io/instantiate': 'manual' },
          ownerReferences: [
            { apiVersion: 'batch/v1', kind: 'CronJob', name: 'reindex', uid: 'f0e1', controller: true },
          ],
        },
        spec,
      },
    ]);
  });

  test('shows the log and says which cluster, which Job, and how long it stays', async () => {
    server.pods = [pod('reindex', running), pod('reindex', ended(0))];
    server.logs = ['one\ntwo\n'];
    const { exitCode, stdout, stderr } = await reindex();
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'one\ntwo\n' });
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^production at http:\S+ \(context test\)$/),
      `started job/${jobName()} in ${namespace}`,
      `job/${jobName()} ended with 0; it and its log stay for 24 h`,
    ]);
  });

  test('GOV-08 ends with the exit code of its program, and says where the log is', async () => {
    server.pods = [pod('reindex', ended(3))];
    const outcome = await reindex();
    expect(outcome.exitCode).toBe(3);
    expect(lastLine(outcome)).toBe(
      `expected job/${jobName()} to end with 0, got 3: ` +
        `its log is kubectl -n ${namespace} logs job/${jobName()} -c reindex`,
    );
    expect(deleted()).toEqual([]);
  });

  test('says why a program was killed', async () => {
    server.pods = [pod('reindex', ended(137, 'OOMKilled'))];
    expect(lastLine(await reindex())).toContain('to end with 0, got 137 (OOMKilled): its log is');
  });

  test('goes on where the log was when a connection was cut', async () => {
    server.pods = [pod('reindex', running), pod('reindex', running), pod('reindex', ended(0))];
    server.logs = ['one\ntw', 'one\ntwo\nthree\n'];
    expect(await reindex()).toMatchObject({ exitCode: 0, stdout: 'one\ntwo\nthree\n' });
  });

  test('says what became of a pod that is gone', async () => {
    const condition = { type: 'Failed', status: 'True', reason: 'DeadlineExceeded', message: 'it took too long' };
    server.pods = [pod('reindex', running), undefined];
    server.job = { status: { conditions: [condition] } };
    const outcome = await reindex();
    expect(outcome.exitCode).toBe(1);
    expect(lastLine(outcome)).toContain('to end with 0, got 1 (DeadlineExceeded: it took too long)');
  });

  test('says that somebody deleted it', async () => {
    server.pods = [pod('reindex', running), undefined];
    server.job = undefined;
    expect(lastLine(await reindex())).toContain('got 1 (somebody deleted the Job)');
  });

  test('is left running when its log cannot be read, with the way back', async () => {
    server.pods = [pod('reindex', running)];
    server.refuse = (_method, path) => (path.endsWith('/log') ? [500, { message: 'node is away' }] : undefined);
    const outcome = await reindex();
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain('to get pods/log in namespace ai-governance, got 500: node is away');
    expect(lastLine(outcome)).toContain(`job/${jobName()} runs on; back to it with`);
    expect(deleted()).toEqual([]);
  });

  test('is left running on ctrl-c, with the way back', async () => {
    server.pods = [pod('reindex', running)];
    server.refuse = (_method, path) => {
      if (path.endsWith('/log')) session.interrupt();
      return undefined;
    };
    const outcome = await reindex();
    expect(outcome.exitCode).toBe(130);
    expect(lastLine(outcome)).toBe(
      `interrupted: job/${jobName()} runs on; back to it with kubectl -n ${namespace} logs -f job/${jobName()} -c reindex, ` +
        `end it with kubectl -n ${namespace} delete job ${jobName()}`,
    );
    expect(deleted()).toEqual([]);
  });
});

describe('a run that asks', () => {
  test('GOV-08 starts its program when it is joined, then gives it what is typed', async () => {
    server.pods = [pod('create-admin', running), pod('create-admin', ended(0))];
    server.answer = (typed) => (typed.includes('ada\n') ? 'name: ada\r\nhello ada\r\n' : undefined);
    expect(await createAdmin('ada\n')).toMatchObject({ exitCode: 0, stdout: 'name: ada\r\nhello ada\r\n' });
    expect(server.typed).toMatch(/^\nada\n/);
    expect(server.api.log).toContain(
      `UPGRADE /api/v1/namespaces/${namespace}/pods/create-admin-pod/attach?` +
        'container=create-admin&stderr=false&stdin=true&stdout=true&tty=true',
    );
  });

  test('hears the end of the input until it has listened', async () => {
    server.pods = [pod('create-admin', running), pod('create-admin', ended(4))];
    server.answer = (typed) => (typed.endsWith('\x04\x04') ? '' : undefined);
    expect(await createAdmin('')).toMatchObject({ exitCode: 4 });
    expect(server.typed).toBe('\n\x04\x04');
  });

  test('is not asked when it has ended already', async () => {
    server.pods = [pod('create-admin', ended(127, 'StartError'))];
    const outcome = await createAdmin('ada\n');
    expect(outcome.exitCode).toBe(127);
    expect(lastLine(outcome)).toContain('got 127 (StartError)');
    expect(server.typed).toBe('');
  });
});

describe('a run that does not begin', () => {
  const waiting = (reason: string, message: string) => pod('reindex', { waiting: { reason, message } });

  test.each<[string, unknown, string]>([
    [
      'an image that cannot be pulled',
      waiting('ImagePullBackOff', 'back-off pulling image "as/in:cluster"'),
      'ImagePullBackOff: back-off pulling image "as/in:cluster"',
    ],
    [
      'a secret that is missing',
      waiting('CreateContainerConfigError', 'secret "application" not found'),
      'CreateContainerConfigError: secret "application" not found',
    ],
    [
      'no node with room',
      {
        status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no cpu' }] },
      },
      'Unschedulable: no cpu',
    ],
    [
      'what must run before it',
      pod(
        'reindex',
        { waiting: { reason: 'PodInitializing' } },
        {
          initContainerStatuses: [{ name: 'await-release', state: running }],
        },
      ),
      'its container await-release to end',
    ],
  ])('names %s, and leaves nothing behind', async (_, status, why) => {
    server.pods = [status];
    const { exitCode, stderr } = await reindex('--timeout', '1');
    expect(exitCode).toBe(1);
    expect(stderr.split('\n').slice(2)).toEqual([
      `waiting for ${why}`,
      `expected the pod of job/${jobName()} to run within 1 s, got one that waits for ${why}: ` +
        'mend this, or give it a longer --timeout',
      `job/${jobName()} was deleted before its program began`,
    ]);
    expect(deleted()).toEqual([`DELETE /apis/batch/v1/namespaces/${namespace}/jobs/${jobName()}`]);
  });

  test('names a quota that leaves no room for its pod', async () => {
    server.warnings = ['exceeded quota: quota, requested: pods=1'];
    const { stderr } = await reindex('--timeout', '1');
    expect(stderr).toContain('got one that waits for exceeded quota: quota, requested: pods=1: mend this');
  });

  test('waits all the same when events are not for its eyes', async () => {
    server.refuse = (_method, path) => (path.endsWith('/events') ? [403, { message: 'forbidden' }] : undefined);
    expect((await reindex('--timeout', '1')).stderr).toContain('got one that waits for its pod: mend this');
  });

  test('names what failed before it', async () => {
    const initContainerStatuses = [{ name: 'await-release', state: ended(2) }];
    server.pods = [pod('reindex', { waiting: {} }, { phase: 'Failed', initContainerStatuses })];
    const outcome = await reindex();
    expect(outcome.exitCode).toBe(2);
    expect(lastLine(outcome)).toBe(
      `expected container await-release of job/${jobName()} to end with 0, got 2: ` +
        `its log is kubectl -n ${namespace} logs job/${jobName()} -c await-release`,
    );
  });

  test('leaves nothing behind on ctrl-c', async () => {
    server.pods = [waiting('ErrImagePull', 'not found')];
    server.refuse = (_method, path) => {
      if (path.endsWith('/pods')) session.interrupt();
      return undefined;
    };
    const { exitCode, stderr } = await reindex();
    expect(exitCode).toBe(130);
    expect(stderr.split('\n').slice(-2)).toEqual([
      'interrupted',
      `job/${jobName()} was deleted before its program began`,
    ]);
    expect(deleted()).toHaveLength(1);
  });

  test('says so when it cannot be taken back', async () => {
    server.pods = [waiting('ErrImagePull', 'not found')];
    server.refuse = (method) =>
      method === 'DELETE' ? [403, { message: 'User "eve" cannot delete resource' }] : undefined;
    expect(lastLine(await reindex('--timeout', '1'))).toBe(
      `job/${jobName()} may still begin: kubectl -n ${namespace} delete job ${jobName()}`,
    );
  });
});
