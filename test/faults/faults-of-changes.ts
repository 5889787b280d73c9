import { randomBytes } from 'node:crypto';
import { parse, stringify } from 'yaml';
import { roles } from '../../charts/blocks/postgres/patroni';
import { kubectl, list, query, until } from '../cluster/support';
import { find, ofKind, type Manifest } from '../support/manifests';
import { renewed } from './authority';
import type { Fault, Scene } from './fault';
import { apply } from './kube';
import { tool } from './machine';

/** Second tag of the server's image: the same program under another name. */
const again = (image: string): string => `${image}-again`;

/** What changes in the life of a cluster that nobody must notice. */
export const changeFaults: readonly Fault[] = [
  {
    name: 'image',
    title: 'rolling change of the image',
    aim: 3,
    usesTools: true,
    recoverySeconds: 600,
    prepare: async ({ target }) => {
      const archive = process.env.SLIPWAY_POSTGRES_ARCHIVE;
      if (!archive) {
        throw new Error("expected SLIPWAY_POSTGRES_ARCHIVE to name an archive of the server's image, got nothing");
      }
      tool('load-image', archive, again(imageOf(find(target.objects, 'StatefulSet', target.name))));
    },
    inject: async ({ target: { name, namespace, objects } }) => {
      const declared = imageOf(find(objects, 'StatefulSet', name));
      const [running] = (await list('statefulset', namespace)).filter(({ metadata }) => metadata.name === name);
      const image = running && imageOf(running) === declared ? again(declared) : declared;
      await kubectl('set', 'image', `statefulset/${name}`, `server=${image}`, '-n', namespace);
      await kubectl('rollout', 'status', `statefulset/${name}`, '-n', namespace, '--timeout=900s');
    },
  },
  {
    name: 'settings',
    // Replicas must have the larger value first, and the smaller one last.
    title: 'a setting that asks for a restart made larger, and smaller again',
    aim: 3,
    recoverySeconds: 600,
    inject: async (scene) => {
      const declared = Number(agreed(scene.target.objects).postgresql.parameters.max_connections);
      for (const connections of [declared + 20, declared]) await takeConnections(scene, connections);
    },
  },
  {
    name: 'certificate',
    title: "servers' certificate renewed",
    inject: async (scene) => {
      const { target, agents } = scene;
      const before = await agents.certificates(...target.members);
      const pods = await incarnations(scene);
      const { certificate, authority } = target.issued;
      await apply([await renewed(target.namespace, certificate, authority)]);
      // kubelet brings a Secret to its pods within two minutes, the servers look every half.
      await until(240, 'every server to show its new certificate', async () => {
        const now = await agents.certificates(...target.members);
        return (
          Object.keys(now).length === target.members.length && Object.keys(now).every((pod) => now[pod] !== before[pod])
        );
      });
      const after = await incarnations(scene);
      if (after !== pods) throw new Error(`expected no restart for a certificate, got ${after} after ${pods}`);
    },
  },
  {
    name: 'password',
    title: "application's password rotated",
    inject: async (scene) => {
      await scene.agents.run('login.js', 'remember');
      await renewPasswords(scene, scene.target.client.secret);
      await runJob(scene, 'accounts', 180);
      // The writer's sessions are open; what is new must log in with what its pod is brought.
      await until(240, 'new sessions through both doors with the new password, none with the old', async () =>
        scene.agents.run('login.js').then(
          () => true,
          () => false,
        ),
      );
    },
  },
  {
    name: 'member-passwords',
    // Members have them from their environment: one after the other starts with the new ones.
    title: "passwords of the members' own roles rotated, members renewed",
    recoverySeconds: 600,
    inject: async (scene) => {
      const { name, namespace } = scene.target;
      await renewPasswords(scene, `${name}-${roles.replication}`, `${name}-${roles.rewind}`);
      await runJob(scene, 'accounts', 180);
      await kubectl('rollout', 'restart', `statefulset/${name}`, '-n', namespace);
      await kubectl('rollout', 'status', `statefulset/${name}`, '-n', namespace, '--timeout=900s');
    },
  },
];

/** Other passwords in these Secrets. */
const renewPasswords = ({ target: { namespace } }: Scene, ...names: string[]): Promise<unknown> =>
  apply(
    names.map((name) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace },
      data: { password: Buffer.from(randomBytes(32).toString('hex')).toString('base64') },
    })),
  );

const imageOf = ({ spec }: Manifest): string =>
  spec.template.spec.containers.find(({ name }: { name: string }) => name === 'server').image;

/** Which pods these are, and how often their containers were started. */
const incarnations = async ({ target }: Scene): Promise<string> =>
  (await list('pods', target.namespace))
    .filter(({ metadata }) => target.members.includes(metadata.name))
    .map(({ metadata, status }) => {
      const { containerStatuses } = status as { containerStatuses: { restartCount: number }[] };
      const counts = containerStatuses.map(({ restartCount }) => restartCount);
      return `${metadata.name} ${(metadata as { uid?: string }).uid} ${counts}`;
    })
    .join(', ');

/** Runs a Job once more, as an apply does whose settings have changed; gives its log. */
async function runJob({ target: { namespace, name, objects } }: Scene, id: string, seconds: number): Promise<string> {
  const [job] = ofKind(objects, 'Job').filter(({ metadata }) => metadata.name.startsWith(`${name}-${id}`));
  if (!job) throw new Error(`expected a Job ${name}-${id} in the manifests, got none`);
  const own = [`job/${job.metadata.name}`, '-n', namespace];
  await kubectl('delete', ...own, '--ignore-not-found');
  await apply([job]);
  await kubectl('wait', '--for=condition=Complete', ...own, `--timeout=${seconds}s`);
  return kubectl('logs', ...own);
}

/** Patroni reads YAML 1.1. */
const yaml = { version: '1.1' } as const;
const settings = (objects: readonly Manifest[]) => find(objects, 'ConfigMap', 'postgres-settings');

/** What the members agree on. */
const agreed = (objects: readonly Manifest[]) =>
  parse(settings(objects).data?.['agreement.yml'] ?? '', yaml) as {
    postgresql: { parameters: Record<string, unknown> };
  };

/** Declares how many connections a server takes, and has it brought to the members. */
async function takeConnections(scene: Scene, connections: number): Promise<void> {
  const { namespace, members, objects } = scene.target;
  const [declared, agreement] = [settings(objects), agreed(objects)];
  agreement.postgresql.parameters.max_connections = connections;
  await apply([{ ...declared, data: { ...declared.data, 'agreement.yml': stringify(agreement, yaml) } }]);
  const log = await runJob(scene, 'settings', 600);
  if (!log.includes('needs a restart')) throw new Error(`expected the Job to say who needs a restart, got:\n${log}`);
  for (const pod of members) {
    const shown = await query(namespace, pod, 'postgres', 'show max_connections');
    if (Number(shown) !== connections) throw new Error(`expected ${pod} to take ${connections}, got ${shown}`);
  }
}
