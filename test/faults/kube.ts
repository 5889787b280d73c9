import { execFileSync, spawn } from 'node:child_process';
import { stringify } from 'yaml';
import { onServer } from '../cluster/support';

/** Applies objects through standard input: Secrets among them are never in a file or an argument. */
export function apply(objects: readonly object[]): Promise<void> {
  const child = spawn('kubectl', [...onServer, '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let mistakes = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (mistakes += part));
  child.stdin.end(objects.map((object) => stringify(object)).join('---\n'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`kubectl apply: ${mistakes.trim()}`))));
  });
}

/** kubectl that ends before it returns: for what takes a fault back. */
export const kubectlNow = (...args: string[]): void => {
  execFileSync('kubectl', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
};
