import {
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  PatchStrategy,
  ServerConfiguration,
  setHeaderOptions,
  type RequestContext,
} from '@kubernetes/client-node';
import { sender, type Attempt, type Endpoint, type Send } from './cluster-errors';
import { answerTimeoutMillis, Jobs } from './cluster-jobs';
import { exit, Failure } from './errors';

const fieldManager = 'slipway';

/** Values by key, in the clear. */
export type Values = Readonly<Record<string, string>>;

/** The few things that commands do to a cluster. Everything here throws Failure, and nothing else. */
export class Cluster {
  private constructor(
    private readonly api: CoreV1Api,
    private readonly send: Send,
    readonly endpoint: Endpoint,
    /** Programs that somebody starts. */
    readonly jobs: Jobs,
  ) {}

  /** Connects as kubectl does: KUBECONFIG, else ~/.kube/config, else the pod's account. */
  static connect(context?: string): Cluster {
    const config = loadKubeConfig(context);
    const server = config.getCurrentCluster()?.server;
    if (!server) throw new Failure(exit.usage, ['expected a current context in KUBECONFIG, got none: give --context']);
    const timeout = {
      pre: async (request: RequestContext) => {
        request.setSignal(AbortSignal.timeout(answerTimeoutMillis));
        return request;
      },
      post: async <T>(response: T) => response,
    };
    const configuration = createConfiguration({
      baseServer: new ServerConfiguration(server, {}),
      authMethods: { default: config },
      promiseMiddleware: [timeout],
    });
    const endpoint = { server, context: config.getCurrentContext() };
    const send = sender(endpoint);
    return new Cluster(new CoreV1Api(configuration), send, endpoint, new Jobs(config, configuration, send));
  }

  /** Whether a namespace exists; who may not ask is told when writing. */
  async hasNamespace(name: string): Promise<boolean> {
    const attempt: Attempt = { verb: 'get', resource: 'namespaces', namespace: name };
    const answer = await this.send(attempt, [403, 404], () => this.api.readNamespace({ name }));
    return answer !== 404;
  }

  /** The values of a Secret, or nothing when there is no such Secret. */
  async readSecret(namespace: string, name: string): Promise<Values | undefined> {
    return (await this.read(namespace, name))?.values;
  }

  /** Creates a Secret; false when there is one already, which is left as it is. */
  async createSecret(namespace: string, name: string, labels: Values, values: Values): Promise<boolean> {
    const body = { metadata: { name, namespace, labels }, type: 'Opaque', data: encode(values) };
    const answer = await this.send({ verb: 'create', resource: 'secrets', namespace }, [409], () =>
      this.api.createNamespacedSecret({ namespace, fieldManager, body }),
    );
    return answer !== 409;
  }

  /**
   * Adds those keys that a Secret lacks and gives their names. A key that is there is never replaced: the patch carries
   * the version in which the key was absent, and the API server refuses it (409) when somebody was faster.
   */
  async addKeys(namespace: string, name: string, values: Values): Promise<string[]> {
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      const secret = await this.read(namespace, name);
      if (!secret) break;
      const lacking = Object.entries(values).filter(([key]) => !Object.hasOwn(secret.values, key));
      if (lacking.length === 0) return [];
      const body = {
        metadata: { resourceVersion: secret.resourceVersion },
        data: encode(Object.fromEntries(lacking)),
      };
      const answer = await this.send({ verb: 'patch', resource: 'secrets', namespace }, [409], () =>
        this.api.patchNamespacedSecret(
          { name, namespace, fieldManager, body },
          setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
        ),
      );
      if (answer !== 409) return lacking.map(([key]) => key);
    }
    throw new Failure(exit.failed, [`expected ${namespace}/${name} to hold still, got a change each time: run again`]);
  }

  private async read(namespace: string, name: string) {
    const answer = await this.send({ verb: 'get', resource: 'secrets', namespace }, [404], () =>
      this.api.readNamespacedSecret({ name, namespace }),
    );
    if (typeof answer === 'number') return undefined;
    return { values: decode(answer.data ?? {}), resourceVersion: answer.metadata?.resourceVersion };
  }
}

function loadKubeConfig(context?: string): KubeConfig {
  const config = new KubeConfig();
  const source = process.env['KUBECONFIG'] || '~/.kube/config';
  try {
    config.loadFromDefault();
  } catch (error) {
    // The parser's message may quote a token: only the error's code is shown.
    const reason = (error as NodeJS.ErrnoException).code ?? 'a file that is none';
    throw new Failure(exit.unreachable, [`expected a kubeconfig at ${source}, got ${reason}: check KUBECONFIG`]);
  }
  // The client's own last resort is http://localhost:8080, which nobody has meant for years.
  if (config.getCurrentContext() === 'loaded-context') {
    throw new Failure(exit.unreachable, [`expected a kubeconfig at ${source}, got none: set KUBECONFIG`]);
  }
  const known = config.getContexts().map(({ name }) => name);
  if (context && !known.includes(context)) {
    throw new Failure(exit.usage, [
      `expected \`--context\` to be one of ${known.join(', ')}, got ${context} (${source})`,
    ]);
  }
  if (context) config.setCurrentContext(context);
  return config;
}

const recode = (values: Values, from: BufferEncoding, to: BufferEncoding): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value, from).toString(to)]));
const encode = (values: Values) => recode(values, 'utf8', 'base64');
const decode = (values: Values) => recode(values, 'base64', 'utf8');
