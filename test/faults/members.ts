import { inside, isServing, json, kubectl, list, pause, podsNamed } from '../cluster/support';
import type { Manifest } from '../support/manifests';
import type { Target } from './target';

/** A member of the cluster as Patroni sees it. */
export interface Member {
  readonly pod: string;
  readonly node: string;
  readonly role: 'Leader' | 'Sync Standby' | 'Replica';
}

interface Listed {
  readonly Member: string;
  readonly Role: string;
  readonly State?: string;
  readonly TL?: number;
  /** MiB; of a leader there is none. */
  readonly 'Replay Lag'?: number | string;
}

const roleLabel = 'slipway.dev/role';

/** Runs `patronictl` in the first member that answers. */
export async function patronictl({ namespace, name, members }: Target, ...command: string[]): Promise<string> {
  let failure: unknown;
  for (const pod of members) {
    try {
      const [verb = '', ...rest] = command;
      return await inside(namespace, pod, 'server', 'patronictl', '-c', '/etc/patroni', verb, name, ...rest);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** What is missing until the cluster is whole; nothing when it is. */
export async function ailments(target: Target): Promise<string[]> {
  const listed = JSON.parse(await patronictl(target, 'list', '--format', 'json')) as Listed[];
  const set = await json<Manifest>('get', 'statefulset', target.name, '-n', target.namespace);
  const pods = await podsNamed(target.name, target.namespace);
  const labelled = pods.filter((pod) => pod.metadata.labels?.[roleLabel] === 'primary').map(nameOf);
  const leaders = listed.filter(({ Role }) => Role === 'Leader').map(({ Member }) => Member);
  const timelines = new Set(listed.map(({ TL }) => TL));
  const { readyReplicas = 0, updatedReplicas = 0 } = set.status as Record<string, number>;
  const facts: [string, boolean][] = [
    [`${target.members.length} members, got ${listed.length}`, listed.length === target.members.length],
    ...listed.map((member): [string, boolean] => [describe(member), isHealthy(member)]),
    [`one leader, got ${leaders.join(', ') || 'none'}`, leaders.length === 1],
    ['one synchronous standby', listed.filter(({ Role }) => Role === 'Sync Standby').length === 1],
    [`one timeline, got ${[...timelines].join(', ')}`, timelines.size === 1],
    [`the label primary on the leader, got ${labelled.join(', ') || 'nobody'}`, `${labelled}` === `${leaders}`],
    [`all pods ready, got ${readyReplicas}`, readyReplicas === target.members.length],
    [`all pods of this version, got ${updatedReplicas}`, updatedReplicas === target.members.length],
  ];
  return facts.filter(([, holds]) => !holds).map(([what]) => what);
}

const nameOf = ({ metadata }: Manifest): string => metadata.name;
const isHealthy = ({ Role, State, 'Replay Lag': lag = 0 }: Listed): boolean =>
  Role === 'Leader' ? State === 'running' : State === 'streaming' && lag === 0;
const describe = ({ Member, Role, State, 'Replay Lag': lag }: Listed): string =>
  `${Member} (${Role}) healthy, got ${State ?? 'no state'}${lag === undefined ? '' : ` and a lag of ${lag} MiB`}`;

/**
 * Waits until the cluster is whole, and stays so for a while.
 *
 * @param steady seconds in which nothing may be missing
 * @returns since when it was, in milliseconds since 1970
 * @throws Error that says what is still missing, and why members ended
 */
export async function whole(target: Target, seconds: number, steady = 0): Promise<number> {
  const deadline = Date.now() + seconds * 1000;
  let since: number | undefined;
  for (;;) {
    const now = Date.now();
    const missing = await ailments(target).catch((error: Error) => [error.message.split('\n').slice(0, 3).join(' ')]);
    since = missing.length === 0 ? (since ?? now) : undefined;
    if (since !== undefined && now - since >= steady * 1000) return since;
    if (now > deadline) {
      const reasons = await lastWords(target);
      throw new Error([`expected a whole cluster within ${seconds} s: ${missing.join('; ')}`, ...reasons].join('\n  '));
    }
    await pause(1);
  }
}

/** Why processes of the servers and Patroni ended, at most three lines of each member; a client's end is no reason. */
async function lastWords({ namespace, members }: Target): Promise<string[]> {
  const said = await Promise.all(
    members.map(async (pod) => {
      const log = await kubectl('logs', pod, '-n', namespace, '-c', 'server', '--tail=500').catch(() => '');
      const ends = log.split('\n').filter((line) => /FATAL|PANIC|CRITICAL/.test(line) && !line.includes('"user":'));
      return ends.slice(-3).map((line) => `${pod}: ${line.slice(0, 600)}`);
    }),
  );
  return said.flat();
}

/** The members, leader first, then the synchronous standby. */
export async function membersOf(target: Target): Promise<Member[]> {
  const listed = JSON.parse(await patronictl(target, 'list', '--format', 'json')) as Listed[];
  const pods = await list('pods', target.namespace);
  const node = (name: string): string =>
    (pods.find(({ metadata }) => metadata.name === name)?.spec as { nodeName: string }).nodeName;
  const order = ['Leader', 'Sync Standby', 'Replica'];
  return listed
    .map(({ Member, Role }) => ({ pod: Member, node: node(Member), role: Role as Member['role'] }))
    .sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
}

/** Pods that Services take for the primary: labelled so, and ready. */
export const servedAsPrimary = async ({ name, namespace }: Target): Promise<string[]> =>
  (await podsNamed(name, namespace))
    .filter((pod) => pod.metadata.labels?.[roleLabel] === 'primary' && isServing(pod))
    .map(nameOf);
