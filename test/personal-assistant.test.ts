import { parse } from 'yaml';
import { find, ofKind, quietPods } from './support/manifests';
import { page, variablesOf } from './support/page';

const assistant = page('personal-assistant');
const { main, variables } = assistant;
const production = assistant.objects('production');

test.each([
  ['TDA-01 TDA-28', 'gateway', 2, 8080, '2', '4Gi'],
  ['TDA-02 TDA-24', 'api', 3, 8000, '4', '8Gi'],
  ['TDA-03', 'frontend', 2, 8080, '2', '4Gi'],
  ['TDA-04', 'postgres', 3, 5432, '8', '16Gi'],
  ['TDA-06 TDA-28', 'redis', 1, 6379, '2', '4Gi'],
])('%s %s runs %i times at port %i with %s CPU and %s', (_row, name, pods, port, cpu, memory) => {
  const owner = ofKind(production, 'Deployment', 'StatefulSet').find(({ metadata }) => metadata.name === name);
  expect(owner && quietPods(production, owner)).toBe(pods);
  expect(main(name).ports[0].containerPort).toBe(port);
  expect(main(name).resources.limits).toMatchObject({ cpu, memory });
});

test('TDA-20 environment and security settings have the names of the guide, secrets come from Secrets', () => {
  expect(variables('api')).toMatchObject({
    ENVIRONMENT: 'production',
    DEBUG: 'false',
    LOG_LEVEL: 'INFO',
    JWT_SECRET_KEY: 'application/JWT_SECRET_KEY',
    ENCRYPTION_KEY: 'application/ENCRYPTION_KEY',
    SESSION_SECRET: 'application/SESSION_SECRET',
    REDIS_PASSWORD: 'redis-api/password',
    REDIS_SSL: 'false',
    DB_SSL_MODE: 'verify-full',
    DB_SSL_CERT: '/app/ssl/client-cert.pem',
    DB_SSL_KEY: '/app/ssl/client-key.pem',
    DB_SSL_ROOT_CERT: '/app/ssl/ca-cert.pem',
  });
});

test('TDA-20 ALL-02 secrets have the lengths of the guide', () => {
  const rules = assistant.inventory();
  expect(rules['application/JWT_SECRET_KEY']).toMatchObject({ origin: 'generated', minimum: 64 });
  expect(rules['application/ENCRYPTION_KEY']).toMatchObject({ characters: 32, exact: true });
  expect(rules['redis-api/password']).toMatchObject({ minimum: 32 });
});

test('TDA-16 pools of PostgreSQL and Redis are the guide’s', () => {
  expect(variables('api')).toMatchObject({
    DB_POOL_SIZE: '20',
    DB_MAX_OVERFLOW: '30',
    DB_POOL_TIMEOUT: '30',
    DB_POOL_RECYCLE: '3600',
    DB_POOL_PRE_PING: 'true',
    REDIS_MAX_CONNECTIONS: '100',
    REDIS_RETRY_ON_TIMEOUT: 'true',
    REDIS_SOCKET_KEEPALIVE: 'true',
    REDIS_SOCKET_KEEPALIVE_OPTIONS: '{}',
  });
});

test('TDA-21 workers are the guide’s', () => {
  expect(variables('api')).toMatchObject({
    WORKERS: '4',
    WORKER_CLASS: 'uvicorn.workers.UvicornWorker',
    WORKER_CONNECTIONS: '1000',
    MAX_REQUESTS: '1000',
    MAX_REQUESTS_JITTER: '100',
  });
});

test('TDA-23 the database has the name of the guide, in a URL of our own variables', () => {
  expect(variables('api')).toMatchObject({
    DATABASE_URL: 'postgresql://$(DB_USER):$(DB_PASSWORD)@postgres:5432/personal_assistant_prod',
    DB_USER: 'api',
    DB_PASSWORD: 'postgres-api/password',
    REDIS_URL: 'redis://api:$(REDIS_PASSWORD)@redis:6379/0',
  });
});

test('TDA-05 the users of the guide exist, each with a password of its own', () => {
  const sql = find(production, 'ConfigMap', 'postgres-accounts').data?.['accounts.sql'] ?? '';
  for (const user of ['app_user', 'replica_user', 'backup_user']) expect(sql).toContain(user);
  expect(Object.keys(assistant.inventory())).toEqual(
    expect.arrayContaining(['postgres-backup-user/password', 'postgres-replica-user/password']),
  );
});

test('TDA-11 TDA-25 alembic runs first, then the indexes, then the API starts', () => {
  const { initContainers } = find(production, 'Job', 'database-migration').spec.template.spec;
  expect(initContainers.map(({ name }: { name: string }) => name)).toEqual(['await-database', 'migrate', 'schema']);
  expect(initContainers[1]).toMatchObject({
    image: main('api').image,
    command: ['python', '-m', 'alembic', 'upgrade', 'head'],
  });
  expect(variablesOf(initContainers[1])).toMatchObject({
    DB_USER: 'personal_assistant_owner',
    JWT_SECRET_KEY: 'application/JWT_SECRET_KEY',
  });
  const gates = find(production, 'Deployment', 'api').spec.template.spec.initContainers;
  expect(gates.map(({ name }: { name: string }) => name)).toContain('await-release');
});

test('TDA-25 the five indexes of the guide are made while the application serves', () => {
  const sql = Object.values(find(production, 'ConfigMap', 'database-migration').data ?? {}).join('');
  for (const index of [
    'idx_users_email',
    'idx_users_phone',
    'idx_conversations_user_id',
    'idx_messages_conversation_id',
    'idx_messages_timestamp',
  ]) {
    expect(sql).toContain(index);
  }
  expect(sql.toLowerCase()).toContain('concurrently if not exists');
});

const files = find(production, 'ConfigMap', 'api-configuration').data ?? {};

test('TDA-10 roles and permissions are a file of the application', () => {
  expect(parse(files['rbac.yaml'] ?? '')).toEqual({
    rbac: {
      default_role: 'user',
      admin_roles: ['admin', 'super_admin'],
      permissions: ['read:users', 'write:users', 'delete:users', 'read:analytics', 'write:analytics', 'admin:system'],
    },
  });
});

test('TDA-15 lifetimes of cached things, and what ends them, are a file of the application', () => {
  expect(parse(files['cache.yaml'] ?? '')).toEqual({
    cache_ttl: { user_profile: 3600, oauth_tokens: 1800, sms_routing: 7200, analytics: 300 },
    cache_invalidation: {
      user_update: ['user_profile'],
      oauth_refresh: ['oauth_tokens'],
      sms_config: ['sms_routing'],
    },
  });
});

test('TDA-10 TDA-15 the API finds them where the guide backs them up from', () => {
  expect(main('api').volumeMounts).toContainEqual({
    name: 'api-configuration',
    mountPath: '/app/config',
    readOnly: true,
  });
});

test('TDA-08 the API alone may ask the services of the guide', () => {
  const open = ofKind(production, 'NetworkPolicy').filter(
    // What the database asks of the API server is the same on every page: test/isolation.test.ts.
    ({ metadata }) => metadata.annotations && !metadata.name.startsWith('postgres'),
  );
  expect(open.map(({ metadata }) => [metadata.name, metadata.annotations?.['slipway.dev/externals']])).toEqual([
    [
      'api',
      'twilio api.twilio.com:443, google www.googleapis.com:443, google-login oauth2.googleapis.com:443, ' +
        'microsoft-graph graph.microsoft.com:443, microsoft-login login.microsoftonline.com:443, ' +
        'notion api.notion.com:443',
    ],
  ]);
});

test('TDA-08 the platform starts without the keys of external services', () => {
  const rules = Object.entries(assistant.inventory()).filter(([, { origin }]) => origin === 'provided');
  expect(rules.map(([key, { optional }]) => [key, optional])).toEqual([
    ['twilio/TWILIO_AUTH_TOKEN', true],
    ['google/GOOGLE_CLIENT_SECRET', true],
    ['microsoft/MICROSOFT_CLIENT_SECRET', true],
    ['notion/NOTION_API_KEY', true],
  ]);
});

test('TDA-01 TDA-18 readiness asks for the health of all, liveness for none of the databases', () => {
  expect(main('api').readinessProbe.httpGet.path).toBe('/health/overall');
  expect(main('api').livenessProbe.httpGet).toBeUndefined();
  const rehearsal = JSON.parse(variables('api', 'development').REHEARSAL ?? '');
  expect(rehearsal.health).toEqual(['/health/overall', '/health/database', '/health/database/performance']);
});

test('TDA-14 metrics are where the setting says', () => {
  const { annotations } = find(production, 'Deployment', 'api').spec.template.metadata;
  expect(annotations['prometheus.io/path']).toBe('/metrics');
});

test('TDA-12 the database is backed up every six hours', () => {
  expect(find(production, 'StatefulSet', 'postgres').metadata.annotations).toMatchObject({
    'slipway.dev/backup-schedule': '0 2 * * *, 0 8,14,20 * * *',
  });
});

test('TDA-24 frontends have the root, the API its health and its prefix, and services answer within 50 seconds', () => {
  const conf = assistant.nginxConf();
  expect(conf).toMatch(/location \/ \{[^}]*proxy_pass http:\/\/frontend;/);
  for (const path of ['/health', '/api']) {
    expect(conf).toMatch(new RegExp(`location = ${path} \\{[^}]*proxy_pass http://api;`));
  }
  expect(conf).toContain('proxy_read_timeout 50s;');
});

test('TDA-26 containers run as 1000:1000', () => {
  for (const name of ['api', 'frontend']) {
    const { securityContext } = find(production, 'Deployment', name).spec.template.spec;
    expect(securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 1000 });
  }
});
