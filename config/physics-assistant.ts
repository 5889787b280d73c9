import { z } from 'zod';
import { count, host, memory, name, port, scaledSize, size, storedSize, tag, volume } from './figures';
import { platform } from './platform';

/** The images the Physics Assistant's own teams build; each has a tag of its own. */
export const physicsAssistantImages = [
  'streamlit-ui',
  'react-dashboard',
  'agents-api',
  'database-api',
  'dashboard-api',
  'mcp-forces',
  'mcp-kinematics',
  'mcp-math',
  'mcp-energy',
  'mcp-momentum',
  'mcp-angular-motion',
  'ml-engine',
  'task-processor',
] as const;

/** Settings of the Physics Assistant. The guides' tables are the production figures (PHY-01 … 12, PHY-19). */
export const physicsAssistant = platform.extend({
  images: z.record(z.enum(physicsAssistantImages), tag),
  streamlitUi: scaledSize,
  reactDashboard: scaledSize,
  agentsApi: scaledSize,
  databaseApi: scaledSize,
  dashboardApi: scaledSize,
  mcp: z.strictObject({
    forces: scaledSize,
    kinematics: scaledSize,
    math: scaledSize,
    energy: scaledSize,
    momentum: scaledSize,
    angularMotion: scaledSize,
  }),
  mlEngine: scaledSize.extend({ models: volume }),
  taskProcessor: scaledSize,
  flower: size,
  gateway: scaledSize,
  postgres: storedSize,
  neo4j: storedSize,
  redis: storedSize,
  /** PHY-19, by the names of the guides. */
  maxWorkers: count,
  maxUploadSize: memory,
  requestTimeoutSeconds: count,
  nginxWorkerProcesses: z.union([z.literal('auto'), count], 'to be `auto` or a whole number'),
  /** Mail server of notifications; absent: no mail leaves the platform. */
  smtp: z.strictObject({ host, port, user: name }).optional(),
  /** PHY-31: `/docs` of the APIs through the edge. */
  apiDocumentation: z.boolean(),
});
