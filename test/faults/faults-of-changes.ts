import { randomBytes } from 'node:crypto';
import { kubectl, list } from '../cluster/support';
import { find, ofKind, type Manifest } from '../support/manifests';
import { renewed } from './authority';
import type { Fault, Scene } from './fault';
import { apply } from './kube';
import { tool } from './machine';
import { until } from './until';

/** Second tag of the server's image: the same program under another name. */
const again = (image: string): string => `${image}-again`;

/** What changes in the life of a cluster that nobody must notice. */
export const changeFaults: readonly Fault[] = [
  {
    name: 'image',
    title: 'rolling change of the image',
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
      const { namespace, client } = scene.target;
      await scene.agents.run('login.js', 'remember');
      const password = randomBytes(32).toString('hex');
      await apply([
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: client.secret, namespace },
          data: { password: Buffer.from(password).toString('base64') },
        },
      ]);
      await runAccounts(scene);
      // The writer's sessions are open; what is new must log in with what its pod is brought.
      await until(240, 'new sessions through both doors with the new password, none with the old', async () =>
        scene.agents.run('login.js').then(
          () => true,
          () => false,
        ),
      );
    },
  },
];

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

/** Runs the Job of the accounts once more, as whoever rotates a password does. */
async function runAccounts({ target: { namespace, name, objects } }: Scene): Promise<void> {
  const [job] = ofKind(objects, 'Job').filter(({ metadata }) => metadata.name.startsWith(`${name}-accounts`));
  if (!job) throw new Error(`expected a Job ${name}-accounts in the manifests, got none`);
  await kubectl('delete', 'job', job.metadata.name, '-n', namespace, '--ignore-not-found');
  await apply([job]);
  const complete = ['--for=condition=Complete', `job/${job.metadata.name}`];
  await kubectl('wait', ...complete, '-n', namespace, '--timeout=180s');
}
