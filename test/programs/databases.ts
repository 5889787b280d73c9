import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlatformName } from '../../charts/platforms';
import { find, manifestsOfPlatform } from '../support/manifests';

/** Password of every role that a test makes. */
export const password = 'f00d';
const superuser = 'pen%cil';

export interface Answer {
  readonly status: number | null;
  readonly lines: readonly string[];
  readonly error: string;
}

/** A PostgreSQL server, and psql as one of its roles. */
export class Server {
  private readonly folder = mkdtempSync(join(tmpdir(), 'slipway-sql-'));

  constructor(private readonly port: number) {}

  /** Runs one statement, or several, as one role; rows come back as lines. */
  ask(database: string, role: string, sql: string): Answer {
    return this.run('psql', ['-XAtq', '--set', 'ON_ERROR_STOP=1', '--command', sql], database, role);
  }

  /** Runs a file as the manifests do. */
  file(database: string, role: string, name: string, text: string): Answer {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return this.run(
      'psql',
      ['--no-psqlrc', '--quiet', '--set', 'ON_ERROR_STOP=1', '--file', path],
      database,
      role,
      text,
    );
  }

  /** Any client program of PostgreSQL. */
  run(program: string, args: readonly string[], database: string, role: string, text = ''): Answer {
    const env = this.environment(database, role, text);
    const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', env });
    if (error) throw new Error(`expected ${program} of PostgreSQL 17 on PATH, got ${error.message}`);
    return { status, lines: stdout.trim().split('\n').filter(Boolean), error: stderr.trim() };
  }

  /** psql that stays: it does what it is told while other things happen. */
  session(database: string, role: string) {
    const args = ['-Xq', '--set', 'ON_ERROR_STOP=1'];
    const child = spawn('psql', args, { env: this.environment(database, role), stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = once(child, 'close').then(([status]) => status as number | null);
    const tell = (sql: string) => child.stdin.write(`${sql}\n`);
    return { tell, end: (sql = '') => (child.stdin.end(sql), ended) };
  }

  /** How libpq finds the server; passwords that a text asks for are all the same. */
  private environment(database: string, role: string, text = '') {
    const passwords = [...text.matchAll(/"\$(\w+)"/g)].map(([, name = '']) => [name, password]);
    return {
      ...process.env,
      PGHOST: '127.0.0.1',
      PGPORT: `${this.port}`,
      PGDATABASE: database,
      PGUSER: role,
      PGPASSWORD: role === 'postgres' ? superuser : password,
      ...Object.fromEntries(passwords),
    };
  }

  /** Makes database and accounts of a platform from its committed manifests, as often as it is called. */
  accounts(platform: PlatformName): Answer {
    return this.file('postgres', 'postgres', `${platform}.sql`, fileOf(platform, 'postgres-accounts', 'accounts.sql'));
  }
}

/** A file of a ConfigMap in production. */
export const fileOf = (platform: PlatformName, configMap: string, name: string): string =>
  find(manifestsOfPlatform('production', platform), 'ConfigMap', configMap).data?.[name] ?? '';
