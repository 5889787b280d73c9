import { inside, kubectl, pause } from '../cluster/support';
import type { Fault, Scene } from './fault';
import { kubectlNow } from './kube';
import { patronictl } from './members';

const held = 60;

const remove = (scene: Scene, pods: readonly string[], ...options: string[]): Promise<string> =>
  kubectl('delete', 'pod', ...pods, '-n', scene.target.namespace, ...options);

/** Signals everything in the primary's container but its first process, which the kernel protects. */
const signal = ({ target, primary }: Scene, name: string): Promise<string> =>
  inside(target.namespace, primary.pod, 'server', 'bash', '-c', `kill -${name} -1`);

/** What happens to pods, or to the programs in them. */
export const podFaults: readonly Fault[] = [
  {
    name: 'switchover',
    title: 'planned switchover',
    aim: 3,
    handsOver: true,
    inject: async ({ target, primary, replicas: [heir] }) => {
      const who = ['--leader', primary.pod, '--candidate', heir.pod, '--force'];
      await patronictl(target, 'switchover', ...who);
      // It is done in the next round of the primary when it could not be told at once.
      await pause(3);
    },
  },
  {
    name: 'delete-primary',
    title: "primary's pod deleted",
    aim: 3,
    handsOver: true,
    inject: async (scene) => {
      await remove(scene, [scene.primary.pod], '--wait=false');
      // The pod that is on its way out still counts as healthy for a moment.
      await pause(3);
    },
  },
  {
    name: 'force-delete-primary',
    title: "primary's pod deleted with no grace",
    aim: 15,
    inject: async (scene) => {
      await remove(scene, [scene.primary.pod], '--grace-period=0', '--force');
      await pause(3);
    },
  },
  {
    name: 'kill-primary',
    title: "`kill -9` of everything in the primary's container",
    aim: 15,
    inject: async (scene) => {
      // The command that kills goes with its container, or not: either is fine.
      await signal(scene, 'KILL').catch(() => undefined);
      await pause(3);
    },
  },
  {
    name: 'freeze-primary',
    title: `everything in the primary's container stopped for ${held} s`,
    handsOver: true,
    holdSeconds: held,
    inject: async (scene) => {
      const { namespace } = scene.target;
      const go = ['exec', '-n', namespace, scene.primary.pod, '-c', 'server', '--', 'bash', '-c', 'kill -CONT -1'];
      scene.undo(() => kubectlNow(...go));
      await signal(scene, 'STOP');
    },
  },
  {
    name: 'delete-standby',
    // Commits wait for it until the primary has named another.
    title: "the synchronous replica's pod deleted",
    inject: async (scene) => {
      await remove(scene, [scene.replicas[0].pod], '--wait=false');
      await pause(3);
    },
  },
  {
    name: 'delete-replica-and-claim',
    title: 'a replica deleted with its volume',
    recoverySeconds: 420,
    inject: async (scene) => {
      const { namespace, name } = scene.target;
      const { pod } = scene.replicas.at(-1) ?? scene.replicas[0];
      await kubectl('delete', 'pvc', `${name}-data-${pod}`, '-n', namespace, '--wait=false');
      await remove(scene, [pod], '--wait=false');
      await kubectl('wait', '--for=delete', `pod/${pod}`, '-n', namespace, '--timeout=5s').catch(() => undefined);
    },
  },
  {
    name: 'delete-all',
    title: 'all members deleted at once',
    recoverySeconds: 420,
    inject: async (scene) => {
      await remove(scene, scene.target.members, '--wait=false');
      await pause(3);
    },
  },
];
