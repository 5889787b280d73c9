import { find, ofKind, quietPods } from './support/manifests';
import { page } from './support/page';

const explorer = page('habitability-explorer');
const { main, variables } = explorer;
const production = explorer.objects('production');

test.each([
  ['frontend', 2, 8080],
  ['backend', 2, 8000],
  ['postgres', 3, 5432],
  ['redis', 1, 6379],
])('HWO-02 %s runs %i times at port %i', (name, pods, port) => {
  const owner = ofKind(production, 'Deployment', 'StatefulSet').find(({ metadata }) => metadata.name === name);
  expect(owner && quietPods(production, owner)).toBe(pods);
  expect(main(name).ports[0].containerPort).toBe(port);
});

test('HWO-02 models are read, data are written, logs go to standard output', () => {
  const mounts = main('backend').volumeMounts;
  expect(mounts).toEqual(
    expect.arrayContaining([
      { name: 'models', mountPath: '/app/models', readOnly: true },
      { name: 'data', mountPath: '/app/data' },
    ]),
  );
  expect(mounts.map(({ mountPath }: { mountPath: string }) => mountPath)).not.toContain('/app/logs');
});

test('GOV-16 HWO-02 models and data are shared by all backends, and data are backed up', () => {
  for (const name of ['models', 'data']) {
    expect(find(production, 'PersistentVolumeClaim', name).spec.accessModes).toEqual(['ReadWriteMany']);
  }
  expect(find(production, 'PersistentVolumeClaim', 'data').metadata.annotations).toHaveProperty([
    'slipway.dev/backup-schedule',
  ]);
});

test('HWO-02 HWO-16 gunicorn obeys WORKERS, WORKER_CONNECTIONS and MAX_REQUESTS', () => {
  const command = main('backend').command.join(' ');
  expect(command).toMatch(/^gunicorn app\.main:app .*uvicorn\.workers\.UvicornWorker --bind 0\.0\.0\.0:8000/);
  for (const part of ['--workers $(WORKERS)', '--worker-connections $(WORKER_CONNECTIONS)']) {
    expect(command).toContain(part);
  }
  expect(command).toContain('--max-requests $(MAX_REQUESTS) --max-requests-jitter $(MAX_REQUESTS_JITTER)');
  expect(variables('backend')).toMatchObject({
    WORKERS: '4',
    WORKER_CONNECTIONS: '1000',
    MAX_REQUESTS: '1000',
    MAX_REQUESTS_JITTER: '100',
  });
});

test('HWO-15 database, user and URLs have the names of the guide, with a password in every URL', () => {
  expect(variables('backend')).toMatchObject({
    DATABASE_URL: 'postgresql://$(DB_USER):$(DB_PASSWORD)@postgres:5432/hwo_db',
    DB_PASSWORD: 'postgres-backend/password',
    REDIS_URL: 'redis://backend:$(REDIS_PASSWORD)@redis:6379/0',
  });
  const sql = find(production, 'ConfigMap', 'postgres-accounts').data?.['accounts.sql'];
  expect(sql).toContain("select format('create database %I owner %I', 'hwo_db', 'hwo_user')");
});

test('HWO-16 everything of .env.production is there, by its name', () => {
  expect(variables('backend')).toMatchObject({
    SECRET_KEY: 'application/SECRET_KEY',
    JWT_SECRET: 'application/JWT_SECRET',
    ENCRYPTION_KEY: 'application/ENCRYPTION_KEY',
    CORS_ORIGINS: '["https://habitability-explorer.example","https://api.habitability-explorer.example"]',
    API_V1_PREFIX: '/api/v1',
    MAX_UPLOAD_SIZE: '104857600',
    PROMETHEUS_METRICS: 'true',
    ENVIRONMENT: 'production',
  });
  expect(variables('frontend')).toMatchObject({ NODE_ENV: 'production' });
  expect(explorer.inventory()['application/SECRET_KEY']).toMatchObject({ minimum: 32 });
});

test('ALL-30 HWO-16 production logs warnings, the other environments what they say', () => {
  const levels = (['production', 'staging', 'development'] as const).map(
    (name) => variables('backend', name).LOG_LEVEL,
  );
  expect(levels).toEqual(['WARNING', 'DEBUG', 'DEBUG']);
});

test('HWO-05 HWO-13 HWO-20 pools, caches and batches are the guide’s', () => {
  expect(variables('backend')).toMatchObject({
    DATABASE_POOL_SIZE: '20',
    DATABASE_POOL_OVERFLOW: '10',
    DATABASE_POOL_RECYCLE: '3600',
    REDIS_CACHE_TTL: '3600',
    REDIS_MAX_CONNECTIONS: '50',
    CORS_PREFLIGHT_MAX_AGE: '86400',
    RESPONSE_COMPRESSION: 'True',
    ML_BATCH_SIZE: '1000',
    CHUNK_SIZE: '8192',
  });
});

test('HWO-19 threads follow the CPU limit, not the node', () => {
  const threads = (objects: ReturnType<typeof explorer.objects>) => {
    const { env } = find(objects, 'Deployment', 'backend').spec.template.spec.containers[0];
    const value = (key: string) => env.find(({ name }: { name: string }) => name === key).value;
    return ['ML_N_JOBS', 'OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS'].map(value);
  };
  expect(threads(production)).toEqual(['2', '2', '2']);
  expect(threads(withBackend({ cpu: '6' }))).toEqual(['6', '6', '6']);
});

/** Production with another backend. */
function withBackend(change: object, gpuClasses = {}) {
  return explorer.synthesise('production', (settings) => ({
    ...settings,
    cluster: { ...settings.cluster, gpuClasses },
    habitabilityExplorer: {
      ...settings.habitabilityExplorer,
      backend: { ...settings.habitabilityExplorer.backend, ...change },
    },
  }));
}

test('HWO-19 a setting keeps the backend on nodes with AVX2', () => {
  const nodeSelector = { 'feature.node.kubernetes.io/cpu-cpuid.AVX2': 'true' };
  const { spec } = find(withBackend({ nodeSelector }), 'Deployment', 'backend').spec.template;
  expect(spec.nodeSelector).toEqual(nodeSelector);
});

test('HWO-10 a setting gives the backend a GPU, leads it to its nodes and past their taint', () => {
  const tesla = {
    resource: 'nvidia.com/gpu',
    nodeSelector: { 'nvidia.com/gpu.product': 'Tesla-T4' },
    taint: { key: 'nvidia.com/gpu' },
  };
  const { spec } = find(withBackend({ gpu: { class: 'tesla', count: 1 } }, { tesla }), 'Deployment', 'backend').spec
    .template;
  expect(spec.containers[0].resources.limits['nvidia.com/gpu']).toBe('1');
  expect(spec).toMatchObject({
    nodeSelector: tesla.nodeSelector,
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
  });
});

test('HWO-03 PostGIS comes with its image and is made by the bootstrap, not by the owner', () => {
  expect(main('postgres').image).toContain('postgresql-with-postgis');
  const sql = find(production, 'ConfigMap', 'postgres-accounts').data?.['accounts.sql'] ?? '';
  expect(sql).toMatch(/create extension if not exists "?postgis"? schema public;/);
  expect(sql).toMatch(/create extension if not exists "?pg_stat_statements"? schema public;/);
});

test('HWO-03 the schema of the guide is the migration, and the backend waits for it', () => {
  const sql = Object.values(find(production, 'ConfigMap', 'database-migration').data ?? {}).join('');
  for (const part of ['hwo.exoplanets', 'hwo.user_sessions', 'gen_random_uuid()', 'idx_exoplanets_coordinates']) {
    expect(sql).toContain(part);
  }
  const { initContainers } = find(production, 'Deployment', 'backend').spec.template.spec;
  expect(initContainers.map(({ name }: { name: string }) => name)).toContain('await-release');
});

test('HWO-03 expired sessions are deleted every hour', () => {
  const { schedule, jobTemplate } = find(production, 'CronJob', 'session-cleanup').spec;
  expect(schedule).toBe('17 * * * *');
  expect(JSON.stringify([jobTemplate, production.filter(({ kind }) => kind === 'ConfigMap')])).toContain(
    'delete from hwo.user_sessions where expires_at < current_timestamp',
  );
});

test('HWO-09 archives and Sentry are told and opened for the backend alone', () => {
  expect(variables('backend')).toMatchObject({
    NASA_EXOPLANET_ARCHIVE_API: 'https://exoplanetarchive.ipac.caltech.edu/TAP/sync',
    JWST_API_ENDPOINT: 'https://jwst.nasa.gov/api/v1',
    SENTRY_DSN: 'sentry/SENTRY_DSN',
  });
  const open = ofKind(production, 'NetworkPolicy').filter(
    // What the database asks of the API server is the same on every page: test/isolation.test.ts.
    ({ metadata }) => metadata.annotations && !metadata.name.startsWith('postgres'),
  );
  expect(open.map(({ metadata }) => [metadata.name, metadata.annotations?.['slipway.dev/externals']])).toEqual([
    [
      'backend',
      'nasa-exoplanet-archive exoplanetarchive.ipac.caltech.edu:443, jwst jwst.nasa.gov:443, sentry ingest.sentry.io:443',
    ],
  ]);
});

test('HWO-09 without a host of Sentry there is neither a variable nor a way out', () => {
  expect(variables('backend', 'development')).not.toHaveProperty('SENTRY_DSN');
  const policy = find(explorer.objects('development'), 'NetworkPolicy', 'backend');
  expect(policy.metadata.annotations?.['slipway.dev/externals']).not.toContain('sentry');
});

test('HWO-01 the frontend learns at run time where its API is, on the host of the API', () => {
  expect(find(production, 'ConfigMap', 'frontend-configuration').data).toEqual({
    'runtime.js': "window.REACT_APP_API_URL = 'https://api.habitability-explorer.example';\n",
  });
  expect(main('frontend').volumeMounts).toContainEqual({
    name: 'frontend-configuration',
    mountPath: '/usr/share/nginx/html/config',
    readOnly: true,
  });
  expect(find(production, 'Certificate', 'gateway').spec.dnsNames).toEqual([
    'habitability-explorer.example',
    'api.habitability-explorer.example',
  ]);
});

test('HWO-12 HWO-17 the API has its prefix, its host and /health of the main host, paths unchanged', () => {
  const [main_ = '', api = ''] = explorer.nginxConf().split('server_name api.');
  for (const path of ['/health', '/api', '/api/upload']) {
    expect(main_).toMatch(new RegExp(`location = ${path} \\{[^}]*proxy_pass http://backend;`));
  }
  expect(api).toMatch(/location \/ \{[^}]*proxy_pass http:\/\/backend;/);
});

test('HWO-18 probes have the figures of the images’ health checks', () => {
  expect(main('backend').readinessProbe).toEqual({
    httpGet: { path: '/health', port: 'http' },
    periodSeconds: 30,
    timeoutSeconds: 10,
    failureThreshold: 3,
  });
  expect(main('backend').startupProbe.periodSeconds).toBe(5);
  expect(main('frontend').readinessProbe).toMatchObject({
    httpGet: { path: '/', port: 'http' },
    periodSeconds: 30,
    timeoutSeconds: 3,
  });
});

test('TDA-26 the programs run as user and group 1000, which is `hwo` in the image', () => {
  for (const name of ['frontend', 'backend']) {
    const { securityContext } = find(production, 'Deployment', name).spec.template.spec;
    expect(securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 1000 });
  }
});

test('ALL-49 the claims have the names of the guide', () => {
  const claims = ofKind(production, 'StatefulSet').flatMap(({ spec }) =>
    spec.volumeClaimTemplates.map((claim: { metadata: { name: string } }) => claim.metadata.name),
  );
  expect(claims).toEqual(['postgres-data', 'redis-data']);
});
