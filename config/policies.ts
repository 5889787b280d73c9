import type { Settings } from './schema';

type Partially<T> = T extends object ? { readonly [K in keyof T]?: Partially<T[K]> } : T;

/** Names that stand in documents and on laptops: no certificate authority signs them (PHY-28). */
const placeholder = /(^|\.)(localhost|example\.(com|org|net))$/i;

/**
 * Rules between settings, in words. They also run on settings that the schema refuses, so that one run names every
 * mistake; therefore nothing is taken for granted here.
 */
export function policies(input: unknown): string[] {
  const given = (input ?? {}) as Partially<Settings>;
  const environment = given.environment;
  const wrong: string[] = [];
  const refuse = (mistake: boolean, message: string) => mistake && wrong.push(message);

  const { tls, issuer, trustedProxies = [], administrators = [] } = given.edge ?? {};
  refuse(
    environment !== 'development' && tls === false,
    'expected `edge.tls` to be true outside development, got false',
  );
  refuse(
    environment !== 'development' && given.secrets?.backend === 'disposable',
    'expected `secrets.backend` to be cluster or external-secrets outside development, got "disposable"',
  );
  const [proxy] = environment === 'development' ? [] : overlaps(trustedProxies, administrators);
  refuse(
    proxy !== undefined,
    `expected \`edge.trustedProxies\` to stand apart from \`edge.administrators\`, got "${proxy}" in both: ` +
      'behind a proxy of such an address anybody could write an administrator’s address into a header',
  );
  refuse(environment === 'production' && given.debug === true, 'expected `debug` to be false in production, got true');

  const { domain, mlEngine } = given.physicsAssistant ?? {};
  refuse(
    environment === 'production' && typeof domain === 'string' && placeholder.test(domain),
    `expected \`physicsAssistant.domain\` to be your own domain in production, got "${domain}"`,
  );
  const { email } = (issuer ?? {}) as { readonly email?: unknown };
  refuse(
    environment === 'production' && typeof email === 'string' && placeholder.test(email.split('@').at(-1) ?? ''),
    `expected \`edge.issuer.email\` to be an address that is read in production, got "${email}"`,
  );
  const pods = mlEngine?.replicas?.max;
  refuse(
    mlEngine?.models?.accessMode === 'ReadWriteOnce' && typeof pods === 'number' && pods > 1,
    `expected \`physicsAssistant.mlEngine.replicas.max\` to be 1 while its models are ReadWriteOnce, ` +
      `got ${pods}: set \`models.accessMode\` to ReadWriteMany or the maximum to 1`,
  );
  for (const { key, min } of given.highAvailability === true ? scaled(input) : []) {
    // Below 1 is wrong everywhere, and the schema says so.
    refuse(min === 1, `expected \`${key}.replicas.min\` to be at least 2 with high availability, got ${min}`);
  }
  return wrong;
}

/** Address blocks of one list that have addresses in common with the other. */
function overlaps(some: unknown, others: unknown): string[] {
  const blocks = (list: unknown) =>
    (Array.isArray(list) ? list : []).filter((block) => /^[\d.]+\/\d+$/.test(`${block}`));
  const range = (block: string) => {
    const [address = '', length = '32'] = block.split('/');
    const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    const size = 2 ** (32 - Number(length));
    return { first: first - (first % size), last: first - (first % size) + size - 1 };
  };
  return blocks(some).filter((block) =>
    blocks(others).some((other) => range(block).first <= range(other).last && range(other).first <= range(block).last),
  );
}

/**
 * Everything that is scaled, wherever it stands; not what has a volume of one node, for it runs once.
 *
 * @returns the key of each with its minimum
 */
function scaled(value: unknown, path: readonly string[] = []): { readonly key: string; readonly min: unknown }[] {
  if (typeof value !== 'object' || value === null) return [];
  const { replicas } = value as { readonly replicas?: { readonly min?: unknown } };
  const alone = Object.values(value).some((part) => part?.accessMode && part.accessMode !== 'ReadWriteMany');
  return [
    ...(replicas && !alone ? [{ key: path.join('.'), min: replicas.min }] : []),
    ...Object.entries(value).flatMap(([key, part]) => scaled(part, [...path, key])),
  ];
}
