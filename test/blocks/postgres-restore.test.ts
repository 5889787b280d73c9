import type { BackupLayout } from '../../charts/blocks/postgres/backup/configuration';
import { monthly, RestoreJobs, type RestoreJobsProps } from '../../charts/blocks/postgres/restore/restore';
import { restoreScripts } from '../../charts/blocks/postgres/restore/scripts';
import { Service } from '../../charts/blocks/service';
import { everyPropReachesTheOutput, object, platform, program } from '../support/testing';

const layout: BackupLayout = {
  path: '/school-production/postgres',
  retentionDays: 30,
  dataFolder: '/pgdata/pg17',
  members: ['postgres-0.postgres-pods', 'postgres-1.postgres-pods', 'postgres-2.postgres-pods'],
  repositories: [
    { kind: 'volume', host: 'postgres-repository' },
    { kind: 's3', bucket: 'school', endpoint: 's3.example:9000', region: 'eu', uriStyle: 'path' },
  ],
};

const all: Required<RestoreJobsProps> = {
  image: 'docker.io/percona/postgresql:17.9',
  user: 26,
  layout,
  variables: { PGBACKREST_REPO1_CIPHER_PASS: { secret: 'backup', key: 'passphrase' } },
  tls: { path: '/tls', volume: { certificate: 'pgbackrest-tls' } },
  database: {
    server: 'postgres',
    primary: 'postgres-primary',
    port: 5432,
    pooler: { name: 'postgres-pooler', pods: 2 },
    name: 'grades',
    password: { secret: 'postgres-pgbackrest', key: 'password' },
  },
  members: 3,
  claim: 'postgres-data-postgres-0',
  patroni: { path: '/etc/patroni', volume: { files: 'postgres-configuration' } },
  own: { rewind: { secret: 'postgres-rewind', key: 'password' } },
  repositoryHost: 'postgres-repository',
  storage: '20Gi',
  drill: '1 5 2 * *',
  deadlineSeconds: 7200,
  externals: [{ name: 'backup-storage', host: 's3.example', port: 9000 }],
};

const build = (props: RestoreJobsProps = all) => {
  const scope = platform();
  new Service(scope, 'postgres', { ...program, port: 5432 });
  new Service(scope, 'postgres-repository', { ...program, port: 8432 });
  new RestoreJobs(scope, 'postgres-restore', props);
  return scope;
};

const live = 'CronJob/postgres-restore';
const scratch = 'CronJob/postgres-restore-scratch';
const drill = 'CronJob/postgres-drill';
const spec = 'spec.jobTemplate.spec';
const pod = `${spec}.template.spec`;
const holding = (entry: object) => expect.arrayContaining([expect.objectContaining(entry)]);
const podOf = (label: string, props?: RestoreJobsProps) =>
  object(build(props), label).spec.jobTemplate.spec.template.spec;

describe('the Jobs of a restore with every prop', () => {
  everyPropReachesTheOutput<RestoreJobsProps>(build, {
    image: [live, `${pod}.containers.0.image`, 'docker.io/percona/postgresql:17.9'],
    user: [live, `${pod}.securityContext.runAsUser`, 26],
    layout: [live, `${pod}.containers.0.env`, holding({ name: 'REPOSITORIES', value: '1 2' })],
    variables: [drill, `${pod}.containers.0.env`, holding({ name: 'PGBACKREST_REPO1_CIPHER_PASS' })],
    tls: [
      live,
      `${pod}.containers.0.volumeMounts`,
      holding({ name: 'pgbackrest-tls', mountPath: '/tls', readOnly: true }),
    ],
    database: [drill, `${pod}.containers.0.env`, holding({ name: 'PGHOST', value: 'postgres-primary' })],
    members: [live, `${pod}.containers.0.env`, holding({ name: 'MEMBERS', value: '3' })],
    claim: [live, `${pod}.volumes`, holding({ persistentVolumeClaim: { claimName: 'postgres-data-postgres-0' } })],
    patroni: [live, `${pod}.containers.0.volumeMounts`, holding({ mountPath: '/etc/patroni', readOnly: true })],
    own: [live, `${pod}.containers.0.env`, holding({ name: 'PASSWORD_REWIND' })],
    repositoryHost: [
      'NetworkPolicy/postgres-repository',
      'spec.ingress',
      holding({ from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'postgres-drill' } } }] }),
    ],
    storage: [
      scratch,
      `${pod}.volumes`,
      holding({
        ephemeral: {
          volumeClaimTemplate: {
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '20Gi' } } },
          },
        },
      }),
    ],
    drill: [drill, 'spec.schedule', '1 5 2 * *'],
    deadlineSeconds: [live, `${spec}.activeDeadlineSeconds`, 7200],
    externals: ['NetworkPolicy/postgres-drill', 'spec.egress', holding({ ports: [{ protocol: 'TCP', port: 9000 }] })],
  });
});

describe('ALL-34 a restore', () => {
  test.each([live, scratch])('of %s is started by somebody, once, and is not tried again', (label) => {
    const { metadata, spec: cron } = object(build(), label);
    expect(metadata.labels).toMatchObject({ 'slipway.dev/on-demand': 'true' });
    expect(cron).toMatchObject({ suspend: true, concurrencyPolicy: 'Forbid' });
    expect(cron.jobTemplate.spec.backoffLimit).toBe(0);
  });

  test('has no target and no confirmation of its own', () => {
    const names = [live, scratch].flatMap((label) =>
      podOf(label).containers[0].env.map(({ name }: { name: string }) => name),
    );
    expect(names).toContain('REPOSITORIES');
    expect(names).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(TARGET|CONFIRM|REPOSITORY)$/)]));
  });

  test('over the live database makes its copy on the volume of member 0, on its node while it is there', () => {
    const { affinity, containers } = podOf(live);
    expect(containers[0].env).toEqual(holding({ name: 'PGDATA', value: '/pgdata/pg17' }));
    const [{ podAffinityTerm }] = affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    expect(podAffinityTerm.labelSelector.matchLabels).toEqual({ 'statefulset.kubernetes.io/pod-name': 'postgres-0' });
    expect(affinity.podAffinity).not.toHaveProperty('requiredDuringSchedulingIgnoredDuringExecution');
  });

  test('PHY-22 may scale this one set and its pooler, remove the state of its members, and nothing else', () => {
    const rules = object(build(), 'Role/postgres-restore').rules as {
      apiGroups: string[];
      resources: string[];
      resourceNames?: string[];
      verbs: string[];
    }[];
    const removing = rules.filter(({ verbs }) => verbs.includes('delete'));
    expect(removing.map(({ resourceNames }) => resourceNames)).toEqual([
      ['postgres-config', 'postgres-leader', 'postgres-sync', 'postgres-failover'],
    ]);
    expect(rules.filter(({ apiGroups }) => apiGroups.includes('apps'))).toEqual([
      { apiGroups: ['apps'], resources: ['statefulsets/scale'], resourceNames: ['postgres'], verbs: ['patch'] },
      {
        apiGroups: ['apps'],
        resources: ['deployments/scale'],
        resourceNames: ['postgres-pooler'],
        verbs: ['get', 'patch'],
      },
    ]);
  });

  test.each([scratch, drill])('%s touches no claim of the database, and knows no API server', (label) => {
    const { volumes } = podOf(label);
    expect(JSON.stringify(volumes)).not.toMatch(/persistentVolumeClaim|serviceAccountToken/);
  });
});

test('ALL-34 a drill is held once a month unless told otherwise', () => {
  const props: RestoreJobsProps = { ...all, drill: monthly };
  expect(object(build(props), drill).spec).toMatchObject({ schedule: '0 5 1 * *' });
  expect(object(build(props), drill).spec).not.toHaveProperty('suspend');
});

test('without a volume a restore goes to buckets alone', () => {
  const { repositoryHost: _none, ...rest } = all;
  expect(JSON.stringify(object(build(rest), 'NetworkPolicy/postgres-drill'))).not.toContain('postgres-repository');
});

test('the programs of a restore stand side by side in one folder', () => {
  expect(Object.keys(restoreScripts)).toContain('restore.py');
  for (const text of Object.values(restoreScripts)) expect(text).toMatch(/^"""/);
});
