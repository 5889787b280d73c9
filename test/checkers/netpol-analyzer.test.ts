import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlatformName } from '../../charts/platforms';
import { namespaceOf, placesOf } from '../support/everywhere';
import { environments, filesOf, folders, withoutFingerprint, type Environment } from '../support/manifests';
import { apiServer as callers, matrix } from '../support/matrix';
import { answerOf, need } from './tools';

need({ 'netpol-analyzer': 'netpol-analyzer 1.4: github.com/np-guard/netpol-analyzer' });

type Answer = readonly { readonly src: string; readonly dst: string; readonly conn: string }[];

/** `physics-assistant/agents-api[Deployment]`, or addresses, which have no namespace. */
interface Peer {
  readonly namespace: string;
  readonly name: string;
}
const peer = (text: string): Peer => {
  const [, namespace = '', name = text] = /^([^/[]+)\/(.+)\[\w+\]$/.exec(text) ?? [];
  return { namespace, name: withoutFingerprint(name) };
};
/** `TCP 443,587` → `443,587` */
const portsOf = (connection: string): string => connection.replace('TCP ', '');

/** Runs it on one environment alone, all platforms together: it would read the folders below, too. */
function analysed<T>(environment: Environment, read: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-policies-'));
  try {
    for (const name of filesOf(folders[environment]))
      copyFileSync(join(folders[environment], name), join(folder, name));
    return read(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As it writes blocks: the Internet without private and link-local addresses, and those of the API server. */
const internet = ['0.0.0.0-9.255.255.255', '11.0.0.0-169.253.255.255', '169.255.0.0-172.15.255.255'].concat(
  '172.32.0.0-192.167.255.255',
  '192.169.0.0-255.255.255.255',
);
const apiServer = ['10.0.0.0-10.255.255.255', '172.16.0.0-172.31.255.255', '192.168.0.0-192.168.255.255'];
const names = '169.254.20.10-169.254.20.10';

/** `task-processor → smtp host:587` and its like, as the addresses and ports that are then open. */
function opened(leaves: readonly string[], addresses: readonly string[]): string[] {
  const ports = new Map<string, Set<number>>();
  for (const way of leaves) {
    const workload = way.split(' ')[0] ?? '';
    ports.set(workload, (ports.get(workload) ?? new Set()).add(Number(way.split(':').pop())));
  }
  return [...ports].flatMap(([workload, open]) => {
    const list = [...open].sort((a, b) => a - b).join();
    return addresses.map((block) => `${workload} → ${block}:${list}`);
  });
}

const leaving = (environment: Environment, platform: PlatformName): string[] => [
  ...opened(matrix[platform].leaves[environment], internet),
  ...opened(callers.leaves(environment), apiServer),
];

const entering: Readonly<Record<Environment, string>> = {
  production: 'gateway ← ingress-nginx/[all pods]: TCP 8080,8089',
  staging: 'gateway ← ingress-nginx/[all pods]: TCP 8080,8089',
  development: 'gateway ← ingress-nginx/[all pods]: TCP 8080',
};

/** What the whole cluster besides may open or be asked: the lines of its text, before and after their arrow. */
const exposureOf = (text: string, arrow: '<=' | '=>'): { peer: Peer; there: string; open: string }[] =>
  (text.split('Exposure Analysis Result:')[1] ?? '')
    .split('\n')
    .filter((line) => line.includes(arrow))
    .map((line) => line.split(new RegExp(`\\s+${arrow}\\s+|\\s+:\\s+`)).map((part) => part.trim()))
    .map(([here = '', there = '', open = '']) => ({ peer: peer(here), there, open }))
    .filter(({ there }) => !/^\d+\./.test(there));

describe.each(environments)('netpol-analyzer reads the policies of %s', (environment) => {
  const ways = analysed(environment, (folder) =>
    answerOf<Answer>('netpol-analyzer', ['list', '-q', '--dirpath', folder, '-o', 'json']),
  ).map(({ src, dst, conn }) => ({ from: peer(src), to: peer(dst), open: conn }));
  const { stdout: exposure } = analysed(environment, (folder) =>
    spawnSync('netpol-analyzer', ['list', '-q', '--exposure', '--dirpath', folder], { encoding: 'utf8' }),
  );

  test('ALL-10 no platform reaches another', () => {
    const crossing = ways.filter(({ from, to }) => to.namespace && to.namespace !== from.namespace);
    expect(ways.length).toBeGreaterThan(0);
    expect(crossing).toEqual([]);
  });

  describe.each(placesOf(environment))('$platform', ({ platform }) => {
    const own = ways.filter(({ from }) => from.namespace === namespaceOf(environment, platform));
    const isOwn = ({ peer: { namespace } }: { peer: Peer }) => namespace === namespaceOf(environment, platform);
    const texts = (some: typeof ways) => some.map(({ from, to, open }) => `${from.name} → ${to.name}:${portsOf(open)}`);

    test('PHY-13 TDA-09 ALL-10 exactly the connections of the guide are open', () => {
      const inside = own
        .filter(({ to }) => to.namespace)
        .flatMap((way) =>
          portsOf(way.open)
            .split(',')
            .map((port) => `${way.from.name} → ${way.to.name}:${port}`),
        );
      // It says nothing of a workload's way to itself.
      const between = matrix[platform].connections.filter((way) => !/^(\S+) → \1:/.test(way));
      expect(inside.sort()).toEqual([...between].sort());
    });

    test('PHY-19 GOV-09 HWO-09 TDA-08 ALL-02 exactly these addresses are reached from inside', () => {
      const outside = own.filter(({ to }) => !to.namespace && to.name !== names);
      expect(texts(outside).sort()).toEqual(leaving(environment, platform).sort());
    });

    test('ALL-10 only those who connect to something may ask for names, and there nothing but names', () => {
      const asking = own.filter(({ to }) => to.name === names);
      const connecting = own.filter(({ to }) => to.name !== names).map(({ from }) => from.name);
      expect(asking.map(({ from }) => from.name).sort()).toEqual([...new Set(connecting)].sort());
      expect(new Set(asking.map(({ open }) => open))).toEqual(new Set(['TCP 53,UDP 53']));
    });

    test('ALL-10 the whole cluster besides reaches the gateway from the ingress controller, and nothing else', () => {
      const inwards = exposureOf(exposure, '<=').filter(isOwn);
      expect(inwards.map(({ peer: to, there, open }) => `${to.name} ← ${there}: ${open}`)).toEqual([
        entering[environment],
      ]);
    });

    test('ALL-10 nothing of the whole cluster besides is reached but its names', () => {
      const outwards = exposureOf(exposure, '=>').filter(isOwn);
      expect(new Set(outwards.map(({ there, open }) => `${there}: ${open}`))).toEqual(
        new Set(['kube-system/[pod with {k8s-app=kube-dns}]: TCP 53,UDP 53']),
      );
    });
  });
});
