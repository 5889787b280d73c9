import { exit, Failure } from '../../errors';
import type { CommonOptions, Surroundings } from '../../options';
import { readInventories } from './inventory';
import { survey, type Surveyed } from './survey';
import { faultsOf, type Fault } from './value';

interface Finding {
  readonly platform: string;
  readonly namespace: string;
  readonly secret: string;
  readonly key: string;
  readonly problem: 'missing' | Fault['problem'];
  readonly usedBy: readonly string[];
  readonly message: string;
}

/** Compares the cluster with the inventories. @throws Failure when something is missing or will not do */
export async function check(options: CommonOptions, surroundings: Surroundings): Promise<void> {
  const { terminal } = surroundings;
  const inventories = readInventories(options);
  const { secrets } = await survey(inventories, options, surroundings);
  const findings = secrets.flatMap(findingsOf);
  if (options.output === 'json') {
    terminal.result(JSON.stringify({ environment: options.env, findings }, null, 2));
  } else {
    findings.forEach(({ message }) => terminal.result(message));
  }
  if (findings.length > 0) {
    const count = findings.length === 1 ? '1 finding' : `${findings.length} findings`;
    throw new Failure(exit.failed, [`expected every secret to be in place, got ${count} (${options.env})`]);
  }
  if (options.output === 'text') terminal.result(`every secret is in place (${secrets.length})`);
}

function findingsOf({ platform, namespace, name, keys, values }: Surveyed): Finding[] {
  return keys.flatMap((key) => {
    const value = values && Object.hasOwn(values, key.key) ? values[key.key] : undefined;
    if (value === undefined && key.optional) return [];
    const faults =
      value === undefined
        ? [{ problem: 'missing' as const, text: values ? 'to be set, got nothing' : 'to be set, got no such secret' }]
        : faultsOf(value, key);
    const users = key.usedBy.length > 0 ? ` (needed by ${key.usedBy.join(', ')})` : '';
    return faults.map(({ problem, text }) => ({
      ...{ platform, namespace, secret: name, key: key.key, problem, usedBy: key.usedBy },
      message: `expected \`${key.key}\` of ${namespace}/${name} ${text}${users}`,
    }));
  });
}
