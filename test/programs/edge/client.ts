import { Agent, request as open, type ClientRequest, type IncomingHttpHeaders } from 'node:http';
import type { Seen } from './upstreams';

/** Who asks, and for which host: by default the ingress controller, for a browser that came by HTTPS. */
export interface Client {
  readonly port: number;
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address it connects from. */
  readonly from?: string;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request whose body the caller writes and ends. */
export function begin(client: Client, path: string): ClientRequest {
  const { port, host = 'physics-assistant.example', method = 'GET', from = '127.0.0.1', headers } = client;
  return open({
    host: '127.0.0.1',
    port,
    path,
    method,
    localAddress: from,
    headers: { host, 'x-forwarded-proto': 'https', ...headers },
    agent: new Agent(),
  });
}

/** The whole answer to a request. */
export function answerTo(request: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      );
    });
  });
}

/** Asks and waits for the answer. */
export function ask(client: Client, path: string): Promise<Answer> {
  const request = begin(client, path);
  const answer = answerTo(request);
  request.end(client.body);
  return answer;
}

/** Asks and returns what the pod saw. */
export async function seen(client: Client, path: string): Promise<Seen> {
  const { status, body } = await ask(client, path);
  if (!body.startsWith('{')) throw new Error(`expected a pod to answer ${path}, got ${status} from nginx`);
  return JSON.parse(body) as Seen;
}
