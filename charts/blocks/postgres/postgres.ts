import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { Accounts } from '../accounts';
import type { BackupPlan } from '../backup';
import { checkNeighbours, type Client, type Connectable, type Connection } from '../connection';
import type { Container, Mount } from '../container';
import { kebab, type Variables } from '../environment';
import { exporter } from '../exporter';
import { metadata, unclaimed } from '../labels';
import { Platform } from '../platform';
import { burstable, guaranteed, type Resources } from '../quantity';
import type { SecretKey } from '../secrets';
import { StatefulSet } from '../statefulset';
import { accountsSql, passwordVariable, roleOf, type Users } from './accounts';
import { accountsScript, loginScript, prepareScript } from './scripts';
import { hbaConf, postgresConf } from './tuning';

export interface PostgresProps {
  /** Limits: the tuning follows from the memory (PHY-20). */
  readonly size: Resources & { readonly storage: string };
  readonly database: string;
  /** Owner of the database: the documents' application user. */
  readonly owner: string;
  /** Names of the variables that clients get. */
  readonly variables: {
    readonly url: string;
    readonly user: string;
    /** The client's own password; the owner's in migrations. Also the owner's key in the Secret. */
    readonly password: string;
  };
  readonly backup: BackupPlan;
  /** Made in the database by its superuser; `postgis` brings an image of its own (HWO-03). @default - none */
  readonly extensions?: readonly string[];
  /** Users with less than the owner's rights (TDA-05). @default - none: clients act as the owner */
  readonly users?: Users;
}

/** What a container with psql has beside its connection. */
interface ProgramProps {
  readonly variables: Variables;
  readonly mounts: readonly Mount[];
}

const port = 5432;
const metrics = { port: 9187, path: '/metrics' };
const monitor = 'monitor';

/** User number of the Percona image. */
const user = 26;

const temporary: Mount = { path: '/tmp', volume: { scratch: 'tmp', sizeMiB: 16 } };

/**
 * PostgreSQL, one primary: its own roles for every client, tuned from its memory, never written over (PHY-10, ALL-13).
 *
 * A client is given a role of its own, a member of the owner or of the application's user (PHY-22). Roles are made by a Job that runs again
 * whenever a client is added. Clients that start before a declared release is in the database wait for it.
 */
export class Postgres extends Construct implements Connectable {
  private readonly platform: Platform;
  private readonly clients = new Map<string, SecretKey>();
  private readonly superuser: SecretKey;
  private readonly owner: SecretKey;
  /** Passwords of the users that log in beside clients and owner. */
  private readonly users: ReadonlyMap<string, SecretKey>;
  private readonly taken: readonly string[];
  /** What clients run first: set by the release that migrates this database. */
  private gate: ((client: Variables) => Container) | undefined;

  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: PostgresProps,
  ) {
    super(scope, unclaimed(scope, id));
    this.platform = Platform.of(this);
    const { secrets } = this.platform;
    this.superuser = secrets.declare(id, 'POSTGRES_PASSWORD');
    this.owner = secrets.declare(id, props.variables.password);
    const monitorPassword = secrets.declare(`${id}-${monitor}`, 'password');
    const { backup, replication } = props.users ?? {};
    this.users = new Map([backup, replication].flatMap((name) => (name ? [[name, this.password(name)] as const] : [])));
    const taken = [props.owner, monitor, 'postgres', ...Object.values(props.users ?? {})];
    const [twice] = taken.filter((name, index) => taken.indexOf(name) !== index);
    if (twice) throw new Error(`expected the users of ${id} to have names of their own, got \`${twice}\` twice`);
    this.taken = taken;

    const files = `${id}-configuration`;
    const configuration = {
      'postgresql.conf': postgresConf(props.size),
      'pg_hba.conf': hbaConf,
      'pg_ident.conf': ident,
    };
    new k8s.KubeConfigMap(this, 'configuration', {
      metadata: metadata(files, { component: 'database' }),
      data: configuration,
    });
    const data: Mount = { path: '/pgdata', volume: { claim: `${id}-data`, template: true } };
    const settings: Mount = { path: '/etc/postgres', volume: { files } };
    const server = this.program('server', {
      command: ['postgres', '-D', pgdata, ...Object.entries(fileFlags).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
      variables: { PGDATA: pgdata, LANG: 'C.UTF-8' },
      ports: { postgres: port },
      probes: {
        startup: { check: ready, periodSeconds: 5, failures: 120 },
        readiness: { check: ready },
        // A server in recovery refuses clients and must not be killed for it: alive is a postmaster that listens.
        liveness: { check: { tcp: 'postgres' }, periodSeconds: 20, failures: 6 },
      },
      mounts: [
        data,
        settings,
        temporary,
        { path: '/run/postgresql', volume: { scratch: 'run', sizeMiB: 1, inMemory: true } },
        { path: '/dev/shm', volume: { scratch: 'shm', sizeMiB: 64, inMemory: true } },
      ],
      // A plain stop signal would wait for every client to leave: sessions end, transactions roll back, data is whole.
      preStop: ['pg_ctl', 'stop', '--mode', 'fast', '--wait', '--timeout', '240'],
      resources: props.size,
      share: guaranteed,
    });
    const monitoring = exporter({
      image: this.platform.settings.programs.postgresExporter,
      port: metrics.port,
      healthPath: '/',
      variables: {
        DATA_SOURCE_URI: `127.0.0.1:${port}/postgres?sslmode=disable`,
        DATA_SOURCE_USER: monitor,
        DATA_SOURCE_PASS: monitorPassword,
      },
    });
    const prepare = this.program('prepare', {
      command: ['bash', '-c', prepareScript],
      variables: { PGDATA: pgdata, POSTGRES_PASSWORD: this.superuser, LANG: 'C.UTF-8' },
      mounts: [data, temporary],
    });
    new StatefulSet(this, id, {
      containers: [server, monitoring],
      initContainers: [prepare],
      user,
      claim: `${id}-data`,
      storage: props.size.storage,
      port: { name: 'postgres', number: port },
      metrics,
      backup: props.backup,
      restartOn: () => Object.values(configuration),
      // A checkpoint of all shared buffers may take minutes.
      gracePeriodSeconds: 300,
    });
    this.accounts(monitorPassword);
  }

  /** Gives the client a role of its own, the variables that name it, and the way to the server. */
  connect(client: Client): Connection {
    checkNeighbours(client, this);
    const { url, user: userVariable, password: passwordName } = this.props.variables;
    const role = roleOf(client.id);
    if (this.taken.includes(role)) {
      throw new Error(`expected a client of ${this.id} to have a role of its own, got \`${role}\`, which is taken`);
    }
    this.platform.network.connect(client.id, this.id, port);
    const password = this.password(client.id);
    this.clients.set(client.id, password);
    return {
      variables: {
        [userVariable]: role,
        [passwordName]: password,
        [url]: this.url(`$(${userVariable})`, `$(${passwordName})`),
      },
      check: { name: this.id, kind: 'postgres', url },
      ...(this.gate && { before: [this.gate(this.psql(role, password))] }),
    };
  }

  /** Variables of the owner, for migrations. */
  ownerVariables(): Variables {
    const { url, user: userVariable, password } = this.props.variables;
    return {
      [userVariable]: this.props.owner,
      [password]: this.owner,
      [url]: this.url(`$(${userVariable})`, `$(${password})`),
    };
  }

  /** A container with psql that logs in as the owner. */
  ownerProgram(name: string, command: readonly string[], props: Partial<ProgramProps> = {}): Container {
    return this.psqlProgram(name, command, this.psql(this.props.owner, this.owner), props);
  }

  /**
   * A container with psql that logs in as a client.
   *
   * @throws Error when nothing of this name is connected
   */
  clientProgram(
    name: string,
    command: readonly string[],
    client: string,
    props: Partial<ProgramProps> = {},
  ): Container {
    const password = this.clients.get(client);
    if (!password) throw new Error(`expected \`${client}\` to be connected to ${this.id}, got nobody of this name`);
    return this.psqlProgram(name, command, this.psql(roleOf(client), password), props);
  }

  /** A container that waits until the owner can log in. */
  ownerReady(name: string): Container {
    return this.ownerProgram(name, ['bash', '-c', loginScript]);
  }

  /** Opens the way for a workload that is not an application: the Job of a release. */
  admit(client: string): void {
    this.platform.network.connect(client, this.id, port);
  }

  /**
   * Makes later clients wait. The container is made from psql's variables of each client.
   *
   * @throws Error when a client was declared before, for it would not wait, or another release was
   */
  waitFor(gate: (program: Container) => Container): void {
    if (this.gate) {
      throw new Error(`expected one release of ${this.id}, got two: its clients would wait for the second alone`);
    }
    const [early] = this.clients.keys();
    if (early) throw new Error(`expected the release of ${this.id} to be declared before \`${early}\` uses it`);
    this.gate = (variables) => gate(this.program('await-release', { variables }));
  }

  /** The password of a role that the accounts Job makes. */
  private password(name: string): SecretKey {
    const { secrets } = this.platform;
    const key = secrets.declare(`${this.id}-${kebab(name)}`, 'password');
    secrets.use(key, `${this.id}-accounts`);
    return key;
  }

  private psqlProgram(
    name: string,
    command: readonly string[],
    login: Variables,
    { variables, mounts = [] }: Partial<ProgramProps>,
  ): Container {
    return this.program(name, {
      command,
      variables: { ...login, ...variables },
      mounts: [temporary, ...mounts],
    });
  }

  private url(name: string, password: string): string {
    return `postgresql://${name}:${password}@${this.id}:${port}/${this.props.database}`;
  }

  private psql(role: string, password: SecretKey): Variables {
    const { database } = this.props;
    return {
      PGHOST: this.id,
      PGPORT: `${port}`,
      PGDATABASE: database,
      PGUSER: role,
      PGPASSWORD: password,
      PGCONNECT_TIMEOUT: '5',
    };
  }

  /** A container of the server's image; small unless told otherwise. */
  private program(
    name: string,
    props: Omit<Container, 'name' | 'image' | 'resources' | 'share'> & Partial<Container>,
  ): Container {
    const { postgres, postgis } = this.platform.settings.programs;
    return {
      image: this.props.extensions?.includes('postgis') ? postgis : postgres,
      mounts: [temporary],
      resources: { cpu: '250m', memory: '128Mi' },
      share: burstable,
      ...props,
      name,
    };
  }

  /** Roles and database as declared. */
  private accounts(monitorPassword: SecretKey): void {
    const { database, owner, extensions = [], users = {} } = this.props;
    const variables = () => ({
      ...this.psql('postgres', this.superuser),
      PGDATABASE: 'postgres',
      [passwordVariable(owner)]: this.owner,
      [passwordVariable(monitor)]: monitorPassword,
      ...Object.fromEntries(
        [...this.users, ...this.clients].map(([name, key]) => [passwordVariable(roleOf(name)), key]),
      ),
    });
    new Accounts(this, this.id, {
      file: 'accounts.sql',
      text: () => accountsSql({ database, owner, extensions, users }, [...this.clients.keys()], monitor),
      container: this.program('accounts', { command: ['bash', '-c', accountsScript], variables }),
      user,
      port,
    });
  }
}

/** A subfolder: the root of a volume belongs to the volume plugin. */
const pgdata = '/pgdata/pg17';

const fileFlags = {
  config_file: '/etc/postgres/postgresql.conf',
  hba_file: '/etc/postgres/pg_hba.conf',
  ident_file: '/etc/postgres/pg_ident.conf',
};

/** The operating system's user of the image, whatever its name, is the superuser inside the pod. */
const ident = 'pod /^.*$ postgres\n';

const ready = { command: ['pg_isready', '--quiet', '--host', '127.0.0.1', '--username', 'postgres'] };
