import { request, websocketEcho } from './client';
import { developmentUp, placeOf, sql as sqlOf } from './development';
import { inside, kubectl, node, ready } from './support';

jest.setTimeout(900_000);

const { namespace } = placeOf('physics-assistant');
const host = 'physics-assistant.localhost';
const sql = (text: string) => sqlOf('physics-assistant', text);
const ask = (pod: string, program: string, script: string) => inside(namespace, pod, 'server', program, '-c', script);

beforeAll(developmentUp);

describe('through the gateway', () => {
  test('PHY-09 Flower is not on the public host', async () => {
    const { body } = await request(namespace, host, '/flower/tasks');
    expect(JSON.parse(body)).toMatchObject({ service: 'streamlit-ui' });
  });

  test('PHY-01 a websocket reaches Streamlit', async () => {
    expect(await websocketEcho(namespace, host, '/_stcore/stream', 'hello')).toBe('hello');
  });
});

describe('the databases', () => {
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
    const cypher = (text: string) => ask('neo4j-0', 'bash', `echo '${text}' | ${shell}`);
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

  test('PHY-18 what is stored outlives the pods', async () => {
    const redis = (command: string) => ask('redis-0', 'sh', `REDISCLI_AUTH=$REDIS_PASSWORD redis-cli ${command}`);
    await sql('drop table if exists outlives');
    await sql("create table outlives as select 'yes' as answer");
    await redis('set outlives yes');
    await kubectl('delete', 'pod', 'postgres-0', 'redis-0', '-n', namespace);
    await ready(namespace, 180);
    expect([await sql('select answer from outlives'), await redis('get outlives')]).toEqual(['yes', 'yes']);
    await Promise.all([sql('drop table outlives'), redis('del outlives')]);
  });
});
