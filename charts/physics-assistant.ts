import type { Construct } from 'constructs';
import type { Settings } from '../config';
import { apiLimit, Gateway } from './blocks/gateway/gateway';
import { Neo4j } from './blocks/neo4j/neo4j';
import { Platform } from './blocks/platform';
import { Postgres } from './blocks/postgres/postgres';
import { Redis } from './blocks/redis/redis';
import { Release } from './blocks/release';
import { Service } from './blocks/service';
import { PersistentVolume } from './blocks/volume';
import { Worker } from './blocks/worker';

/**
 * The Physics Assistant: tutoring, machine learning and a knowledge graph, as its two deployment guides describe it.
 * Read from the databases up to the gateway; whoever uses or calls another is connected to it, and nobody else is.
 */
export class PhysicsAssistant extends Platform {
  constructor(scope: Construct, settings: Settings) {
    const { physicsAssistant: physics, programs } = settings;
    super(scope, 'physics-assistant', { ...settings, externals: physics.externals });
    const image = (name: keyof typeof physics.images) => `${physics.registry}/${name}:${physics.images[name]}`;

    // Secrets that services share by declaration (PHY-26); everything else is each service's own (PHY-22).
    const jwt = this.secrets.declare('application', 'JWT_SECRET');
    const session = this.secrets.declare('application', 'SESSION_SECRET', { characters: 64, exact: true });
    const encryption = this.secrets.declare('application', 'ENCRYPTION_KEY', { characters: 32, exact: true });
    const secretKey = this.secrets.declare('application', 'SECRET_KEY');
    this.secrets.declare('grafana', 'GRAFANA_ADMIN_PASSWORD');

    // What every program of the platform is told (ALL-01, ALL-29, ALL-30, PHY-19).
    const common = {
      ENVIRONMENT: settings.environment,
      LOG_LEVEL: physics.logLevel ?? settings.logLevel,
      DEBUG: `${settings.debug}`,
    };
    const api = {
      ...common,
      API_HOST: '0.0.0.0',
      CORS_ORIGINS: physics.corsOrigins.join(','),
      MAX_WORKERS: `${physics.maxWorkers}`,
      MAX_UPLOAD_SIZE: physics.maxUploadSize.replace('i', 'B'),
      REQUEST_TIMEOUT: `${physics.requestTimeoutSeconds}`,
      JWT_SECRET: jwt,
      JWT_SECRET_KEY: jwt,
      SECRET_KEY: secretKey,
    };

    // Database tier (PHY-10 … 12)
    const postgres = new Postgres(this, 'postgres', {
      size: physics.postgres,
      version: physics.postgresVersion,
      pooler: physics.pooler,
      database: 'physics_assistant',
      owner: 'physics_user',
      variables: { url: 'DATABASE_URL', user: 'PHYSICS_DB_USER', password: 'PHYSICS_DB_PASSWORD' },
      backup: physics.backup,
    });
    const neo4j = new Neo4j(this, 'neo4j', {
      size: physics.neo4j,
      variables: { uri: 'NEO4J_URI', user: 'NEO4J_USER', password: 'NEO4J_PASSWORD' },
      backup: physics.backup,
    });
    const redis = new Redis(this, 'redis', {
      size: physics.redis,
      variables: { url: 'REDIS_URL', password: 'REDIS_PASSWORD' },
      backup: physics.backup,
    });
    new Release(this, 'database-migration', {
      database: postgres,
      program: {
        image: image('database-api'),
        command: ['alembic', 'upgrade', 'head'],
        size: { cpu: '500m', memory: '256Mi' },
      },
    });

    // MCP services: six from one description, reachable from the Agents API alone (PHY-06). The guides name no port.
    const mcp = (topic: 'forces' | 'kinematics' | 'math' | 'energy' | 'momentum' | 'angular-motion') =>
      new Service(this, `mcp-${topic}`, {
        component: 'mcp',
        image: image(`mcp-${topic}`),
        port: 8010,
        size: physics.mcp[topic === 'angular-motion' ? 'angularMotion' : topic],
        variables: common,
      });
    const mcpServices = [
      mcp('forces'),
      mcp('kinematics'),
      mcp('math'),
      mcp('energy'),
      mcp('momentum'),
      mcp('angular-motion'),
    ];

    // Analytics: ML engine with its models, task processor, Flower (PHY-07 … 09)
    const models = new PersistentVolume(this, 'ml-models', physics.mlEngine.models);
    const mlEngine = new Service(this, 'ml-engine', {
      component: 'analytics',
      image: image('ml-engine'),
      port: 8003,
      size: physics.mlEngine,
      uses: { postgres, neo4j, redis },
      variables: { ...common, MODELS_DIR: '/app/models' },
      mounts: [models.at('/app/models')],
    });
    new Worker(this, 'task-processor', {
      component: 'analytics',
      image: image('task-processor'),
      size: physics.taskProcessor,
      uses: { postgres, redis },
      calls: [mlEngine],
      metrics: { port: 9808, path: '/metrics' },
      healthCommand: ['sh', '-c', 'celery inspect ping --destination "celery@$HOSTNAME"'],
      variables: {
        ...common,
        CELERY_BROKER_URL: '$(REDIS_URL)',
        CELERY_RESULT_BACKEND: '$(REDIS_URL)',
        MAX_WORKERS: `${physics.maxWorkers}`,
        WORKER_MEMORY_LIMIT: physics.taskProcessor.memory.replace(/i$/, ''),
        ENCRYPTION_KEY: encryption,
        ALERT_WEBHOOK_URL: this.secrets.declare('alert-webhook', 'ALERT_WEBHOOK_URL', provided),
        ...(physics.smtp && {
          SMTP_HOST: physics.smtp.host,
          SMTP_PORT: `${physics.smtp.port}`,
          SMTP_USER: physics.smtp.user,
          SMTP_PASSWORD: this.secrets.declare('smtp', 'SMTP_PASSWORD', provided),
        }),
      },
      externals: physics.smtp ? [{ name: 'smtp', host: physics.smtp.host, port: physics.smtp.port }, webhook] : [],
    });
    const flower = new Service(this, 'flower', {
      component: 'analytics',
      image: programs.flower,
      port: 5555,
      size: physics.flower,
      // Its prefix stands before all its paths.
      healthPath: '/flower/healthcheck',
      metricsPath: '/flower/metrics',
      uses: { redis },
      variables: {
        CELERY_BROKER_URL: '$(REDIS_URL)',
        FLOWER_URL_PREFIX: 'flower',
        FLOWER_PASSWORD: this.secrets.declare('flower', 'FLOWER_PASSWORD'),
        FLOWER_BASIC_AUTH: 'admin:$(FLOWER_PASSWORD)',
      },
    });

    // API tier (PHY-03 … 05)
    const agentsApi = new Service(this, 'agents-api', {
      component: 'api',
      image: image('agents-api'),
      port: 8000,
      size: physics.agentsApi,
      uses: { postgres, neo4j, redis },
      calls: mcpServices,
      variables: { ...api, ENCRYPTION_KEY: encryption },
    });
    const databaseApi = new Service(this, 'database-api', {
      component: 'api',
      image: image('database-api'),
      port: 8001,
      size: physics.databaseApi,
      uses: { postgres, neo4j, redis },
      variables: { ...api, ENCRYPTION_KEY: encryption },
    });
    const dashboardApi = new Service(this, 'dashboard-api', {
      component: 'api',
      image: image('dashboard-api'),
      port: 8002,
      size: physics.dashboardApi,
      uses: { postgres, redis },
      calls: [mlEngine],
      variables: api,
    });

    // Frontend tier (PHY-01, PHY-02). Streamlit keeps sessions in its process: a student stays with one pod.
    const streamlitUi = new Service(this, 'streamlit-ui', {
      component: 'frontend',
      image: image('streamlit-ui'),
      port: 8501,
      size: physics.streamlitUi,
      healthPath: '/_stcore/health',
      sticky: true,
      calls: [agentsApi, databaseApi],
      variables: { ...common, SESSION_SECRET: session, JWT_SECRET: jwt, JWT_SECRET_KEY: jwt },
    });
    const reactDashboard = new Service(this, 'react-dashboard', {
      component: 'frontend',
      image: image('react-dashboard'),
      port: 5173,
      size: physics.reactDashboard,
      healthPath: '/dashboard/',
      calls: [dashboardApi],
      variables: common,
    });

    // Nginx load balancer. The guides name `/` and `/dashboard`; the prefixes of the APIs are ours.
    const hidden = physics.apiDocumentation ? [] : ['docs', 'redoc', 'openapi.json'];
    new Gateway(this, 'gateway', {
      size: physics.gateway,
      domain: physics.domain,
      edge: settings.edge,
      workerProcesses: physics.nginxWorkerProcesses,
      maxBodySize: physics.maxUploadSize,
      timeoutSeconds: physics.requestTimeoutSeconds,
      routes: [
        { path: '/', to: streamlitUi },
        { path: '/dashboard', to: reactDashboard },
        { path: '/api/agents', to: agentsApi, strip: true, limit: apiLimit, hidden },
        { path: '/api/database', to: databaseApi, strip: true, limit: apiLimit, hidden },
        { path: '/api/dashboard', to: dashboardApi, strip: true, limit: apiLimit, hidden },
        { host: `monitoring.${physics.domain}`, path: '/flower', to: flower, administratorsOnly: true },
      ],
    });
  }
}

/** Keys that others give us; the platform starts without them. */
const provided = { origin: 'provided', minimum: 8, optional: true } as const;

/** Chat alerts go to a public service by HTTPS. */
const webhook = { name: 'alert-webhook', port: 443 };
