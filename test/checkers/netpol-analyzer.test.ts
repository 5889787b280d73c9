import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environments, filesOf, folders, type Environment } from '../support/manifests';
import { physicsAssistant } from '../support/matrix';
import { answerOf, need } from './tools';

need({ 'netpol-analyzer': 'netpol-analyzer 1.4: github.com/np-guard/netpol-analyzer' });

type Answer = readonly { readonly src: string; readonly dst: string; readonly conn: string }[];

/** `physics-assistant/agents-api[Deployment]` → `agents-api`, without a Job's fingerprint; addresses stay. */
const short = (peer: string): string => peer.replace(/^.*\/|\[.*$/g, '').replace(/-[0-9a-f]{10}$/, '');

/** Runs it on one environment alone: it would read the folders below, too. */
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

const isAddress = (name: string) => /^\d+\./.test(name);
const publicAddresses = ['0.0.0.0-9.255.255.255', '11.0.0.0-169.253.255.255', '169.255.0.0-172.15.255.255'].concat(
  '172.32.0.0-192.167.255.255',
  '192.169.0.0-255.255.255.255',
);
const privateAddresses = ['10.0.0.0-10.255.255.255', '172.16.0.0-172.31.255.255', '192.168.0.0-192.168.255.255'];
const mail = publicAddresses.map((addresses) => `task-processor → ${addresses}: TCP 443,587`);

/** PHY-19: mail and alerts leave the cluster. ALL-02: disposable secrets are written through the API server. */
const leaving: Readonly<Record<Environment, readonly string[]>> = {
  production: mail,
  staging: mail,
  development: privateAddresses.map((addresses) => `disposable-secrets → ${addresses}: TCP 443,6443`),
};
const entering: Readonly<Record<Environment, string>> = {
  production: 'gateway ← ingress-nginx/[all pods]: TCP 8080,8089',
  staging: 'gateway ← ingress-nginx/[all pods]: TCP 8080,8089',
  development: 'gateway ← ingress-nginx/[all pods]: TCP 8080',
};
const names = '169.254.20.10-169.254.20.10';

describe.each(environments)('netpol-analyzer reads the policies of %s', (environment) => {
  const ways = analysed(environment, (folder) =>
    answerOf<Answer>('netpol-analyzer', ['list', '-q', '--dirpath', folder, '-o', 'json']),
  ).map(({ src, dst, conn }) => ({ from: short(src), to: short(dst), open: conn }));

  test('PHY-13 ALL-10 exactly the connections of the diagrams are open', () => {
    const inside = ways.filter(({ to }) => !isAddress(to));
    expect(inside.map(({ from, to, open }) => `${from} → ${to}:${open.replace('TCP ', '')}`).sort()).toEqual(
      [...physicsAssistant].sort(),
    );
  });

  test('PHY-19 exactly these addresses are reached from inside', () => {
    const outside = ways.filter(({ to }) => isAddress(to) && to !== names);
    expect(outside.map(({ from, to, open }) => `${from} → ${to}: ${open}`).sort()).toEqual(
      [...leaving[environment]].sort(),
    );
  });

  test('ALL-10 only those who connect to something may ask for names, and there nothing but names', () => {
    const asking = ways.filter(({ to }) => to === names);
    const connecting = ways.filter(({ to }) => to !== names).map(({ from }) => from);
    expect(asking.map(({ from }) => from).sort()).toEqual([...new Set(connecting)].sort());
    expect(new Set(asking.map(({ open }) => open))).toEqual(new Set(['TCP 53,UDP 53']));
  });

  test('ALL-10 the whole cluster besides reaches the gateway from the ingress controller, and nothing else', () => {
    const { stdout } = analysed(environment, (folder) =>
      spawnSync('netpol-analyzer', ['list', '-q', '--exposure', '--dirpath', folder], { encoding: 'utf8' }),
    );
    const [, exposure = ''] = stdout.split('Exposure Analysis Result:');
    const lines = exposure
      .split('\n')
      .filter((line) => /<=|=>/.test(line) && !isAddress(line.split('=>')[1]?.trim() ?? ''));
    const [inwards, outwards] = ['<=', '=>'].map((arrow) =>
      lines
        .filter((line) => line.includes(arrow))
        .map((line) => line.split(new RegExp(`\\s+${arrow}\\s+|\\s+:\\s+`)).map((part) => part.trim())),
    );
    expect(inwards?.map(([to = '', from, open]) => `${short(to)} ← ${from}: ${open}`)).toEqual([entering[environment]]);
    expect(new Set(outwards?.map(([, to, open]) => `${to}: ${open}`))).toEqual(
      new Set(['kube-system/[pod with {k8s-app=kube-dns}]: TCP 53,UDP 53']),
    );
  });
});
