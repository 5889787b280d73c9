import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a cluster must offer to have its nodes hurt; see the error of `tool`. */
const toolNames = ['node-kill', 'node-start', 'node-cut', 'node-join', 'load-image'] as const;
type Tool = (typeof toolNames)[number];

/**
 * Runs a tool of the test cluster.
 *
 * @throws Error when SLIPWAY_CLUSTER_TOOLS does not name their folder, or the tool fails
 */
export function tool(name: Tool, ...args: string[]): void {
  execFileSync(toolPath(name), args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 120_000 });
}

/** Fails before anything is hurt when the tools are not there. */
export function requireTools(): void {
  for (const name of toolNames) toolPath(name);
  process1('apiserver');
}

function toolPath(name: Tool): string {
  const folder = process.env.SLIPWAY_CLUSTER_TOOLS;
  const what = `a folder with ${toolNames.join(', ')}, which take a node's name or an image`;
  if (!folder) throw new Error(`expected SLIPWAY_CLUSTER_TOOLS to name ${what}, got nothing: export it`);
  const path = join(folder, name);
  if (!existsSync(path)) throw new Error(`expected SLIPWAY_CLUSTER_TOOLS to name ${what}, got no ${name} in ${folder}`);
  return path;
}

/** When a process began, in clock ticks: tells it from a later one with its number. */
const began = (pid: number): string | undefined =>
  existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ')[19] : '';

/** The process of the control plane or of a node that the cluster has written down beside its kubeconfig. */
function process1(name: string): number {
  const file = join(dirname(process.env.KUBECONFIG ?? ''), `${name}.pid`);
  if (!existsSync(file)) {
    throw new Error(`expected ${file} to hold the number of a process, got no such file: use the test cluster`);
  }
  const [pid = '', since] = readFileSync(file, 'utf8').trim().split(' ');
  if (began(Number(pid)) !== since) throw new Error(`expected process ${pid} of ${file} to run, got another or none`);
  return Number(pid);
}

/** Stops the API server where it stands; a process of its own lets it go on when this one cannot. */
export function freezeApiServer(seconds: number): void {
  const pid = process1('apiserver');
  const rescue = `sleep ${seconds + 60}; kill -CONT ${pid}`;
  spawn('sh', ['-c', rescue], { detached: true, stdio: 'ignore' }).unref();
  process.kill(pid, 'SIGSTOP');
}

/** Lets the API server go on; harmless when it runs. */
export const thawApiServer = (): void => void process.kill(process1('apiserver'), 'SIGCONT');

/** Runs a shell script among the mounts of a node, where the volumes of its pods are. */
export function onNode(node: string, script: string, ...args: string[]): string {
  const parent = process1(node);
  const first = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ')[0] ?? '';
  const enter = ['--target', first, '--mount', '--', 'sh', '-euc', script, 'sh', ...args];
  return execFileSync('nsenter', enter, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
}

/** Runs a shell script in the network of a pod, by its uid. */
export function inNetworkOf(uid: string, script: string, ...args: string[]): string {
  const [pid] = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && groupsOf(name).includes(`/pod${uid}/`));
  if (!pid) throw new Error(`expected a process of the pod ${uid} on this machine, got none`);
  const enter = ['--target', pid, '--net', '--', 'sh', '-euc', script, 'sh', ...args];
  return execFileSync('nsenter', enter, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
}

/** Control groups of a process; nothing when it has ended. */
function groupsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch {
    return '';
  }
}
