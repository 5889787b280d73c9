import { production } from '../../config/production';
import { changed, mistakes, mistakesWith } from './support';

const digest = `sha256:${'0'.repeat(64)}`;

describe('a key', () => {
  test('that is mistyped is named once, with the one that was meant', () => {
    const typo = changed(production, 'physicsAssistant.agentsApi', {
      cpu: '1.5',
      memry: '2Gi',
      replicas: { min: 2, max: 6 },
    });
    expect(mistakes(typo)).toBe(
      'unknown key `physicsAssistant.agentsApi.memry`: did you mean `memory` (config/production.ts)',
    );
  });

  test.each([
    ['physicsAssistant.images.agents-apy', '1.0.0', 'did you mean `agents-api`'],
    ['physicsAssistant.smtp.hots', 'smtp.school.edu', 'did you mean `host`'],
    ['edge.issuer.e-mail', 'it@school.edu', 'did you mean `email`'],
    ['physicsAssistant.flower.replicas', { min: 2, max: 2 }, 'known keys are cpu, memory'],
    ['secrets.refreshInterval', '1h', 'known keys are backend'],
  ])('%s that is unknown is answered with the known ones', (key, value, remedy) => {
    expect(mistakesWith(key, value)).toBe(`unknown key \`${key}\`: ${remedy} (config/production.ts)`);
  });

  test.each([
    ['physicsAssistant.agentsApi.memory', 'to be a memory size in quotes, such as `512Mi` or `2Gi`'],
    ['physicsAssistant.agentsApi.replicas.max', 'to be a whole number'],
    ['physicsAssistant.images.agents-api', 'to be an image tag'],
    ['physicsAssistant.neo4j', 'to be an object'],
    ['rehearsal', 'to be a boolean'],
    ['environment', 'to be one of production, staging, development'],
    ['edge.issuer.kind', 'to be one of acme, ca, self-signed, existing-secret'],
  ])('%s that is missing is named', (key, demand) => {
    expect(mistakesWith(key, undefined)).toBe(`expected \`${key}\` ${demand}, got nothing (config/production.ts)`);
  });
});

test('replicas that are missing altogether are one mistake, not a crash', () => {
  expect(mistakesWith('physicsAssistant.agentsApi.replicas', undefined)).toBe(
    'expected `physicsAssistant.agentsApi.replicas` to be an object, got nothing (config/production.ts)',
  );
});

const memory = 'to be a memory size with its unit, such as `512Mi` or `2Gi`';
const cpu = 'to be a CPU figure such as `250m` or `1.5`';
const image = 'to be an image with registry and exact tag, such as `docker.io/library/redis:8.2.9`';
const tag = 'to be an exact image tag such as `1.4.2`, never `latest`';
const cron = 'to be a cron schedule of five fields, such as `0 2 * * *`';
const origin = 'to be an origin such as `https://physics.school.edu`, without path or wildcard';
const host = 'to be a host name such as `physics.school.edu`, without scheme, port or path';

test.each([
  ['physicsAssistant.agentsApi.memory', '2', memory],
  ['physicsAssistant.agentsApi.memory', '2G', memory],
  ['physicsAssistant.agentsApi.memory', 2, 'to be a memory size in quotes, such as `512Mi` or `2Gi`'],
  ['physicsAssistant.maxUploadSize', '100MB', memory],
  ['physicsAssistant.agentsApi.cpu', 'abc', cpu],
  ['physicsAssistant.agentsApi.cpu', '0', cpu],
  ['physicsAssistant.agentsApi.cpu', '0.000', cpu],
  ['physicsAssistant.agentsApi.cpu', 1, 'to be a CPU figure in quotes, such as `250m` or `1.5`'],
  ['physicsAssistant.postgres.storage', '100', 'to be a volume size with its unit, such as `10Gi` or `2Ti`'],
  ['physicsAssistant.agentsApi.replicas.min', 0, 'to be at least 1'],
  ['physicsAssistant.agentsApi.replicas.max', 51, 'to be at most 50'],
  ['physicsAssistant.agentsApi.replicas.max', 2.5, 'to be a whole number'],
  ['physicsAssistant.maxWorkers', '4', 'to be a whole number'],
  ['physicsAssistant.nginxWorkerProcesses', 'many', 'to be `auto` or a whole number'],
  ['physicsAssistant.smtp.port', 70000, 'to be at most 65535'],
  ['physicsAssistant.backup.retentionDays', 0, 'to be at least 1'],
  ['environment', 'prod', 'to be one of production, staging, development'],
  ['physicsAssistant.images.agents-api', 'latest', tag],
  ['physicsAssistant.images.agents-api', `latest@${digest}`, tag],
  ['programs.redis', 'docker.io/library/redis', image],
  ['programs.redis', 'docker.io/library/redis:latest', image],
  ['programs.redis', 'redis:8.2.9', image],
  ['physicsAssistant.registry', 'Docker Hub', 'to be a registry path such as `ghcr.io/school`'],
  ['physicsAssistant.backup.schedule', 'daily', cron],
  ['physicsAssistant.backup.schedule', '0 2 * *', cron],
  ['physicsAssistant.backup.schedule', '0 24 * * *', cron],
  ['physicsAssistant.backup.schedule', '60 2 * * *', cron],
  ['physicsAssistant.backup.schedule', '0 2 0 * *', cron],
  ['physicsAssistant.backup.schedule', '0 2 * * 7', cron],
  ['physicsAssistant.backup.schedule', '*/0 * * * *', cron],
  ['physicsAssistant.domain', 'https://physics.school.edu', host],
  ['cluster.domain', 'cluster.local.', host],
  ['cluster.storageClass', '', 'not to be empty'],
  ['edge.issuer.email', 'administrator', 'to be an e-mail address'],
  ['edge.issuer.server', 'letsencrypt', 'to be the URL of an ACME directory'],
  ['edge.issuer.kind', 'letsencrypt', 'to be one of acme, ca, self-signed, existing-secret'],
  ['secrets.backend', 'vault', 'to be one of cluster, disposable, external-secrets'],
  ['edge.administrators', [], 'to have at least one address block'],
])('`%s` of %j is refused in one line', (key, value, demand) => {
  expect(mistakesWith(key, value)).toBe(
    `expected \`${key}\` ${demand}, got ${JSON.stringify(value)} (config/production.ts)`,
  );
});

test('an autoscaler whose minimum is above its maximum is refused', () => {
  expect(mistakesWith('physicsAssistant.agentsApi.replicas', { min: 3, max: 2 })).toBe(
    'expected `physicsAssistant.agentsApi.replicas` to have min not above max, got {"min":3,"max":2} (config/production.ts)',
  );
});

test.each([
  'https://physics.school.edu/app',
  'https://physics.school.edu/',
  'https://*.school.edu',
  '*',
  'ftp://a.edu',
])('ALL-29 the CORS origin %s is refused in one line', (value) => {
  expect(mistakesWith('physicsAssistant.corsOrigins', ['https://physics.school.edu', value])).toBe(
    `expected \`physicsAssistant.corsOrigins.1\` ${origin}, got "${value}" (config/production.ts)`,
  );
});

test.each(['http://localhost:8501', 'https://physics.school.edu'])('ALL-29 the CORS origin %s is taken', (value) => {
  expect(mistakesWith('physicsAssistant.corsOrigins', [value])).toBe('');
});

test.each(['0 2 * * *', '*/15 * * * *', '0 */6 1,15 1-6 1-5', '59 23 31 12 6'])('the schedule %s is taken', (value) => {
  expect(mistakesWith('physicsAssistant.backup.schedule', value)).toBe('');
});

test.each(['1.4.2', `1.4.2@${digest}`])('ALL-31 the image tag %s is taken', (value) => {
  expect(mistakesWith('physicsAssistant.images.agents-api', value)).toBe('');
});
