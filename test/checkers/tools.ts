import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { need } from '../support/need';

/** The newest Kubernetes that the checkers judge by. */
export const newest = '1.37';

/**
 * Runs a checker and reads its answer. Checkers end with an error when they find something: only the answer counts.
 *
 * @throws Error when it answers nothing that can be read
 */
export function answerOf<T>(program: string, args: readonly string[]): T {
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  try {
    return JSON.parse(stdout) as T;
  } catch {
    throw new Error(`expected JSON of ${program}, got ${error?.message ?? (stderr || stdout)}`);
  }
}

/** The folder of strict JSON schemas, `vX.Y.0-standalone-strict` and `crd`, which no checker fetches itself. */
export function schemas(): string {
  const folder = process.env.SLIPWAY_SCHEMAS ?? '';
  if (!existsSync(join(folder, `v${newest}.0-standalone-strict`))) {
    throw new Error(
      `expected SLIPWAY_SCHEMAS to be the folder of strict schemas 1.27 to ${newest}, got "${folder}" ` +
        '(install those of kubeconform: yannh/kubernetes-json-schema, and the CRDs below crd/)',
    );
  }
  return folder;
}

export { need };
