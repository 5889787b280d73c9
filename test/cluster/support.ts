import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { App } from 'cdk8s';
import { stringify } from 'yaml';
import { folderOf, synthesise } from '../../charts/blocks/output';
import { addPlatforms, platformNames, type PlatformName } from '../../charts/platforms';
import { allSettings, type EnvironmentName, type Settings } from '../../config';
import { root, type Manifest } from '../support/manifests';

const run = promisify(execFile);

/** Runs kubectl and gives what it prints; an error says what it printed instead. */
export async function kubectl(...args: string[]): Promise<string> {
  const { stdout } = await run('kubectl', args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** The same, with both streams: warnings go to the second. */
export const kubectlBoth = (...args: string[]) => run('kubectl', args, { maxBuffer: 64 * 1024 * 1024 });

/** Runs a command in a container and gives what it prints; an API server that does not answer is not waited for. */
export const inside = (namespace: string, pod: string, container: string, ...command: string[]): Promise<string> =>
  kubectl('exec', '--request-timeout=20s', '-n', namespace, pod, '-c', container, '--', ...command);

/** Asks a member's database as the superuser, over the socket of its pod. */
export const query = (namespace: string, pod: string, database: string, text: string): Promise<string> =>
  inside(namespace, pod, 'server', 'psql', '-XAtq', '-U', 'postgres', '-d', database, '-c', text);

/** Runs the command line of the project, with nothing typed into it. */
export function slipway(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const running = run(process.execPath, [join(root, 'ops', 'slipway.cjs'), ...args], { cwd: root });
  running.child.stdin?.end();
  return running;
}

export const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await kubectl(...args, '-o', 'json')) as T;

export const list = async (kind: string, namespace: string): Promise<Manifest[]> =>
  (await json<{ items: Manifest[] }>('get', kind, '-n', namespace)).items;

/** Fails in one line when what the tests need is not there; they never skip. */
export async function requireCluster({ nodes = 1, definitions = false } = {}): Promise<void> {
  if (!process.env.KUBECONFIG) {
    throw new Error('expected KUBECONFIG to name a cluster, got nothing: start one and export KUBECONFIG=<file>');
  }
  const ready = await kubectl('get', 'nodes', '--no-headers').catch((error: Error) => {
    throw new Error(`expected kubectl on PATH and a cluster behind KUBECONFIG, got ${error.message.split('\n')[0]}`);
  });
  const count = ready.split('\n').filter((line) => / Ready /.test(line)).length;
  if (count < nodes) throw new Error(`expected a cluster of ${nodes} ready nodes, got ${count}: add nodes`);
  if (!definitions) return;
  for (const name of ['certificates.cert-manager.io', 'externalsecrets.external-secrets.io']) {
    await kubectl('get', 'crd', name).catch(() => {
      throw new Error(`expected the definition ${name} in the cluster, got none: install its CRDs`);
    });
  }
}

/** Manifests of one environment with other settings than the committed ones, in a folder of their own. */
export const variant = (
  environment: EnvironmentName,
  change: (settings: Settings) => Settings,
  names: readonly PlatformName[] = platformNames,
): string => written(environment, change, (app, changed) => addPlatforms(app, changed, names));

/** The same for what a test puts together. */
export function written(
  environment: EnvironmentName,
  change: (settings: Settings) => Settings,
  add: (app: App, settings: Settings) => void,
): string {
  const outdir = join(mkdtempSync(join(tmpdir(), 'slipway-variant-')), 'dist');
  const settings = allSettings().filter((candidate) => candidate.environment === environment);
  synthesise(outdir, settings.map(change), add);
  return join(outdir, folderOf(environment));
}

/** Writes manifests to a file that kubectl can read. */
export function fileOf(objects: readonly unknown[]): string {
  const path = join(mkdtempSync(join(tmpdir(), 'slipway-objects-')), 'objects.yaml');
  writeFileSync(path, objects.map((object) => stringify(object)).join('---\n'));
  return path;
}

/** Starts a Job of a CronJob, with variables of its own as a runbook gives them. */
export async function startJob(
  namespace: string,
  cronjob: string,
  name: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const from = ['-n', namespace, `--from=cronjob/${cronjob}`, '--dry-run=client'];
  const job = await json<Manifest>('create', 'job', name, ...from);
  const [container] = job.spec.template.spec.containers as { env: object[] }[];
  container?.env.push(...Object.entries(variables).map(([key, value]) => ({ name: key, value })));
  await kubectl('apply', '-f', fileOf([job]));
}

/**
 * How to apply to what stands. The server compares: a client that does so reads the definitions of the API again for
 * every object, a minute of a processor for all platforms.
 */
export const onServer = ['apply', '--server-side', '--force-conflicts', '-f'] as const;
export const applyAgain = (path: string): Promise<string> => kubectl(...onServer, path);

/** Closes the nodes to new pods, or opens them: what is only asked of the API server needs no pod to start. */
export async function openNodes(open: boolean): Promise<void> {
  const nodes = (await kubectl('get', 'nodes', '-o', 'name')).split('\n');
  await kubectl(open ? 'uncordon' : 'cordon', ...nodes);
}

/** Deletes what a platform left in the cluster, its claims too: for the test's own namespaces alone. */
export async function remove(namespace: string): Promise<void> {
  await kubectl('delete', 'namespace', namespace, '--ignore-not-found', '--wait=false');
  // A database that ends without its repository tries for minutes to bring it the last of its log.
  await kubectl('delete', 'pods', '--all', '-n', namespace, '--ignore-not-found', '--grace-period=1', '--wait=false');
  await kubectl('wait', `namespace/${namespace}`, '--for=delete', '--timeout=240s');
  const classes = (await kubectl('get', 'priorityclass', '-o', 'name'))
    .split('\n')
    .filter((name) => ['data', 'serving', 'batch'].some((kind) => name.endsWith(`/${namespace}-${kind}`)));
  if (classes.length > 0) await kubectl('delete', ...classes);
}

/** The pods of one workload; not those that are on their way out. */
export const podsNamed = async (name: string, namespace: string): Promise<Manifest[]> =>
  (await staying(namespace)).filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === name);

/** Pods that run and stay. */
export const running = async (namespace: string): Promise<Manifest[]> =>
  (await staying(namespace)).filter(({ status }) => (status as { phase: string }).phase === 'Running');

const staying = async (namespace: string): Promise<Manifest[]> =>
  (await list('pods', namespace)).filter(({ metadata }) => !('deletionTimestamp' in metadata));

export const isServing = ({ status }: Manifest): boolean =>
  (status as { conditions?: { type: string; status: string }[] }).conditions?.some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  ) ?? false;

/** Waits until every Deployment and StatefulSet is rolled out and every Job is complete. */
export async function ready(namespace: string, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let waiting: string[] = ['everything'];
  while (waiting.length > 0) {
    if (Date.now() > deadline) {
      const pods = await kubectl('get', 'pods', '-n', namespace, '-o', 'wide');
      throw new Error(`expected ${namespace} to be ready in ${seconds} s, got no ${waiting.join(', ')}\n${pods}`);
    }
    await pause(3);
    waiting = await unready(namespace);
  }
}

/** Somebody applied it: no controller made it of another object, as a CronJob makes its Jobs by the clock. */
export const isApplied = ({ metadata }: Manifest): boolean => !('ownerReferences' in metadata);

async function unready(namespace: string): Promise<string[]> {
  const objects = await list('deployments,statefulsets,jobs', namespace);
  return objects
    .filter((object) => isApplied(object) && !isReady(object))
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}

function isReady({ kind, metadata, spec, status }: Manifest): boolean {
  const state = (status ?? {}) as Record<string, number | undefined>;
  if (kind === 'Job') return (state.succeeded ?? 0) > 0;
  const updated = state.observedGeneration === (metadata as { generation?: number }).generation;
  return (
    updated &&
    state.readyReplicas === spec.replicas &&
    state.updatedReplicas === spec.replicas &&
    state.replicas === spec.replicas
  );
}

export const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Waits for something. @throws Error when it does not hold in time */
export async function until(seconds: number, what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`expected ${what} within ${seconds} s`);
    await pause(3);
  }
}

/** Runs JavaScript in a container that has Node, in a folder that its user may read; gives what it prints. */
export const node = (namespace: string, target: string, script: string, ...args: string[]): Promise<string> =>
  kubectl('exec', '-n', namespace, target, '--', 'sh', '-c', 'cd /tmp && exec node -e "$@"', 'node', script, ...args);
