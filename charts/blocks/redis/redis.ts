import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import type { BackupPlan } from '../backup';
import { checkNeighbours, type Client, type Connectable, type Connection } from '../connection';
import type { Container, Mount } from '../container';
import { exporter } from '../exporter';
import { metadata, unclaimed } from '../labels';
import { Platform } from '../platform';
import { burstable, guaranteed, type Resources } from '../quantity';
import type { SecretKey } from '../secrets';
import { StatefulSet } from '../statefulset';
import { passwordVariable, redisConf, userOf, usersScript } from './configuration';

export interface RedisProps {
  /** Limits: maxmemory follows from the memory (PHY-20). */
  readonly size: Resources & { readonly storage: string };
  /** Names of the variables that clients get. */
  readonly variables: { readonly url: string; readonly password: string };
  readonly backup: BackupPlan;
}

const port = 6379;
const metrics = { port: 9121, path: '/metrics' };
const monitor = 'monitor';

/** User number of the library's image. */
const user = 999;

/** Redis, one server with a password for every client, an append-only file and a memory limit (PHY-12, ALL-15). */
export class Redis extends Construct implements Connectable {
  private readonly platform: Platform;
  private readonly clients = new Map<string, SecretKey>();

  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: RedisProps,
  ) {
    super(scope, unclaimed(scope, id));
    this.platform = Platform.of(this);
    const { programs } = this.platform.settings;
    const operator = this.platform.secrets.declare(id, props.variables.password);
    const monitorPassword = this.declare(monitor);

    const files = `${id}-configuration`;
    const users = () => usersScript([...this.clients.keys()], monitor);
    const conf = redisConf(props.size);
    new k8s.KubeConfigMap(this, 'configuration', {
      metadata: metadata(files, { component: 'database' }),
      data: { 'redis.conf': conf, 'users.sh': Lazy.any({ produce: users }) },
    });
    const settings: Mount = { path: '/etc/redis', volume: { files } };
    const acl: Mount = { path: '/etc/redis-acl', volume: { scratch: 'acl', sizeMiB: 1, inMemory: true } };
    const ready = { command: ['sh', '-c', `test "$(REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli ping)" = PONG`] };

    const server: Container = {
      name: 'server',
      image: programs.redis,
      command: ['redis-server', '/etc/redis/redis.conf'],
      variables: { REDIS_PASSWORD: operator },
      ports: { redis: port },
      probes: {
        // Reading a large append-only file takes minutes; clients wait, nobody kills it.
        startup: { check: ready, periodSeconds: 5, failures: 120 },
        readiness: { check: ready },
        liveness: { check: { tcp: 'redis' }, periodSeconds: 20, failures: 6 },
      },
      mounts: [
        { path: '/data', volume: { claim: `${id}-data`, template: true } },
        { ...acl, readOnly: true },
        settings,
        { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 16 } },
      ],
      resources: props.size,
      share: guaranteed,
    };
    const writeUsers: Container = {
      name: 'users',
      image: programs.redis,
      command: ['sh', '/etc/redis/users.sh'],
      variables: () => ({
        REDIS_PASSWORD: operator,
        [passwordVariable(monitor)]: monitorPassword,
        ...Object.fromEntries([...this.clients].map(([client, key]) => [passwordVariable(client), key])),
      }),
      mounts: [acl, settings],
      resources: { cpu: '100m', memory: '32Mi' },
      share: burstable,
    };
    const monitoring = exporter({
      image: programs.redisExporter,
      port: metrics.port,
      healthPath: '/health',
      variables: {
        REDIS_ADDR: `redis://127.0.0.1:${port}`,
        REDIS_USER: userOf(monitor),
        REDIS_PASSWORD: monitorPassword,
      },
    });
    new StatefulSet(this, id, {
      containers: [server, monitoring],
      initContainers: [writeUsers],
      user,
      claim: `${id}-data`,
      storage: props.size.storage,
      port: { name: 'redis', number: port },
      metrics,
      backup: props.backup,
      restartOn: () => [conf, users()],
      gracePeriodSeconds: 60,
    });
  }

  /** Gives the client a user of its own, the URL that names it, and the way to the server. */
  connect(client: Client): Connection {
    checkNeighbours(client, this);
    if ([monitor, 'default'].includes(userOf(client.id))) {
      throw new Error(
        `expected a client of ${this.id} to have a user of its own, got \`${client.id}\`, which is taken`,
      );
    }
    this.platform.network.connect(client.id, this.id, port);
    const { url, password } = this.props.variables;
    return {
      variables: {
        [password]: this.admit(client.id),
        [url]: `redis://${userOf(client.id)}:$(${password})@${this.id}:${port}/0`,
      },
      check: { name: this.id, kind: 'redis', url },
    };
  }

  private admit(client: string): SecretKey {
    const password = this.declare(client);
    this.clients.set(client, password);
    return password;
  }

  private declare(name: string): SecretKey {
    const password = this.platform.secrets.declare(`${this.id}-${name}`, 'password');
    this.platform.secrets.use(password, this.id);
    return password;
  }
}
