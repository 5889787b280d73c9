import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseGrants, serverGrants } from '../../charts/blocks/postgres/backup/accounts';
import {
  archiveParameters,
  clientFiles,
  jobFiles,
  memberFiles,
  repositoryFiles,
  stanza,
  type BackupLayout,
  type Repository,
} from '../../charts/blocks/postgres/backup/configuration';
import { lock } from '../../charts/blocks/postgres/backup/jobs';
import { archiveFiles, jobScripts, serveFile } from '../../charts/blocks/postgres/backup/scripts';
import { restoreScripts } from '../../charts/blocks/postgres/restore/scripts';
import { hba, ident } from '../../charts/blocks/postgres/patroni';
import { drillsSql } from '../../charts/blocks/postgres/restore/drills';
import { eventually, freePort } from '../rehearsal/support';
import { need } from '../support/need';
import { base, found, issue, own, python, run, type Run } from './pgbackrest-machine';

export const passphrase = 'a passphrase of the repository';
export const rolePassword = 'f00d';

type Pod = 'member' | 'job' | 'repository' | 'restore';

/**
 * One member with its sidecar, a repository host and the pods of Jobs, as the manifests configure them, on one machine:
 * folders and ports of the pods are moved, nothing else.
 */
export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'slipway-pgbackrest-'));
  layout!: BackupLayout;
  private readonly begun: ChildProcess[] = [];
  private readonly running = new Map<string, ChildProcess>();
  private ports = { postgres: 0, member: 0, repository: 0 };

  constructor(
    private readonly secrets: Readonly<Record<string, string>> = { PGBACKREST_REPO1_CIPHER_PASS: passphrase },
    /** What a test does not wait for. */
    private readonly settings: Readonly<Record<string, string>> = { archive_timeout: '2s', fsync: 'off' },
  ) {
    const postgresql = 'PostgreSQL 17, its bin folder is not on PATH by default';
    need({ pgbackrest: 'pgBackRest', initdb: postgresql, postgres: postgresql, psql: postgresql, openssl: 'OpenSSL' });
    chmodSync(this.folder, 0o755);
    const folders = ['pgdata', 'run', 'repository', 'member', 'job', 'repository-host', 'tls', 'restore', 'scratch'];
    for (const name of [...folders, 'restore/run', 'restore/tmp']) this.directory(name);
    found(this.folder);
  }

  /** A folder of the image's user. */
  directory(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path, { recursive: true });
    own(path);
    return path;
  }

  async start(repositories: BackupLayout['repositories']): Promise<this> {
    const members = ['postgres-0.postgres-pods'] as const;
    this.layout = {
      path: '/school-test/postgres',
      retentionDays: 30,
      dataFolder: '/pgdata/pg17',
      members,
      repositories,
    };
    this.ports = { postgres: await freePort(), member: await freePort(), repository: await freePort() };
    this.certificate('member', 'postgres');
    this.certificate('job', 'pgbackrest');
    this.certificate('repository', 'postgres-repository');
    this.write('member', { ...memberFiles(this.layout), ...archiveFiles, ...serveFile });
    this.certificate('restore', 'pgbackrest');
    this.write('restore', { ...clientFiles(this.layout), ...restoreScripts });
    this.write('job', { ...jobFiles(this.layout), ...jobScripts });
    this.write('repository', { ...repositoryFiles(this.layout), ...serveFile });
    this.initialise('pgdata/pg17');
    await this.startPostgres();
    this.serve('member', 'server.conf');
    this.serve('repository', 'pgbackrest.conf');
    this.accounts();
    return this;
  }

  at(...names: string[]): string {
    return join(this.folder, ...names);
  }

  initialise(name: string): void {
    execFileSync('initdb', ['-D', this.at(name), '-U', 'postgres', '-A', 'peer', '--data-checksums', '--no-sync'], {
      env: base,
      stdio: 'pipe',
    });
    writeFileSync(this.at(name, 'pg_hba.conf'), `${hba.join('\n')}\n`);
    writeFileSync(this.at(name, 'pg_ident.conf'), `${ident.join('\n')}\n`);
  }

  /** PostgreSQL as a member runs it, unless told otherwise archiving every two seconds where something is written. */
  async startPostgres(data = 'pgdata/pg17'): Promise<void> {
    const tls = this.at('tls', 'member');
    const settings = {
      ...archiveParameters,
      archive_command: archiveParameters.archive_command.replace('/etc/pgbackrest', this.at('member')),
      restore_command: archiveParameters.restore_command.replace('/etc/pgbackrest', this.at('member')),
      port: this.ports.postgres,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: this.at('run'),
      ssl: 'on',
      ssl_cert_file: `${tls}/tls.crt`,
      ssl_key_file: `${tls}/tls.key`,
      ssl_ca_file: `${tls}/ca.crt`,
      ...this.settings,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.spawn('postgres', 'postgres', ['-D', this.at(data), ...flags], this.memberEnvironment);
    await eventually(() => this.ask('select 1').status === 0);
  }

  /** Ends a program as its pod would end. */
  async stop(name: string, signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const child = this.running.get(name);
    this.running.delete(name);
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'close');
    child.kill(signal);
    await ended;
  }

  serve(pod: 'member' | 'repository', configuration: string): void {
    this.spawn(pod, 'bash', [this.at(pod, 'serve.sh')], { PGBACKREST_CONFIG: this.at(pod, configuration) });
  }

  /** Starts a program that stays. */
  spawn(name: string, program: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): void {
    const log = openSync(this.at(`${name}.log`), 'a');
    const child = spawn(program, args, { env: { ...base, ...more }, stdio: ['ignore', log, log] });
    closeSync(log);
    this.running.set(name, child);
  }

  async close(): Promise<void> {
    // What a killed Job leaves behind would hold its pipes, and them this process.
    for (const { stdout, stderr } of this.begun) for (const pipe of [stdout, stderr]) pipe?.destroy();
    for (const name of [...this.running.keys()]) await this.stop(name, name === 'postgres' ? 'SIGQUIT' : 'SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** SQL as a role over the socket of the pod. */
  ask(sql: string, role = 'postgres', database = 'postgres'): Run {
    const args = ['-XAtq', '--set', 'ON_ERROR_STOP=1', '-h', this.at('run'), '-p', `${this.ports.postgres}`];
    return run('psql', [...args, '-U', role, '-d', database], base, sql);
  }

  /** A session that does one thing for long. */
  session(database: string, sql: string): ChildProcess {
    const args = [
      '-Xq',
      '-h',
      this.at('run'),
      '-p',
      `${this.ports.postgres}`,
      '-U',
      'postgres',
      '-d',
      database,
      '-c',
      sql,
    ];
    return spawn('psql', args, { env: base, stdio: 'ignore' });
  }

  portOf(pod: 'postgres' | 'member' | 'repository'): number {
    return this.ports[pod];
  }

  accounts(): void {
    const roles = `create role pgbackrest login password '${rolePassword}';\ncreate role monitor login password '${rolePassword}';\n`;
    const made = `${roles}grant pg_monitor to monitor;\n${serverGrants}${drillsSql('monitor')}`;
    const grants = `create role pupil login;\n${databaseGrants('grades')}`;
    for (const { status, said } of [
      this.ask(made),
      this.ask('create database grades'),
      this.ask(grants, 'postgres', 'grades'),
    ]) {
      if (status !== 0) throw new Error(said);
    }
  }

  /** What the server of a member has in its environment. */
  get memberEnvironment(): Record<string, string> {
    return { ...this.secrets, PGBACKREST_CONFIG: this.at('member', 'pgbackrest.conf'), PGBACKREST_STANZA: stanza };
  }

  /** What a Job has in its environment. */
  get jobEnvironment(): Record<string, string> {
    const tls = this.at('tls', 'job');
    return {
      ...(base as Record<string, string>),
      ...this.secrets,
      PGBACKREST_CONFIG: this.at('job', 'pgbackrest.conf'),
      PGBACKREST_STANZA: stanza,
      REPOSITORIES: this.layout.repositories.map((_, index) => index + 1).join(' '),
      LOCK: lock,
      LOCK_SECONDS: '5',
      MAXIMUM_AGE_HOURS: '8',
      PAUSE: '0',
      PGHOST: 'localhost',
      PGPORT: `${this.ports.postgres}`,
      PGDATABASE: 'grades',
      PGUSER: 'pgbackrest',
      PGPASSWORD: rolePassword,
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: `${tls}/ca.crt`,
      PGSSLCERT: `${tls}/tls.crt`,
      PGSSLKEY: `${tls}/tls.key`,
    };
  }

  /** Runs a script as a Job does. */
  job(script: string, args: readonly string[] = [], more: Readonly<Record<string, string>> = {}): Run {
    return run('bash', [this.at('job', `${script}.sh`), ...args], { ...this.jobEnvironment, ...more });
  }

  /** The same, while other things happen. */
  jobMeanwhile(script: string, args: readonly string[] = []) {
    const child = spawn('bash', [this.at('job', `${script}.sh`), ...args], { env: this.jobEnvironment });
    this.begun.push(child);
    const output = { said: '' };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output.said += chunk));
    return { child, output, ended: once(child, 'close').then(([status]) => status as number | null) };
  }

  /** Restores beside the cluster, as the Jobs of a restore do: with a place of its own, and of the cluster its log alone. */
  restore(mode: 'live' | 'scratch' | 'drill', more: Readonly<Record<string, string>> = {}): Run {
    const [program, ...args] = python;
    return run(program, [...args, '-B', this.at('restore', 'restore.py'), mode], {
      ...this.restoreEnvironment,
      ...more,
    });
  }

  get restoreEnvironment(): Record<string, string> {
    const tls = this.at('tls', 'restore');
    return {
      ...this.jobEnvironment,
      PGBACKREST_CONFIG: this.at('restore', 'pgbackrest.conf'),
      PGDATA: this.at('scratch', 'pg'),
      PGSSLCERT: `${tls}/tls.crt`,
      PGSSLKEY: `${tls}/tls.key`,
      SOCKET_FOLDER: this.at('restore', 'run'),
      TMPDIR: this.at('restore', 'tmp'),
      NAMESPACE: 'school',
    };
  }

  pgbackrest(...args: string[]): Run {
    return run('pgbackrest', args, this.jobEnvironment);
  }

  /** Backups of a repository, as pgBackRest knows them. */
  backups(repository = 1): { label: string; type: string; error: boolean; annotation?: { rows?: string } }[] {
    const { said } = this.pgbackrest('info', `--repo=${repository}`, '--output=json');
    return JSON.parse(said)[0].backup;
  }

  /** Every file of the repository on the volume. */
  files(): string[] {
    return readdirSync(this.at('repository'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  }

  /** Does something to the volume, looks, and puts it back as it was. */
  damaged<T>(damage: () => void, look: () => T): T {
    const copy = this.at('repository.copy');
    execFileSync('cp', ['-a', this.at('repository'), copy]);
    try {
      damage();
      own(this.at('repository'));
      return look();
    } finally {
      // Over what is there: log goes on arriving meanwhile.
      execFileSync('cp', ['-a', '--remove-destination', `${copy}/.`, this.at('repository')]);
      own(this.at('repository'));
      rmSync(copy, { recursive: true });
    }
  }

  /** A certificate for a pod; a second one renews the first. */
  certificate(pod: string, commonName: string): void {
    issue(this.folder, this.directory(join('tls', pod)), commonName);
  }

  /** The files of a pod, with the folders and ports of this machine. */
  private write(pod: Pod, files: Readonly<Record<string, string>>): void {
    const moves: readonly (readonly [string | RegExp, string])[] = [
      [/(?<![\w/])\/tls\//g, `${this.at('tls', pod)}/`],
      [/(?<![\w/])\/etc\/pgbackrest\//g, `${this.at(pod)}/`],
      [/(?<![\w/])\/scripts\//g, `${this.at(pod)}/`],
      [/=\/pgdata/g, `=${this.at('pgdata')}`],
      [/=\/repository/g, `=${this.at('repository')}`],
      ['/run/postgresql', this.at('run')],
      ['/tmp/said', this.at('said')],
      ['/tmp/pgbackrest', this.at(pod === 'repository' ? 'repository-host' : pod, 'lock')],
      [/postgres-0\.postgres-pods|(?<=host=)postgres-repository/g, 'localhost'],
      ['tls-server-address=*', 'tls-server-address=127.0.0.1'],
      [/pg1-host-port=\d+/g, `pg1-host-port=${this.ports.member}`],
      [/repo1-host-port=\d+/g, `repo1-host-port=${this.ports.repository}`],
      [/tls-server-port=\d+/g, `tls-server-port=${pod === 'member' ? this.ports.member : this.ports.repository}`],
      ['pg1-user=', `pg1-port=${this.ports.postgres}\npg1-user=`],
      // Nobody waits half a minute for a renewed certificate here, or ten seconds for a repository that is away.
      ['sleep 30', 'sleep 1'],
      ['io-timeout=10', 'io-timeout=2'],
    ];
    for (const [name, text] of Object.entries(files)) {
      // The server beside PostgreSQL is a container with a /tmp of its own.
      const own = name === 'server.conf' ? text.replace('/tmp/pgbackrest', this.at(pod, 'server-lock')) : text;
      const moved = moves.reduce((result, [from, to]) => result.replaceAll(from, to), own);
      const path = join(this.directory(pod), name);
      writeFileSync(path, moved);
      chmodSync(path, 0o644);
    }
  }
}

/** A repository on a volume, as platforms have it. */
export const volume: Repository = { kind: 'volume', host: 'postgres-repository' };
