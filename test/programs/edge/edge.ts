import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort } from '../../rehearsal/support';
import { find, manifestsOfPlatform } from '../../support/manifests';
import { need } from '../../support/need';
import { ask } from './client';
import { serveNames, type Names } from './dns';
import { startPod, type Pod } from './upstreams';

need({ nginx: 'nginx 1.30 or newer' });

// nginx runs as an ordinary user in its pod; the programs of a test machine do so through RUN_AS.
const user = 10101;
const isRoot = process.getuid?.() === 0;
const env = { ...process.env, ...(isRoot && { RUN_AS: `${user}:${user}` }) };

/** Production's gateway in the real nginx, in front of pods that say what they saw. */
export interface Edge {
  readonly port: number;
  readonly statusPort: number;
  /** What the cluster's DNS knows, by the first label: `agents-api`, or `streamlit-ui-pods` for the single pods. */
  readonly names: Map<string, readonly string[]>;
  /** Each pod by its name: that of its service, with a number where there are two. */
  readonly pods: ReadonlyMap<string, Pod>;
  /** The free port that stands for each documented one. */
  readonly ports: ReadonlyMap<string, number>;
  /** What nginx says about the configuration. */
  readonly verdict: string;
  /** Lines of the access log. */
  readonly log: () => string[];
  /** Files in the folders for bodies that do not fit in memory. */
  readonly spilled: () => string[];
  readonly close: () => Promise<void>;
}

/** Replaces all of `from`, which must be there: what a test changes must still be what the gateway says. */
function replace(text: string, from: RegExp, to: (...groups: string[]) => string): string {
  const changed = text.replaceAll(from, to);
  if (changed === text) throw new Error(`expected nginx.conf to hold ${from}`);
  return changed;
}

/**
 * Starts nginx with the committed configuration of production. Only what belongs to the machine is changed: ports and
 * folders, whom it asks for names, and that this test is trusted like the controller.
 *
 * @param missing names that the cluster's DNS does not know yet
 * @param beside another pod of the gateway: its services are used, not started again
 */
export async function startEdge(missing: readonly string[] = [], beside?: Edge): Promise<Edge> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-edge-'));
  if (isRoot) chownSync(folder, user, user);
  const [port, statusPort] = [await freePort(), await freePort()];
  const free = new Map(beside?.ports);
  const services: { name: string; port: number }[] = [];
  let conf =
    find(manifestsOfPlatform('production', 'physics-assistant'), 'ConfigMap', 'gateway').data?.['nginx.conf'] ?? '';
  for (const [, name = '', documented = ''] of conf.matchAll(/server ([a-z-]+)\.\S+:(\d+) resolve/g)) {
    if (!free.has(documented)) free.set(documented, await freePort());
    services.push({ name, port: free.get(documented) ?? 0 });
  }
  conf = replace(conf, /listen 8080/g, () => `listen 127.0.0.1:${port}`);
  conf = replace(conf, /listen 8081/g, () => `listen 127.0.0.1:${statusPort}`);
  conf = replace(conf, /:(\d+) resolve/g, (_, documented = '') => `:${free.get(documented)} resolve`);
  conf = replace(conf, /real_ip_header/g, (found) => `set_real_ip_from 127.0.0.1;\n  ${found}`);
  conf = replace(conf, /\/tmp\//g, () => `${folder}/`);
  conf = replace(conf, /\/dev\/std(out|err)/g, (_, stream = '') => `${folder}/${stream}.log`);

  const names: Edge['names'] = new Map();
  const pods = new Map<string, Pod>();
  for (const [index, service] of services.entries()) {
    const replicas = service.name.endsWith('-pods') ? ['-0', '-1'] : [''];
    const addresses = replicas.map((_, replica) => `127.77.${index + 1}.${replica + 1}`);
    for (const [replica, suffix] of beside ? [] : replicas.entries()) {
      const pod = `${service.name}${suffix}`;
      pods.set(pod, await startPod(pod, addresses[replica] ?? '', service.port));
    }
    if (!missing.includes(service.name)) names.set(service.name, addresses);
  }
  const dns = await serveNames({ get: (name: string) => names.get(name.split('.')[0] ?? '') } as Names);

  const file = join(folder, 'nginx.conf');
  writeFileSync(file, conf);
  writeFileSync(join(folder, 'resolver.conf'), `resolver 127.0.0.1:${dns.port} valid=1s;\n`);
  const errors = join(folder, 'err.log');
  const verdict = spawnSync('nginx', ['-t', '-e', errors, '-c', file], { env, encoding: 'utf8' }).stderr;
  const nginx = spawn('nginx', ['-e', errors, '-c', file, '-g', 'daemon off;'], { env, stdio: 'ignore' });
  const edge: Edge = {
    port,
    statusPort,
    names,
    pods,
    ports: free,
    verdict,
    log: () => readFileSync(join(folder, 'out.log'), 'utf8').trimEnd().split('\n'),
    spilled: () =>
      ['client_body', 'proxy'].flatMap((name) =>
        readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' }),
      ),
    close: async () => {
      nginx.kill('SIGTERM');
      if (nginx.exitCode === null) await once(nginx, 'close');
      dns.close();
      for (const pod of pods.values()) pod.close();
      rmSync(folder, { recursive: true });
    },
  };
  await eventually(() => {
    if (nginx.exitCode !== null) throw new Error(existsSync(errors) ? readFileSync(errors, 'utf8') : 'nginx ended');
    return healthy(statusPort);
  });
  return edge;
}

const healthy = (port: number): Promise<boolean> =>
  ask({ port }, '/healthz').then(
    ({ status }) => status === 200,
    () => false,
  );
