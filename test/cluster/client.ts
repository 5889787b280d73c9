import { programs } from '../../config/programs';
import { fileOf, kubectl, kubectlBoth, node } from './support';

/** Where an ingress controller would run: the only namespace that may reach the gateway. */
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

/** One request to a platform's gateway, as the ingress controller hands it on. */
export async function request(
  host: string,
  path: string,
  { platform = 'physics-assistant-development', headers = {} as Record<string, string> } = {},
): Promise<Answer> {
  const url = `http://gateway.${platform}.svc.cluster.local${path}`;
  return JSON.parse(
    await node(clientNamespace, client, ask, url, JSON.stringify({ Host: host, ...headers })),
  ) as Answer;
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
export const websocketEcho = (host: string, path: string, text: string): Promise<string> =>
  node(
    clientNamespace,
    client,
    echo,
    `http://gateway.physics-assistant-development.svc.cluster.local${path}`,
    host,
    text,
  );
