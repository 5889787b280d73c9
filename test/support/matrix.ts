import type { PlatformName } from '../../charts/platforms';
import type { Environment } from './manifests';

/** Who may reach whom, read from the diagrams and tables of the guides; not computed from the pages. */
export interface Matrix {
  /** `from → to:port`, the same in every environment. */
  readonly connections: readonly string[];
  /** Who leaves the namespace for what: `from → name host:port`; `*` is a host that only a Secret knows. */
  readonly leaves: Readonly<Record<Environment, readonly string[]>>;
}

/** Takes backups from the members, one at a time under a lock of the primary (ALL-16). */
const backupJobs = ['begin', 'check', 'full', 'incremental', 'list', 'verify'].map((kind) => `postgres-backup-${kind}`);

/** A database's own parts: members among themselves, its pooler, the Jobs of its roles and settings (ALL-12, TDA-04). */
export const postgresParts = [
  'postgres → postgres:5432',
  'postgres → postgres:8008',
  'postgres-pooler → postgres:5432',
  'postgres-accounts → postgres:5432',
  'postgres-settings → postgres:8008',
  // Weekly maintenance (ALL-14)
  'postgres-vacuum → postgres:5432',
  'postgres-reindex → postgres:5432',
  // Write-ahead log → the volume of backups; Jobs → the data of a member, and its lock
  'postgres → postgres-repository:8432',
  // Restores and drills ← the volume of backups; over the live database, with Patroni's help
  ...['postgres-restore', 'postgres-restore-scratch', 'postgres-drill'].flatMap((job) => [
    `${job} → postgres-repository:8432`,
    `${job} → postgres:5432`,
  ]),
  'postgres-restore → postgres:8008',
  ...backupJobs.flatMap((job) => [`${job} → postgres:8432`, `${job} → postgres:5432`]),
];

export const physicsAssistant = [
  // Nginx load balancer → frontend tier, API tier; Flower for administrators
  'gateway → streamlit-ui:8501',
  'gateway → react-dashboard:5173',
  'gateway → agents-api:8000',
  'gateway → database-api:8001',
  'gateway → dashboard-api:8002',
  'gateway → flower:5555',
  // Frontend tier → API tier
  'streamlit-ui → agents-api:8000',
  'streamlit-ui → database-api:8001',
  'react-dashboard → dashboard-api:8002',
  // Agents API → MCP services tier
  'agents-api → mcp-forces:8010',
  'agents-api → mcp-kinematics:8010',
  'agents-api → mcp-math:8010',
  'agents-api → mcp-energy:8010',
  'agents-api → mcp-momentum:8010',
  'agents-api → mcp-angular-motion:8010',
  // API tier → database tier
  'agents-api → postgres-pooler:6432',
  'agents-api → neo4j:7687',
  'agents-api → redis:6379',
  'database-api → postgres-pooler:6432',
  'database-api → neo4j:7687',
  'database-api → redis:6379',
  'dashboard-api → postgres-pooler:6432',
  'dashboard-api → redis:6379',
  'dashboard-api → ml-engine:8003',
  // Analytics → database tier
  'ml-engine → postgres-pooler:6432',
  'ml-engine → neo4j:7687',
  'ml-engine → redis:6379',
  'task-processor → postgres-pooler:6432',
  'task-processor → redis:6379',
  'task-processor → ml-engine:8003',
  'flower → redis:6379',
  // Jobs of a release
  'database-migration → postgres:5432',
  ...postgresParts,
  'neo4j-accounts → neo4j:7687',
];

/** Notifications of the task processor; development has no mail server (PHY-19). */
const notifications = [
  'task-processor → smtp smtp.physics-assistant.example:587',
  'task-processor → alert-webhook *:443',
];

const aiGovernance = [
  // Nginx → frontend, backend
  'gateway → frontend:8080',
  'gateway → backend:8000',
  // Backend → PostgreSQL, Redis, Qdrant
  'backend → postgres-pooler:6432',
  'backend → redis:6379',
  'backend → qdrant:6333',
  // scripts/init_db.py, scripts/create_admin.py
  'database-migration → postgres:5432',
  'create-admin → postgres-pooler:6432',
  ...postgresParts,
];
const languageModels = ['backend → groq api.groq.com:443'];

const habitabilityExplorer = [
  // Nginx → frontend, backend
  'gateway → frontend:8080',
  'gateway → backend:8000',
  // Backend → PostgreSQL with PostGIS, Redis
  'backend → postgres-pooler:6432',
  'backend → redis:6379',
  // init.sql, and the sessions that expire
  'database-migration → postgres:5432',
  'session-cleanup → postgres-pooler:6432',
  ...postgresParts,
];
const archives = [
  'backend → nasa-exoplanet-archive exoplanetarchive.ipac.caltech.edu:443',
  'backend → jwst jwst.nasa.gov:443',
];
/** Errors are sent from where others use it. */
const errors = 'backend → sentry ingest.sentry.io:443';

const personalAssistant = [
  // Load balancers → frontends, API instances
  'gateway → frontend:8080',
  'gateway → api:8000',
  // API → data layer
  'api → postgres-pooler:6432',
  'api → redis:6379',
  // alembic upgrade head
  'database-migration → postgres:5432',
  ...postgresParts,
];
/** "External Services" of the diagram; Google and Microsoft give tokens at hosts of their own. */
const externalServices = [
  'api → twilio api.twilio.com:443',
  'api → google www.googleapis.com:443',
  'api → google-login oauth2.googleapis.com:443',
  'api → microsoft-graph graph.microsoft.com:443',
  'api → microsoft-login login.microsoftonline.com:443',
  'api → notion api.notion.com:443',
];

const everywhere = (leaves: readonly string[]): Matrix['leaves'] => ({
  production: leaves,
  staging: leaves,
  development: leaves,
});

/** Every platform has one: a page without it does not compile. */
export const matrix: Readonly<Record<PlatformName, Matrix>> = {
  'physics-assistant': {
    connections: physicsAssistant,
    leaves: { production: notifications, staging: notifications, development: [] },
  },
  'ai-governance': { connections: aiGovernance, leaves: everywhere(languageModels) },
  'habitability-explorer': {
    connections: habitabilityExplorer,
    leaves: { ...everywhere([...archives, errors]), development: archives },
  },
  'personal-assistant': { connections: personalAssistant, leaves: everywhere(externalServices) },
};

/** Addresses that are never "the Internet": private networks, and link-local with the metadata services of clouds. */
export const privateAddresses = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'];

/** Who calls the API server, and nobody else: who keeps the state of a database, and who makes random secrets (ALL-02). */
const patroni = ['postgres', 'postgres-settings', 'postgres-restore'];
const callers: Readonly<Record<Environment, readonly string[]>> = {
  production: patroni,
  staging: patroni,
  development: [...patroni, 'disposable-secrets'],
};

/** The API server answers at private addresses. */
export const apiServer = {
  leaves: (environment: Environment): string[] =>
    callers[environment].flatMap((from) =>
      [443, 6443].map((port) => `${from} → api-server-${port} kubernetes.default:${port}`),
    ),
  addresses: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
};
