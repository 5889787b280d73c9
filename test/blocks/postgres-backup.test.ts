import type { BackupLayout } from '../../charts/blocks/postgres/backup/configuration';
import {
  archiveParameters,
  jobFiles,
  memberFiles,
  repositoryFiles,
} from '../../charts/blocks/postgres/backup/configuration';
import { BackupJobs, schedulesOf, type BackupJobsProps } from '../../charts/blocks/postgres/backup/jobs';
import { MemberBackup } from '../../charts/blocks/postgres/backup/member';
import { RepositoryHost, type RepositoryHostProps } from '../../charts/blocks/postgres/backup/repository';
import { archiveFiles, jobScripts, serveFile } from '../../charts/blocks/postgres/backup/scripts';
import type { Platform } from '../../charts/blocks/platform';
import { Service } from '../../charts/blocks/service';
import { everyPropReachesTheOutput, labelsOf, object, platform, program } from '../support/testing';

const layout: BackupLayout = {
  path: '/school-production/postgres',
  retentionDays: 30,
  dataFolder: '/pgdata/pg17',
  members: ['postgres-0.postgres-pods', 'postgres-1.postgres-pods', 'postgres-2.postgres-pods'],
  repositories: [
    { kind: 'volume', host: 'postgres-repository' },
    { kind: 's3', bucket: 'school', endpoint: 's3.example:9000', region: 'eu', uriStyle: 'path', authority: 'PEM\n' },
  ],
};

/** The options of one section of a file. */
const section = (text: string | undefined, name: string): Record<string, string> => {
  const [, after = ''] = (text ?? '').split(`[${name}]\n`);
  const lines = after.split('\n\n')[0]?.split('\n') ?? [];
  return Object.fromEntries(
    lines.filter(Boolean).map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
  );
};

describe('the files of pgBackRest', () => {
  const files = { member: memberFiles(layout), job: jobFiles(layout), repository: repositoryFiles(layout) };
  const texts = Object.values(files).flatMap((each) => Object.values(each));

  test.each(['member', 'job'] as const)('ALL-16 every repository of a %s is encrypted with AES-256', (pod) => {
    const options = section(files[pod]['pgbackrest.conf'], 'global');
    expect([options['repo1-cipher-type'], options['repo2-cipher-type']]).toEqual(['aes-256-cbc', 'aes-256-cbc']);
  });

  test('ALL-02 no file holds a passphrase or a key', () => {
    for (const text of texts) expect(text).not.toMatch(/cipher-pass|s3-key/);
  });

  test('TDA-12 log is never thrown away because it cannot be stored', () => {
    for (const text of texts) expect(text).not.toContain('archive-push-queue-max');
  });

  test('ALL-16 backups are kept for the days of the settings, in every repository', () => {
    expect(section(files.job['pgbackrest.conf'], 'global')).toMatchObject({
      'repo1-retention-full-type': 'time',
      'repo1-retention-full': '30',
      'repo2-retention-full-type': 'time',
      'repo2-retention-full': '30',
    });
  });

  test('ALL-34 the path in a repository names platform and environment', () => {
    expect(section(files.job['pgbackrest.conf'], 'global')).toMatchObject({
      'repo1-path': '/repository/school-production/postgres',
      'repo2-path': '/school-production/postgres',
    });
    expect(section(files.repository['pgbackrest.conf'], 'global')['repo1-path']).toBe(
      '/repository/school-production/postgres',
    );
  });

  test('a server lets in whom it must, and that for this cluster alone', () => {
    expect(section(files.member['server.conf'], 'global')['tls-server-auth']).toBe('pgbackrest=db');
    expect(files.repository['pgbackrest.conf']?.match(/tls-server-auth=.*/g)).toEqual([
      'tls-server-auth=postgres=db',
      'tls-server-auth=pgbackrest=db',
    ]);
  });

  test('the servers know no repository that needs a passphrase', () => {
    for (const text of [files.member['server.conf'], files.repository['pgbackrest.conf']]) {
      expect(text).not.toMatch(/cipher|s3/);
    }
  });

  test('a Job looks for the primary at every member', () => {
    const options = section(files.job['pgbackrest.conf'], 'db');
    expect([1, 2, 3].map((number) => options[`pg${number}-host`])).toEqual(layout.members);
    expect([1, 2, 3].map((number) => options[`pg${number}-host-type`])).toEqual(['tls', 'tls', 'tls']);
  });

  test('a bucket is believed by the authority of the settings, and by the image’s where there is none', () => {
    for (const pod of ['member', 'job'] as const) {
      expect(section(files[pod]['pgbackrest.conf'], 'global')['repo2-storage-ca-file']).toBe(
        '/etc/pgbackrest/repository-2.crt',
      );
      expect(files[pod]['repository-2.crt']).toBe('PEM\n');
    }
    const bucket = { kind: 's3', bucket: 'b', endpoint: 'e', region: 'r', uriStyle: 'host' } as const;
    expect(Object.keys(memberFiles({ ...layout, repositories: [bucket] }))).toEqual([
      'pgbackrest.conf',
      'push-1.conf',
      'server.conf',
    ]);
    expect(memberFiles({ ...layout, repositories: [bucket] })['pgbackrest.conf']).not.toContain('storage-ca');
  });

  test('ALL-16 a member brings log to each repository by a configuration, a spool and a lock of its own', () => {
    const pushes = [1, 2].map((number) => section(files.member[`push-${number}.conf`], 'global'));
    expect(pushes.map((options) => Object.keys(options).filter((name) => /^repo\d-cipher-type$/.test(name)))).toEqual([
      ['repo1-cipher-type'],
      ['repo2-cipher-type'],
    ]);
    for (const option of ['spool-path', 'lock-path']) {
      const places = [section(files.member['pgbackrest.conf'], 'global'), ...pushes].map((options) => options[option]);
      expect(new Set(places).size).toBe(3);
    }
  });

  test('TDA-12 what is committed travels within a minute', () => {
    expect(archiveParameters).toMatchObject({ archive_mode: 'on', archive_timeout: '50s' });
  });

  test('the scripts of Jobs do not restart a member when they change', () => {
    const members = Object.keys({ ...serveFile, ...archiveFiles });
    expect(members).toEqual(['serve.sh', 'push.sh', 'get.sh']);
    for (const name of members) expect(Object.keys(jobScripts)).not.toContain(name);
    expect(Object.keys(jobScripts)).toEqual(
      expect.arrayContaining(['backup.sh', 'check.sh', 'verify.sh', 'with-lock.sh']),
    );
  });
});

const tls = { path: '/tls', volume: { certificate: 'pgbackrest-tls' } } as const;
const server = (scope: Platform) => new Service(scope, 'postgres', { ...program, port: 5432 });

describe('a repository on a volume with every prop', () => {
  const build = () => {
    const scope = platform();
    server(scope);
    const props: Required<RepositoryHostProps> = {
      image: 'docker.io/percona/postgresql:17.9',
      user: 26,
      storage: '200Gi',
      storageClass: 'slow',
      layout,
      tls: { path: '/tls', volume: { certificate: 'postgres-repository-tls' } },
      server: 'postgres',
    };
    new RepositoryHost(scope, 'postgres-repository', props);
    return scope;
  };
  const pod = 'spec.template.spec';
  everyPropReachesTheOutput<RepositoryHostProps>(build, {
    image: ['Deployment/postgres-repository', `${pod}.containers.0.image`, 'docker.io/percona/postgresql:17.9'],
    user: ['Deployment/postgres-repository', `${pod}.securityContext.runAsUser`, 26],
    storage: ['PersistentVolumeClaim/postgres-repository', 'spec.resources.requests.storage', '200Gi'],
    storageClass: ['PersistentVolumeClaim/postgres-repository', 'spec.storageClassName', 'slow'],
    layout: [
      'ConfigMap/postgres-repository-configuration',
      ['data', 'pgbackrest.conf'],
      expect.stringContaining('repo1-path=/repository/school-production/postgres\n'),
    ],
    tls: [
      'Deployment/postgres-repository',
      `${pod}.volumes`,
      expect.arrayContaining([expect.objectContaining({ name: 'postgres-repository-tls' })]),
    ],
    server: [
      'NetworkPolicy/postgres-repository',
      'spec.ingress.0',
      {
        from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'postgres' } } }],
        ports: [{ protocol: 'TCP', port: 8432 }],
      },
    ],
  });

  test('ALL-16 its pod knows no secret', () => {
    const [container] = object(build(), 'Deployment/postgres-repository').spec.template.spec.containers;
    expect(JSON.stringify(container.env)).not.toContain('secretKeyRef');
  });

  test('TDA-04 it takes the last segment of a primary that leaves the same node', () => {
    const [container] = object(build(), 'Deployment/postgres-repository').spec.template.spec.containers;
    expect(container.lifecycle.preStop.exec.command).toEqual(['sleep', '10']);
  });
});

const jobs = ['full', 'incremental', 'check', 'verify'];
const jobProps: Required<BackupJobsProps> = {
  image: 'docker.io/percona/postgresql:17.9',
  user: 26,
  layout,
  schedules: { full: '1 2 * * *', incremental: '2 8 * * *', check: '3 * * * *', verify: '4 4 * * 0' },
  maximumAgeHours: 26,
  deadlineSeconds: 7200,
  lockSeconds: 900,
  variables: { PGBACKREST_REPO1_CIPHER_PASS: { secret: 'backup', key: 'passphrase' } },
  repository: {
    mount: { path: '/repository', volume: { claim: 'postgres-repository', oneNode: true } },
    host: 'postgres-repository',
  },
  tls,
  database: {
    server: 'postgres',
    primary: 'postgres-primary',
    port: 5432,
    pooler: { name: 'postgres-pooler', pods: 2 },
    name: 'grades',
    password: { secret: 'postgres-pgbackrest', key: 'password' },
  },
  externals: [{ name: 'backup-storage', host: 's3.example', port: 9000 }],
};

describe('the Jobs with every prop', () => {
  const build = (props: BackupJobsProps = jobProps) => {
    const scope = platform();
    server(scope);
    new BackupJobs(scope, 'postgres-backup', props);
    return scope;
  };
  const spec = 'spec.jobTemplate.spec';
  const pod = `${spec}.template.spec`;
  const env = (entry: object) => expect.arrayContaining([expect.objectContaining(entry)]);
  const full = 'CronJob/postgres-backup-full';
  everyPropReachesTheOutput<BackupJobsProps>(build, {
    image: [full, `${pod}.containers.0.image`, 'docker.io/percona/postgresql:17.9'],
    user: [full, `${pod}.securityContext.runAsUser`, 26],
    layout: [full, `${pod}.containers.0.env`, env({ name: 'REPOSITORIES', value: '1 2' })],
    schedules: [full, 'spec.schedule', '1 2 * * *'],
    maximumAgeHours: [full, `${pod}.containers.0.env`, env({ name: 'MAXIMUM_AGE_HOURS', value: '26' })],
    deadlineSeconds: [full, `${spec}.activeDeadlineSeconds`, 7200],
    lockSeconds: [
      full,
      `${pod}.containers.0.command`,
      ['bash', '/scripts/with-lock.sh', 'backup', '900', 'bash', '/scripts/backup.sh', 'full'],
    ],
    variables: [
      full,
      `${pod}.containers.0.env`,
      env({
        name: 'PGBACKREST_REPO1_CIPHER_PASS',
        valueFrom: { secretKeyRef: { name: 'backup', key: 'passphrase' } },
      }),
    ],
    repository: [
      full,
      `${pod}.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution.0.labelSelector.matchLabels`,
      { 'app.kubernetes.io/name': 'postgres-repository' },
    ],
    tls: [full, `${pod}.containers.0.volumeMounts`, env({ name: 'pgbackrest-tls', mountPath: '/tls', readOnly: true })],
    database: [full, `${pod}.containers.0.env`, env({ name: 'PGHOST', value: 'postgres-primary' })],
    externals: ['NetworkPolicy/postgres-backup-full', 'spec.egress.3.ports', [{ protocol: 'TCP', port: 9000 }]],
  });

  test.each(jobs)('ALL-16 %s runs once at a time, takes nothing twice, and ends some day', (kind) => {
    const { spec: cron } = object(build(), `CronJob/postgres-backup-${kind}`);
    expect(cron).toMatchObject({ concurrencyPolicy: 'Forbid', startingDeadlineSeconds: 3600 });
    expect(cron.jobTemplate.spec).toMatchObject({
      backoffLimit: ['full', 'incremental', 'verify'].includes(kind) ? 0 : 3,
      activeDeadlineSeconds: 7200,
    });
  });

  test.each(jobs)('%s reaches pgBackRest and the primary, both of the members', (kind) => {
    const { egress } = object(build(), `NetworkPolicy/postgres-backup-${kind}`).spec;
    const ports = egress
      .slice(1, 3)
      .flatMap((rule: { ports: { port: number }[] }) => rule.ports.map(({ port }) => port));
    expect(ports).toEqual([8432, 5432]);
  });

  test('without a volume a Job stands anywhere and mounts none', () => {
    const { repository: _none, ...rest } = jobProps;
    const template = object(build(rest), full).spec.jobTemplate.spec.template.spec;
    expect(template).not.toHaveProperty('affinity');
    expect(JSON.stringify(template)).not.toContain('persistentVolumeClaim');
  });

  test('a plan without incremental backups has no Job for them', () => {
    const plan = { schedule: '0 3 * * *', retentionDays: 9, destinations: [] };
    const scope = build({ ...jobProps, schedules: schedulesOf(plan) });
    expect(labelsOf(scope)).not.toContain('CronJob/postgres-backup-incremental');
    expect(object(scope, full)).toHaveProperty('spec.schedule', '0 3 * * *');
  });

  test('ALL-16 a new repository has its first backup soon after the apply', () => {
    const { command } = object(build(), 'Job/postgres-backup-begin').spec.template.spec.containers[0];
    expect(command).toEqual(['bash', '/scripts/begin.sh']);
  });
});

test('PHY-16 a member gets its files, and beside the server a container without a secret', () => {
  const scope = platform();
  const secret = { PGBACKREST_REPO1_CIPHER_PASS: { secret: 'backup', key: 'passphrase' } };
  const backup = new MemberBackup(scope, 'postgres-backup-member', layout, secret);
  const sidecar = backup.sidecar('docker.io/percona/postgresql:17.9', [tls]);
  expect(backup.variables).toEqual({ ...secret, PGBACKREST_STANZA: 'db' });
  expect(sidecar).toMatchObject({
    image: 'docker.io/percona/postgresql:17.9',
    ports: { pgbackrest: 8432 },
    variables: { PGBACKREST_CONFIG: '/etc/pgbackrest/server.conf' },
    mounts: [tls, backup.mount, expect.objectContaining({ path: '/tmp' })],
  });
  expect(JSON.stringify(sidecar)).not.toContain('passphrase');
  expect(Object.keys(object(scope, 'ConfigMap/postgres-backup-member').data ?? {})).toEqual(
    expect.arrayContaining(['pgbackrest.conf', 'server.conf', 'serve.sh', 'repository-2.crt']),
  );
});
