import { Construct } from 'constructs';
import { Accounts } from '../accounts';
import type { BackupPlan } from '../backup';
import { checkNeighbours, type Client, type Connectable, type Connection } from '../connection';
import type { Container, Mount } from '../container';
import { unclaimed } from '../labels';
import { Platform } from '../platform';
import { burstable, guaranteed, type Resources } from '../quantity';
import type { SecretKey } from '../secrets';
import { StatefulSet } from '../statefulset';
import { accountsScript, passwordVariable, prepareScript, userOf } from './scripts';
import { tuning } from './tuning';

export interface Neo4jProps {
  /** Limits: heap and page cache follow from the memory (PHY-20). */
  readonly size: Resources & { readonly storage: string };
  /** Names of the variables that clients get. */
  readonly variables: { readonly uri: string; readonly user: string; readonly password: string };
  readonly backup: BackupPlan;
}

const port = 7687;

/** User number of the library's image. */
const user = 7474;

const temporary: Mount = { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 64 } };

/** Neo4j community edition, one server: that edition has neither clustering nor metrics (PHY-11). */
export class Neo4j extends Construct implements Connectable {
  private readonly platform: Platform;
  private readonly clients = new Map<string, SecretKey>();
  private readonly image: string;

  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: Neo4jProps,
  ) {
    super(scope, unclaimed(scope, id));
    this.platform = Platform.of(this);
    this.image = this.platform.settings.programs.neo4j;
    const password = this.platform.secrets.declare(id, props.variables.password);
    const { heapMiB, pageCacheMiB } = tuning(props.size);

    const conf = { scratch: 'conf', sizeMiB: 4 };
    const server: Container = {
      name: 'server',
      image: this.image,
      variables: {
        INITIAL_PASSWORD: password,
        NEO4J_AUTH: 'neo4j/$(INITIAL_PASSWORD)',
        NEO4J_server_memory_heap_initial__size: `${heapMiB}m`,
        NEO4J_server_memory_heap_max__size: `${heapMiB}m`,
        NEO4J_server_memory_pagecache_size: `${pageCacheMiB}m`,
        NEO4J_server_default__advertised__address: id,
        // For the probe alone: no policy opens it.
        NEO4J_server_http_enabled: 'true',
        NEO4J_server_https_enabled: 'false',
        NEO4J_dbms_usage__report_enabled: 'false',
      },
      ports: { bolt: port, http: 7474 },
      probes: {
        startup: { check: { tcp: 'bolt' }, periodSeconds: 5, failures: 240 },
        readiness: { check: { http: '/', port: 'http' } },
        liveness: { check: { tcp: 'bolt' }, periodSeconds: 20, failures: 6 },
      },
      mounts: [
        { path: '/data', volume: { claim: `${id}-data`, template: true } },
        { path: '/var/lib/neo4j/conf', volume: conf },
        { path: '/var/lib/neo4j/run', volume: { scratch: 'run', sizeMiB: 1 } },
        { path: '/logs', volume: { scratch: 'logs', sizeMiB: 128 } },
        temporary,
      ],
      resources: props.size,
      share: guaranteed,
    };
    const prepare: Container = {
      name: 'prepare',
      image: this.image,
      command: ['bash', '-c', prepareScript],
      mounts: [{ path: '/conf-writable', volume: conf }],
      resources: { cpu: '100m', memory: '64Mi' },
      share: burstable,
    };
    new StatefulSet(this, id, {
      containers: [server],
      initContainers: [prepare],
      user,
      claim: `${id}-data`,
      storage: props.size.storage,
      port: { name: 'bolt', number: port },
      backup: props.backup,
      gracePeriodSeconds: 300,
    });
    this.accounts(password);
  }

  /** Gives the client a user of its own, the variables that name it, and the way to the server. */
  connect(client: Client): Connection {
    checkNeighbours(client, this);
    const { network, secrets } = this.platform;
    network.connect(client.id, this.id, port);
    const key = secrets.declare(`${this.id}-${client.id}`, 'password');
    secrets.use(key, `${this.id}-accounts`);
    this.clients.set(client.id, key);
    const { uri, user: userVariable, password } = this.props.variables;
    return {
      variables: { [uri]: this.uri, [userVariable]: userOf(client.id), [password]: key },
      check: { name: this.id, kind: 'bolt', url: uri, user: userVariable, password },
    };
  }

  private get uri(): string {
    return `bolt://${this.id}:${port}`;
  }

  /** A user for every client. */
  private accounts(operator: SecretKey): void {
    const container: Container = {
      name: 'accounts',
      image: this.image,
      command: ['bash', '/accounts/accounts.sh'],
      variables: () => ({
        NEO4J_URI: this.uri,
        NEO4J_PASSWORD: operator,
        ...Object.fromEntries([...this.clients].map(([client, key]) => [passwordVariable(client), key])),
      }),
      mounts: [temporary],
      resources: { cpu: '500m', memory: '384Mi' },
      share: burstable,
    };
    const text = () => accountsScript([...this.clients.keys()]);
    new Accounts(this, this.id, { file: 'accounts.sh', text, container, user, port });
  }
}
