import type { Settings } from './schema';

type Partially<T> = T extends object ? { readonly [K in keyof T]?: Partially<T[K]> } : T;

/** Names that stand in documents and on laptops: no certificate authority signs them (PHY-28). */
const placeholder = /(^|\.)(localhost|example\.(com|org|net))$/;

/**
 * Rules between settings, in words. They also run on settings that the schema refuses, so that one run names every
 * mistake; therefore nothing is taken for granted here.
 */
export function policies(input: unknown): string[] {
  const given = (input ?? {}) as Partially<Settings>;
  const environment = given.environment;
  const wrong: string[] = [];
  const refuse = (mistake: boolean, message: string) => mistake && wrong.push(message);

  const { tls, issuer } = given.edge ?? {};
  refuse(
    environment !== 'development' && tls === false,
    `expected \`edge.tls\` to be true in ${environment}, got false`,
  );
  refuse(
    environment !== 'development' && given.secrets?.backend === 'disposable',
    `expected \`secrets.backend\` to be cluster or external-secrets in ${environment}, got "disposable"`,
  );
  refuse(environment === 'production' && given.debug === true, 'expected `debug` to be false in production, got true');

  const { domain, mlEngine, corsOrigins } = given.physicsAssistant ?? {};
  refuse(
    environment === 'production' && typeof domain === 'string' && placeholder.test(domain),
    `expected \`physicsAssistant.domain\` to be your own domain in production, got "${domain}"`,
  );
  const email = issuer?.kind === 'acme' ? (issuer as { email?: string }).email : undefined;
  refuse(
    environment === 'production' && placeholder.test(email?.split('@').at(-1) ?? ''),
    `expected \`edge.issuer.email\` to be an address that is read in production, got "${email}"`,
  );
  for (const [index, origin] of (Array.isArray(corsOrigins) ? corsOrigins : []).entries()) {
    refuse(
      typeof origin === 'string' && !/^https?:\/\/[^/*]+$/.test(origin),
      `expected \`physicsAssistant.corsOrigins.${index}\` to be an origin without path or wildcard, got "${origin}"`,
    );
  }
  refuse(
    mlEngine?.models?.accessMode === 'ReadWriteOnce' && (mlEngine.replicas?.max ?? 1) > 1,
    `expected \`physicsAssistant.mlEngine.replicas.max\` to be 1 while its models are ReadWriteOnce, ` +
      `got ${mlEngine?.replicas?.max}: set \`models.accessMode\` to ReadWriteMany or the maximum to 1`,
  );
  return wrong;
}
