import { request } from './client';
import { developmentUp, places } from './development';
import { platforms } from './platforms';
import { inside, json, kubectl, node, running, slipway } from './support';

jest.setTimeout(900_000);

const healthOf = `
  const { port, health } = JSON.parse(process.env.REHEARSAL);
  fetch('http://127.0.0.1:' + port + health[0]).then(async (answer) => console.log(await answer.text()));
`;

interface Health {
  readonly service: string;
  readonly status: string;
  readonly connections: Readonly<Record<string, { readonly status: string }>>;
}

interface Inventory {
  readonly secrets: readonly {
    readonly name: string;
    readonly keys: readonly { readonly key: string; readonly characters: number; readonly origin: string }[];
  }[];
}

beforeAll(developmentUp);

describe.each(places)('$platform, applied together with all others', ({ platform, namespace, objects }) => {
  const expected = platforms[platform];

  test('ALL-01 every pod runs', async () => {
    expect(await running(namespace)).toHaveLength(expected.pods);
  });

  test('ALL-02 every generated secret of the inventory exists, at its length', async () => {
    const text = objects.find(({ metadata }) => metadata.name === 'secret-inventory')?.data?.['inventory.json'];
    const { secrets } = JSON.parse(text ?? '') as Inventory;
    const generated = secrets.flatMap(({ name, keys }) =>
      keys.filter(({ origin }) => origin === 'generated').map((rules) => ({ name, ...rules })),
    );
    expect(generated).not.toEqual([]);
    for (const { name, key, characters } of generated) {
      const { data } = await json<{ data: Record<string, string> }>('get', 'secret', name, '-n', namespace);
      expect(Buffer.from(data[key] ?? '', 'base64').toString()).toMatch(new RegExp(`^[0-9a-f]{${characters}}$`));
    }
  });

  test.each(Object.entries(expected.connections))('ALL-07 %s reports its connections, each up', async (name, uses) => {
    const { service, status, connections } = JSON.parse(
      await node(namespace, `deployment/${name}`, healthOf),
    ) as Health;
    expect([service, status]).toEqual([name, 'up']);
    expect(Object.keys(connections).sort()).toEqual(uses);
    expect(Object.values(connections).filter((connection) => connection.status !== 'up')).toEqual([]);
  });

  test.each(expected.routes)('%s http://%s%s reaches %s as %s', async (_row, host, path, service, seen) => {
    const { status, body } = await request(namespace, host, path);
    expect([status, JSON.parse(body)]).toEqual([200, expect.objectContaining({ service, path: seen })]);
  });

  test.each(expected.health)('%s http://%s%s is the health of %s', async (_row, host, path, service) => {
    const { status, body } = await request(namespace, host, path);
    expect([status, JSON.parse(body)]).toEqual([200, expect.objectContaining({ service, status: 'up' })]);
  });

  test('an unknown host gets nothing', async () => {
    expect((await request(namespace, 'somebody.else', '/')).status).toBe(404);
  });

  test('metrics of PostgreSQL and Redis are served where their pods declare them', async () => {
    expect([await metricInside('postgres-0', 9187), await metricInside('redis-0', 9121)]).toEqual([
      'pg_up 1',
      'redis_up 1',
    ]);
  });

  if (expected.scheduled.length > 0) {
    test.each(expected.scheduled)('%s a run of %s ends well', async (_row, name) => {
      const job = `${name}-by-hand`;
      await kubectl('create', 'job', job, `--from=cronjob/${name}`, '-n', namespace);
      try {
        await kubectl('wait', '--for=condition=Complete', `job/${job}`, '-n', namespace, '--timeout=90s');
      } finally {
        await kubectl('delete', 'job', job, '-n', namespace);
      }
    });
  }

  if (expected.onDemand.length > 0) {
    test.each(expected.onDemand)('%s `slipway run %s` ends well', async (_row, name) => {
      const { stderr } = await slipway('run', name, '--env', 'development');
      expect(stderr).toMatch(new RegExp(`^job/${name}-\\S+ ended with 0`, 'm'));
    });
  }

  /** A metric as a neighbour in the pod sees it. */
  const metricInside = (pod: string, port: number): Promise<string> => {
    const get = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; grep -aE '^(pg|redis)_up ' <&3`;
    return inside(namespace, pod, 'server', 'bash', '-c', get);
  };
});
