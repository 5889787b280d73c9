import { podsOf } from '../support/manifests';
import type { Place } from '../support/everywhere';
import { kubectl, node, running } from './support';

/** Where a pod listens, by address: no name is needed, so a pod without DNS can be asked too. */
export interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** Every port of every pod that a platform keeps running. @throws Error when one has no address */
export async function targetsOf({ namespace, objects }: Place): Promise<Target[]> {
  const addresses = new Map(
    (await running(namespace)).map(({ metadata, status }) => [
      metadata.labels?.['app.kubernetes.io/name'] ?? '',
      (status as { podIP?: string }).podIP,
    ]),
  );
  return podsOf(objects)
    .filter(({ owner }) => ['Deployment', 'StatefulSet'].includes(owner.kind))
    .flatMap(({ owner, template }) => {
      const { name } = owner.metadata;
      const address = addresses.get(name);
      if (!address) throw new Error(`expected a pod of ${namespace}/${name} with an address, got none`);
      return template.spec.containers.flatMap(({ ports = [] }: { ports?: { containerPort: number }[] }) =>
        ports.map(({ containerPort }) => ({ namespace, name, address, port: containerPort })),
      );
    });
}

const lines = (text: string): string[] => text.split('\n').filter(Boolean).sort();
const nameOf = ({ namespace, name, port }: Target): string => `${namespace}/${name}:${port}`;

/** Tries every target at once and prints those that answer. */
const tryAll = `
  const net = require('node:net');
  for (const [name, host, port] of JSON.parse(process.argv[1])) {
    const socket = net.connect({ host, port });
    const end = setTimeout(() => socket.destroy(), 3000);
    socket.on('connect', () => { console.log(name); clearTimeout(end); socket.destroy(); });
    socket.on('error', () => clearTimeout(end));
  }
`;

/** What a container that has Node opens, as `namespace/name:port`. */
export async function openedFromNode(space: string, workload: string, where: readonly Target[]): Promise<string[]> {
  const targets = where.map((target) => [nameOf(target), target.address, target.port]);
  return lines(await node(space, workload, tryAll, JSON.stringify(targets)));
}

/** The same in small groups, so that the memory of a small container suffices; with bash or, in Alpine, BusyBox. */
const tryGroups = `
  try() { if command -v bash > /dev/null; then timeout 3 bash -c "< /dev/tcp/$2/$3"; else nc -z -w 3 "$2" "$3"; fi && echo "$1"; }
  count=0
  while [ $# -gt 0 ]; do
    try "$1" "$2" "$3" 2> /dev/null &
    shift 3
    count=$((count + 1))
    [ $((count % 20)) -ne 0 ] || wait
  done
  wait
`;

/** What the first container of a pod without Node opens, as `namespace/name:port`. */
export async function openedFromShell(space: string, workload: string, where: readonly Target[]): Promise<string[]> {
  const targets = where.flatMap((target) => [nameOf(target), target.address, `${target.port}`]);
  return lines(await kubectl('exec', '-n', space, workload, '--', 'sh', '-c', tryGroups, 'try', ...targets));
}
