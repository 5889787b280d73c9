import { governanceFigures } from './ai-governance';
import { platformsIn, servicesIn, type Part, type ServicePart } from './parts';
import type { Settings } from './schema';

type Partially<T> = T extends object ? { readonly [K in keyof T]?: Partially<T[K]> } : T;

type Given = Partially<Settings>;

/** Names that stand in documents and on laptops: no certificate authority signs them (PHY-28). */
const placeholder = /(^|\.)(localhost|example\.(com|org|net))$/i;

/**
 * Rules between settings, in words. They also run on settings that the schema refuses, so that one run names every
 * mistake; therefore nothing is taken for granted here.
 */
export function policies(input: unknown): string[] {
  const given = (input ?? {}) as Given;
  return [
    ...edgeRules(given),
    ...platformsIn(input).flatMap(([key, platform]) => platformRules(given, key, platform)),
    ...servicesIn(input).flatMap((service) => serviceRules(given, service)),
    ...documentRules(given),
  ];
}

/** The messages of what is wrong, in order. */
const wrong = (...rules: readonly (readonly [mistake: boolean, message: string])[]): string[] =>
  rules.flatMap(([mistake, message]) => (mistake ? [message] : []));

function edgeRules({ environment, debug, edge, secrets }: Given): string[] {
  const { tls, issuer, trustedProxies = [], administrators = [] } = edge ?? {};
  const [proxy] = environment === 'development' ? [] : overlaps(trustedProxies, administrators);
  const { email } = (issuer ?? {}) as { readonly email?: unknown };
  return wrong(
    [environment !== 'development' && tls === false, 'expected `edge.tls` to be true outside development, got false'],
    [
      environment !== 'development' && secrets?.backend === 'disposable',
      'expected `secrets.backend` to be cluster or external-secrets outside development, got "disposable"',
    ],
    [
      proxy !== undefined,
      `expected \`edge.trustedProxies\` to stand apart from \`edge.administrators\`, got "${proxy}" in both: ` +
        'behind a proxy of such an address anybody could write an administrator’s address into a header',
    ],
    [environment === 'production' && debug === true, 'expected `debug` to be false in production, got true'],
    [
      environment === 'production' && typeof email === 'string' && placeholder.test(email.split('@').at(-1) ?? ''),
      `expected \`edge.issuer.email\` to be an address that is read in production, got "${String(email)}"`,
    ],
  );
}

const platformRules = ({ environment }: Given, key: string, { domain }: Part): string[] =>
  wrong([
    environment === 'production' && typeof domain === 'string' && placeholder.test(domain),
    `expected \`${key}.domain\` to be your own domain in production, got "${String(domain)}"`,
  ]);

function serviceRules({ highAvailability, cluster }: Given, { key, replicas, gpu, volumes }: ServicePart): string[] {
  const { min, max } = replicas;
  const alone = volumes.find(([, { accessMode }]) => accessMode !== 'ReadWriteMany');
  const classes = Object.keys(cluster?.gpuClasses ?? {});
  return wrong(
    [
      alone?.[1].accessMode === 'ReadWriteOnce' && typeof max === 'number' && max > 1,
      `expected \`${key}.replicas.max\` to be 1 while its ${alone?.[0]} are ReadWriteOnce, ` +
        `got ${String(max)}: set \`${alone?.[0]}.accessMode\` to ReadWriteMany or the maximum to 1`,
    ],
    [
      // Below 1 is wrong everywhere, and the schema says so. What has a volume of one node runs once.
      highAvailability === true && alone === undefined && min === 1,
      `expected \`${key}.replicas.min\` to be at least 2 with high availability, got 1`,
    ],
    [
      typeof gpu?.class === 'string' && !classes.includes(gpu.class),
      `expected \`${key}.gpu.class\` to be one of \`cluster.gpuClasses\` (${classes.join(', ') || 'none'}), ` +
        `got "${String(gpu?.class)}": describe the class there`,
    ],
  );
}

/** The documents stand beside the size, which may be a name. */
function documentRules({ aiGovernance: { size, documents } = {} }: Given): string[] {
  const backends = governanceFigures(size as 'large')?.backend?.replicas?.max;
  return wrong([
    documents?.kind === 'volume' && documents.accessMode === 'ReadWriteOnce' && backends > 1,
    `expected \`aiGovernance.documents.accessMode\` to be ReadWriteMany while up to ${backends} backends share it, ` +
      'got "ReadWriteOnce": or keep documents in a bucket (`kind: \'s3\'`)',
  ]);
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
