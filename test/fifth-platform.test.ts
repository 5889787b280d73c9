import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from 'cdk8s';
import type { Construct } from 'constructs';
import { Gateway } from '../charts/blocks/gateway/gateway';
import { folderOf, synthesise } from '../charts/blocks/output';
import { Platform } from '../charts/blocks/platform';
import { Postgres } from '../charts/blocks/postgres/postgres';
import { Redis } from '../charts/blocks/redis/redis';
import { DisposableSecrets } from '../charts/blocks/rehearsal/disposable-secrets';
import { Release } from '../charts/blocks/release';
import { Service } from '../charts/blocks/service';
import { Task } from '../charts/blocks/task';
import { Worker } from '../charts/blocks/worker';
import { addPlatforms, platformNames } from '../charts/platforms';
import { allSettings, type Settings } from '../config';
import { environments, filesOf, manifestsIn, manifestsOf, ofKind, type Environment } from './support/manifests';
import { postgresParts } from './support/matrix';
import { admissions, entrances, exits, reachability } from './support/reachability';
import { requests } from './support/requests';
import { everyObjectObeysTheRules } from './support/rules';

/** A platform without a guide, from the blocks alone: what somebody would write who adds one. */
class ReadingRoom extends Platform {
  constructor(scope: Construct, settings: Settings) {
    super(scope, 'reading-room', settings);
    const backup = {
      schedule: '0 3 * * *',
      incremental: '0 9 * * *',
      retentionDays: 30,
      destinations: [{ kind: 'volume', storage: '20Gi' }],
    } as const;
    const replicas = settings.highAvailability ? { min: 2, max: 3 } : { min: 1, max: 1 };
    const size = { cpu: '250m', memory: '128Mi', replicas };
    const image = 'ghcr.io/reading-room/catalogue:3.1.4';
    const common = { LOG_LEVEL: settings.logLevel, CARD_SECRET: this.secrets.declare('application', 'CARD_SECRET') };

    const postgres = new Postgres(this, 'postgres', {
      size: { cpu: '500m', memory: '512Mi', storage: '5Gi' },
      pooler: { ...size, poolSize: 20 },
      database: 'reading_room',
      owner: 'librarian',
      variables: { url: 'DATABASE_URL', user: 'DB_USER', password: 'DB_PASSWORD' },
      backup,
    });
    const redis = new Redis(this, 'redis', {
      size: { cpu: '250m', memory: '128Mi', storage: '1Gi' },
      variables: { url: 'REDIS_URL', password: 'REDIS_PASSWORD' },
      backup,
    });
    new Release(this, 'database-migration', { database: postgres, program: { image, command: ['migrate'], size } });
    const uses = { postgres, redis };
    const catalogue = new Service(this, 'catalogue', {
      ...{ component: 'api', image, port: 8000, size, uses, variables: common },
    });
    new Worker(this, 'indexer', {
      ...{ component: 'analytics', image, size, uses, variables: common, calls: [catalogue] },
      metrics: { port: 9808, path: '/metrics' },
      healthCommand: ['indexer', 'ping'],
    });
    new Task(this, 'late-notices', {
      ...{ component: 'batch', image, size, uses: { postgres }, variables: common },
      command: ['late-notices', '--send'],
      schedule: '0 6 * * 1',
      externals: [{ name: 'mail', host: 'smtp.reading-room.example', port: 587 }],
    });
    new Gateway(this, 'gateway', {
      size,
      domain: `${settings.environment}.reading-room.example`,
      edge: settings.edge,
      workerProcesses: 'auto',
      maxBodySize: '10Mi',
      timeoutSeconds: 60,
      routes: [{ path: '/', to: catalogue }],
    });
  }
}

const folder = mkdtempSync(join(tmpdir(), 'slipway-fifth-'));
const outdir = join(folder, 'dist');
afterAll(() => rmSync(folder, { recursive: true }));

synthesise(outdir, allSettings(), (app: App, settings) => {
  addPlatforms(app, settings);
  const room = new ReadingRoom(app, settings);
  if (settings.secrets.backend === 'disposable') new DisposableSecrets(room);
});
const folderAt = (environment: Environment) => join(outdir, folderOf(environment));
const roomAt = (environment: Environment) => manifestsIn(join(folderAt(environment), 'reading-room.k8s.yaml'));

describe.each(environments)('a fifth platform in %s', (environment) => {
  const objects = roomAt(environment);

  everyObjectObeysTheRules(objects);

  test('ALL-01 a fifth platform stands in a file of its own beside the others', () => {
    const files = [...platformNames, 'reading-room'].map((name) => `${name}.k8s.yaml`);
    expect(filesOf(folderAt(environment))).toEqual(files.sort());
  });

  test('ALL-10 exactly what a fifth platform declares is open', () => {
    expect(reachability(objects)).toEqual(
      [
        'gateway → catalogue:8000',
        'catalogue → postgres-pooler:6432',
        'catalogue → redis:6379',
        'indexer → catalogue:8000',
        'indexer → postgres-pooler:6432',
        'indexer → redis:6379',
        'late-notices → postgres-pooler:6432',
        'database-migration → postgres:5432',
        ...postgresParts,
      ].sort(),
    );
    expect(entrances(objects)).toContain('ingress-nginx ⇒ gateway:8080');
    expect(
      exits(objects).filter((way) => !/^(disposable-secrets|postgres(-settings|-restore)?) ⇒ [\d./]+:6?443$/.test(way)),
    ).toEqual(['late-notices ⇒ the Internet:587']);
  });

  test('ALL-10 no platform admits a fifth one, nor it them', () => {
    const all = manifestsOf(folderAt(environment));
    expect(ofKind(all, 'Namespace')).toHaveLength(platformNames.length + 1);
    expect(admissions(all)).toEqual([]);
  });

  test('ALL-09 what faces the users of a fifth platform runs once on a laptop, else twice or more', () => {
    const bounds = ofKind(objects, 'HorizontalPodAutoscaler').map(({ spec }) => spec.minReplicas);
    expect(bounds).toEqual(environment === 'development' ? [] : [2, 2, 2, 2]);
  });
});

test('ALL-01 a fifth platform fits a laptop in development', () => {
  const objects = roomAt('development');
  expect(requests(objects).cpu).toBeLessThanOrEqual(2000);
  expect(requests(objects).memory).toBeLessThanOrEqual(4 * 1024);
});
