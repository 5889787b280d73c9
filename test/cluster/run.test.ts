import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Task, type TaskProps } from '../../charts/blocks/task';
import { programs } from '../../config/programs';
import type { Manifest } from '../support/manifests';
import { environment, manifests, platform } from '../support/testing';
import { kubectl, list, pause, remove, requireCluster } from './support';

const namespace = `slipway-run-${randomBytes(4).toString('hex')}`;
const root = join(__dirname, '..', '..');
const program = join(root, 'ops', 'slipway.cjs');
const dist = join(mkdtempSync(join(tmpdir(), 'slipway-')), 'dist');

/** Asks for a name without a line end and takes one answer alone. */
const ask = `
  const reader = require('node:readline').createInterface({ input: process.stdin, output: process.stdout });
  let answered = false;
  reader.on('close', () => answered || process.exit(4));
  reader.question('name of the administrator: ', (name) => {
    answered = true;
    console.log('got <' + name + '> on ' + (process.stdin.isTTY ? 'a terminal' : 'a pipe'));
    process.exit(name === 'ada' ? 0 : 3);
  });
`;
const press = "process.on('SIGINT', () => process.exit(9)); console.log('press ctrl-c'); process.stdin.resume()";
const count = "let n = 0; setInterval(() => { console.log('step ' + ++n); if (n === 3) process.exit(5); }, 300)";

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a user does; sends ctrl-c when `signalOn` was written. */
function slipway(args: readonly string[], { input = '', signalOn = '' } = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, ['run', ...args, '--dist', dist], { cwd: root });
    const written = { stdout: '', stderr: '' };
    let signalled = false;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk) => {
        written[name] += String(chunk);
        if (!signalled && signalOn && (written.stdout + written.stderr).includes(signalOn)) {
          signalled = true;
          child.kill('SIGINT');
        }
      });
    }
    child.stdin.end(input);
    child.on('close', (exitCode) => resolve({ exitCode, ...written }));
  });
}

const jobName = ({ stderr }: Ended): string => /started job\/(\S+)/.exec(stderr)?.[1] ?? 'none';
const jobs = async (): Promise<string[]> => (await list('jobs', namespace)).map(({ metadata }) => metadata.name);

beforeAll(async () => {
  await requireCluster();
  const school = platform({ programs: { ...environment.programs, node: programs.node } }, namespace);
  const task = (id: string, props: Partial<TaskProps>) =>
    new Task(school, id, {
      ...{ component: 'release', image: programs.node, size: { cpu: '200m', memory: '64Mi' }, onDemand: true },
      ...props,
    });
  task('create-admin', { command: ['node', '-e', ask], interactive: true });
  task('press', { command: ['node', '-e', press], interactive: true });
  task('count', { command: ['node', '-e', count] });
  task('endless', { command: ['node', '-e', "setInterval(() => console.log('still here'), 200)"] });
  task('no-image', { image: `${programs.node.replace(/:.*/, '')}:0.0.0-none` });
  mkdirSync(dist);
  writeFileSync(
    join(dist, `${namespace}.k8s.yaml`),
    manifests(school)
      .map((object) => stringify(object))
      .join('---\n'),
  );
});
afterAll(() => remove(namespace));

test('GOV-08 a platform that is not applied yet is asked for', async () => {
  expect(await slipway(['count'])).toMatchObject({
    exitCode: 1,
    stderr: `expected namespace ${namespace}, got none: apply dist first (kubectl apply -f ${dist})\n`,
  });
  await kubectl('apply', '-f', dist);
});

test('GOV-08 a command gets the answer that is typed, and no question is lost', async () => {
  const outcome = await slipway(['create-admin'], { input: 'ada\n' });
  expect(outcome.stdout).toContain('name of the administrator: ');
  expect(outcome.stdout).toContain('got <ada> on a terminal');
  expect(outcome).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(`job/${jobName(outcome)} ended with 0; it and its log stay for 24 h`),
  });
});

test('GOV-08 ends with the exit code of the program, and says where its log is', async () => {
  const outcome = await slipway(['create-admin'], { input: 'eve\n' });
  expect(outcome.stdout).toContain('got <eve> on a terminal');
  expect(outcome.exitCode).toBe(3);
  const log = `kubectl -n ${namespace} logs job/${jobName(outcome)} -c create-admin`;
  expect(outcome.stderr).toContain(`expected job/${jobName(outcome)} to end with 0, got 3: its log is ${log}\n`);
  expect(await kubectl(...log.split(' ').slice(1))).toContain('got <eve>');
});

test('the end of the input reaches the program', async () => {
  expect(await slipway(['create-admin'])).toMatchObject({ exitCode: 4 });
});

test('GOV-08 on a terminal every key goes to the program, ctrl-c too', async () => {
  // `script` of util-linux gives a command a terminal.
  const child = spawn('script', ['-qefc', `${program} run press --dist ${dist}`, '/dev/null'], { cwd: root });
  let screen = '';
  child.stdout.on('data', (chunk) => {
    if (screen.includes('press ctrl-c')) return;
    screen += String(chunk);
    if (screen.includes('press ctrl-c')) child.stdin.write('\x03');
  });
  const exitCode = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  expect(exitCode).toBe(9);
});

test('what asks nothing shows its log as it comes, once', async () => {
  const outcome = await slipway(['count']);
  expect(outcome).toMatchObject({ exitCode: 5, stdout: 'step 1\nstep 2\nstep 3\n' });
});

test('GOV-08 a run is a Job as kubectl makes it from the CronJob', async () => {
  const name = jobName(await slipway(['count']));
  const kubectls = JSON.parse(
    await kubectl(
      ...['create', 'job', 'by-kubectl', '-n', namespace, '--from=cronjob/count', '--dry-run=server', '-o', 'json'],
    ),
  ) as Manifest;
  const ours = JSON.parse(await kubectl('get', 'job', name, '-n', namespace, '-o', 'json')) as Manifest;
  expect(name).toMatch(/^count-\d{8}-\d{6}$/);
  expect(comparable(ours)).toEqual(comparable(kubectls));
});

/** What does not differ from Job to Job. */
function comparable({ metadata, spec }: Manifest) {
  const { annotations, labels, ownerReferences } = metadata as unknown as Record<string, unknown>;
  const { selector: _selector, template, ...rest } = spec;
  return { annotations, labels, ownerReferences, ...rest, template: template.spec };
}

test('ctrl-c leaves a program that runs, and says how to come back', async () => {
  const outcome = await slipway(['endless'], { signalOn: 'still here' });
  const name = jobName(outcome);
  expect(outcome.exitCode).toBe(130);
  expect(outcome.stderr).toContain(
    `interrupted: job/${name} runs on; back to it with kubectl -n ${namespace} logs -f job/${name} -c endless, ` +
      `end it with kubectl -n ${namespace} delete job ${name}\n`,
  );
  expect(await jobs()).toContain(name);
  await kubectl('delete', 'job', name, '-n', namespace);
});

test('ctrl-c before the program began leaves nothing', async () => {
  const outcome = await slipway(['no-image'], { signalOn: 'waiting for' });
  expect(outcome).toMatchObject({ exitCode: 130, stderr: expect.stringContaining('deleted before its program began') });
  await pause(2);
  expect(await jobs()).not.toContain(jobName(outcome));
});

test('an image that cannot be pulled is named', async () => {
  const outcome = await slipway(['no-image', '--timeout', '10']);
  expect(outcome.exitCode).toBe(1);
  expect(outcome.stderr).toMatch(/to run within 10 s, got one that waits for (ErrImagePull|ImagePullBackOff): .*none/);
  expect(outcome.stderr).toContain('was deleted before its program began');
});

test('a quota that leaves no room is named', async () => {
  await kubectl('create', 'quota', 'no-room', '-n', namespace, '--hard=pods=0');
  await pause(2);
  const outcome = await slipway(['count', '--timeout', '5']);
  expect(outcome.stderr).toMatch(/to run within 5 s, got one that waits for .*exceeded quota: no-room/);
  await kubectl('delete', 'quota', 'no-room', '-n', namespace);
});
