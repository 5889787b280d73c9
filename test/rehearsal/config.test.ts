import { closeAll, run } from './support';
import { readConfig } from '../../charts/blocks/rehearsal/server/config.js';

const read = (declared: object, environment = {}) =>
  readConfig({ REHEARSAL: JSON.stringify(declared), ...environment });

afterEach(closeAll);

describe('REHEARSAL', () => {
  test('names variables; the values come from the environment', () => {
    const connections = [
      { name: 'neo4j', kind: 'bolt', url: 'NEO4J_URI', user: 'NEO4J_USER', password: 'NEO4J_PASSWORD' },
    ];
    const environment = { NEO4J_URI: 'bolt://neo4j:7687', NEO4J_USER: 'neo4j', NEO4J_PASSWORD: 'pencil' };
    const { config, problems } = read({ name: 'agents-api', port: 8000, connections }, environment);
    expect(problems).toEqual([]);
    expect(config.connections).toEqual([
      { name: 'neo4j', kind: 'bolt', url: 'bolt://neo4j:7687', user: 'neo4j', password: 'pencil' },
    ]);
  });

  test('may leave out everything but the name and a port', () => {
    expect(read({ name: 'ui', port: 8501 })).toEqual({
      config: { name: 'ui', port: 8501, health: ['/health'], connections: [] },
      problems: [],
    });
  });

  test('of a worker has no port but the one of its metrics', () => {
    expect(read({ name: 'celery', metricsPort: 9808 }).config).toMatchObject({
      metricsPort: 9808,
      metrics: '/metrics',
    });
  });

  test.each([
    ['nothing', undefined, 'expected REHEARSAL to be set, got nothing'],
    ['not JSON', '{name', 'expected REHEARSAL to be JSON, got something that does not parse'],
    ['a list', '[]', 'expected REHEARSAL to be a JSON object'],
  ])('that is %s is refused', (_what, value, problem) => {
    expect(readConfig({ REHEARSAL: value }).problems).toEqual([problem]);
  });

  test('is refused with a line for every problem, all at once, and exit code 64', async () => {
    const connections = [
      { name: 'postgres', kind: 'postgres', url: 'DATABASE_URL' },
      { name: 'queue', kind: 'amqp', url: 'QUEUE_URL' },
    ];
    const REHEARSAL = JSON.stringify({ port: 80_000, health: ['health'], connections });
    const { code, stdout, stderr } = await run('server.js', { REHEARSAL, QUEUE_URL: 'amqp://queue' }).ended;
    expect(stderr).toMatchInlineSnapshot(`
      "expected REHEARSAL.name to be a name, got nothing
      expected REHEARSAL.port to be a port from 1 to 65535, got 80000
      expected REHEARSAL.health to be a list of paths, got ["health"]
      expected DATABASE_URL to be set: it is the url of connection \`postgres\`, got nothing
      expected REHEARSAL.connections[1].kind to be one of postgres, bolt, redis, http, got "amqp"
      "
    `);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  });
});
