import http from 'node:http';
import { Maker } from './secrets-api';
import { closeAll, freePort, listen, run } from './support';

const maker = new Maker('physics-assistant');

const generated = { key: 'password', origin: 'generated', characters: 64, minimum: 32, exact: false, optional: false };
const optional = { ...generated, key: 'api-key', origin: 'provided', optional: true };
const provided = { ...optional, key: 'password', characters: 0, minimum: 16, optional: false };
type Call = {
  url: string | undefined;
  authorization: string | undefined;
  body: { metadata: { name: string }; stringData: { password: string } };
};
type Answer = { status: number; message?: string };

/** A server that stands for the API: `answer` decides on each secret. */
function api(answer: (name: string, value: string) => Answer) {
  const calls: Call[] = [];
  const server = http.createServer(async (request, response) => {
    const body: Call['body'] = JSON.parse((await request.setEncoding('utf8').toArray()).join(''));
    calls.push({ url: `${request.method} ${request.url}`, authorization: request.headers.authorization, body });
    const { status, message } = answer(body.metadata.name, body.stringData.password);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'Status', message }));
  });
  return { calls, server };
}

const create = (secrets: object[], port: number) => maker.run({ secrets }, port);

afterEach(closeAll);
afterAll(() => maker.remove());

describe('secrets.js', () => {
  test('creates a secret with random values for the keys that are needed, and leaves optional ones out', async () => {
    const { calls, server } = api(() => ({ status: 201 }));
    const other = { name: 'redis', keys: [{ ...generated, characters: 33 }] };
    const secrets = [{ name: 'postgres', keys: [generated, optional] }, { name: 'openai', keys: [optional] }, other];
    const { code, stdout, stderr } = await create(secrets, await listen(server));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(calls).toEqual([
      {
        url: 'POST /api/v1/namespaces/physics-assistant/secrets',
        authorization: 'Bearer a-token',
        body: {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'postgres', labels: { 'app.kubernetes.io/managed-by': 'slipway' } },
          type: 'Opaque',
          stringData: { password: expect.stringMatching(/^[0-9a-f]{64}$/) },
        },
      },
      expect.objectContaining({
        body: expect.objectContaining({ stringData: { password: expect.stringMatching(/^[0-9a-f]{33}$/) } }),
      }),
    ]);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toMatchObject([
      { event: 'created', secret: 'postgres' },
      { event: 'created', secret: 'redis' },
    ]);
    for (const { body } of calls) expect(stdout).not.toContain(body.stringData.password);
  });

  test('GOV-09 gives a key of somebody else’s service a random value, for the programs to start', async () => {
    const { calls, server } = api(() => ({ status: 201 }));
    const { code } = await create([{ name: 'groq', keys: [provided] }], await listen(server));
    expect(code).toBe(0);
    expect(calls[0]?.body.stringData.password).toMatch(/^[0-9a-f]{16}$/);
  });

  test('keeps a secret that exists', async () => {
    const { server } = api(() => ({ status: 409, message: 'secrets "postgres" already exists' }));
    const { code, stdout, stderr } = await create([{ name: 'postgres', keys: [generated] }], await listen(server));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('"event":"kept","secret":"postgres"');
  });

  test('goes on after a refusal, repeats it without any value, and leaves with 1', async () => {
    const { calls, server } = api((name, value) =>
      name === 'postgres' ? { status: 403, message: `forbidden: quota, not ${value} nor a-token` } : { status: 201 },
    );
    const secrets = ['postgres', 'redis'].map((name) => ({ name, keys: [generated] }));
    const { code, stdout, stderr } = await create(secrets, await listen(server));
    expect(code).toBe(1);
    expect(stderr).toBe('secret postgres was not created: HTTP 403: forbidden: quota, not *** nor ***\n');
    expect(stdout).toContain('"event":"created","secret":"redis"');
    expect(calls).toHaveLength(2);
  });

  test('waits for an API server that cannot be reached yet', async () => {
    const { calls, server } = api(() => ({ status: 201 }));
    const port = await freePort();
    const ended = create([{ name: 'postgres', keys: [generated] }], port);
    await new Promise((resolve) => setTimeout(resolve, 400));
    server.listen(port, '127.0.0.1');
    expect((await ended).code).toBe(0);
    expect(calls).toHaveLength(1);
    server.close();
  });

  test('says what is missing', async () => {
    expect(await run('secrets.js', {}).ended).toMatchObject({
      code: 64,
      stderr: 'expected INVENTORY to name a file, got nothing\n',
    });
  });
});
