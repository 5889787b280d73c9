import { folders, manifestsOf, podsOf } from '../support/manifests';
import { physicsAssistant } from '../support/matrix';
import { client, clientNamespace, request, startClient, websocketEcho } from './client';
import { json, kubectl, list, node, ready, remove, requireCluster } from './support';

jest.setTimeout(600_000);

const namespace = 'physics-assistant-development';
const objects = manifestsOf(folders.development);

/** The databases and services of every program, read from the guides; not computed from the page. */
const connections: Record<string, string[]> = {
  'deployment/streamlit-ui': ['agents-api', 'database-api'],
  'deployment/react-dashboard': ['dashboard-api'],
  'deployment/agents-api': [
    'mcp-angular-motion',
    'mcp-energy',
    'mcp-forces',
    'mcp-kinematics',
    'mcp-math',
    'mcp-momentum',
    'neo4j',
    'postgres',
    'redis',
  ],
  'deployment/database-api': ['neo4j', 'postgres', 'redis'],
  'deployment/dashboard-api': ['ml-engine', 'postgres', 'redis'],
  'deployment/ml-engine': ['neo4j', 'postgres', 'redis'],
  'deployment/task-processor': ['ml-engine', 'postgres', 'redis'],
  'deployment/flower': ['redis'],
  'deployment/mcp-forces': [],
  'deployment/mcp-kinematics': [],
  'deployment/mcp-math': [],
  'deployment/mcp-energy': [],
  'deployment/mcp-momentum': [],
  'deployment/mcp-angular-motion': [],
};

const ask = `
  const { port, health } = JSON.parse(process.env.REHEARSAL);
  fetch('http://127.0.0.1:' + port + health[0]).then(async (answer) => console.log(await answer.text()));
`;

beforeAll(async () => {
  await requireCluster();
  await remove(namespace);
  // As a user does it, on a cluster that knows nothing of the platform: no secret is there yet.
  await kubectl('apply', '-f', folders.development);
  await ready(namespace, 420);
  await startClient();
});
afterAll(async () => {
  await remove(namespace);
  await remove(clientNamespace);
});

test('ALL-01 the whole platform is ready after one apply on an empty cluster', async () => {
  const pods = await list('pods', namespace);
  const running = pods.filter(({ status }) => (status as { phase: string }).phase === 'Running');
  expect(running).toHaveLength(18);
});

test('ALL-02 every secret of the inventory exists, at its length, and only the optional ones are missing', async () => {
  const { secrets } = JSON.parse(
    objects.find(({ metadata }) => metadata.name === 'secret-inventory')?.data?.['inventory.json'] ?? '',
  ) as { secrets: { name: string; keys: { key: string; characters: number; optional: boolean }[] }[] };
  for (const { name, keys } of secrets.filter(({ keys }) => keys.some(({ optional }) => !optional))) {
    const { data } = await json<{ data: Record<string, string> }>('get', 'secret', name, '-n', namespace);
    for (const { key, characters } of keys) {
      expect(Buffer.from(data[key] ?? '', 'base64').toString()).toMatch(new RegExp(`^[0-9a-f]{${characters}}$`));
    }
  }
});

test.each(Object.entries(connections))('PHY-27 %s reports each of its connections up', async (target, expected) => {
  const answer = JSON.parse(await node(namespace, target, ask)) as {
    status: string;
    connections: Record<string, { status: string }>;
  };
  expect(answer.status).toBe('up');
  expect(Object.keys(answer.connections).sort()).toEqual(expected);
  expect(Object.values(answer.connections).filter(({ status }) => status !== 'up')).toEqual([]);
});

describe('through the gateway', () => {
  test.each([
    ['PHY-01', 'localhost', '/', 'streamlit-ui', '/'],
    ['PHY-01', 'localhost', '/lesson/1', 'streamlit-ui', '/lesson/1'],
    ['PHY-02', 'localhost', '/dashboard/class', 'react-dashboard', '/dashboard/class'],
    ['PHY-03', 'localhost', '/api/agents/v1/ask', 'agents-api', '/v1/ask'],
    ['PHY-04', 'localhost', '/api/database/students', 'database-api', '/students'],
    ['PHY-05', 'localhost', '/api/dashboard/progress', 'dashboard-api', '/progress'],
    ['PHY-09', 'monitoring.localhost', '/flower/tasks', 'flower', '/flower/tasks'],
  ])('%s http://%s%s reaches %s as %s', async (_row, host, path, service, seen) => {
    const { status, body } = await request(host, path);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ service, path: seen });
  });

  test('PHY-09 Flower is not on the public host', async () => {
    const { body } = await request('localhost', '/flower/tasks');
    expect(JSON.parse(body)).toMatchObject({ service: 'streamlit-ui' });
  });

  test('PHY-01 a websocket reaches Streamlit', async () => {
    expect(await websocketEcho('localhost', '/_stcore/stream', 'hello')).toBe('hello');
  });

  test('an unknown host gets nothing', async () => {
    expect((await request('somebody.else', '/')).status).toBe(404);
  });
});

describe('policies enforced', () => {
  interface Target {
    readonly name: string;
    readonly address: string;
    readonly port: number;
  }
  /** Where every pod listens, by address: no name is needed, so a pod without DNS can be asked too. */
  const targets = async (): Promise<Target[]> => {
    const addresses = new Map(
      (await list('pods', namespace)).map(({ metadata, status }) => [
        metadata.labels?.['app.kubernetes.io/name'] ?? '',
        (status as { podIP: string }).podIP,
      ]),
    );
    return podsOf(objects)
      .filter(({ owner }) => owner.kind !== 'Job')
      .flatMap(({ owner, template }) =>
        template.spec.containers.flatMap(({ ports = [] }: { ports?: { containerPort: number }[] }) =>
          ports.map(({ containerPort }) => ({
            name: owner.metadata.name,
            address: addresses.get(owner.metadata.name) ?? '',
            port: containerPort,
          })),
        ),
      );
  };

  /** Tries every target at once and prints those that answer. */
  const tryAll = `
    const net = require('node:net');
    for (const { name, address, port } of JSON.parse(process.argv[1])) {
      const socket = net.connect({ host: address, port });
      const end = setTimeout(() => socket.destroy(), 3000);
      socket.on('connect', () => { console.log(name + ':' + port); clearTimeout(end); socket.destroy(); });
      socket.on('error', () => clearTimeout(end));
    }
  `;
  const opened = async (space: string, target: string, where: readonly Target[]): Promise<string[]> =>
    (await node(space, target, tryAll, JSON.stringify(where))).split('\n').filter(Boolean).sort();

  test.each(Object.keys(connections))('PHY-13 ALL-10 %s opens its own connections and no other', async (target) => {
    const name = target.split('/')[1] ?? '';
    const others = (await targets()).filter((other) => other.name !== name);
    const expected = physicsAssistant.filter((way) => way.startsWith(`${name} → `)).map((way) => way.split('→ ')[1]);
    expect(await opened(namespace, target, others)).toEqual(expected.sort());
  });

  test('PHY-13 the database tier opens no connection', async () => {
    const [agents] = (await targets()).filter(({ name }) => name === 'agents-api');
    const attempt = `timeout 3 bash -c '</dev/tcp/${agents?.address}/${agents?.port}' 2> /dev/null && echo open || echo closed`;
    for (const pod of ['postgres-0', 'neo4j-0']) {
      expect(await kubectl('exec', '-n', namespace, pod, '-c', 'server', '--', 'bash', '-c', attempt)).toBe('closed');
    }
  });

  test('ALL-10 from the ingress controller’s namespace only the gateway answers, from another nothing', async () => {
    const everything = await targets();
    expect(await opened(clientNamespace, client, everything)).toEqual(['gateway:8080']);
    await startClient('default');
    expect(await opened('default', client, everything)).toEqual([]);
    await kubectl('delete', client, '-n', 'default', '--wait=false');
  });
});

describe('the databases', () => {
  const psql = (...args: string[]) =>
    kubectl('exec', '-n', namespace, 'postgres-0', '-c', 'server', '--', 'psql', '-XAtq', '-U', 'postgres', ...args);
  const sql = (text: string) => psql('-d', 'physics_assistant', '-c', text);

  test('PHY-22 every service has a database role of its own, a member of physics_user', async () => {
    const members = await sql(
      `select string_agg(m.rolname, ' ' order by m.rolname) from pg_auth_members a
       join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid where g.rolname = 'physics_user'`,
    );
    expect(members).toBe('agents_api dashboard_api database_api ml_engine task_processor');
  });

  test('PHY-22 a service logs in as itself, and what it makes belongs to physics_user', async () => {
    const script = `
      const { Postgres } = require('/rehearsal/postgres.js');
      (async () => {
        const db = await Postgres.connect({ url: process.env.DATABASE_URL }, AbortSignal.timeout(5000));
        await db.query('create table if not exists owned (id int)');
        const rows = await db.query("select session_user, current_user, tableowner from pg_tables where tablename = 'owned'");
        await db.query('drop table owned');
        console.log(JSON.stringify(rows[0])); db.close();
      })();`;
    expect(JSON.parse(await node(namespace, 'deployment/agents-api', script))).toEqual([
      'agents_api',
      'physics_user',
      'physics_user',
    ]);
  });

  test('PHY-10 ALL-13 PostgreSQL runs with the tuning of its memory', async () => {
    expect(await sql('show shared_buffers')).toBe('128MB');
    const prefix = await sql("select '«' || current_setting('log_line_prefix') || '»'");
    expect(prefix).toBe('«%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h »');
    expect(await sql("select extname from pg_extension where extname = 'pg_stat_statements'")).toBe(
      'pg_stat_statements',
    );
  });

  test('PHY-11 Neo4j runs with heap and page cache of its memory, and a user for every client', async () => {
    const shell = `NEO4J_USERNAME=neo4j NEO4J_PASSWORD="$INITIAL_PASSWORD" cypher-shell -d system --format plain`;
    const cypher = (text: string) =>
      kubectl('exec', '-n', namespace, 'neo4j-0', '-c', 'server', '--', 'bash', '-c', `echo '${text}' | ${shell}`);
    expect(await cypher('SHOW USERS YIELD user ORDER BY user;')).toBe(
      'user\n"agents_api"\n"database_api"\n"ml_engine"\n"neo4j"',
    );
    const heap = await cypher('SHOW SETTINGS "server.memory.heap.max_size" YIELD value;');
    expect(heap).toContain('256');
  });

  test('PHY-12 ALL-15 Redis knows every client, keeps what it is given, and no client may empty it', async () => {
    const script = `
      const net = require('node:net');
      const { username, password, hostname, port } = new URL(process.env.REDIS_URL);
      const socket = net.connect(Number(port), hostname);
      socket.write('AUTH ' + username + ' ' + password + '\\r\\nSET kept yes\\r\\nFLUSHALL\\r\\nCONFIG GET maxmemory\\r\\nQUIT\\r\\n');
      socket.pipe(process.stdout);`;
    const answer = (await node(namespace, 'deployment/agents-api', script)).split('\r\n');
    expect(answer.slice(0, 4)).toEqual([
      '+OK',
      '+OK',
      expect.stringContaining('-NOPERM'),
      expect.stringContaining('-NOPERM'),
    ]);
  });

  test('metrics of PostgreSQL and Redis are served where their pods declare them', async () => {
    expect([...(await metricsInside('postgres-0', 9187)), ...(await metricsInside('redis-0', 9121))]).toEqual([
      'pg_up 1',
      'redis_up 1',
    ]);
  });

  test('PHY-18 what is stored outlives the pods', async () => {
    await sql("create table kept as select 'yes' as answer");
    await kubectl(
      'exec',
      '-n',
      namespace,
      'redis-0',
      '-c',
      'server',
      '--',
      'sh',
      '-c',
      'REDISCLI_AUTH=$REDIS_PASSWORD redis-cli set outlives yes',
    );
    await kubectl('delete', 'pod', 'postgres-0', 'redis-0', '-n', namespace);
    await ready(namespace, 180);
    expect(await sql('select answer from kept')).toBe('yes');
    const value = await kubectl(
      'exec',
      '-n',
      namespace,
      'redis-0',
      '-c',
      'server',
      '--',
      'sh',
      '-c',
      'REDISCLI_AUTH=$REDIS_PASSWORD redis-cli get outlives',
    );
    expect(value).toBe('yes');
  });
});

/** A pod's metrics as its neighbour in the pod sees them. */
async function metricsInside(pod: string, port: number): Promise<string[]> {
  const fetch = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; grep -aE '^(pg|redis)_up ' <&3`;
  return (await kubectl('exec', '-n', namespace, pod, '-c', 'server', '--', 'bash', '-c', fetch)).split('\n');
}
