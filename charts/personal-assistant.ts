import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Construct } from 'constructs';
import type { Settings } from '../config';
import { Configuration } from './blocks/configuration';
import { apiLimit, Gateway } from './blocks/gateway/gateway';
import type { Variables } from './blocks/environment';
import type { External } from './blocks/network';
import { Platform } from './blocks/platform';
import { Postgres } from './blocks/postgres/postgres';
import { Redis } from './blocks/redis/redis';
import { Release } from './blocks/release';
import { Service } from './blocks/service';

/** The indexes of the guide, made while the application serves (TDA-25). */
const indexes = readFileSync(join(__dirname, 'personal-assistant.sql'), 'utf8');

/**
 * The Personal Assistant TDAH: a frontend and an API that talks to calendars, mail and telephones, with PostgreSQL and
 * Redis, as its deployment guide describes it.
 */
export class PersonalAssistant extends Platform {
  constructor(scope: Construct, settings: Settings) {
    const { personalAssistant: assistant } = settings;
    super(scope, 'personal-assistant', { ...settings, externals: assistant.externals, user: 1000 });
    const { backup, domain, images, registry } = assistant;

    // PostgreSQL with the users of the guide (TDA-04, TDA-05, TDA-23), Redis for caches and sessions (TDA-06).
    // The guide names no variables for host, database and user: these are ours.
    const postgres = new Postgres(this, 'postgres', {
      size: assistant.postgres,
      version: assistant.postgresVersion,
      pooler: assistant.pooler,
      documented,
      database: 'personal_assistant_prod',
      owner: 'personal_assistant_owner',
      users: { application: 'app_user', replication: 'replica_user', backup: 'backup_user' },
      variables: { url: 'DATABASE_URL', user: 'DB_USER', password: 'DB_PASSWORD' },
      backup,
    });
    const redis = new Redis(this, 'redis', {
      size: assistant.redis,
      variables: { url: 'REDIS_URL', password: 'REDIS_PASSWORD' },
      backup,
    });
    const apiImage = `${registry}/api:${images.api}`;
    // What the API is told, and alembic too, which the guide runs inside it (TDA-11, TDA-20)
    const common: Variables = {
      ENVIRONMENT: settings.environment,
      DEBUG: `${settings.debug}`,
      LOG_LEVEL: assistant.logLevel ?? settings.logLevel,
      JWT_SECRET_KEY: this.secrets.declare('application', 'JWT_SECRET_KEY', { minimum: 64 }),
      ENCRYPTION_KEY: this.secrets.declare('application', 'ENCRYPTION_KEY', { characters: 32, exact: true }),
      SESSION_SECRET: this.secrets.declare('application', 'SESSION_SECRET'),
    };
    new Release(this, 'database-migration', {
      database: postgres,
      program: {
        image: apiImage,
        command: ['python', '-m', 'alembic', 'upgrade', 'head'],
        size: { cpu: '500m', memory: '256Mi' },
        variables: common,
        rehearsal: tables,
      },
      sql: indexes,
    });

    // What the application reads from files: roles and permissions (TDA-10), lifetimes of cached things (TDA-15)
    const configuration = new Configuration(this, 'api-configuration', {
      'rbac.yaml': {
        rbac: {
          default_role: 'user',
          admin_roles: ['admin', 'super_admin'],
          permissions: [
            ...['read:users', 'write:users', 'delete:users'],
            ...['read:analytics', 'write:analytics', 'admin:system'],
          ],
        },
      },
      'cache.yaml': {
        cache_ttl: { user_profile: 3600, oauth_tokens: 1800, sms_routing: 7200, analytics: 300 },
        cache_invalidation: {
          user_update: ['user_profile'],
          oauth_refresh: ['oauth_tokens'],
          sms_config: ['sms_routing'],
        },
      },
    });

    // API instances (TDA-02, TDA-14, TDA-24)
    const api = new Service(this, 'api', {
      component: 'api',
      image: apiImage,
      port: 8000,
      size: assistant.api,
      healthPath: '/health/overall',
      otherHealthPaths: ['/health/database', '/health/database/performance'],
      metricsPath: assistant.metricsPath,
      uses: { postgres, redis },
      connections: assistant.workers * (pool.size + pool.overflow),
      variables: {
        ...common,
        CORS_ORIGINS: assistant.corsOrigins.join(','),
        // Redis of this release speaks without TLS.
        REDIS_SSL: 'false',
        DB_SSL_MODE: 'verify-full',
        DB_SSL_CERT: '/app/ssl/client-cert.pem',
        DB_SSL_KEY: '/app/ssl/client-key.pem',
        DB_SSL_ROOT_CERT: '/app/ssl/ca-cert.pem',
        // Pools (TDA-16)
        DB_POOL_SIZE: `${pool.size}`,
        DB_MAX_OVERFLOW: `${pool.overflow}`,
        DB_POOL_TIMEOUT: '30',
        DB_POOL_RECYCLE: '3600',
        DB_POOL_PRE_PING: 'true',
        REDIS_MAX_CONNECTIONS: '100',
        REDIS_RETRY_ON_TIMEOUT: 'true',
        REDIS_SOCKET_KEEPALIVE: 'true',
        REDIS_SOCKET_KEEPALIVE_OPTIONS: '{}',
        // Server (TDA-21)
        WORKERS: `${assistant.workers}`,
        WORKER_CLASS: 'uvicorn.workers.UvicornWorker',
        WORKER_CONNECTIONS: '1000',
        MAX_REQUESTS: '1000',
        MAX_REQUESTS_JITTER: '100',
        // External services (TDA-08): without its key a service is not used. The names of the keys are ours.
        TWILIO_AUTH_TOKEN: this.secrets.declare('twilio', 'TWILIO_AUTH_TOKEN', provided),
        GOOGLE_CLIENT_SECRET: this.secrets.declare('google', 'GOOGLE_CLIENT_SECRET', provided),
        MICROSOFT_CLIENT_SECRET: this.secrets.declare('microsoft', 'MICROSOFT_CLIENT_SECRET', provided),
        NOTION_API_KEY: this.secrets.declare('notion', 'NOTION_API_KEY', provided),
      },
      mounts: [configuration.at('/app/config')],
      externals: [...twilio, ...google, ...microsoft, ...notion],
    });
    const frontend = new Service(this, 'frontend', {
      component: 'frontend',
      image: `${registry}/frontend:${images.frontend}`,
      port: 8080,
      size: assistant.frontend,
      healthPath: '/',
      metricsPath: false,
    });

    // Load balancers (TDA-01, TDA-24, TDA-28). The guide's diagram names the frontends, its configuration the API:
    // the frontends have `/`, the API its health and a prefix of ours.
    new Gateway(this, 'gateway', {
      size: assistant.gateway,
      domain,
      edge: settings.edge,
      workerProcesses: 'auto',
      maxBodySize: assistant.maxUploadSize,
      timeoutSeconds: 50,
      routes: [
        { path: '/', to: frontend },
        { path: '/health', to: api },
        { path: '/api', to: api, limit: apiLimit },
      ],
    });
  }
}

/** Connections of one worker (TDA-16). */
const pool = { size: 20, overflow: 30 };

/** The guide's postgresql.conf (TDA-22). */
const documented = {
  memory: '16Gi',
  parameters: {
    shared_buffers: '4GB',
    effective_cache_size: '12GB',
    maintenance_work_mem: '512MB',
    work_mem: '64MB',
    checkpoint_completion_target: '0.9',
    wal_buffers: '16MB',
    default_statistics_target: '100',
    random_page_cost: '1.1',
    effective_io_concurrency: '200',
  },
};

/** Keys that others give us; the platform starts without them. */
const provided = { origin: 'provided', minimum: 16, optional: true } as const;

const https = (name: string, host: string): External => ({ name, host, port: 443 });
const twilio = [https('twilio', 'api.twilio.com')];
const google = [https('google', 'www.googleapis.com'), https('google-login', 'oauth2.googleapis.com')];
const microsoft = [
  https('microsoft-graph', 'graph.microsoft.com'),
  https('microsoft-login', 'login.microsoftonline.com'),
];
const notion = [https('notion', 'api.notion.com')];

/** In a rehearsal nobody runs alembic: the tables that the indexes are for, as far as they need them. */
const tables = `
create table if not exists users (id bigserial primary key, email text, phone_number text);
create table if not exists conversation_states (id bigserial primary key, user_id bigint);
create table if not exists conversation_messages (id bigserial primary key, conversation_id bigint, timestamp timestamptz);
`;
