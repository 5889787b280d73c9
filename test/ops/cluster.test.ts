import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiServer, writeKubeconfig } from './api-server';
import { Session } from './session';

const dist = join('test', 'ops', 'fixtures', 'dist');
let session: Session;
let server: ApiServer;
let kubeconfig: string;

beforeAll(async () => {
  session = new Session();
  server = new ApiServer();
  kubeconfig = await server.start();
});
afterAll(async () => {
  session.stop();
  await server.stop();
});
beforeEach(() => {
  server.intercept = () => undefined;
  server.namespaces.clear();
});

const generate = (path: string, ...options: string[]) =>
  session.run({
    args: ['secrets', 'generate', '--platform', 'physics-assistant', '--dist', dist, ...options],
    kubeconfig: path,
  });
const origin = () => server.log.length;

test('a cluster that is not there', async () => {
  expect(await generate(writeKubeconfig('https://127.0.0.1:1'))).toEqual({
    exitCode: 69,
    stdout: '',
    stderr:
      'expected a cluster at https://127.0.0.1:1 (context test), got ECONNREFUSED: check KUBECONFIG and --context',
  });
});
