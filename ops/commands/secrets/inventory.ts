import { z } from 'zod';
import { exit, Failure } from '../../errors';
import { readLabelled, shown, type Found } from '../../manifests';
import type { CommonOptions } from '../../options';

const keySchema = z
  .object({
    key: z.string().min(1),
    /** `generated`: any random value will do; `provided`: a third party gave it to us. */
    origin: z.enum(['generated', 'provided']),
    /** How long a generated value is; with `exact`, how long any value must be. */
    characters: z.int().min(0),
    minimum: z.int().min(0),
    exact: z.boolean(),
    optional: z.boolean(),
    /** The workloads that do not start without it, by name. */
    usedBy: z.array(z.string()),
  })
  .refine(({ origin, characters, minimum }) => origin === 'provided' || characters >= Math.max(minimum, 1), {
    path: ['characters'],
    message: 'expected `minimum` or more for a generated key',
  });
const schema = z.object({
  /** `cluster`: we create them; `external-secrets`: an operator does; `disposable`: a Job in the cluster does. */
  backend: z.enum(['cluster', 'external-secrets', 'disposable']),
  secrets: z.array(z.object({ name: z.string().min(1), keys: z.array(keySchema) })),
});

/** One key that some workload needs. */
export type SecretKey = z.infer<typeof keySchema>;

/** What one platform needs, as its chart wrote it into `inventory.json`. */
export interface Inventory extends z.infer<typeof schema> {
  readonly platform: string;
  readonly namespace: string;
}

/** The inventories of the environment and platform that were asked for. @throws Failure with every broken one */
export function readInventories({ dist, env, platform }: CommonOptions): Inventory[] {
  const found = readLabelled(dist, env, 'slipway.dev/inventory', 'secrets');
  const problems: string[] = [];
  const inventories = found.flatMap((each) => parse(each, problems) ?? []);
  if (found.length === 0) {
    problems.push(`expected an inventory of secrets for ${env}, got none (${shown(dist)}): run npm run synth`);
  }
  if (problems.length > 0) throw new Failure(exit.usage, problems);
  if (!platform) return inventories;
  const chosen = inventories.filter((inventory) => inventory.platform === platform);
  if (chosen.length > 0) return chosen;
  const known = inventories.map((inventory) => inventory.platform).join(', ');
  throw new Failure(exit.usage, [`expected \`--platform\` to be one of ${known}, got ${platform} (${shown(dist)})`]);
}

function parse({ manifest, file }: Found, problems: string[]): Inventory | undefined {
  const { namespace, labels } = manifest.metadata;
  const platform = labels?.['app.kubernetes.io/part-of'];
  const result = schema.safeParse(json(manifest.data?.['inventory.json']));
  if (platform && namespace && result.success) return { platform, namespace, ...result.data };
  if (!platform || !namespace)
    problems.push(`expected the inventory to have a namespace and a part-of label (${file})`);
  const issues = result.error?.issues ?? [];
  for (const { path, message } of issues) {
    const field = ['inventory.json', ...path].join('.');
    const wanted = message.replace(/^(.*: )?expected /, '').replace(', received', ', got');
    problems.push(`expected \`${field}\` to be ${wanted} (${file}): run npm run synth`);
  }
  return undefined;
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
