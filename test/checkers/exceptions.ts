import { platformNames, type PlatformName } from '../../charts/platforms';
import type { ContainerManifest } from '../support/manifests';
import type { Finding, Tool } from './findings';

/** A rule of a public checker that the manifests break on purpose. */
export interface Exception {
  readonly tool: Tool;
  readonly rule: string;
  /** As narrow as the reason. */
  readonly where: (finding: Finding) => boolean;
  readonly reason: string;
}

/** One reason for several rules, of one checker or of more. */
const broken = (
  rules: Readonly<Partial<Record<Tool, readonly string[]>>>,
  where: Exception['where'],
  reason: string,
): Exception[] =>
  Object.entries(rules).flatMap(([tool, names]) => names.map((rule) => ({ tool: tool as Tool, rule, where, reason })));

const highUser = {
  'kube-score': ['container-security-context-user-group-id'],
  checkov: ['CKV_K8S_40'],
  kubesec: ['RunAsUser', 'RunAsGroup'],
};

/** What a platform's documents say, by the rows that say it. */
interface Documented {
  /** User number of the platform's own images. */
  readonly user: readonly [number, row: string];
  /** What runs as the user to whom the files of a database's image belong. */
  readonly databases: readonly [Readonly<Record<string, number>>, rows: string];
  /** Secrets that its programs read from the environment. */
  readonly secrets: readonly [readonly string[], rows: string];
}

const ofPostgres = [
  ...['StatefulSet/postgres', 'Deployment/postgres-repository'],
  ...['accounts', 'settings', 'backup-begin'].map((name) => `Job/postgres-${name}`),
  ...['full', 'incremental', 'check', 'verify', 'list'].map((name) => `CronJob/postgres-backup-${name}`),
  ...['vacuum', 'reindex', 'restore', 'restore-scratch', 'drill'].map((name) => `CronJob/postgres-${name}`),
];
const postgres = {
  ...Object.fromEntries(ofPostgres.map((object) => [object, 26])),
  'Deployment/postgres-pooler': 1001,
};
const redis = { 'StatefulSet/redis': 999 };
const neo4j = { 'StatefulSet/neo4j': 7474, 'Job/neo4j-accounts': 7474 };
const qdrant = { 'StatefulSet/qdrant': 1000 };

const documented: Readonly<Record<PlatformName, Documented>> = {
  'physics-assistant': {
    user: [1001, 'PHY-17: containers run as UID 1001'],
    databases: [{ ...postgres, ...redis, ...neo4j }, 'PHY-10 to PHY-12'],
    secrets: [
      [
        ...['PHYSICS_DB_PASSWORD', 'NEO4J_PASSWORD', 'REDIS_PASSWORD', 'JWT_SECRET', 'JWT_SECRET_KEY', 'SECRET_KEY'],
        ...['ENCRYPTION_KEY', 'SESSION_SECRET', 'SMTP_PASSWORD', 'ALERT_WEBHOOK_URL'],
        // Flower takes no other.
        'FLOWER_PASSWORD',
      ],
      'PHY-26, PHY-19',
    ],
  },
  'ai-governance': {
    user: [1001, 'TDA-26, PHY-17: containers are not root, the guide gives no number, so it is that of the others'],
    databases: [{ ...postgres, ...redis, ...qdrant }, 'GOV-04, GOV-06, GOV-07'],
    secrets: [
      ['DB_PASSWORD', 'DB_REPLICA_PASSWORD', 'REDIS_PASSWORD', 'QDRANT_API_KEY', 'GROQ_API_KEY', 'SECRET_KEY'],
      'GOV-04, GOV-09, GOV-15',
    ],
  },
  'habitability-explorer': {
    user: [1000, 'TDA-26: the user `hwo` of its image is 1000'],
    databases: [{ ...postgres, ...redis }, 'HWO-03, HWO-05'],
    secrets: [
      ['DB_PASSWORD', 'REDIS_PASSWORD', 'SECRET_KEY', 'JWT_SECRET', 'ENCRYPTION_KEY', 'SENTRY_DSN'],
      'HWO-09, HWO-15, HWO-16',
    ],
  },
  'personal-assistant': {
    user: [1000, 'TDA-26: containers run as 1000:1000'],
    databases: [{ ...postgres, ...redis }, 'TDA-04, TDA-06'],
    secrets: [
      [
        ...['DB_PASSWORD', 'REDIS_PASSWORD', 'JWT_SECRET_KEY', 'ENCRYPTION_KEY', 'SESSION_SECRET'],
        ...['TWILIO_AUTH_TOKEN', 'GOOGLE_CLIENT_SECRET', 'MICROSOFT_CLIENT_SECRET', 'NOTION_API_KEY'],
      ],
      'TDA-08, TDA-20',
    ],
  },
};

/** The memory of a database is tuned to its limit, so it is requested whole. */
const databaseMemory = ({ object, says }: Finding) =>
  object.startsWith('StatefulSet/') && says.startsWith('server: Memory');

const secretNames = (containers: readonly ContainerManifest[]): string[] =>
  containers.flatMap(({ env = [] }) => env.filter(({ valueFrom }) => valueFrom?.secretKeyRef).map(({ name }) => name));
/** psql asks with it whether the release is there. */
const everybody = 'PGPASSWORD';
/** What the images of databases and of their exporters take. */
const ofServers =
  /^(PGBACKREST_REPO\d_(CIPHER_PASS|S3_KEY|S3_KEY_SECRET)|(POSTGRES|INITIAL|NEO4J|REDIS)_PASSWORD|PASSWORD_[A-Z_]+|PATRONI_[A-Z]+_PASSWORD|POOLER_PASSWORD|QDRANT__[A-Z_]+|DATA_SOURCE_PASS)$/;

/** Where the documents of one platform leave no other way. */
function ofDocuments(name: PlatformName): Exception[] {
  const { user, databases, secrets } = documented[name];
  const [users, databaseRows] = databases;
  const isDocumented = (variable: string) => variable === everybody || secrets[0].includes(variable);
  return [
    ...broken(highUser, ({ platform, pod }) => platform === name && pod.securityContext.runAsUser === user[0], user[1]),
    ...broken(
      highUser,
      ({ platform, object, pod }) => platform === name && pod.securityContext.runAsUser === users[object],
      `${databaseRows}: the files of the databases’ images belong to this user`,
    ),
    ...broken(
      { checkov: ['CKV_K8S_35'] },
      ({ platform, containers }) => platform === name && secretNames(containers).every(isDocumented),
      `${secrets[1]}: the documents name environment variables, and the programs read nothing else`,
    ),
    ...broken(
      { checkov: ['CKV_K8S_35'] },
      ({ platform, object, containers }) =>
        platform === name &&
        object in users &&
        secretNames(containers).every((variable) => ofServers.test(variable) || isDocumented(variable)),
      `${databaseRows}: clients, exporters and account scripts read passwords from there; no pod may be entered`,
    ),
  ];
}

/** Runs once outside development too. */
const alone =
  (name: PlatformName, once: string): Exception['where'] =>
  ({ environment, platform, object }) =>
    environment !== 'development' && platform === name && object === once;

export const exceptions: readonly Exception[] = [
  ...broken(
    { 'kube-score': ['cpu', 'memory', 'resource'].map((what) => `container-${what}-requests-equal-limits`) },
    (finding) => !databaseMemory(finding),
    'ALL-36: the guides give limits that do not fit as requests into their own smallest machines',
  ),
  ...platformNames.flatMap(ofDocuments),
  ...broken(
    { 'kube-score': ['deployment-replicas'] },
    ({ environment }) => environment === 'development',
    'ALL-01: development fits a laptop, so every part runs once',
  ),
  ...broken(
    { 'kube-score': ['deployment-replicas'] },
    alone('physics-assistant', 'Deployment/ml-engine'),
    'PHY-07: its models are on a volume of one node; with ReadWriteMany the settings take more than one',
  ),
  ...broken(
    { 'kube-score': ['deployment-replicas'] },
    alone('physics-assistant', 'Deployment/flower'),
    'PHY-09: a page for administrators that counts in its own memory; two would show different figures',
  ),
  ...broken(
    { 'kube-score': ['deployment-replicas'] },
    ({ object }) => object === 'Deployment/postgres-repository',
    'ALL-16: it serves a volume of one node; while it moves, write-ahead log waits with the members',
  ),
  ...broken(
    { 'kube-score': ['service-targets-pod'] },
    ({ object }) => ['Service/postgres-primary', 'Service/postgres-replicas'].includes(object),
    'TDA-04: who is the primary is a label that Patroni writes on running pods',
  ),
  ...broken(
    { checkov: ['CKV_K8S_43'] },
    ({ containers }) => containers.every(({ image }) => /:\w[^/:@]*$/.test(image) && !image.endsWith(':latest')),
    'ALL-31: every image has an exact tag, and settings take `name:tag@sha256:…`; the digest is known where it is pushed',
  ),
  ...broken(
    { kubesec: ['ApparmorAny'] },
    ({ pod }) => !pod.securityContext.appArmorProfile,
    'a field of Kubernetes 1.30, and a pod that names RuntimeDefault does not start on a node without AppArmor; ' +
      'a runtime that has AppArmor applies that profile unasked',
  ),
  ...broken(
    { kubesec: ['SeccompAny'] },
    ({ pod }) => pod.securityContext.seccompProfile?.type === 'RuntimeDefault',
    'it asks for an annotation that Kubernetes 1.27 dropped; the field in its place is set',
  ),
];
