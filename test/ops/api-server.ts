import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Stored {
  metadata: { name: string; namespace: string; resourceVersion: string; labels?: Record<string, string> };
  data?: Record<string, string>;
}
export type Answer = readonly [status: number, body: unknown];

/** An answer in the words of the API server. */
export const failure = (status: number, message: string): Answer => [
  status,
  { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, message },
];

/**
 * The few calls that `slipway secrets` makes, answered from memory on the loopback; other commands intercept theirs. The
 * real API server is asked in test/cluster.
 */
export class ApiServer {
  readonly namespaces = new Set<string>();
  /** By `namespace/name`. */
  readonly secrets = new Map<string, Stored>();
  /** Every request, as `VERB path`. */
  readonly log: string[] = [];
  /** Answers a request instead of the server; a text goes out as it is. */
  intercept: (method: string, path: string, body: unknown) => Answer | undefined = () => undefined;
  /** Takes over a connection that becomes a websocket. */
  upgrade: (request: IncomingMessage, socket: Duplex) => void = (_request, socket) => socket.destroy();
  private version = 0;
  private readonly server = createServer(async (request, response) => {
    const method = request.method ?? '';
    const path = (request.url ?? '').replace(/\?.*/, '');
    this.log.push(`${method} ${path}`);
    const body = await bodyOf(request);
    const [status, answer] = this.intercept(method, path, body) ?? this.answer(method, path, body);
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  }).on('upgrade', (request, socket) => {
    this.log.push(`UPGRADE ${request.url}`);
    this.upgrade(request, socket);
  });

  /** Starts on a free port and gives the path of a kubeconfig for it. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    return writeKubeconfig(`http://127.0.0.1:${port}`);
  }

  stop(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  /** Puts a Secret there, as if by hand. */
  put(namespace: string, name: string, values: Record<string, string>): void {
    this.version += 1;
    const data = Object.fromEntries(Object.entries(values).map(([k, v]) => [k, Buffer.from(v).toString('base64')]));
    const metadata = { namespace, name, resourceVersion: String(this.version) };
    this.secrets.set(`${namespace}/${name}`, { metadata, data });
  }

  /** The values of a Secret. */
  values(namespace: string, name: string): Record<string, string> {
    const data = this.secrets.get(`${namespace}/${name}`)?.data ?? {};
    return Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v, 'base64').toString()]));
  }

  private answer(method: string, path: string, body: Stored): Answer {
    const [, , , , namespace = '', , name = body.metadata?.name] = path.split('/');
    const known = this.secrets.get(`${namespace}/${name}`);
    if (!this.namespaces.has(namespace)) return failure(404, `namespaces "${namespace}" not found`);
    if (path.endsWith(`/namespaces/${namespace}`)) return [200, { metadata: { name: namespace } }];
    if (method === 'POST' && known) return failure(409, `secrets "${name}" already exists`);
    if (method !== 'POST' && !known) return failure(404, `secrets "${name}" not found`);
    if (method === 'GET') return [200, known];
    if (known && body.metadata.resourceVersion !== known.metadata.resourceVersion) return failure(409, 'was modified');
    this.version += 1;
    const metadata = { ...known?.metadata, ...body.metadata, namespace, name, resourceVersion: String(this.version) };
    const stored = { metadata, data: { ...known?.data, ...body.data } };
    this.secrets.set(`${namespace}/${name}`, stored);
    return [known ? 200 : 201, stored];
  }
}

/** A kubeconfig with one context, `test`, in a file of its own. */
export function writeKubeconfig(server: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: {} }],
  };
  const path = join(mkdtempSync(join(tmpdir(), 'slipway-')), 'kubeconfig');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

async function bodyOf(request: IncomingMessage): Promise<Stored> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text || '{}') as Stored;
}
