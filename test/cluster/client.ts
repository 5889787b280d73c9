import { spawn } from 'node:child_process';
import { programs } from '../../config/programs';
import { fileOf, kubectl, kubectlBoth, node } from './support';

/** Where an ingress controller would run: the only namespace that may reach a gateway. */
export const clientNamespace = 'ingress-nginx';
export const client = 'pod/slipway-client';

/** A pod with Node that asks what a controller would ask. */
export async function startClient(namespace = clientNamespace): Promise<void> {
  if (namespace === clientNamespace) await kubectlBoth('create', 'namespace', namespace).catch(() => undefined);
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'slipway-client', namespace },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'node', image: programs.node, command: ['node', '-e', 'setInterval(() => {}, 1000)'] }],
    },
  };
  await kubectl('apply', '-f', fileOf([pod]));
  await kubectl('wait', '--for=condition=Ready', client, '-n', namespace, '--timeout=60s');
}

const gateway = (namespace: string, path: string): string => `http://gateway.${namespace}.svc.cluster.local${path}`;

const ask = `
  const [url, headers] = process.argv.slice(1);
  require('node:http').get(url, { headers: JSON.parse(headers) }, (answer) => {
    let body = '';
    answer.on('data', (part) => (body += part));
    answer.on('end', () => console.log(JSON.stringify({ status: answer.statusCode, headers: answer.headers, body })));
  });
`;

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** One request to the gateway of a namespace, as the ingress controller hands it on. */
export async function request(
  namespace: string,
  host: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const all = JSON.stringify({ Host: host, ...headers });
  return JSON.parse(await node(clientNamespace, client, ask, gateway(namespace, path), all)) as Answer;
}

const echo = `
  const [url, host, text] = process.argv.slice(1);
  const headers = { Host: host, Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'c2xpcHdheS10ZXN0LWtleQ==' };
  require('node:http').request(url, { headers }).on('upgrade', (answer, socket) => {
    const mask = Buffer.from([1, 2, 3, 4]);
    const payload = Buffer.from(text).map((byte, index) => byte ^ mask[index % 4]);
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, payload]));
    socket.once('data', (frame) => { console.log(frame.subarray(2).toString()); socket.destroy(); });
  }).end();
`;

/** Sends a text through a websocket and gives what comes back. */
export const websocketEcho = (namespace: string, host: string, path: string, text: string): Promise<string> =>
  node(clientNamespace, client, echo, gateway(namespace, path), host, text);

/** A page that is asked for again and again. */
export interface Page {
  readonly namespace: string;
  readonly host: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Five times a second: below the limit of ten that an address has. */
const askAlways = `
  const pages = JSON.parse(process.argv[1]);
  const seen = pages.map(() => ({}));
  const rounds = pages.map(({ url, headers }, index) => setInterval(() => {
    const count = (what) => (seen[index][what] = (seen[index][what] ?? 0) + 1);
    require('node:http').get(url, { headers }, (answer) => {
      answer.resume();
      answer.on('end', () => count(answer.statusCode));
      answer.on('error', (error) => count(error.code));
    }).on('error', (error) => count(error.code));
  }, 200));
  process.stdin.resume().on('end', () => {
    rounds.forEach(clearInterval);
    setTimeout(() => { console.log(JSON.stringify(seen)); process.exit(); }, 2000);
  });
`;

/**
 * Asks for pages until it is told to stop.
 *
 * @returns what stops it, and then gives for each page how often it was answered how
 */
export function startAsking(pages: readonly Page[]): () => Promise<Record<string, number>[]> {
  const asked = pages.map(({ namespace, host, path, headers }) => ({
    url: gateway(namespace, path),
    headers: { Host: host, ...headers },
  }));
  const args = ['exec', '-i', '-n', clientNamespace, client, '--', 'node', '-e', askAlways, JSON.stringify(asked)];
  const child = spawn('kubectl', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part));
  const ended = new Promise<void>((resolve, reject) => child.on('error', reject).on('close', () => resolve()));
  return async () => {
    child.stdin.end();
    await ended;
    return JSON.parse(output) as Record<string, number>[];
  };
}
