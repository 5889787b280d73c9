import {
  containersOf,
  find,
  mebibytes,
  milliCpu,
  ofKind,
  podsOf,
  quietPods,
  withoutFingerprint,
  type Manifest,
} from './support/manifests';
import { page, secretsOf } from './support/page';
import { reachability } from './support/reachability';

const physics = page('physics-assistant');
const { main, synthesise, variables } = physics;
const production = physics.objects('production');
const development = physics.objects('development');

describe('workloads of production, by the tables of the guides', () => {
  test.each([
    ['PHY-01', 'streamlit-ui', 2, 8501, '1', '1Gi'],
    ['PHY-02', 'react-dashboard', 2, 5173, '500m', '512Mi'],
    ['PHY-03', 'agents-api', 2, 8000, '1500m', '2Gi'],
    ['PHY-04', 'database-api', 2, 8001, '1', '1Gi'],
    ['PHY-05', 'dashboard-api', 2, 8002, '1', '1Gi'],
    ['PHY-06', 'mcp-forces', 2, 8010, '500m', '512Mi'],
    ['PHY-06', 'mcp-kinematics', 2, 8010, '500m', '512Mi'],
    ['PHY-06', 'mcp-math', 2, 8010, '500m', '512Mi'],
    ['PHY-06', 'mcp-energy', 2, 8010, '500m', '512Mi'],
    ['PHY-06', 'mcp-momentum', 2, 8010, '500m', '512Mi'],
    ['PHY-06', 'mcp-angular-motion', 2, 8010, '500m', '512Mi'],
    ['PHY-07', 'ml-engine', 1, 8003, '2', '4Gi'],
    ['PHY-08', 'task-processor', 2, 9808, '1', '2Gi'],
    ['PHY-09', 'flower', 1, 5555, '250m', '256Mi'],
    ['PHY-10', 'postgres', 3, 5432, '1', '2Gi'],
    ['PHY-11', 'neo4j', 1, 7687, '1500m', '3Gi'],
    ['PHY-12', 'redis', 1, 6379, '500m', '1Gi'],
  ])('%s %s runs %i times at port %i with %s CPU and %s', (_row, name, pods, port, cpu, memory) => {
    const owner = ofKind(production, 'Deployment', 'StatefulSet').find(({ metadata }) => metadata.name === name);
    const { ports, resources } = main(name);
    expect(owner && quietPods(production, owner)).toBe(pods);
    expect(ports[0].containerPort).toBe(port);
    expect(resources.limits).toMatchObject({ cpu, memory });
  });

  test('PHY-01 to PHY-06 ALL-08 every service of the three tiers scales between its own bounds', () => {
    const bounds = ofKind(production, 'HorizontalPodAutoscaler').map(
      ({ metadata, spec }) => `${metadata.name} ${spec.minReplicas}-${spec.maxReplicas}`,
    );
    expect(bounds.sort()).toEqual([
      'agents-api 2-6',
      'dashboard-api 2-4',
      'database-api 2-6',
      'gateway 2-4',
      'mcp-angular-motion 2-3',
      'mcp-energy 2-3',
      'mcp-forces 2-3',
      'mcp-kinematics 2-3',
      'mcp-math 2-3',
      'mcp-momentum 2-3',
      'postgres-pooler 2-3',
      'react-dashboard 2-4',
      'streamlit-ui 2-6',
      'task-processor 2-4',
    ]);
  });

  test('ALL-30 in staging the same workloads run, at half the size or less', () => {
    const staging = physics.objects('staging');
    const names = (objects: readonly Manifest[]) =>
      ofKind(objects, 'Deployment', 'StatefulSet').map(({ metadata }) => metadata.name);
    expect(names(staging)).toEqual(names(production));
    for (const name of ['agents-api', 'streamlit-ui', 'postgres', 'neo4j']) {
      const [here, there] = [main(name, staging), main(name)].map(({ resources }) => resources.limits);
      expect(milliCpu(here.cpu) * 2).toBe(milliCpu(there.cpu));
      expect(mebibytes(here.memory) * 2).toBe(mebibytes(there.memory));
    }
  });
});

test('PHY-01 Streamlit names its pods for clients that stay with one, and its health is its own path', () => {
  expect(find(production, 'Service', 'streamlit-ui-pods').spec.clusterIP).toBe('None');
  expect(main('streamlit-ui').readinessProbe.httpGet.path).toBe('/_stcore/health');
});

test('PHY-06 MCP services are reachable from the Agents API alone, and reach nobody', () => {
  const open = reachability(production);
  expect(new Set(open.filter((way) => way.includes('→ mcp-')).map((way) => way.split(' ')[0]))).toEqual(
    new Set(['agents-api']),
  );
  expect(open.filter((way) => way.startsWith('mcp-'))).toEqual([]);
});

test('PHY-07 the ML engine keeps its models on a volume of its own', () => {
  expect(find(production, 'PersistentVolumeClaim', 'ml-models').spec.resources.requests.storage).toBe('20Gi');
  expect(main('ml-engine').volumeMounts).toContainEqual({ name: 'ml-models', mountPath: '/app/models' });
});

test('PHY-08 the task processor has five minutes to end the task in hand', () => {
  expect(find(production, 'Deployment', 'task-processor').spec.template.spec.terminationGracePeriodSeconds).toBe(300);
});

test('PHY-09 Flower asks for a password and has a route on the host of the administrators alone', () => {
  expect(variables('flower').FLOWER_BASIC_AUTH).toBe('admin:$(FLOWER_PASSWORD)');
  expect(main('flower').readinessProbe.httpGet.path).toBe('/flower/healthcheck');
  expect(variables('flower').FLOWER_PASSWORD).toBe('flower/FLOWER_PASSWORD');
  const [, ...hosts] = physics.nginxConf().split('server_name ');
  const withFlower = hosts.filter((host) => host.includes('proxy_pass http://flower'));
  expect(withFlower.map((host) => host.split(';')[0])).toEqual(['monitoring.physics-assistant.example']);
  expect(withFlower[0]).toMatch(/allow 10\.8\.0\.0\/24;\n\s+deny all;/);
});

test('PHY-10 PostgreSQL has the database and the application user of the guides', () => {
  expect(variables('agents-api').DATABASE_URL).toBe(
    'postgresql://$(PHYSICS_DB_USER):$(PHYSICS_DB_PASSWORD)@postgres:5432/physics_assistant',
  );
  const sql = find(production, 'ConfigMap', 'postgres-accounts').data?.['accounts.sql'] ?? '';
  expect(sql).toContain("select format('create database %I owner %I', 'physics_assistant', 'physics_user')");
});

test('PHY-17 the platform’s own images run as user 1001', () => {
  const users = podsOf(production)
    .filter(({ template }) => template.spec.containers[0].image.startsWith('ghcr.io/physics-assistant/'))
    .map(({ template }) => template.spec.securityContext.runAsUser);
  expect(new Set(users)).toEqual(new Set([1001]));
});

test('PHY-19 what the guides let an operator set reaches the programs by the names of the guides', () => {
  expect(variables('agents-api')).toMatchObject({
    API_HOST: '0.0.0.0',
    MAX_WORKERS: '4',
    MAX_UPLOAD_SIZE: '100MB',
    REQUEST_TIMEOUT: '300',
  });
  expect(variables('task-processor')).toMatchObject({
    WORKER_MEMORY_LIMIT: '2G',
    SMTP_HOST: 'smtp.physics-assistant.example',
    SMTP_USER: 'alerts@physics-assistant.example',
    SMTP_PASSWORD: 'smtp/SMTP_PASSWORD',
    ALERT_WEBHOOK_URL: 'alert-webhook/ALERT_WEBHOOK_URL',
  });
  const conf = physics.nginxConf();
  expect(conf).toMatch(/^worker_processes auto;$/m);
  expect(conf).toMatch(/client_max_body_size 100m;/);
  expect(conf).toMatch(/proxy_read_timeout 300s;/);
});

test('PHY-20 one figure makes a database larger: limits, tuning and the promise of memory follow', () => {
  const larger = synthesise('production', (settings) => ({
    ...settings,
    physicsAssistant: {
      ...settings.physicsAssistant,
      postgres: { cpu: '2', memory: '4Gi', storage: '100Gi' },
      neo4j: { cpu: '3', memory: '6Gi', storage: '50Gi' },
    },
  }));
  expect(main('postgres', larger).resources).toMatchObject({
    limits: { cpu: '2', memory: '4Gi' },
    requests: { memory: '4Gi' },
  });
  expect(find(larger, 'ConfigMap', 'postgres-settings').data?.['agreement.yml']).toContain('shared_buffers: 1024MB');
  expect(variables('neo4j', larger).NEO4J_server_memory_heap_max__size).toBe('3072m');
});

test('PHY-22 every client of PostgreSQL has a password of its own, and none has the owner’s', () => {
  const clients = ['agents-api', 'database-api', 'dashboard-api', 'ml-engine', 'task-processor'];
  expect(clients.map((name) => variables(name).PHYSICS_DB_PASSWORD)).toEqual(
    clients.map((name) => `postgres-${name}/password`),
  );
});

test('PHY-26 each program gets the secrets that it uses and no other', () => {
  const needed = Object.fromEntries(
    podsOf(production).map(({ owner, template }) => [
      withoutFingerprint(owner.metadata.name),
      secretsOf(containersOf(template)).sort(),
    ]),
  );
  const api = ['application/JWT_SECRET', 'application/SECRET_KEY'];
  const own = (service: string, ...databases: string[]) => databases.map((name) => `${name}-${service}/password`);
  const encryption = 'application/ENCRYPTION_KEY';
  const passphrase = 'postgres-backup/VOLUME_PASSPHRASE';
  expect(needed).toMatchObject({
    'agents-api': [encryption, ...api, ...own('agents-api', 'neo4j', 'postgres', 'redis')],
    'database-api': [encryption, ...api, ...own('database-api', 'neo4j', 'postgres', 'redis')],
    'dashboard-api': [...api, ...own('dashboard-api', 'postgres', 'redis')],
    'streamlit-ui': ['application/JWT_SECRET', 'application/SESSION_SECRET'],
    'react-dashboard': [],
    'ml-engine': own('ml-engine', 'neo4j', 'postgres', 'redis'),
    'task-processor': [
      'alert-webhook/ALERT_WEBHOOK_URL',
      encryption,
      ...own('task-processor', 'postgres', 'redis'),
      'smtp/SMTP_PASSWORD',
    ],
    flower: ['flower/FLOWER_PASSWORD', 'redis-flower/password'],
    gateway: [],
    'mcp-forces': [],
    'database-migration': ['postgres/PHYSICS_DB_PASSWORD'],
    postgres: [
      passphrase,
      ...own('monitor', 'postgres'),
      ...own('replicator', 'postgres'),
      ...own('rewind', 'postgres'),
      'postgres/POSTGRES_PASSWORD',
    ],
    'postgres-pooler': own('pooler', 'postgres'),
    'postgres-repository': [],
    'postgres-backup-full': [passphrase, ...own('pgbackrest', 'postgres')],
    neo4j: ['neo4j/NEO4J_PASSWORD'],
  });
});

test('PHY-26 ALL-02 ALL-50 the inventory has the lengths of the guides', () => {
  const rules = physics.inventory();
  expect(rules['application/JWT_SECRET']).toMatchObject({ origin: 'generated', minimum: 32 });
  expect(rules['application/ENCRYPTION_KEY']).toMatchObject({ characters: 32, exact: true });
  expect(rules['application/SESSION_SECRET']).toMatchObject({ characters: 64, exact: true });
  for (const key of [
    'postgres/POSTGRES_PASSWORD',
    'postgres/PHYSICS_DB_PASSWORD',
    'neo4j/NEO4J_PASSWORD',
    'redis/REDIS_PASSWORD',
    'application/SECRET_KEY',
    'grafana/GRAFANA_ADMIN_PASSWORD',
  ]) {
    expect(rules[key]).toMatchObject({ origin: 'generated', characters: 64 });
  }
});

test('PHY-26 JWT_SECRET and JWT_SECRET_KEY carry one value', () => {
  expect(variables('agents-api').JWT_SECRET_KEY).toBe(variables('agents-api').JWT_SECRET);
});

test('PHY-27 the APIs are asked at the documented path', () => {
  for (const name of ['agents-api', 'database-api', 'dashboard-api']) {
    expect(main(name).readinessProbe.httpGet).toEqual({ path: '/health', port: 'http' });
  }
});

test('PHY-28 domain, TLS and e-mail of the settings reach Ingress, certificate and issuer', () => {
  const hosts = ['physics-assistant.example', 'monitoring.physics-assistant.example'];
  const { spec } = find(production, 'Ingress', 'gateway');
  expect(spec.tls).toEqual([{ hosts, secretName: 'gateway-tls' }]);
  expect(find(production, 'Certificate', 'gateway').spec).toMatchObject({ dnsNames: hosts, secretName: 'gateway-tls' });
  expect(find(production, 'Issuer', 'gateway').spec.acme.email).toBe('platform@slipway.example');
  expect(find(development, 'Ingress', 'gateway').spec.tls).toBeUndefined();
});

test('PHY-29 a bucket in the settings asks for its keys, and its backups alone get them', () => {
  const objects = synthesise('production', (settings) => ({
    ...settings,
    physicsAssistant: {
      ...settings.physicsAssistant,
      backup: {
        ...settings.physicsAssistant.backup,
        destinations: [{ kind: 's3', bucket: 'physics-backups', endpoint: 'https://s3.school.edu', region: 'eu-1' }],
      },
    },
  }));
  expect(physics.inventory(objects)).toHaveProperty(['backup/S3_ACCESS_KEY_ID']);
  const users = podsOf(objects).filter(({ template }) => secretsOf(containersOf(template)).join().includes('/S3_'));
  expect([...new Set(users.map(({ owner }) => withoutFingerprint(owner.metadata.name)))].sort()).toEqual([
    ...['postgres', 'postgres-backup-begin', 'postgres-backup-check', 'postgres-backup-full'],
    ...['postgres-backup-incremental', 'postgres-backup-list', 'postgres-backup-verify'],
    ...['postgres-drill', 'postgres-restore', 'postgres-restore-scratch'],
  ]);
  expect(ofKind(objects, 'PersistentVolumeClaim').map(({ metadata }) => metadata.name)).not.toContain(
    'postgres-repository',
  );
  for (const name of ['postgres', 'postgres-backup-full']) {
    expect(find(objects, 'NetworkPolicy', name).metadata.annotations?.['slipway.dev/externals']).toContain(
      'backup-bucket s3.school.edu:443',
    );
  }
  expect(find(objects, 'StatefulSet', 'postgres').metadata.annotations).toMatchObject({
    'slipway.dev/backup-destination': 's3://physics-backups',
    'slipway.dev/backup-schedule': '0 2 * * *, 0 8,14,20 * * *',
    'slipway.dev/backup-retention-days': '30',
  });
});

test('ALL-27 every pod that uses PostgreSQL waits for the release that migrates it, and no other pod does', () => {
  const waiting = podsOf(production)
    .filter(({ template }) => containersOf(template).some(({ name }) => name === 'await-release'))
    .map(({ owner }) => owner.metadata.name);
  expect(waiting.sort()).toEqual(['agents-api', 'dashboard-api', 'database-api', 'ml-engine', 'task-processor']);
});

test('ALL-28 with External Secrets every Secret is fetched from the store, and no manifest holds a value', () => {
  const objects = synthesise('production', (settings) => ({
    ...settings,
    secrets: {
      backend: 'external-secrets',
      store: { kind: 'ClusterSecretStore', name: 'vault' },
      refreshInterval: '1h',
    },
  }));
  const fetched = ofKind(objects, 'ExternalSecret').map(({ spec }) => spec.target.name);
  const used = podsOf(objects)
    .flatMap(({ template }) => secretsOf(containersOf(template)))
    .map((key) => key.split('/')[0]);
  expect([...new Set(used)].filter((name) => !fetched.includes(name))).toEqual([]);
  expect(ofKind(objects, 'Secret')).toEqual([]);
});

test('ALL-29 ALL-30 CORS origins, environment, log level and debug are those of the environment', () => {
  expect(variables('agents-api')).toMatchObject({
    CORS_ORIGINS: 'https://physics-assistant.example',
    ENVIRONMENT: 'production',
    LOG_LEVEL: 'INFO',
    DEBUG: 'false',
  });
  expect(variables('agents-api', 'development')).toMatchObject({
    CORS_ORIGINS: 'http://physics-assistant.localhost,http://localhost:8501,http://localhost:5173',
    ENVIRONMENT: 'development',
    LOG_LEVEL: 'DEBUG',
    DEBUG: 'true',
  });
});

test('PHY-24 the quota holds all autoscalers at their maximum and a rollout of everything at once', () => {
  const { hard } = find(production, 'ResourceQuota', 'quota').spec;
  const largest = podsOf(production)
    .map(({ owner, template }) => {
      const scaler = ofKind(production, 'HorizontalPodAutoscaler').find(
        ({ metadata }) => metadata.name === owner.metadata.name,
      );
      const pods =
        owner.kind === 'Deployment'
          ? (scaler?.spec.maxReplicas ?? owner.spec.replicas) + 1
          : (owner.spec.replicas ?? 1);
      const memory = template.spec.containers.reduce(
        (sum: number, { resources }: { resources: { limits: { memory: string } } }) =>
          sum + mebibytes(resources.limits.memory),
        0,
      );
      return pods * memory;
    })
    .reduce((sum, memory) => sum + memory, 0);
  expect(mebibytes(hard['limits.memory'])).toBeGreaterThanOrEqual(largest);
  expect(mebibytes(hard['limits.memory'])).toBeLessThan(largest * 1.05);
});
