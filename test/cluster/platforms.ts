import type { PlatformName } from '../../charts/platforms';
import type { Settings } from '../../config';

/** What stands in a cluster when development is applied, read from the guides; not computed from the pages. */
export interface Expected {
  /** Pods that run when everything is ready. */
  readonly pods: number;
  /** The databases and services that each program reports in its health. */
  readonly connections: Readonly<Record<string, readonly string[]>>;
  /** Requirement, host, path; then the service that answers, and the path that it sees. */
  readonly routes: readonly (readonly [row: string, host: string, path: string, service: string, seen: string])[];
  /** Requirement, host and path of what answers with a health, and whose it is. */
  readonly health: readonly (readonly [row: string, host: string, path: string, service: string])[];
  /** Programs that a schedule starts. */
  readonly scheduled: readonly (readonly [row: string, name: string])[];
  /** Programs that wait until somebody starts them. */
  readonly onDemand: readonly (readonly [row: string, name: string])[];
  readonly database: string;
  readonly release: {
    /** Settings of another version of what migrates; none where that is no image. */
    readonly settings?: (settings: Settings, version: string) => Settings;
    /** Who waits for the migration. */
    readonly waits: readonly string[];
    /** The container of the migration that fails when it is made to, and what its log says. */
    readonly failure: { readonly container: string; readonly text: string };
    /** A page of one of them. */
    readonly page: { readonly host: string; readonly path: string };
  };
}

const mcp = ['angular-motion', 'energy', 'forces', 'kinematics', 'math', 'momentum'].map((topic) => `mcp-${topic}`);

const physicsAssistant: Expected = {
  pods: 20,
  connections: {
    'streamlit-ui': ['agents-api', 'database-api'],
    'react-dashboard': ['dashboard-api'],
    'agents-api': [...mcp, 'neo4j', 'postgres', 'redis'],
    'database-api': ['neo4j', 'postgres', 'redis'],
    'dashboard-api': ['ml-engine', 'postgres', 'redis'],
    'ml-engine': ['neo4j', 'postgres', 'redis'],
    'task-processor': ['ml-engine', 'postgres', 'redis'],
    flower: ['redis'],
    'mcp-forces': [],
    'mcp-kinematics': [],
    'mcp-math': [],
    'mcp-energy': [],
    'mcp-momentum': [],
    'mcp-angular-motion': [],
  },
  routes: [
    ['PHY-01', 'physics-assistant.localhost', '/', 'streamlit-ui', '/'],
    ['PHY-01', 'physics-assistant.localhost', '/lesson/1', 'streamlit-ui', '/lesson/1'],
    ['PHY-02', 'physics-assistant.localhost', '/dashboard/class', 'react-dashboard', '/dashboard/class'],
    ['PHY-03', 'physics-assistant.localhost', '/api/agents/v1/ask', 'agents-api', '/v1/ask'],
    ['PHY-04', 'physics-assistant.localhost', '/api/database/students', 'database-api', '/students'],
    ['PHY-05', 'physics-assistant.localhost', '/api/dashboard/progress', 'dashboard-api', '/progress'],
    ['PHY-09', 'monitoring.physics-assistant.localhost', '/flower/tasks', 'flower', '/flower/tasks'],
  ],
  health: [
    ['PHY-27', 'physics-assistant.localhost', '/api/agents/health', 'agents-api'],
    ['PHY-27', 'physics-assistant.localhost', '/api/database/health', 'database-api'],
    ['PHY-27', 'physics-assistant.localhost', '/api/dashboard/health', 'dashboard-api'],
  ],
  scheduled: [],
  onDemand: [],
  database: 'physics_assistant',
  release: {
    settings: (settings, version) => ({
      ...settings,
      physicsAssistant: {
        ...settings.physicsAssistant,
        images: { ...settings.physicsAssistant.images, 'database-api': version },
      },
    }),
    waits: ['agents-api', 'database-api', 'dashboard-api', 'ml-engine', 'task-processor'],
    failure: { container: 'migrate', text: 'release 1.1.0 was rolled back: division by zero' },
    page: { host: 'physics-assistant.localhost', path: '/api/database/students' },
  },
};

const aiGovernance: Expected = {
  pods: 8,
  connections: { frontend: [], backend: ['postgres', 'postgres-replicas', 'qdrant', 'redis'] },
  routes: [
    ['GOV-03', 'ai-governance.localhost', '/courses/1', 'frontend', '/courses/1'],
    ['GOV-18', 'www.ai-governance.localhost', '/courses/1', 'frontend', '/courses/1'],
    ['GOV-02', 'ai-governance.localhost', '/api/chat', 'backend', '/api/chat'],
    ['GOV-18', 'www.ai-governance.localhost', '/api/chat', 'backend', '/api/chat'],
  ],
  health: [
    ['GOV-03', 'ai-governance.localhost', '/', 'frontend'],
    ['GOV-18', 'www.ai-governance.localhost', '/', 'frontend'],
    ['GOV-10', 'ai-governance.localhost', '/health', 'backend'],
    ['GOV-10', 'ai-governance.localhost', '/api/admin/health', 'backend'],
  ],
  scheduled: [],
  onDemand: [['GOV-08', 'create-admin']],
  database: 'aigov',
  release: {
    settings: (settings, version) => ({
      ...settings,
      aiGovernance: { ...settings.aiGovernance, images: { ...settings.aiGovernance.images, backend: version } },
    }),
    waits: ['backend'],
    failure: { container: 'migrate', text: 'release 1.1.0 was rolled back: division by zero' },
    page: { host: 'ai-governance.localhost', path: '/api/chat' },
  },
};

const habitabilityExplorer: Expected = {
  pods: 7,
  connections: { frontend: [], backend: ['postgres', 'redis'] },
  routes: [
    ['HWO-17', 'habitability-explorer.localhost', '/static/app.js', 'frontend', '/static/app.js'],
    ['HWO-17', 'habitability-explorer.localhost', '/api/v1/planets', 'backend', '/api/v1/planets'],
    ['HWO-17', 'habitability-explorer.localhost', '/api/upload/spectrum', 'backend', '/api/upload/spectrum'],
    ['HWO-01', 'api.habitability-explorer.localhost', '/api/v1/planets', 'backend', '/api/v1/planets'],
    ['HWO-17', 'api.habitability-explorer.localhost', '/docs', 'backend', '/docs'],
  ],
  health: [
    ['HWO-12', 'habitability-explorer.localhost', '/', 'frontend'],
    ['HWO-12', 'habitability-explorer.localhost', '/health', 'backend'],
    ['HWO-12', 'api.habitability-explorer.localhost', '/health', 'backend'],
  ],
  scheduled: [['HWO-03', 'session-cleanup']],
  onDemand: [],
  database: 'hwo_db',
  release: {
    waits: ['backend'],
    failure: { container: 'schema', text: 'ERROR:  division by zero' },
    page: { host: 'habitability-explorer.localhost', path: '/api/v1/planets' },
  },
};

const personalAssistant: Expected = {
  pods: 7,
  connections: { frontend: [], api: ['postgres', 'redis'] },
  routes: [
    ['TDA-24', 'personal-assistant.localhost', '/calendar/today', 'frontend', '/calendar/today'],
    ['TDA-24', 'personal-assistant.localhost', '/api/tasks', 'api', '/api/tasks'],
  ],
  health: [
    ['TDA-24', 'personal-assistant.localhost', '/', 'frontend'],
    ['TDA-01', 'personal-assistant.localhost', '/health/overall', 'api'],
    ['TDA-18', 'personal-assistant.localhost', '/health/database', 'api'],
  ],
  scheduled: [],
  onDemand: [],
  database: 'personal_assistant_prod',
  release: {
    settings: (settings, version) => ({
      ...settings,
      personalAssistant: {
        ...settings.personalAssistant,
        images: { ...settings.personalAssistant.images, api: version },
      },
    }),
    waits: ['api'],
    failure: { container: 'migrate', text: 'release 1.1.0 was rolled back: division by zero' },
    page: { host: 'personal-assistant.localhost', path: '/api/tasks' },
  },
};

/** Every platform has one: a page without it does not compile. */
export const platforms: Readonly<Record<PlatformName, Expected>> = {
  'physics-assistant': physicsAssistant,
  'ai-governance': aiGovernance,
  'habitability-explorer': habitabilityExplorer,
  'personal-assistant': personalAssistant,
};
