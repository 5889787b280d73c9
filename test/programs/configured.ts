import { join } from 'node:path';
import { once } from 'node:events';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { eventually, freePort } from '../rehearsal/support';
import { base, type Files } from './pooling-files';

/** A server that starts with the parameters of a platform, and says what it made of them. */
export class Configured {
  /**
   * @param files with the folders `data`, `tls` and `log`
   * @param folder of the programs of a major version @default - those on PATH
   */
  constructor(
    private readonly files: Files,
    private readonly folder?: string,
  ) {
    const [initdb, ...own] = this.program('initdb');
    const how = ['-D', files.at('data'), '-U', 'postgres', '-A', 'trust', '--no-sync'];
    execFileSync(initdb, [...own, ...how], { env: base, stdio: 'pipe' });
    files.certificate('ca', 'tls', 'postgres');
  }

  /** As the user of the image, whom this machine may not know: programs on PATH see to that themselves. */
  private program(name: string): readonly [string, ...string[]] {
    if (!this.folder) return [name];
    const path = join(this.folder, name);
    return base.RUN_AS ? ['inside', path] : [path];
  }

  /** Starts the server with the parameters, does something with it, and stops it. */
  async serving<T>(parameters: Readonly<Record<string, string>>, act: (port: number) => T | Promise<T>): Promise<T> {
    const port = await freePort();
    const settings = {
      ...parameters,
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: '',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const [postgres, ...own] = this.program('postgres');
    const server = spawn(postgres, [...own, '-D', this.files.at('data'), ...options], {
      env: base,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const closed = once(server, 'close');
    let log = '';
    server.stderr.on('data', (chunk) => (log += chunk));
    try {
      await eventually(() => {
        if (server.exitCode !== null) throw new Error(`expected the server to start, got: ${log}`);
        return ask(port, 'select 1').status === 0;
      });
      return await act(port);
    } finally {
      server.kill('SIGINT');
      await closed;
    }
  }

  /** What the server shows for each of the parameters that it was started with. */
  async shown(parameters: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    const names = Object.keys(parameters).map((name) => `('${name}')`);
    const sql = `select name, current_setting(name) from (values ${names.join(', ')}) asked (name)`;
    const rows = await this.serving(parameters, (port) => ask(port, sql).stdout.trim());
    return Object.fromEntries(rows.split('\n').map((row) => row.split(/\|(.*)/s).slice(0, 2)) as string[][]);
  }
}

/** SQL of the superuser. */
export const ask = (port: number, sql: string) =>
  spawnSync('psql', ['-XAtq', '-h', '127.0.0.1', '-p', `${port}`, '-U', 'postgres', '-c', sql], {
    env: base,
    encoding: 'utf8',
  });

const memory = { unit: 'kB', factors: { kB: 1, MB: 1024, GB: 1024 * 1024 } };
const time = { unit: 'ms', factors: { ms: 1, s: 1000, min: 60_000 } };

/** The server shows 1024MB as 1GB, 1000ms as 1s, and compression by its method, which PostgreSQL 14 does not know. */
const comparable = (value: string): string => {
  if (value === 'pglz') return 'on';
  const [, amount, name = ''] = /^(\d+)([a-zA-Z]+)$/.exec(value) ?? [];
  const [scale] = [memory, time].filter(({ factors }) => name in factors);
  const factor = (scale?.factors as Record<string, number> | undefined)?.[name];
  return factor ? `${Number(amount) * factor}${scale?.unit}` : value;
};

/** Values as they can be compared with what was shown. */
export const equal = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, comparable(value)]));
