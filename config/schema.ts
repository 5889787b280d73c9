import { z } from 'zod';
import { aiGovernance } from './ai-governance';
import { cidrs, host, image, name, nodeSelector, postgresVersions } from './figures';
import { habitabilityExplorer } from './habitability-explorer';
import { personalAssistant } from './personal-assistant';
import { physicsAssistant } from './physics-assistant';
import { logLevels } from './platform';

/** Who signs the certificates of the edge (PHY-28, ALL-03). */
const issuer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('acme'),
    server: z.url('to be the URL of an ACME directory'),
    email: z.email('to be an e-mail address'),
  }),
  z.strictObject({ kind: z.literal('ca'), secretName: name }),
  z.strictObject({ kind: z.literal('self-signed') }),
  z.strictObject({ kind: z.literal('existing-secret'), secretName: name }),
]);

/** Where the values of secrets come from (ALL-28); `disposable` makes random ones in an empty cluster. */
const secrets = z.discriminatedUnion('backend', [
  z.strictObject({ backend: z.literal('cluster') }),
  z.strictObject({ backend: z.literal('disposable') }),
  z.strictObject({
    backend: z.literal('external-secrets'),
    store: z.strictObject({ kind: z.enum(['SecretStore', 'ClusterSecretStore']), name }),
    refreshInterval: z
      .string('to be a duration in quotes, such as `1h`')
      .regex(/^\d+(m|h)$/, 'to be a duration such as `1h`'),
  }),
]);

/** A kind of accelerator: what containers ask for, which nodes have it, what keeps others off (HWO-10). */
const gpuClass = z.strictObject({
  resource: z
    .string('to be a resource of nodes')
    .regex(/^[a-z0-9.-]+\/[\w.-]+$/, 'to be a resource such as `nvidia.com/gpu`'),
  nodeSelector,
  taint: z.strictObject({ key: name, value: z.string().optional() }).optional(),
});

/** What the cluster offers, named as the cluster names it. */
const cluster = z.strictObject({
  /** DNS suffix of Services. */
  domain: host,
  /** Class of every claim; the cluster's default class when absent. PHY-23 asks for an encrypted one. */
  storageClass: name.optional(),
  /** Where the API server answers, for the few pods that call it. */
  apiServer: cidrs,
  /** Accelerators by the name that a platform asks for. */
  gpuClasses: z.record(name, gpuClass).optional(),
});

const edge = z.strictObject({
  ingressClass: name.optional(),
  /** Namespace of the ingress controller: the only one that may reach the gateway. */
  ingressNamespace: name,
  /** Off only in development (PHY-28 SSL_ENABLED). */
  tls: z.boolean(),
  issuer,
  /** Whose X-Forwarded-For is believed: the addresses of the controller's pods and of balancers before it. */
  trustedProxies: cidrs,
  /** Who may open the administrators' routes (ALL-42). */
  administrators: cidrs,
});

/** Programs that are not ours, one exact version each, the same for all platforms (ALL-31). */
const programs = z.strictObject({
  node: image,
  nginx: image,
  /** PostgreSQL with Patroni and pgBackRest, one image for each major version. */
  postgres: z.record(z.enum(postgresVersions), image),
  /** The same with PostGIS. */
  postgis: z.record(z.enum(postgresVersions), image),
  pgbouncer: image,
  postgresExporter: image,
  redis: image,
  redisExporter: image,
  neo4j: image,
  qdrant: image,
  flower: image,
});

export const environmentNames = ['production', 'staging', 'development'] as const;

/** Everything that may differ between environments, and nothing else (design: settings). */
export const settings = z.strictObject({
  environment: z.enum(environmentNames, `to be one of ${environmentNames.join(', ')}`),
  /** Application containers run the rehearsal server instead of their image. */
  rehearsal: z.boolean(),
  /** Databases with replicas and failover. */
  highAvailability: z.boolean(),
  logLevel: z.enum(logLevels),
  debug: z.boolean(),
  secrets,
  cluster,
  edge,
  programs,
  physicsAssistant,
  aiGovernance,
  habitabilityExplorer,
  personalAssistant,
});

export type Settings = z.infer<typeof settings>;
export type EnvironmentName = Settings['environment'];
export type SecretSource = z.infer<typeof secrets>;
export type Issuer = z.infer<typeof issuer>;
export type Edge = z.infer<typeof edge>;
