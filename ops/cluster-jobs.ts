import * as http from 'node:http';
import * as https from 'node:https';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import {
  Attach,
  BatchV1Api,
  CoreV1Api,
  type Configuration,
  type KubeConfig,
  type V1CronJob,
  type V1Job,
  type V1JobSpec,
  type V1Pod,
} from '@kubernetes/client-node';
import type { Attempt, Send } from './cluster-errors';

export type { V1CronJob, V1Job, V1JobSpec, V1Pod };

/** One container of a pod. */
export interface Place {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** This side of an attached terminal. */
export interface Joint {
  readonly input: Readable;
  readonly output: Writable;
  readonly signal: AbortSignal;
}

/** How long the API server may take to begin an answer. */
export const answerTimeoutMillis = 15_000;
// Load balancers drop a connection on which nothing moves, and people take their time to answer.
const keepAliveMillis = 20_000;

/** What is done to programs that somebody starts. Everything here throws Failure, and nothing else. */
export class Jobs {
  private readonly batch: BatchV1Api;
  private readonly core: CoreV1Api;

  constructor(
    private readonly config: KubeConfig,
    configuration: Configuration,
    private readonly send: Send,
  ) {
    this.batch = new BatchV1Api(configuration);
    this.core = new CoreV1Api(configuration);
  }

  /** A CronJob, or nothing when there is no such one. */
  readCronJob(namespace: string, name: string): Promise<V1CronJob | undefined> {
    return this.found({ verb: 'get', resource: 'cronjobs', namespace }, () =>
      this.batch.readNamespacedCronJob({ namespace, name }),
    );
  }

  async create(namespace: string, body: V1Job): Promise<void> {
    await this.send({ verb: 'create', resource: 'jobs', namespace }, [], () =>
      this.batch.createNamespacedJob({ namespace, body, fieldManager: 'slipway' }),
    );
  }

  /** A Job, or nothing when there is no such one. */
  read(namespace: string, name: string): Promise<V1Job | undefined> {
    return this.found({ verb: 'get', resource: 'jobs', namespace }, () =>
      this.batch.readNamespacedJob({ namespace, name }),
    );
  }

  /** Deletes a Job and its pods. */
  async remove(namespace: string, name: string): Promise<void> {
    await this.found({ verb: 'delete', resource: 'jobs', namespace }, () =>
      this.batch.deleteNamespacedJob({ namespace, name, propagationPolicy: 'Background' }),
    );
  }

  /** The pods of a Job, one for each try, the newest last. */
  async podsOf(namespace: string, job: string): Promise<V1Pod[]> {
    const pods = await this.found({ verb: 'list', resource: 'pods', namespace }, () =>
      this.core.listNamespacedPod({ namespace, labelSelector: `job-name=${job}` }),
    );
    const begun = ({ metadata }: V1Pod) => metadata?.creationTimestamp?.getTime() ?? 0;
    return (pods?.items ?? []).sort((one, other) => begun(one) - begun(other));
  }

  /** The last warning about a Job, such as that a quota leaves no room for its pod; nothing to who may not read it. */
  async warning(namespace: string, job: string): Promise<string | undefined> {
    const fieldSelector = `involvedObject.kind=Job,involvedObject.name=${job},type=Warning`;
    const events = await this.send({ verb: 'list', resource: 'events', namespace }, [403], () =>
      this.core.listNamespacedEvent({ namespace, fieldSelector }),
    );
    return typeof events === 'number' ? undefined : events.items.at(-1)?.message;
  }

  /**
   * Writes the log of a container, without its first `skip` bytes, until the container or the connection ends; gives
   * how much of the log is known then.
   */
  async follow(place: Place, skip: number, output: Writable, signal: AbortSignal): Promise<number> {
    const { namespace, pod, container } = place;
    const query = new URLSearchParams({ container, follow: 'true' });
    const attempt: Attempt = { verb: 'get', resource: 'pods/log', namespace };
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`;
    const answer = await this.send(attempt, [], () => this.open(path, signal)).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (typeof answer !== 'object') return skip;
    let position = 0;
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        const fresh = chunk.subarray(Math.min(chunk.length, Math.max(0, skip - position)));
        position += chunk.length;
        if (fresh.length > 0) output.write(fresh);
      }
    } catch {
      // Cut off in the middle; whoever asked knows whether there is more to come.
    }
    return Math.max(skip, position);
  }

  /**
   * Joins the terminal of a container until it, the connection or the wait ends. The input stays open for good: its end
   * would hang up before the program has said its last word.
   */
  async attach({ namespace, pod, container }: Place, { input, output, signal }: Joint, opened: () => void) {
    // The client ends what it writes to, unless that is this process's own stdout; and only that has a size to tell.
    const written = output === process.stdout ? output : new PassThrough();
    if (written instanceof PassThrough) written.pipe(output, { end: false });
    const socket = await this.send({ verb: 'get', resource: 'pods/attach', namespace }, [], () =>
      inTime(new Attach(this.config).attach(namespace, pod, container, written, null, input, true)).catch(refusal),
    );
    if (typeof socket === 'number') return;
    const beat = setInterval(() => socket.ping(), keepAliveMillis);
    const hangUp = () => socket.close();
    await new Promise<void>((resolve) => {
      socket.onclose = () => resolve();
      signal.addEventListener('abort', hangUp, { once: true });
      if (signal.aborted) hangUp();
      else opened();
    });
    clearInterval(beat);
    signal.removeEventListener('abort', hangUp);
  }

  private async found<T>(attempt: Attempt, request: () => Promise<T>): Promise<T | undefined> {
    const answer = await this.send(attempt, [404], request);
    return typeof answer === 'number' ? undefined : answer;
  }

  /** An answer that has no end yet; the generated client would wait for it. */
  private async open(path: string, signal: AbortSignal): Promise<http.IncomingMessage> {
    const options: https.RequestOptions = { signal };
    await this.config.applyToHTTPSOptions(options);
    const url = `${this.config.getCurrentCluster()?.server}${path}`;
    const { get } = url.startsWith('https:') ? https : http;
    const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
      get(url, options, resolve).on('error', reject);
    });
    if (answer.statusCode === 200) return answer;
    let body = '';
    for await (const chunk of answer) body += String(chunk);
    throw { code: answer.statusCode, body };
  }
}

/** A handshake has no limit of its own. */
function inTime<T extends { close(): void }>(opening: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      reject({ error: { type: 'aborted' } });
      opening.then(
        (late) => late.close(),
        () => undefined,
      );
    }, answerTimeoutMillis);
    opening.then(resolve, reject).finally(() => clearTimeout(limit));
  });
}

/** A handshake that failed, as the other requests fail: its status stands in a sentence, its body is lost. */
function refusal(event: { message?: string; error?: unknown }): never {
  const status = / response: (\d{3})$/.exec(event.message ?? '')?.[1];
  if (!status) throw event.error ?? event;
  throw { code: Number(status), body: { message: status === '403' ? 'the account cannot attach to it' : '' } };
}
