/** Who may reach whom, read from the diagrams of the guides; not computed from the page. */
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
  'agents-api → postgres:5432',
  'agents-api → neo4j:7687',
  'agents-api → redis:6379',
  'database-api → postgres:5432',
  'database-api → neo4j:7687',
  'database-api → redis:6379',
  'dashboard-api → postgres:5432',
  'dashboard-api → redis:6379',
  'dashboard-api → ml-engine:8003',
  // Analytics → database tier
  'ml-engine → postgres:5432',
  'ml-engine → neo4j:7687',
  'ml-engine → redis:6379',
  'task-processor → postgres:5432',
  'task-processor → redis:6379',
  'task-processor → ml-engine:8003',
  'flower → redis:6379',
  // Jobs of a release
  'database-migration → postgres:5432',
  'postgres-accounts → postgres:5432',
  'neo4j-accounts → neo4j:7687',
];
