import { Construct } from 'constructs';
import { Accounts } from '../accounts';
import type { BackupPlan } from '../backup';
import { checkNeighbours, type Client, type Connectable, type Connection } from '../connection';
import type { Container, Mount } from '../container';
import { kebab, type Variables } from '../environment';
import { unclaimed } from '../labels';
import { Platform, type PostgresVersion } from '../platform';
import type { Resources } from '../quantity';
import type { Replicas } from '../scaling';
import type { SecretKey } from '../secrets';
import { accountsSql, passwordVariable, readOnlyRole, roleOf, type Users } from './accounts';
import { Backup } from './backup/backup';
import { role as backupRole } from './backup/configuration';
import {
  applicationVariables,
  psqlProgram,
  psqlVariables,
  type Login,
  type LoginNames,
  type ProgramProps,
} from './login';
import { Clients } from './clients';
import { Maintenance, weekly } from './maintenance/maintenance';
import { roles } from './patroni';
import { Pooler } from './pooler';
import { monitor, onReplicas, poolerPort, poolerRole } from './pooler-configuration';
import { directConnections } from './pooler-sizes';
import { ReadReplicas } from './read-replicas';
import { accountsScript, loginScript } from './scripts';
import { dataFolderOf, port, primaryOf, replicasOf, server, user } from './server';
import { maxConnections, type Documented, type ServerSize } from './tuning';

export interface PostgresProps {
  /** Limits: the tuning follows from the memory (PHY-20). */
  readonly size: ServerSize;
  /** Major version. @default 17 */
  readonly version?: PostgresVersion;
  /** Most connections at once, those of the pooler and all others (ALL-12). @default 200 */
  readonly maxConnections?: number;
  /** Between the applications and the primary (ALL-12). */
  readonly pooler: Resources & {
    readonly replicas: Replicas;
    /** Most connections that one pod of it opens to the server. */
    readonly poolSize: number;
    /** Most that it opens to replicas, where somebody reads there. @default 0 */
    readonly readPoolSize?: number;
  };
  /** Figures of the guide, which hold at the guide's memory (HWO-04, TDA-22). @default - computed from the size */
  readonly documented?: Documented;
  readonly database: string;
  /** Owner of the database: the documents' application user. */
  readonly owner: string;
  /** Names of the variables that clients get. */
  readonly variables: LoginNames;
  /** Names of the variables of those who read from the replicas (GOV-04). @default - nobody does */
  readonly readVariables?: LoginNames;
  readonly backup: BackupPlan;
  /** Made in the database by its superuser; `postgis` brings an image of its own (HWO-03). @default - none */
  readonly extensions?: readonly string[];
  /** Users with less than the owner's rights (TDA-05). @default - none: clients act as the owner */
  readonly users?: Users;
}

/**
 * PostgreSQL: a primary and replicas that take over, its own roles for every client, tuned from its memory, never
 * written over (PHY-10, ALL-13, TDA-04).
 *
 * A client is given a role of its own, a member of the owner or of the application's user (PHY-22). Roles are made by a
 * Job that runs again whenever a client is added. Clients that start before a declared release is in the database wait
 * for it.
 */
export class Postgres extends Construct implements Connectable {
  private readonly platform: Platform;
  /** Its replicas, for clients that read there: what they find may be some moments old. */
  readonly replicas: Connectable = new ReadReplicas(this, 'replicas', (client) => this.read(client));
  private readonly clients: Clients;
  private readonly superuser: SecretKey;
  private readonly owner: SecretKey;
  /** Passwords that the accounts Job gives, by role. */
  private readonly logins = new Map<string, SecretKey>();
  /** What clients run first: set by the release that migrates this database. */
  private gate: ((client: string, login: Login) => Container) | undefined;

  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: PostgresProps,
  ) {
    super(scope, unclaimed(scope, id));
    this.platform = Platform.of(this);
    this.clients = new Clients(id, (role) => this.taken.includes(role) || this.logins.has(role));
    const { secrets } = this.platform;
    this.superuser = secrets.declare(id, 'POSTGRES_PASSWORD');
    const replication = this.login(roles.replication);
    const rewind = this.login(roles.rewind);
    const monitoring = this.login(monitor);
    const looking = this.login(poolerRole);
    this.owner = secrets.declare(id, props.variables.password);
    this.logins.set(props.owner, this.owner);
    const { users = {} } = props;
    for (const user of [users.backup, users.replication]) if (user) this.login(user);
    const [twice] = this.taken.filter((name, index, all) => all.indexOf(name) !== index);
    if (twice) throw new Error(`expected the users of ${id} to have names of their own, got \`${twice}\` twice`);

    const keeping = this.login(backupRole);
    const backup = new Backup(this, `${id}-backup`, {
      image: this.image,
      user,
      plan: props.backup,
      version: this.version,
      dataFolder: dataFolderOf(this.version),
      members: this.members,
      storage: props.size.storage,
      database: {
        server: id,
        primary: primaryOf(id),
        port,
        pooler: { name: this.pooler, pods: props.pooler.replicas.min },
        name: props.database,
        password: keeping,
      },
      own: { [roles.superuser]: this.superuser, [roles.replication]: replication, [roles.rewind]: rewind },
    });
    server(this, id, {
      image: this.image,
      exporterImage: this.platform.settings.programs.postgresExporter,
      version: this.version,
      maxConnections: props.maxConnections ?? maxConnections,
      size: props.size,
      documented: props.documented,
      members: this.members,
      plan: props.backup,
      backup,
      passwords: { superuser: this.superuser, replication, rewind },
      monitor: { role: monitor, password: monitoring },
    });
    this.accounts();
    new Maintenance(this, 'maintenance', {
      schedules: weekly,
      program: (workload, name, command, more) => this.ownerProgram(workload, name, command, more),
      server: id,
      port,
      user,
      lockSeconds: 2 * 3600,
      deadlineSeconds: 6 * 3600,
    });
    const { replicas, poolSize, readPoolSize, cpu, memory } = props.pooler;
    new Pooler(this, this.pooler, {
      image: this.platform.settings.programs.pgbouncer,
      size: { cpu, memory },
      replicas,
      server: id,
      // One member alone is read from where it is written to.
      servers: { primary: primaryOf(id), replicas: this.members > 1 ? replicasOf(id) : primaryOf(id) },
      database: props.database,
      poolSize,
      readPoolSize,
      direct: directConnections,
      maxConnections: props.maxConnections ?? maxConnections,
      clients: this.clients.demand('writing'),
      readers: this.clients.demand('reading'),
      password: looking,
      tls: this.platform.authority.server(this.pooler, this.platform.names(id)),
    });
  }

  /** Gives the client a role of its own, the variables that name it, and the way to the server. */
  connect(client: Client): Connection {
    checkNeighbours(client, this);
    const { database, variables } = this.props;
    return this.connection(client, this.clients.add(client, 'writing'), { name: this.id, database, variables });
  }

  /** The same for a role that reads alone, on the replicas. */
  private read(client: Client): Connection {
    const { database, readVariables: variables } = this.props;
    if (!variables) throw new Error(`expected ${this.id} to have \`readVariables\` for \`${client.id}\`, got none`);
    const to = { name: replicasOf(this.id), database: onReplicas(database), variables };
    const { before, ...connection } = this.connection(client, this.clients.add(client, 'reading'), to);
    // Who writes too waits at the primary, which may be alone.
    return this.clients.writes(client.id) || !before ? connection : { ...connection, before };
  }

  /** The way through the pooler, as a role of its own. */
  private connection(
    client: Client,
    account: string,
    to: { readonly name: string; readonly database: string; readonly variables: LoginNames },
  ): Connection {
    this.platform.network.connect(client.id, this.pooler, poolerPort);
    const { name, database, variables } = to;
    const login: Login = { host: this.id, role: roleOf(account), password: this.login(account), database };
    return {
      variables: applicationVariables(login, variables),
      mounts: [this.platform.authority.client(client.id)],
      check: { name, kind: 'postgres', url: variables.url },
      ...(this.gate && { before: [this.gate(client.id, login)] }),
    };
  }

  /** Variables of the owner, for migrations. */
  ownerVariables(): Variables {
    return applicationVariables(this.asOwner, this.props.variables);
  }

  /** A container of the workload with psql that logs in to the primary as the owner. */
  ownerProgram(
    workload: string,
    name: string,
    command: readonly string[],
    props: Partial<ProgramProps> = {},
  ): Container {
    return this.psql(workload, name, command, this.asOwner, props);
  }

  /**
   * A container with psql that logs in as a client.
   *
   * @throws Error when nothing of this name is connected
   */
  clientProgram(client: string, command: readonly string[], props: Partial<ProgramProps> = {}): Container {
    const password = this.logins.get(roleOf(client));
    if (!password || !this.clients.writes(client))
      throw new Error(`expected \`${client}\` to be connected to ${this.id}, got nobody of this name`);
    const login = { host: this.id, role: roleOf(client), password, database: this.props.database };
    return this.psql(client, client, command, login, props);
  }

  /** A container of the workload that waits until the owner can log in. */
  ownerReady(workload: string, name: string): Container {
    return this.ownerProgram(workload, name, ['bash', '-c', loginScript]);
  }

  /**
   * Opens the way to the primary for a workload that is not an application: the Job of a release.
   *
   * @returns the mount of the certificate that it shows
   */
  admit(workload: string): Mount {
    this.platform.network.connect(workload, this.id, port);
    return this.platform.authority.client(workload);
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
    const [early] = Object.values(this.clients.names).flat();
    if (early) throw new Error(`expected the release of ${this.id} to be declared before \`${early}\` uses it`);
    this.gate = (client, login) => gate(this.psql(client, 'await-release', [], login));
  }

  private get pooler(): string {
    return `${this.id}-pooler`;
  }

  /** Roles that no client may have. */
  private get taken(): string[] {
    const { owner, users = {} } = this.props;
    const own = [owner, monitor, poolerRole, backupRole, ...Object.values(roles)];
    return [...own, ...Object.values({ ...users, readOnly: readOnlyRole(users) })];
  }

  /** The password of a role that the accounts Job makes. */
  private login(name: string): SecretKey {
    const { secrets } = this.platform;
    const key = secrets.declare(`${this.id}-${kebab(name)}`, 'password');
    secrets.use(key, `${this.id}-accounts`);
    this.logins.set(roleOf(name), key);
    return key;
  }

  private get asOwner(): Login {
    const { owner, database } = this.props;
    return { host: primaryOf(this.id), role: owner, password: this.owner, database };
  }

  private psql(
    workload: string,
    name: string,
    command: readonly string[],
    login: Login,
    props?: Partial<ProgramProps>,
  ): Container {
    return psqlProgram(this.platform, workload, name, { image: this.image, command, login }, props);
  }

  private get members(): number {
    return this.platform.settings.highAvailability ? 3 : 1;
  }

  private get version(): PostgresVersion {
    return this.props.version ?? '17';
  }

  /** The image of the server and of whatever speaks to it with psql. */
  private get image(): string {
    const { postgres, postgis } = this.platform.settings.programs;
    return (this.props.extensions?.includes('postgis') ? postgis : postgres)[this.version];
  }

  /** Roles and database as declared. */
  private accounts(): void {
    const { database, owner, extensions = [], users = {} } = this.props;
    const id = `${this.id}-accounts`;
    const passwords = () => Object.fromEntries([...this.logins].map(([role, key]) => [passwordVariable(role), key]));
    const login = {
      host: primaryOf(this.id),
      role: roles.superuser,
      password: this.superuser,
      database: 'postgres',
    };
    const container = this.psql(id, 'accounts', ['bash', '-c', accountsScript], login);
    new Accounts(this, this.id, {
      file: 'accounts.sql',
      text: () => accountsSql({ database, owner, extensions, users }, this.clients.names, monitor),
      container: { ...container, variables: () => ({ ...psqlVariables(login), ...passwords() }) },
      user,
      port,
    });
  }
}
