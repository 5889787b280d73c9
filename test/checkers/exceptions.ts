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
const ownUsers: Readonly<Record<string, number>> = {
  'StatefulSet/postgres': 26,
  'Job/postgres-accounts': 26,
  'StatefulSet/redis': 999,
  'StatefulSet/neo4j': 7474,
  'Job/neo4j-accounts': 7474,
};

/** The memory of a database is tuned to its limit, so it is requested whole. */
const databaseMemory = ({ object, says }: Finding) =>
  object.startsWith('StatefulSet/') && says.startsWith('server: Memory');

const secretNames = (containers: readonly ContainerManifest[]): string[] =>
  containers.flatMap(({ env = [] }) => env.filter(({ valueFrom }) => valueFrom?.secretKeyRef).map(({ name }) => name));
const documented = new Set(
  ['PHYSICS_DB_PASSWORD', 'NEO4J_PASSWORD', 'REDIS_PASSWORD', 'JWT_SECRET', 'ENCRYPTION_KEY', 'SESSION_SECRET'].concat(
    ['SECRET_KEY', 'JWT_SECRET_KEY', 'SMTP_PASSWORD', 'ALERT_WEBHOOK_URL'],
    // Flower takes no other; psql asks whether the release is there.
    ['FLOWER_PASSWORD', 'PGPASSWORD'],
  ),
);
const databases = /^((POSTGRES|INITIAL|NEO4J|REDIS)_PASSWORD|PASSWORD_[A-Z_]+|PGPASSWORD|DATA_SOURCE_PASS)$/;

export const exceptions: readonly Exception[] = [
  ...broken(
    { 'kube-score': ['cpu', 'memory', 'resource'].map((what) => `container-${what}-requests-equal-limits`) },
    (finding) => !databaseMemory(finding),
    'ALL-36: the guides give limits that do not fit as requests into their own minimum of 8 cores and 16 GB',
  ),
  ...broken(highUser, ({ pod }) => pod.securityContext.runAsUser === 1001, 'PHY-17: containers run as UID 1001'),
  ...broken(
    highUser,
    ({ object, pod }) => pod.securityContext.runAsUser === ownUsers[object],
    'PHY-10 to PHY-12: the files of the databases’ images belong to this user',
  ),
  ...broken(
    { 'kube-score': ['deployment-replicas'] },
    ({ environment }) => environment === 'development',
    'ALL-01: development fits a laptop, so every part runs once',
  ),
  ...broken(
    { 'kube-score': ['deployment-replicas'] },
    ({ environment, object }) => environment !== 'development' && object === 'Deployment/ml-engine',
    'PHY-07: its models are on a volume of one node; with ReadWriteMany the settings take more than one',
  ),
  ...broken(
    { 'kube-score': ['deployment-replicas'] },
    ({ environment, object }) => environment !== 'development' && object === 'Deployment/flower',
    'PHY-09: a page for administrators that counts in its own memory; two would show different figures',
  ),
  ...broken(
    { checkov: ['CKV_K8S_43'] },
    ({ containers }) => containers.every(({ image }) => /:\w[^/:@]*$/.test(image) && !image.endsWith(':latest')),
    'ALL-31: every image has an exact tag, and settings take `name:tag@sha256:…`; the digest is known where it is pushed',
  ),
  ...broken(
    { checkov: ['CKV_K8S_35'] },
    ({ containers }) => secretNames(containers).every((name) => documented.has(name)),
    'PHY-26, PHY-19: the documents name environment variables, and the programs read nothing else',
  ),
  ...broken(
    { checkov: ['CKV_K8S_35'] },
    ({ object, containers }) =>
      object in ownUsers && secretNames(containers).every((name) => databases.test(name) || documented.has(name)),
    'the clients, exporters and account scripts of the databases read passwords from there; no pod may be entered',
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
