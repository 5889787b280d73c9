import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, writeKubeconfig } from './api-server';
import { Session } from './session';

const dist = join('test', 'ops', 'fixtures', 'dist');
let session: Session;
let server: ApiServer;
let kubeconfig: string;

beforeAll(() => {
  session = new Session();
});
afterAll(() => session.stop());
beforeEach(async () => {
  server = new ApiServer();
  kubeconfig = await server.start();
  server.namespaces.add('physics-assistant');
});
afterEach(() => server.stop());

const generate = (path: string, ...options: string[]) =>
  session.run({
    args: ['secrets', 'generate', '--platform', 'physics-assistant', '--dist', dist, ...options],
    kubeconfig: path,
  });
// In the words of the real server; test/cluster/secrets.test.ts holds them against it.
const forbidden = (verb: string, resource: string) => ({
  kind: 'Status',
  code: 403,
  message: `${resource} is forbidden: User "eve" cannot ${verb} resource "${resource}" in API group "" in the namespace "physics-assistant"`,
});

test('a cluster that cannot be reached', async () => {
  expect(await generate(writeKubeconfig('https://127.0.0.1:1'))).toEqual({
    exitCode: 69,
    stdout: '',
    stderr:
      'expected a cluster at https://127.0.0.1:1 (context test), got ECONNREFUSED: check KUBECONFIG and --context',
  });
});

test('a kubeconfig that is not there', async () => {
  expect(await generate('/nowhere/kubeconfig')).toEqual({
    exitCode: 69,
    stdout: '',
    stderr: 'expected a kubeconfig at /nowhere/kubeconfig, got ENOENT: check KUBECONFIG',
  });
});

test('a kubeconfig that cannot be read is not quoted', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'slipway-')), 'kubeconfig');
  writeFileSync(path, 'users: [{ token: hush-hush }');
  expect(await generate(path)).toEqual({
    exitCode: 69,
    stdout: '',
    stderr: `expected a kubeconfig at ${path}, got a file that is none: check KUBECONFIG`,
  });
});

test('an unknown context lists the known ones', async () => {
  expect(await generate(kubeconfig, '--context', 'prod')).toEqual({
    exitCode: 64,
    stdout: '',
    stderr: `expected \`--context\` to be one of test, got prod (${kubeconfig})`,
  });
});

test('a create that is not permitted', async () => {
  server.intercept = (method) => (method === 'POST' ? [403, forbidden('create', 'secrets')] : undefined);
  const { exitCode, stderr } = await generate(kubeconfig);
  expect(exitCode).toBe(77);
  expect(stderr.split('\n').slice(1)).toEqual([
    'expected permission to create secrets in namespace physics-assistant (context test), got 403 Forbidden: ' +
      'ask for a role that allows it, then see kubectl auth can-i create secrets -n physics-assistant',
  ]);
});

test('a read that is not permitted', async () => {
  server.intercept = (_method, path) => (path.includes('/secrets/') ? [403, forbidden('get', 'secrets')] : undefined);
  expect(await generate(kubeconfig)).toEqual({
    exitCode: 77,
    stdout: '',
    stderr:
      'expected permission to get secrets in namespace physics-assistant (context test), got 403 Forbidden: ' +
      'ask for a role that allows it, then see kubectl auth can-i get secrets -n physics-assistant',
  });
});

test('who may not look at namespaces may still fill them', async () => {
  server.intercept = (_method, path) => (path.includes('/secrets') ? undefined : [403, forbidden('get', 'namespaces')]);
  expect(await generate(kubeconfig)).toMatchObject({ exitCode: 0 });
});

test('a login that has run out', async () => {
  server.intercept = () => [401, { kind: 'Status', code: 401, message: 'Unauthorized' }];
  const { exitCode, stderr } = await generate(kubeconfig);
  expect(exitCode).toBe(77);
  expect(stderr).toMatch(
    /^expected credentials that http:\S+ accepts \(context test\), got 401 Unauthorized: log in again$/,
  );
});

test('a namespace that is missing is never created', async () => {
  server.namespaces.clear();
  expect(await generate(kubeconfig)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `expected namespace physics-assistant, got none: apply dist first (kubectl apply -f ${dist})`,
  });
  expect(server.log).toEqual(['GET /api/v1/namespaces/physics-assistant']);
});

test('a namespace that is missing is named even to who may not look at namespaces', async () => {
  server.namespaces.clear();
  server.intercept = (_method, path) => (path.includes('/secrets') ? undefined : [403, forbidden('get', 'namespaces')]);
  const { exitCode, stderr } = await generate(kubeconfig);
  expect(exitCode).toBe(1);
  expect(stderr.split('\n').slice(1)).toEqual([
    'expected namespace physics-assistant, got none: apply dist first (kubectl apply -f dist)',
  ]);
});

test('a secret that never holds still is given up', async () => {
  server.put('physics-assistant', 'application', {});
  server.intercept = (method) => (method === 'PATCH' ? [409, { kind: 'Status', code: 409 }] : undefined);
  const { exitCode, stderr } = await generate(kubeconfig);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('expected physics-assistant/application to hold still, got a change each time: run again');
});

test('a namespace on its way out is no question of permission', async () => {
  const message = 'secrets "application" is forbidden: unable to create new content: it is being terminated';
  server.intercept = (method) => (method === 'POST' ? [403, { kind: 'Status', code: 403, message }] : undefined);
  const { exitCode, stderr } = await generate(kubeconfig);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`to create secrets in namespace physics-assistant, got 403: ${message}`);
});
