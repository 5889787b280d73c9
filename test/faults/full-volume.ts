import { json, pause } from '../cluster/support';
import type { Manifest } from '../support/manifests';
import type { Fault, Scene } from './fault';
import { inside, kubectlNow } from './kube';
import { onNode } from './machine';
import { patronictl, whole } from './members';

const filler = '/pgdata/filler';
const spareMiB = 96;

/** A file system of memory that holds what the volume holds, and little more, over the volume's folder. */
const shrink = `
  used=$(du -sm "$1" | cut -f1)
  mkdir "$1.small"
  mount -t tmpfs -o "size=$((used + $2))m" tmpfs "$1.small"
  cp -a "$1/." "$1.small/"
  mount --bind "$1.small" "$1"`;

/** The data back to where they came from. Safe to repeat. */
const grow = `
  if mountpoint -q "$1"; then umount "$1"; fi
  if mountpoint -q "$1.small"; then
    rm -f "$1.small/filler"
    find "$1" -mindepth 1 -delete
    cp -a "$1.small/." "$1/"
    umount "$1.small"
  fi
  if [ -d "$1.small" ]; then rmdir "$1.small"; fi`;

/** Where the volume of a member lies on its node. */
async function folderOf({ target }: Scene, pod: string): Promise<string> {
  const claim = await json<Manifest>('get', 'pvc', `${target.name}-data-${pod}`, '-n', target.namespace);
  const { spec } = await json<Manifest>('get', 'pv', claim.spec.volumeName as string);
  const path = (spec.local ?? spec.hostPath)?.path as string | undefined;
  if (!path) throw new Error(`expected the volume of ${pod} to be a folder of its node, got another kind`);
  return path;
}

/** Does something to the folder of a volume while no pod has it. */
function without(namespace: string, pod: string, node: string, act: () => void): void {
  kubectlNow('cordon', node);
  try {
    kubectlNow('delete', 'pod', pod, '-n', namespace, '--timeout=50s');
    act();
  } finally {
    kubectlNow('uncordon', node);
  }
}

/** The volume of the primary is full: WAL cannot be written. */
export const fullVolume: Fault = {
  name: 'full-volume',
  title: "primary's volume full, its WAL too, freed after 60 s",
  usesTools: true,
  holdSeconds: 60,
  recoverySeconds: 420,
  // A replica is given a small volume and made the primary.
  prepare: async (scene) => {
    const { target, replicas } = scene;
    const [{ pod, node }] = replicas;
    const folder = await folderOf(scene, pod);
    scene.undo(() => without(target.namespace, pod, node, () => onNode(node, grow, folder)), { late: true });
    without(target.namespace, pod, node, () => onNode(node, shrink, folder, `${spareMiB}`));
    await whole(target, 300, 10);
    await patronictl(target, 'switchover', '--leader', scene.primary.pod, '--candidate', pod, '--force');
  },
  inject: async ({ target, primary, undo }) => {
    const { namespace } = target;
    const server = (script: string) => inside(namespace, primary.pod, 'server', 'bash', '-c', script);
    const free = ['exec', '-n', namespace, primary.pod, '-c', 'server', '--', 'rm', '-f', filler];
    undo(() => kubectlNow(...free));
    await server(`cat /dev/zero > ${filler}; true`);
    // The segments that lie ready would last for minutes.
    const spend = `
      for n in $(seq 40); do psql -XAtq -U postgres -d postgres -c "select pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()" || break; done`;
    await server(`${spend} > /dev/null 2>&1; true`);
    await pause(1);
  },
};
