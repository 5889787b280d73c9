import { inside, json, pause } from '../cluster/support';
import type { Manifest } from '../support/manifests';
import type { Fault } from './fault';
import { kubectlNow } from './kube';
import { onNode } from './machine';
import { membersOf, patronictl, whole } from './members';
import type { Target } from './target';

const filler = '/pgdata/filler';
/** More than pgBackRest fetches ahead for a member that starts, into the same volume (`archive-get-queue-max`, 128 MiB). */
const spareMiB = 256;

/** A file system of memory that holds what the volume holds, and little more, over the volume's folder. */
const shrink = `
  used=$(du -sm "$1" | cut -f1)
  mkdir "$1.small"
  mount -t tmpfs -o "size=$((used + $2))m" tmpfs "$1.small"
  cp -a "$1/." "$1.small/"
  mount --bind "$1.small" "$1"`;

/** What filled it is gone, and the file system is larger, as a claim is made: the member may need more log than was freed. */
const relieve = `
  rm -f "$1.small/filler"
  mount -o remount,size=4g "$1.small"`;

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
async function folderOf(target: Target, pod: string): Promise<string> {
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

/** Makes a member the primary: only a synchronous standby may take over. @throws Error when it is none in the end */
async function promote(target: Target, pod: string): Promise<void> {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const [primary, standby] = await membersOf(target);
    if (primary?.pod === pod) return;
    if (standby?.pod === pod) {
      await patronictl(target, 'switchover', '--leader', primary?.pod ?? '', '--candidate', pod, '--force');
    } else {
      // The other replica steps back for a moment.
      kubectlNow('delete', 'pod', standby?.pod ?? '', '-n', target.namespace, '--timeout=50s');
    }
    await pause(10);
    await whole(target, 300, 10);
  }
  const [primary] = await membersOf(target);
  if (primary?.pod !== pod) throw new Error(`expected ${pod} to be the primary, got ${primary?.pod}`);
}

/**
 * Fills the volume in its container. Only a file system of memory, and no more than it can hold: a volume that is a
 * folder of the machine's disk would take the disk, and all nodes, with it.
 */
const fill = `set -eu
  [ "$(stat -f -c %T /pgdata)" = tmpfs ] || { echo "expected a small file system at /pgdata, got $(stat -f -c %T /pgdata)" >&2; exit 1; }
  head -c ${4 * spareMiB}M /dev/zero > ${filler} 2> /dev/null || true
  left=$(df --output=avail -BM /pgdata | tail -1 | tr -dc 0-9)
  [ "$left" -le 1 ] || { echo "expected a full file system at /pgdata, got $left MiB left" >&2; exit 1; }
  # The segments that lie ready would last for minutes.
  for n in $(seq 40); do
    psql -XAtq -U postgres -d postgres -c "select pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()" || break
  done > /dev/null 2>&1`;

/** The volume of the primary is full: WAL cannot be written. */
export const fullVolume: Fault = {
  name: 'full-volume',
  title: "primary's volume full, its WAL too, freed and enlarged after 60 s",
  // It mounts something on a node.
  reach: 'node',
  holdSeconds: 60,
  recoverySeconds: 420,
  // A replica is given a small volume and made the primary.
  prepare: async (scene) => {
    const { target, replicas } = scene;
    const [{ pod, node }] = replicas;
    const folder = await folderOf(target, pod);
    scene.undo(() => without(target.namespace, pod, node, () => onNode(node, grow, folder)), { late: true });
    without(target.namespace, pod, node, () => onNode(node, shrink, folder, `${spareMiB}`));
    await whole(target, 300, 10);
    await promote(target, pod);
  },
  inject: async ({ target, primary, undo }) => {
    const folder = await folderOf(target, primary.pod);
    // From the node: a container that cannot write may not stand long enough.
    undo(() => onNode(primary.node, relieve, folder));
    await inside(target.namespace, primary.pod, 'server', 'bash', '-c', fill);
    await pause(1);
  },
};
