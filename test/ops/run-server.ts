import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { acceptKey, frame, readFrame } from '../../charts/blocks/rehearsal/server/websocket.js';
import { ApiServer, failure, type Answer } from './api-server';

type State = Record<string, unknown>;
interface Created {
  metadata: { name: string };
  spec: { template: { spec: { containers: { name: string; env?: { name: string; value?: string }[] }[] } } };
}

export const namespace = 'ai-governance';
const base = `/apis/batch/v1/namespaces/${namespace}`;
const core = `/api/v1/namespaces/${namespace}`;

/** A CronJob as the chart writes it, with the uid that a cluster gives. */
export const cronJob = (name: string, interactive: boolean, retries = 0) => ({
  metadata: { name, uid: 'f0e1', labels: { on: 'the CronJob alone' } },
  spec: {
    jobTemplate: {
      metadata: { labels: { 'app.kubernetes.io/name': name }, annotations: { note: 'kept' } },
      spec: {
        backoffLimit: retries,
        ttlSecondsAfterFinished: 86_400,
        template: {
          metadata: { annotations: { 'kubectl.kubernetes.io/default-container': name } },
          spec: {
            containers: [{ name: 'helper' }, { name, image: 'as/in:cluster', ...(interactive && { stdin: true }) }],
          },
        },
      },
    },
  },
});

/** The status of a pod in which the container of a command is in some state. */
export const pod = (name: string, state: State, more: State = {}, metadata: State = {}) => ({
  metadata: { name: `${name}-pod`, ...metadata },
  status: { phase: 'Running', containerStatuses: [{ name, state }], ...more },
});
export const running = { running: {} };
export const ended = (exitCode: number, reason = 'Error') => ({ terminated: { exitCode, reason } });

/** An API server on which one command runs: the test says what its pod goes through. */
export class RunServer {
  readonly api = new ApiServer();
  /** The Jobs that were created. */
  readonly created: Created[] = [];
  /** What was typed into the attached terminal. */
  typed = '';
  /** What `pods` answers, one after the other; the last one stays. A list is several pods at once. */
  pods: unknown[] = [];
  /** What `pods` answers of the second Job, of the third, … */
  later: unknown[][] = [];
  /** What `pods/log` answers, one after the other. */
  logs: string[] = [];
  /** What is known of the Job when its pod is gone. */
  job: State | undefined = {};
  warnings: string[] = [];
  /** Answers before everything else. */
  refuse: (method: string, path: string) => Answer | undefined = () => undefined;
  /** What the program says to what was typed so far; nothing while it waits. */
  answer: (typed: string) => string | undefined = () => '';
  /** The CronJobs of the cluster. */
  known = [cronJob('create-admin', true), cronJob('reindex', false)];

  constructor() {
    this.api.namespaces.add(namespace);
    this.api.intercept = (method, path, body) => this.refuse(method, path) ?? this.respond(method, path, body);
    this.api.upgrade = (request, socket) => this.attach(request, socket);
  }

  private respond(method: string, path: string, body: unknown): Answer | undefined {
    if (path.startsWith(`${base}/cronjobs/`)) {
      const found = this.known.find(({ metadata }) => path.endsWith(`/${metadata.name}`));
      return found ? [200, found] : failure(404, 'no such CronJob');
    }
    if (method === 'POST' && path === `${base}/jobs`) {
      if (this.created.push(body as Created) > 1) this.pods = this.later.shift() ?? [];
      return [201, body];
    }
    if (path.startsWith(`${base}/jobs/`)) return this.job ? [200, this.job] : failure(404, 'no such Job');
    if (path === `${core}/pods`) {
      const next = this.pods.length > 1 ? this.pods.shift() : this.pods[0];
      return [200, { items: next ? [next].flat() : [] }];
    }
    if (path.endsWith('/log')) return [200, this.logs.shift() ?? ''];
    if (path === `${core}/events`) return [200, { items: this.warnings.map((message) => ({ message })) }];
    return undefined;
  }

  /** The terminal: takes what is typed until the program has said its word, then hangs up. */
  private attach({ headers }: IncomingMessage, socket: Duplex): void {
    const lines = [
      ...['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'],
      `Sec-WebSocket-Accept: ${acceptKey(headers['sec-websocket-key'] ?? '')}`,
      'Sec-WebSocket-Protocol: v5.channel.k8s.io',
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    let buffer = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk]);
      for (let next = readFrame(buffer); next; next = readFrame(buffer)) {
        buffer = buffer.subarray(next.end);
        if (next.opcode === 8) return void socket.end(frame(8, next.payload));
        if (next.payload[0] === 0) this.typed += next.payload.subarray(1).toString();
        const said = this.answer(this.typed);
        if (said === undefined) continue;
        socket.write(frame(2, Buffer.concat([Buffer.from([1]), Buffer.from(said)])));
        return void socket.end(frame(8, Buffer.alloc(0)));
      }
    });
  }
}
