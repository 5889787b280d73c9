import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  lookupSql,
  poolerHba,
  poolerIni,
  poolerPort,
  poolerStart,
  poolerStop,
} from '../../charts/blocks/postgres/pooler-configuration';
import { poolerSizes, type PoolerDemand } from '../../charts/blocks/postgres/pooler-sizes';
import { eventually, freePort } from '../rehearsal/support';
import { need } from '../support/need';
import { base, Files } from './pooling-files';

const superuser = 'pen%cil';
export const password = 'f00d';
export const database = 'grades';

/** Who there is: two services that act as the owner, the server's own parts, and one whose time is over. */
const rolesSql = `
create role teacher login password '${password}';
create role marks login password '${password}';
create role homework login password '${password}';
create role marks_reads login password '${password}';
grant teacher to marks, homework;
alter role marks set role to teacher;
alter role homework set role to teacher;
create role monitor login password '${password}';
create role rewind login password '${password}';
create role pgbackrest login password '${password}';
create role pooler login password '${password}"';
create role replicator login replication password '${password}';
create role expired login password '${password}' valid until '2020-01-01';
create role nobody nologin password '${password}';
create database ${database} owner teacher;
`;

export interface Answer {
  readonly status: number | null;
  readonly lines: readonly string[];
  readonly error: string;
}

/** Certificate of a client: of the platform's authority, of another one, or none. */
export type Shown = 'client' | 'stranger' | 'none';

export interface Login {
  readonly role: string;
  readonly database?: string;
  readonly password?: string;
  readonly shown?: Shown;
  readonly sslmode?: string;
  /** The server itself. @default - the pooler */
  readonly direct?: boolean;
  /** How long it waits to be let in. @default 10 */
  readonly patienceSeconds?: number;
}

/** PostgreSQL with PgBouncer in front as the manifests configure it: folders and ports are moved, nothing else. */
export class Pooling {
  private readonly files = new Files('data', 'run', 'etc', 'server', 'tls', 'client', 'stranger');
  private readonly running = new Set<ChildProcess>();
  private postgres: ChildProcess | undefined;
  private pooler: ChildProcess | undefined;
  private ports = { postgres: 0, pooler: 0 };
  log = '';

  constructor(private readonly demand: PoolerDemand) {
    const postgresql = 'PostgreSQL 17, its bin folder is not on PATH by default';
    need({ pgbouncer: 'PgBouncer', openssl: 'OpenSSL' });
    need({ initdb: postgresql, postgres: postgresql, psql: postgresql, pgbench: postgresql });
  }

  async start(): Promise<this> {
    this.ports = { postgres: await freePort(), pooler: await freePort() };
    this.renew('server');
    this.renew('tls');
    this.files.certificate('ca', 'client', 'marks');
    this.files.certificate('other', 'stranger', 'marks');
    const data = this.at('data');
    const pwfile = this.files.write('superuser', superuser);
    execFileSync('initdb', ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${pwfile}`, '--no-sync'], {
      env: base,
      stdio: 'pipe',
    });
    this.files.write('data/pg_hba.conf', 'hostssl all all all scram-sha-256 clientcert=verify-ca\n');
    await this.startServer();
    for (const [name, sql] of [
      ['roles', rolesSql] as const,
      ['lookup', lookupSql] as const,
      ['lookup', lookupSql] as const,
    ]) {
      const { status, error } = this.sql(name, sql);
      if (status !== 0 || error) throw new Error(`expected ${name} to be made, got: ${error}`);
    }
    await this.startPooler();
    return this;
  }

  sql = (name: string, sql: string): Answer =>
    this.run('psql', ['-Xq', '-f', this.files.write(`${name}.sql`, sql)], {
      role: 'postgres',
      database: 'postgres',
      direct: true,
    });

  async startServer(): Promise<void> {
    const settings = {
      ...{ listen_addresses: '127.0.0.1,::1', port: this.ports.postgres, unix_socket_directories: '' },
      ...{ ssl: 'on', ssl_cert_file: this.at('server/tls.crt'), ssl_key_file: this.at('server/tls.key') },
      ...{ ssl_ca_file: this.at('server/ca.crt'), fsync: 'off', max_connections: this.demand.maxConnections },
    };
    const options = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    this.postgres = this.spawn('postgres', ['-D', this.at('data'), ...options]);
    await eventually(() => this.ask('select 1', { role: 'postgres', database: 'postgres', direct: true }).status === 0);
  }

  /** Lets the server read its certificate again. */
  reloadServer = (): unknown => this.postgres?.kill('SIGHUP');

  async stopServer(): Promise<void> {
    await this.end(this.postgres, 'SIGINT');
  }

  /** The text as the container has it, with this machine's folders and ports. */
  private moved(text: string): string {
    const moves = [
      ['/run/pgbouncer', this.at('run')],
      ['/etc/pgbouncer', this.at('etc')],
      ['/tls/', `${this.at('tls')}/`],
      ['port=5432', `port=${this.ports.postgres}`],
      [`listen_port = ${poolerPort}`, `listen_port = ${this.ports.pooler}`],
      ['sleep 30', 'sleep 1'],
    ] as const;
    return moves.reduce((result, [from, to]) => result.replaceAll(from, to), text);
  }

  /** The file that PgBouncer reads. */
  get ini(): string {
    return this.moved(poolerIni(database, { primary: 'localhost', replicas: 'localhost' }, poolerSizes(this.demand)));
  }

  async startPooler(): Promise<void> {
    this.files.write('etc/pgbouncer.ini', this.ini);
    this.files.write('etc/hba.conf', poolerHba(database, Object.keys(this.demand.readers ?? {})));
    // The script runs as the tests do, PgBouncer perhaps as another, who may read this file and no new one of root's.
    this.files.write('run/userlist.txt');
    const env = { ...base, POOLER_PASSWORD: `${password}"` };
    this.pooler = spawn('bash', ['-c', this.moved(poolerStart)], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.running.add(this.pooler);
    for (const stream of [this.pooler.stdout, this.pooler.stderr]) stream?.on('data', (chunk) => (this.log += chunk));
    await eventually(() => this.ask('select 1', { role: 'marks' }).status === 0, 10_000).catch((error) => {
      throw new Error(`${this.ask('select 1', { role: 'marks' }).error}\n${this.log.slice(0, 4000)}`, { cause: error });
    });
  }

  /** Stops the pooler as the kubelet does: the script before the signal, then the signal. @returns seconds until it ended */
  async stopPooler(script = poolerStop): Promise<number> {
    const { pooler } = this;
    if (!pooler?.pid) throw new Error('expected a pooler that runs, got none');
    const began = Date.now();
    const ended = once(pooler, 'exit').then(() => (Date.now() - began) / 1000);
    const before = this.spawn('bash', ['-c', script.replace('pooler=1', `pooler=${pooler.pid}`)]);
    await Promise.race([once(before, 'exit'), ended]);
    await this.end(pooler, 'SIGTERM');
    await this.end(before, 'SIGKILL');
    killGroup(pooler.pid);
    return ended;
  }

  ask(sql: string, login: Login): Answer {
    return this.run('psql', ['-XAtq', '--set', 'ON_ERROR_STOP=1', '--command', sql], login);
  }

  /** As the superuser, past the pooler. */
  server = (sql: string): Answer => this.ask(sql, { role: 'postgres', database: 'postgres', direct: true });

  /** On the console, through the socket in the pod. */
  console(command: string, role = 'pgbouncer'): Answer {
    const args = ['-XAtq', '-h', this.at('run'), '-p', `${this.ports.pooler}`, '-U', role, '-c', command, 'pgbouncer'];
    return answer(spawnSync('psql', args, { encoding: 'utf8', env: { ...base, PGSSLMODE: 'disable' } }));
  }

  run(program: string, args: readonly string[], login: Login): Answer {
    return answer(spawnSync(program, args, { encoding: 'utf8', env: this.environment(login) }));
  }

  /** A program that runs while other things happen. */
  background(program: string, args: readonly string[], login: Login) {
    const child = spawn(program, args, { env: this.environment(login), stdio: ['pipe', 'pipe', 'pipe'] });
    this.running.add(child);
    const output = { lines: '', error: '' };
    child.stdout.on('data', (chunk) => (output.lines += chunk));
    child.stderr.on('data', (chunk) => (output.error += chunk));
    const ended = once(child, 'close').then(([status]) => status as number | null);
    return { child, output, ended };
  }

  /** psql that stays, and answers one statement at a time. */
  session(login: Login) {
    const { child, output, ended } = this.background('psql', ['-XAtq', '--set', 'ON_ERROR_STOP=1'], login);
    let asked = 0;
    const tell = async (sql: string): Promise<string> => {
      const from = output.lines.length;
      const mark = `-- ${++asked} --`;
      child.stdin.write(`${sql};\n\\echo '${mark}'\n`);
      await eventually(() => output.lines.includes(mark, from) || child.exitCode !== null);
      if (child.exitCode !== null) throw new Error(output.error.trim());
      return output.lines.slice(from, output.lines.indexOf(mark, from)).trim();
    };
    return { tell, end: () => (child.stdin.end(), ended) };
  }

  private environment(login: Login) {
    const { role, direct = false, shown = 'client', sslmode = 'verify-full' } = login;
    return {
      ...base,
      PGHOST: 'localhost',
      PGPORT: `${direct ? this.ports.postgres : this.ports.pooler}`,
      PGDATABASE: login.database ?? database,
      PGUSER: role,
      PGPASSWORD: login.password ?? (role === 'postgres' ? superuser : password),
      PGSSLMODE: sslmode,
      PGSSLROOTCERT: this.at('client/ca.crt'),
      // A file that is not there is a certificate that is not shown.
      PGSSLCERT: this.at(`${shown}/tls.crt`),
      PGSSLKEY: this.at(`${shown}/tls.key`),
      PGCONNECT_TIMEOUT: `${login.patienceSeconds ?? 10}`,
    };
  }

  /** What the pooler shows of its certificate. */
  shown(): string {
    const shown = ['s_client', '-starttls', 'postgres', '-connect', `127.0.0.1:${this.ports.pooler}`];
    const { stdout } = spawnSync('openssl', shown, { encoding: 'utf8', input: '' });
    return execFileSync('openssl', ['x509', '-noout', '-serial'], { encoding: 'utf8', input: stdout });
  }

  at = (name: string): string => this.files.at(name);

  /** Gives the server or the pooler (`tls`) a new certificate, of the platform's authority or another one. */
  renew = (folder: 'server' | 'tls', authority: 'ca' | 'other' = 'ca'): void =>
    this.files.certificate(authority, folder, folder === 'tls' ? 'pooler' : 'postgres', 'subjectAltName=DNS:localhost');

  private spawn(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, { env: base, stdio: 'ignore' });
    this.running.add(child);
    return child;
  }

  private async end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async stop(): Promise<void> {
    // Its watcher of certificates belongs to its group, and would end with its container.
    if (this.pooler?.pid) killGroup(this.pooler.pid);
    for (const child of this.running) await this.end(child, child === this.postgres ? 'SIGINT' : 'SIGKILL');
    this.files.remove();
  }
}

const killGroup = (leader: number): void => {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
};

const answer = ({ status, stdout, stderr }: { status: number | null; stdout: string; stderr: string }): Answer => ({
  status,
  lines: stdout.trim().split('\n').filter(Boolean),
  error: stderr.trim(),
});
