import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Construct } from 'constructs';
import type { Settings } from '../config';
import { Configuration } from './blocks/configuration';
import { apiLimit, Gateway } from './blocks/gateway/gateway';
import { externalAt } from './blocks/network';
import { Platform } from './blocks/platform';
import { DatabaseTask } from './blocks/postgres/task';
import { Postgres } from './blocks/postgres/postgres';
import { bytes, wholeCores } from './blocks/quantity';
import { Redis } from './blocks/redis/redis';
import { Release } from './blocks/release';
import { Service } from './blocks/service';
import { PersistentVolume } from './blocks/volume';

/** The `hwo` schema of the guide (HWO-03). */
const schema = readFileSync(join(__dirname, 'habitability-explorer.sql'), 'utf8');

/** Connections of one worker (HWO-13). */
const pool = { size: 20, overflow: 10 };

/** The guide's postgresql.conf; `checkpoint_segments` 64 is `max_wal_size` today (HWO-04). */
const documented = {
  memory: '16Gi',
  parameters: {
    shared_buffers: '4GB',
    effective_cache_size: '16GB',
    work_mem: '64MB',
    maintenance_work_mem: '1GB',
    wal_buffers: '64MB',
    max_wal_size: '3GB',
    log_statement: 'mod',
  },
};

const archive = 'https://exoplanetarchive.ipac.caltech.edu/TAP/sync';
const jwst = 'https://jwst.nasa.gov/api/v1';

/**
 * The NASA HWO Habitability Explorer: a React frontend, an API that scores exoplanets with machine learning, PostGIS
 * and Redis, as its deployment guide describes it.
 */
export class HabitabilityExplorer extends Platform {
  constructor(scope: Construct, settings: Settings) {
    const { habitabilityExplorer: hwo } = settings;
    // The guide's user `hwo` is the first of its image: 1000 (TDA-26).
    super(scope, 'habitability-explorer', { ...settings, externals: hwo.externals, user: 1000 });
    const { backup, domain, images, registry } = hwo;
    const scheme = settings.edge.tls ? 'https' : 'http';

    // PostgreSQL with PostGIS (HWO-03, HWO-15) and Redis (HWO-05)
    const postgres = new Postgres(this, 'postgres', {
      size: hwo.postgres,
      version: hwo.postgresVersion,
      pooler: hwo.pooler,
      documented,
      database: 'hwo_db',
      owner: 'hwo_user',
      extensions: ['postgis'],
      variables: { url: 'DATABASE_URL', user: 'DB_USER', password: 'DB_PASSWORD' },
      backup,
    });
    const redis = new Redis(this, 'redis', {
      size: hwo.redis,
      variables: { url: 'REDIS_URL', password: 'REDIS_PASSWORD' },
      backup,
    });
    new Release(this, 'database-migration', { database: postgres, sql: schema });
    new DatabaseTask(this, 'session-cleanup', {
      database: postgres,
      schedule: '17 * * * *',
      sql: 'delete from hwo.user_sessions where expires_at < current_timestamp;',
    });

    // Backend: gunicorn, models and data on volumes, logs to standard output (HWO-02, HWO-18)
    const models = new PersistentVolume(this, 'models', hwo.backend.models);
    const data = new PersistentVolume(this, 'data', { ...hwo.backend.data, backup });
    // "All cores" would be those of the node: as many threads as the limit has cores (HWO-19).
    const threads = `${wholeCores(hwo.backend.cpu)}`;
    const backend = new Service(this, 'backend', {
      component: 'api',
      image: `${registry}/hwo-backend:${images.backend}`,
      port: 8000,
      size: hwo.backend,
      // The image's own command has a fixed number of workers (HWO-16).
      command: [
        'gunicorn',
        'app.main:app',
        ...['--worker-class', 'uvicorn.workers.UvicornWorker', '--bind', '0.0.0.0:8000'],
        ...['--workers', '$(WORKERS)', '--worker-connections', '$(WORKER_CONNECTIONS)', '--worker-tmp-dir', '/tmp'],
        ...['--max-requests', '$(MAX_REQUESTS)', '--max-requests-jitter', '$(MAX_REQUESTS_JITTER)'],
      ],
      healthCheck: { periodSeconds: 30, timeoutSeconds: 10, failures: 3 },
      gpu: hwo.backend.gpu,
      nodeSelector: hwo.backend.nodeSelector,
      uses: { postgres, redis },
      connections: hwo.workers * (pool.size + pool.overflow),
      variables: {
        ENVIRONMENT: settings.environment,
        LOG_LEVEL: hwo.logLevel ?? settings.logLevel,
        SECRET_KEY: this.secrets.declare('application', 'SECRET_KEY'),
        JWT_SECRET: this.secrets.declare('application', 'JWT_SECRET'),
        ENCRYPTION_KEY: this.secrets.declare('application', 'ENCRYPTION_KEY'),
        CORS_ORIGINS: JSON.stringify(hwo.corsOrigins),
        API_V1_PREFIX: '/api/v1',
        MAX_UPLOAD_SIZE: `${bytes(hwo.maxUploadSize)}`,
        CHUNK_SIZE: '8192',
        WORKERS: `${hwo.workers}`,
        WORKER_CONNECTIONS: '1000',
        MAX_REQUESTS: '1000',
        MAX_REQUESTS_JITTER: '100',
        PROMETHEUS_METRICS: 'true',
        // Pools, caches and answers (HWO-13, HWO-20)
        DATABASE_POOL_SIZE: `${pool.size}`,
        DATABASE_POOL_OVERFLOW: `${pool.overflow}`,
        DATABASE_POOL_RECYCLE: '3600',
        REDIS_CACHE_TTL: '3600',
        REDIS_MAX_CONNECTIONS: '50',
        CORS_PREFLIGHT_MAX_AGE: '86400',
        RESPONSE_COMPRESSION: 'True',
        ML_BATCH_SIZE: '1000',
        ML_N_JOBS: threads,
        OPENBLAS_NUM_THREADS: threads,
        OMP_NUM_THREADS: threads,
        // Archives of NASA and the error tracker (HWO-09)
        NASA_EXOPLANET_ARCHIVE_API: archive,
        JWST_API_ENDPOINT: jwst,
        ...(hwo.sentryHost && {
          SENTRY_DSN: this.secrets.declare('sentry', 'SENTRY_DSN', { origin: 'provided', minimum: 16, optional: true }),
        }),
      },
      mounts: [models.at('/app/models', { readOnly: true }), data.at('/app/data')],
      externals: [
        externalAt('nasa-exoplanet-archive', archive),
        externalAt('jwst', jwst),
        ...(hwo.sentryHost ? [externalAt('sentry', `https://${hwo.sentryHost}`)] : []),
      ],
    });

    // Frontend: built once, told at run time where its API is; CI builds with the same REACT_APP_API_URL (HWO-01)
    const runtime = new Configuration(this, 'frontend-configuration', {
      'runtime.js': `window.REACT_APP_API_URL = '${scheme}://api.${domain}';\n`,
    });
    const frontend = new Service(this, 'frontend', {
      component: 'frontend',
      image: `${registry}/hwo-frontend:${images.frontend}`,
      port: 8080,
      size: hwo.frontend,
      healthPath: '/',
      healthCheck: { periodSeconds: 30, timeoutSeconds: 3, failures: 3 },
      metricsPath: false,
      variables: { NODE_ENV: 'production' },
      mounts: [runtime.at('/usr/share/nginx/html/config')],
    });

    // Nginx proxy: the application and, on a host of its own, the API with unchanged paths (HWO-12, HWO-17)
    const uploads = { perSecond: 1, burst: 5 };
    const api = `api.${domain}`;
    new Gateway(this, 'gateway', {
      size: hwo.gateway,
      domain,
      edge: settings.edge,
      workerProcesses: 'auto',
      maxBodySize: hwo.maxUploadSize,
      timeoutSeconds: 300,
      routes: [
        { path: '/', to: frontend },
        { path: '/health', to: backend },
        { path: '/api', to: backend, limit: apiLimit },
        { path: '/api/upload', to: backend, limit: uploads },
        { host: api, path: '/', to: backend, limit: apiLimit },
        { host: api, path: '/api/upload', to: backend, limit: uploads },
      ],
    });
  }
}
