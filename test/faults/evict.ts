import { spawn } from 'node:child_process';
import { list, pause } from '../cluster/support';
import type { Target } from './target';

/**
 * What `kubectl drain` does to a node, for the pods of one namespace alone: evictions, which disruption budgets may
 * refuse for a while. Pods of DaemonSets and the campaign's own stay.
 */
export async function evict({ namespace }: Target, node: string): Promise<void> {
  const pods = (await list('pods', namespace)).filter(
    ({ metadata, spec, status }) =>
      spec.nodeName === node &&
      (status as { phase: string }).phase === 'Running' &&
      !metadata.name.startsWith('faults-'),
  );
  const deadline = Date.now() + 120_000;
  for (const { metadata } of pods) {
    for (;;) {
      const refused = await eviction(namespace, metadata.name);
      if (!refused) break;
      if (Date.now() > deadline)
        throw new Error(`expected ${metadata.name} to be evicted within 120 s, got ${refused}`);
      await pause(2);
    }
  }
}

/** @returns what the API server answered, if that was a refusal */
function eviction(namespace: string, name: string): Promise<string | undefined> {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  const child = spawn('kubectl', ['create', '--raw', path, '-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let mistakes = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (mistakes += part));
  child.stdin.end(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0 || mistakes.includes('not found') ? undefined : mistakes.trim()));
  });
}
