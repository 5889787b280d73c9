import type { Construct } from 'constructs';
import { governanceFigures, type Settings } from '../config';
import { apiLimit, Gateway } from './blocks/gateway/gateway';
import type { Mount } from './blocks/container';
import type { Variables } from './blocks/environment';
import { externalAt, type External } from './blocks/network';
import { Platform } from './blocks/platform';
import { Postgres } from './blocks/postgres/postgres';
import { Qdrant } from './blocks/qdrant/qdrant';
import { bytes } from './blocks/quantity';
import { Redis } from './blocks/redis/redis';
import { Release } from './blocks/release';
import { Service } from './blocks/service';
import { Task } from './blocks/task';
import { PersistentVolume } from './blocks/volume';

/**
 * The AI Governance Literacy Platform: a React frontend, a FastAPI backend that answers from documents, PostgreSQL,
 * Qdrant and Redis, for 1,000 users or for 10,000 and more, as its deployment guide describes it.
 */
export class AiGovernance extends Platform {
  constructor(scope: Construct, settings: Settings) {
    const { aiGovernance: governance } = settings;
    super(scope, 'ai-governance', { ...settings, externals: governance.externals });
    const { backup, domain, images, registry } = governance;
    const size = governanceFigures(governance.size);

    // Database (GOV-04, GOV-15), caches and sessions (GOV-07, GOV-14, GOV-19), vectors (GOV-06).
    // The guide names no variables for the replicas of its database: these are ours.
    const postgres = new Postgres(this, 'postgres', {
      size: size.postgres,
      version: governance.postgresVersion,
      pooler: governance.pooler,
      maxConnections: 100,
      database: 'aigov',
      owner: 'aigov_user',
      variables: { url: 'DATABASE_URL', user: 'DB_USER', password: 'DB_PASSWORD' },
      readVariables: { url: 'DATABASE_REPLICA_URL', user: 'DB_REPLICA_USER', password: 'DB_REPLICA_PASSWORD' },
      backup,
    });
    const redis = new Redis(this, 'redis', {
      size: size.redis,
      variables: { url: 'REDIS_URL', password: 'REDIS_PASSWORD' },
      backup,
    });
    const qdrant = new Qdrant(this, 'qdrant', {
      server: governance.qdrant,
      size: size.qdrant,
      variables: { url: 'QDRANT_URL', apiKey: 'QDRANT_API_KEY' },
      backup,
    });

    // What the backend is told, and its scripts too, which the guide runs inside it (GOV-08, GOV-09, ALL-30)
    const variables: Variables = {
      ENVIRONMENT: settings.environment,
      LOG_LEVEL: governance.logLevel ?? settings.logLevel,
      SECRET_KEY: this.secrets.declare('application', 'SECRET_KEY'),
      ALGORITHM: 'HS256',
      ACCESS_TOKEN_EXPIRE_MINUTES: `${governance.accessTokenExpireMinutes}`,
      CORS_ORIGINS: governance.corsOrigins.join(','),
    };
    const backendImage = `${registry}/backend:${images.backend}`;

    // `scripts/init_db.py` before every release, `scripts/create_admin.py` by hand, once (GOV-08)
    new Release(this, 'database-migration', {
      database: postgres,
      program: {
        image: backendImage,
        command: ['python', 'scripts/init_db.py'],
        size: { cpu: '500m', memory: '256Mi' },
        variables,
      },
    });
    new Task(this, 'create-admin', {
      component: 'release',
      image: backendImage,
      command: ['python', 'scripts/create_admin.py'],
      size: { cpu: '500m', memory: '256Mi' },
      uses: { postgres },
      connections: 1,
      variables,
      onDemand: true,
      interactive: true,
    });

    // Backend (GOV-02, GOV-10); uvicorn reads its number of workers from WEB_CONCURRENCY
    const documents = this.documents(governance.documents, backup);
    const backend = new Service(this, 'backend', {
      component: 'api',
      image: backendImage,
      port: 8000,
      size: size.backend,
      otherHealthPaths: ['/api/admin/health'],
      uses: { postgres, replicas: postgres.replicas, redis, qdrant },
      variables: {
        ...variables,
        WEB_CONCURRENCY: `${governance.uvicornWorkers}`,
        MAX_UPLOAD_SIZE: `${bytes(governance.maxUploadSize)}`,
        GROQ_API_KEY: this.secrets.declare('groq', 'GROQ_API_KEY', { origin: 'provided', minimum: 16 }),
        ...documents.variables,
      },
      mounts: documents.mounts,
      externals: [groq, ...documents.externals],
    });

    // Frontend: static files that a CDN may keep (GOV-03). The guide names no port; nobody's process is root.
    const frontend = new Service(this, 'frontend', {
      component: 'frontend',
      image: `${registry}/frontend:${images.frontend}`,
      port: 8080,
      size: size.frontend,
      healthPath: '/',
      metricsPath: false,
    });

    // Nginx: the domain and its `www.` are one site (GOV-18); tokens are stateless, any backend will do (GOV-14)
    new Gateway(this, 'gateway', {
      size: governance.gateway,
      domain,
      aliases: [`www.${domain}`],
      edge: settings.edge,
      workerProcesses: 'auto',
      maxBodySize: governance.maxUploadSize,
      timeoutSeconds: 300,
      routes: [
        { path: '/', to: frontend },
        { path: '/api', to: backend, limit: apiLimit },
        { path: '/health', to: backend, limit: apiLimit },
      ],
    });
  }

  /** Uploaded documents on a volume that all backends share, or in a bucket (GOV-16). The variables' names are ours. */
  private documents(
    where: Settings['aiGovernance']['documents'],
    backup: Settings['aiGovernance']['backup'],
  ): { variables: Variables; mounts: readonly Mount[]; externals: readonly External[] } {
    if (where.kind === 'volume') {
      const volume = new PersistentVolume(this, 'documents', { ...where, backup });
      return { variables: { UPLOAD_DIR: '/app/uploads' }, mounts: [volume.at('/app/uploads')], externals: [] };
    }
    const key = (name: string) => this.secrets.declare('documents', name, { origin: 'provided', minimum: 16 });
    return {
      variables: {
        S3_BUCKET: where.bucket,
        S3_ENDPOINT: where.endpoint,
        S3_REGION: where.region,
        S3_ACCESS_KEY_ID: key('S3_ACCESS_KEY_ID'),
        S3_SECRET_ACCESS_KEY: key('S3_SECRET_ACCESS_KEY'),
      },
      mounts: [],
      externals: [externalAt('documents', where.endpoint)],
    };
  }
}

/** The language models that the backend asks. */
const groq: External = { name: 'groq', host: 'api.groq.com', port: 443 };
