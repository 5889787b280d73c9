import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

const folder = path.join(__dirname, '../../charts/blocks/rehearsal/server');
const open: { close: () => unknown }[] = [];

/** Ends everything that a test started. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map(({ close }) => close()));
}

/** Runs one of the programs with this environment and nothing else. */
export function run(script: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [path.join(folder, script)], { env });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += chunk));
  child.stderr.on('data', (chunk) => (output.stderr += chunk));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  open.push({ close: () => (child.exitCode === null && child.kill('SIGKILL'), ended) });
  return { child, output, ended };
}

/** Waits for something that is on its way; fails the test when it does not come. */
export async function eventually<T>(find: () => T | Promise<T>, milliseconds = 30_000): Promise<NonNullable<T>> {
  for (
    const end = Date.now() + milliseconds;
    Date.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 20))
  ) {
    const found = await find();
    if (found) return found;
  }
  throw new Error(`expected this within ${milliseconds} ms: ${find}`);
}

/** Listens on a free loopback port until the test ends. */
export async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ close: () => (server instanceof http.Server && server.closeAllConnections(), server.close()) });
  return (server.address() as net.AddressInfo).port;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A server that answers every chunk of bytes it gets. */
export function answering(reply: (received: string) => string): net.Server {
  return net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => socket.write(reply(chunk.toString('latin1')), 'latin1'));
  });
}

/** Starts the rehearsal server and waits until it listens. */
export async function start(config: object = {}, env: Record<string, string> = {}) {
  const port = await freePort();
  const declared = { name: 'agents-api', port, health: ['/health'], metrics: '/metrics', ...config };
  const process = run('server.js', { REHEARSAL: JSON.stringify(declared), ...env });
  await eventually(() => process.output.stdout.includes('"event":"start"') || process.child.exitCode !== null);
  return { ...process, port, url: `http://127.0.0.1:${port}`, env: { REHEARSAL: JSON.stringify(declared), ...env } };
}
