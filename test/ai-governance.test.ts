import { find, ofKind, podsOf, quietPods, withoutFingerprint } from './support/manifests';
import { page, variablesOf } from './support/page';

const governance = page('ai-governance');
const { main, variables } = governance;
const production = governance.objects('production');
const small = governance.synthesise('production', (settings) => ({
  ...settings,
  aiGovernance: { ...settings.aiGovernance, size: 'small' },
}));
const sizes = { small, large: production };

const external = { secret: 'qdrant-cloud', key: 'QDRANT_API_KEY' };
const cloud = governance.synthesise('production', (settings) => ({
  ...settings,
  aiGovernance: {
    ...settings.aiGovernance,
    qdrant: { kind: 'external', url: 'https://id.qdrant.io:6333', apiKey: external },
  },
}));

const bucket = governance.synthesise('production', (settings) => ({
  ...settings,
  aiGovernance: {
    ...settings.aiGovernance,
    documents: { kind: 's3', bucket: 'documents', endpoint: 'https://s3.school.edu', region: 'eu-1' },
  },
}));

describe.each([
  ['small', 'GOV-01', 'backend', 2, 8000, '1', '2Gi'],
  ['small', 'GOV-01', 'frontend', 2, 8080, '500m', '512Mi'],
  ['small', 'GOV-04', 'postgres', 3, 5432, '2', '4Gi'],
  ['small', 'GOV-06', 'qdrant', 1, 6333, '2', '4Gi'],
  ['large', 'GOV-01 GOV-02', 'backend', 3, 8000, '2', '4Gi'],
  ['large', 'GOV-01 GOV-03', 'frontend', 2, 8080, '1', '1Gi'],
  ['large', 'GOV-04', 'postgres', 3, 5432, '4', '16Gi'],
  ['large', 'GOV-06', 'qdrant', 1, 6333, '4', '8Gi'],
  ['large', 'GOV-07', 'redis', 1, 6379, '2', '4Gi'],
] as const)('in the %s size', (size, row, name, pods, port, cpu, memory) => {
  test(`${row} ${name} runs ${pods} times at port ${port} with ${cpu} CPU and ${memory}`, () => {
    const objects = sizes[size];
    const owner = ofKind(objects, 'Deployment', 'StatefulSet').find(({ metadata }) => metadata.name === name);
    const [{ ports, resources }] = owner?.spec.template.spec.containers ?? [];
    expect(owner && quietPods(objects, owner)).toBe(pods);
    expect(ports[0].containerPort).toBe(port);
    expect(resources.limits).toMatchObject({ cpu, memory });
  });
});

test.each([
  ['small', '50Gi'],
  ['large', '200Gi'],
] as const)('GOV-04 in the %s size PostgreSQL has %s', (size, storage) => {
  const [claim] = find(sizes[size], 'StatefulSet', 'postgres').spec.volumeClaimTemplates;
  expect(claim.spec.resources.requests.storage).toBe(storage);
});

test('GOV-02 the large backend is promised what the guide reserves', () => {
  expect(main('backend').resources.requests).toMatchObject({ cpu: '1', memory: '2Gi' });
});

test('GOV-02 uvicorn runs four workers', () => {
  expect(variables('backend').WEB_CONCURRENCY).toBe('4');
});

test('GOV-04 GOV-15 the database, its address and its users have the names of the guide', () => {
  expect(variables('backend')).toMatchObject({
    DATABASE_URL: 'postgresql://$(DB_USER):$(DB_PASSWORD)@postgres:5432/aigov',
    DB_USER: 'backend',
    DB_PASSWORD: 'postgres-backend/password',
  });
  const sql = find(production, 'ConfigMap', 'postgres-accounts').data?.['accounts.sql'];
  expect(sql).toContain("select format('create database %I owner %I', 'aigov', 'aigov_user')");
});

test('GOV-04 the backend reads from the replicas, as somebody who cannot write', () => {
  expect(variables('backend')).toMatchObject({
    DATABASE_REPLICA_URL: 'postgresql://$(DB_REPLICA_USER):$(DB_REPLICA_PASSWORD)@postgres:5432/aigov_replicas',
    DB_REPLICA_USER: 'backend_reads',
    DB_REPLICA_PASSWORD: 'postgres-backend-reads/password',
  });
  const ini = find(production, 'ConfigMap', 'postgres-pooler-configuration').data?.['pgbouncer.ini'];
  expect(ini).toContain('\naigov_replicas = host=postgres-replicas ');
});

test('GOV-15 POSTGRES_ variables stand in the database and the Jobs of its accounts and its restore alone', () => {
  const holders = podsOf(production)
    .filter(({ template }) => JSON.stringify(template).includes('"POSTGRES_'))
    .map(({ owner }) => withoutFingerprint(owner.metadata.name));
  expect(holders).toEqual(['postgres-restore', 'postgres', 'postgres-accounts']);
});

test('GOV-09 the backend is told what the guide lists, by the same names', () => {
  expect(variables('backend')).toMatchObject({
    ENVIRONMENT: 'production',
    SECRET_KEY: 'application/SECRET_KEY',
    ALGORITHM: 'HS256',
    ACCESS_TOKEN_EXPIRE_MINUTES: '30',
    GROQ_API_KEY: 'groq/GROQ_API_KEY',
    QDRANT_URL: 'http://qdrant:6333',
    QDRANT_API_KEY: 'qdrant/QDRANT_API_KEY',
    CORS_ORIGINS: 'https://ai-governance.example,https://www.ai-governance.example',
  });
});

test('GOV-09 ALL-50 SECRET_KEY is made as `openssl rand -hex 32` would, and keys of others are asked for', () => {
  const rules = governance.inventory();
  expect(rules['application/SECRET_KEY']).toMatchObject({ origin: 'generated', characters: 64, minimum: 32 });
  expect(rules['groq/GROQ_API_KEY']).toMatchObject({ origin: 'provided', optional: false });
});

test('GOV-07 GOV-14 GOV-19 Redis keeps sessions and answers for the backend', () => {
  expect(variables('backend')).toMatchObject({
    REDIS_URL: 'redis://backend:$(REDIS_PASSWORD)@redis:6379/0',
    REDIS_PASSWORD: 'redis-backend/password',
  });
});

test('GOV-14 no backend is preferred: tokens are stateless', () => {
  expect(governance.nginxConf()).not.toContain('sticky');
});

test('GOV-10 the backend is asked at /health, and knows the detailed path', () => {
  expect(main('backend').readinessProbe.httpGet.path).toBe('/health');
  const rehearsal = JSON.parse(variables('backend', 'development').REHEARSAL ?? '');
  expect(rehearsal.health).toEqual(['/health', '/api/admin/health']);
});

test('GOV-08 the database is initialised before a release serves', () => {
  const { initContainers } = find(production, 'Job', 'database-migration').spec.template.spec;
  const migrate = initContainers.find(({ name }: { name: string }) => name === 'migrate');
  expect(migrate.command).toEqual(['python', 'scripts/init_db.py']);
  expect(migrate.image).toBe(main('backend').image);
  expect(variablesOf(migrate)).toMatchObject({ SECRET_KEY: 'application/SECRET_KEY', DB_USER: 'aigov_user' });
  const gates = find(production, 'Deployment', 'backend').spec.template.spec.initContainers;
  expect(gates.map(({ name }: { name: string }) => name)).toContain('await-release');
});

test('GOV-08 the first administrator is made by hand, at a terminal, with the backend’s image', () => {
  const { suspend, jobTemplate } = find(production, 'CronJob', 'create-admin').spec;
  const [container] = jobTemplate.spec.template.spec.containers;
  expect(suspend).toBe(true);
  expect(container.command.slice(-2)).toEqual(['python', 'scripts/create_admin.py']);
  expect(container).toMatchObject({ stdin: true, tty: true });
  expect(container.image).toBe(main('backend').image);
});

describe('GOV-06 with an external Qdrant', () => {
  test('there is no server, no claim and no secret of our own', () => {
    expect(ofKind(cloud, 'StatefulSet').map(({ metadata }) => metadata.name)).toEqual(['postgres', 'redis']);
    expect(JSON.stringify(cloud)).not.toContain('qdrant-data');
  });

  test('the backend has its URL and the key that the settings refer to', () => {
    const { env } = find(cloud, 'Deployment', 'backend').spec.template.spec.containers[0];
    expect(env).toEqual(
      expect.arrayContaining([
        { name: 'QDRANT_URL', value: 'https://id.qdrant.io:6333' },
        {
          name: 'QDRANT_API_KEY',
          valueFrom: { secretKeyRef: { name: 'qdrant-cloud', key: 'QDRANT_API_KEY' } },
        },
      ]),
    );
  });

  test('the backend alone may go there', () => {
    const policy = find(cloud, 'NetworkPolicy', 'backend');
    expect(policy.metadata.annotations).toEqual({
      'slipway.dev/externals': 'qdrant id.qdrant.io:6333, groq api.groq.com:443',
    });
    const ports = policy.spec.egress.flatMap((rule: { ports: { port: number }[] }) => rule.ports);
    expect(ports.map(({ port }: { port: number }) => port)).toEqual(expect.arrayContaining([6333, 443]));
  });
});

describe('GOV-16 uploaded documents', () => {
  test('stand on a volume that all backends share, and that a backup covers', () => {
    const claim = find(production, 'PersistentVolumeClaim', 'documents');
    expect(claim.spec.accessModes).toEqual(['ReadWriteMany']);
    expect(claim.metadata.annotations).toMatchObject({ 'slipway.dev/backup-schedule': '0 2 * * *, 0 8,14,20 * * *' });
    expect(main('backend').volumeMounts).toContainEqual({ name: 'documents', mountPath: '/app/uploads' });
  });

  test('or in a bucket, with keys as secrets and a way out to it', () => {
    expect(ofKind(bucket, 'PersistentVolumeClaim').map(({ metadata }) => metadata.name)).not.toContain('documents');
    const { env } = find(bucket, 'Deployment', 'backend').spec.template.spec.containers[0];
    expect(env).toEqual(expect.arrayContaining([{ name: 'S3_BUCKET', value: 'documents' }]));
    expect(find(bucket, 'NetworkPolicy', 'backend').metadata.annotations).toEqual({
      'slipway.dev/externals': 'groq api.groq.com:443, documents s3.school.edu:443',
    });
  });
});

test('GOV-18 the domain and its www are one site, in the certificate and for browsers', () => {
  const hosts = ['ai-governance.example', 'www.ai-governance.example'];
  expect(find(production, 'Certificate', 'gateway').spec.dnsNames).toEqual(hosts);
  expect(find(production, 'Ingress', 'gateway').spec.rules.map(({ host }: { host: string }) => host)).toEqual(hosts);
  expect(governance.nginxConf()).toContain(`server_name ${hosts.join(' ')};`);
  expect(variables('backend').CORS_ORIGINS).toBe(hosts.map((host) => `https://${host}`).join(','));
});

test('ALL-12 pools that the server cannot hold are refused, with the platform, the keys and both figures', () => {
  const pooler = { cpu: '1', memory: '256Mi', replicas: { min: 2, max: 8 }, poolSize: 11, readPoolSize: 5 };
  const wrong = () =>
    governance.synthesise('production', (settings) => ({
      ...settings,
      aiGovernance: { ...settings.aiGovernance, pooler },
    }));
  expect(wrong).toThrow(
    /^ai-governance: expected `maxConnections` to be at least 1\d\d, got 100: \d+ pods of the pooler .* lower `pooler\.poolSize`, `pooler\.readPoolSize` or `pooler\.replicas\.max`$/,
  );
});
