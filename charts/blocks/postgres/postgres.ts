import { Construct } from 'constructs';
import { Accounts } from '../accounts';
import type { BackupPlan } from '../backup';
import { checkNeighbours, type Client, type Connectable, type Connection } from '../connection';
import type { Container, Mount } from '../container';
import { kebab, type Variables } from '../environment';
import { unclaimed } from '../labels';
import { Platform } from '../platform';
import type { Resources } from '../quantity';
import type { SecretKey } from '../secrets';
import { accountsSql, passwordVariable, roleOf, type Users } from './accounts';
import { accountsScript, loginScript } from './scripts';
import { port, program, server, temporary, user } from './server';

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

const monitor = 'monitor';

/**
 * PostgreSQL, one primary: its own roles for every client, tuned from its memory, never written over (PHY-10, ALL-13).
 *
 * A client is given a role of its own, a member of the owner or of the application's user (PHY-22). Roles are made by a
 * Job that runs again whenever a client is added. Clients that start before a declared release is in the database wait
 * for it.
 */
export class Postgres extends Construct implements Connectable {
  private readonly platform: Platform;
  private readonly clients = new Map<string, SecretKey>();
  private readonly superuser: SecretKey;
  private readonly owner: SecretKey;
  /** Passwords of the users that log in beside clients and owner. */
  private readonly users: ReadonlyMap<string, SecretKey>;
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
    const [twice] = this.taken.filter((name, index, all) => all.indexOf(name) !== index);
    if (twice) throw new Error(`expected the users of ${id} to have names of their own, got \`${twice}\` twice`);

    server(this, id, {
      image: this.image,
      exporterImage: this.platform.settings.programs.postgresExporter,
      size: props.size,
      backup: props.backup,
      superuser: this.superuser,
      monitor: { role: monitor, password: monitorPassword },
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
    this.gate = (variables) => gate(program('await-release', { image: this.image, variables }));
  }

  /** Roles that no client may have. */
  private get taken(): string[] {
    const { owner, users = {} } = this.props;
    return [owner, monitor, 'postgres', ...Object.values(users)];
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
    return program(name, {
      image: this.image,
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

  /** The image of the server and of whatever speaks to it with psql. */
  private get image(): string {
    const { postgres, postgis } = this.platform.settings.programs;
    return this.props.extensions?.includes('postgis') ? postgis : postgres;
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
      container: program('accounts', { image: this.image, command: ['bash', '-c', accountsScript], variables }),
      user,
      port,
    });
  }
}
