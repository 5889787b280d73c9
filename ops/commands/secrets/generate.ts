import { readEnvFile, type Entry } from '../../env-file';
import { exit, Failure, settle } from '../../errors';
import type { Cluster } from '../../cluster';
import type { CommonOptions, Surroundings } from '../../options';
import type { Terminal } from '../../output';
import { readInventories, type Inventory } from './inventory';
import { answer, draft, type Step } from './plan';
import { survey, type Surveyed } from './survey';

/** Options of `slipway secrets generate`. */
export interface GenerateOptions extends CommonOptions {
  readonly dryRun: boolean;
  readonly fromEnvFile?: string;
}

/** Creates what the inventories name and the cluster lacks. @throws Failure when a value is refused or still missing */
export async function generate(options: GenerateOptions, surroundings: Surroundings): Promise<void> {
  const { terminal } = surroundings;
  const inventories = readInventories(options);
  refuseForeign(inventories);
  const entries = options.fromEnvFile ? readEnvFile(options.fromEnvFile) : new Map<string, Entry>();
  const ours = inventories.filter(({ backend }) => backend === 'cluster');
  if (ours.length < inventories.length) terminal.note(`a Job of ${options.env} makes throw-away values in the cluster`);
  if (ours.length === 0) return report([], options, terminal);

  const { cluster, secrets } = await survey(ours, options, surroundings);
  const plan = draft(secrets, entries, terminal.ask !== undefined);
  const unused = [...entries.keys()].filter((name) => !plan.used.has(name));
  if (unused.length > 0) terminal.note(`not needed, or not ours to set: ${unused.join(', ')} (${options.fromEnvFile})`);
  const asks = options.dryRun ? undefined : terminal.ask;
  const steps = asks ? await answer(plan.steps, asks) : plan.steps;
  const done = options.dryRun
    ? { values: steps, failure: undefined }
    : await settle(secrets.map((secret) => write(cluster, secret, steps)));
  report(done.values.flat(), options, terminal);
  if (options.dryRun) terminal.note('dry run: nothing was written');

  const problems = [...(done.failure?.problems ?? []), ...steps.filter(isMissing).map(missingProblem)];
  if (problems.length > 0) throw new Failure(done.failure?.exitCode ?? exit.failed, problems);
}

/** @throws Failure for platforms whose values an operator fetches: what we wrote there would be undone */
function refuseForeign(inventories: readonly Inventory[]): void {
  const problems = inventories
    .filter(({ backend }) => backend === 'external-secrets')
    .map(
      ({ platform, namespace }) =>
        `expected secrets that live in the cluster, got external-secrets (${platform}): ` +
        `write the values to the external store, then see kubectl get externalsecrets -n ${namespace}`,
    );
  if (problems.length > 0) throw new Failure(exit.usage, problems);
}

/** Writes one Secret. A key that somebody else wrote meanwhile is theirs. */
async function write(cluster: Cluster, secret: Surveyed, steps: readonly Step[]): Promise<Step[]> {
  const { platform, namespace, name } = secret;
  const own = steps.filter((step) => step.secret === secret);
  const values = Object.fromEntries(own.flatMap(({ key, value }) => (value === undefined ? [] : [[key.key, value]])));
  if (Object.keys(values).length === 0) return own;
  const labels = { 'app.kubernetes.io/part-of': platform, 'app.kubernetes.io/managed-by': 'slipway' };
  const created = !secret.values && (await cluster.createSecret(namespace, name, labels, values));
  const added = created ? Object.keys(values) : await cluster.addKeys(namespace, name, values);
  return own.map((step) =>
    step.value === undefined || added.includes(step.key.key) ? step : { ...step, state: 'kept' },
  );
}

function report(steps: readonly Step[], { env, dryRun, output }: GenerateOptions, terminal: Terminal): void {
  const rows = steps.map(({ secret: { platform, namespace, name }, key, state }) => ({
    ...{ platform, namespace, secret: name, key: key.key, state, optional: key.optional },
  }));
  if (output === 'json') return terminal.result(JSON.stringify({ environment: env, dryRun, secrets: rows }, null, 2));
  for (const { namespace, secret, key, state, optional } of rows) {
    const remark = state === 'missing' && optional ? ' (optional)' : '';
    terminal.result(`${state.padEnd(7)} ${namespace}/${secret} ${key}${remark}`);
  }
}

const isMissing = ({ state, key }: Step): boolean => state === 'missing' && !key.optional;

const missingProblem = ({ secret: { namespace, name }, key }: Step): string =>
  `expected a value for \`${key.key}\` of ${namespace}/${name}, got nothing: ` +
  'put it into --from-env-file, or answer on a terminal';
