import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { parameters as parametersOf, type Parameters, type ServerSize } from '../../../charts/blocks/postgres/tuning';
import { base, Files } from '../../programs/pooling-files';
import { eventually, freePort } from '../../rehearsal/support';
import { limit } from './memory';
import { loadOf, pgbench, type Both, type Demand, type Load } from './load';

/** What the servers of both sides have. */
export const size: ServerSize = { cpu: '2', memory: '2Gi', storage: '10Gi' };
/** About 450 MB: three and a half times the shared buffers of the defaults, and a quarter of the memory. */
export const scale = 30;

/** As by a repository that has each segment at once: what waits would be kept, and files be made for more log. */
export const generated: Parameters = { ...parametersOf(size, 200, '17'), archive_command: 'true' };

const demands = (seconds: number): Both<Demand> => ({
  reading: { clients: 16, seconds, script: 'select-only' },
  writing: { clients: 16, seconds, script: 'tpcb-like' },
});

/** One data folder on which a server runs with some parameters, then with others, in turn. */
export class Tuned {
  private readonly files = new Files('data', 'tls', 'log');
  private readonly limit = limit(2048);
  private port = 0;

  get limitedBy(): string {
    return this.limit.how;
  }

  async prepare(): Promise<void> {
    const data = this.files.at('data');
    const options = ['-D', data, '-U', 'postgres', '-A', 'trust', '--data-checksums', '--no-sync'];
    execFileSync('initdb', options, { env: base, stdio: 'pipe' });
    this.files.certificate('ca', 'tls', 'postgres');
    this.port = await freePort();
    await this.served({}, () => {
      this.client('pgbench', ['--initialize', `--scale=${scale}`, '--quiet']);
    });
  }

  /** One run with parameters: from the server's start to its end. */
  async run(parameters: Parameters, seconds: number): Promise<Both<Load>> {
    const { reading, writing } = demands(seconds);
    return this.served(parameters, () => {
      // Both begin with what they hold in memory, and with a whole interval of checkpoints before them.
      this.load({ ...reading, seconds: Math.min(8, seconds) });
      const read = this.load(reading);
      this.client('psql', ['-Xqc', 'checkpoint']);
      return { reading: read, writing: this.load(writing) };
    });
  }

  /** Starts the server, does something, and stops it. */
  private async served<T>(parameters: Parameters, act: () => T): Promise<T> {
    const settings = {
      ...parameters,
      ...{ listen_addresses: '127.0.0.1', port: this.port, unix_socket_directories: '' },
    };
    const options = Object.entries(settings).flatMap(([name, value]) => [
      '-c',
      `${name}=${this.files.moved(`${value}`)}`,
    ]);
    const [program = '', ...args] = [...this.limit.enter, 'postgres', '-D', this.files.at('data'), ...options];
    const server = spawn(program, args, { env: base, stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    server.stderr.on('data', (chunk) => (log = `${log}${chunk}`.slice(-4000)));
    try {
      await eventually(() => {
        if (server.exitCode !== null) throw new Error(`expected the server to start, got: ${log}`);
        return this.ask('psql', ['-Xqc', 'select 1']).status === 0;
      });
      return act();
    } finally {
      server.kill('SIGINT');
      if (server.exitCode === null) await once(server, 'close');
    }
  }

  private load(demand: Demand): Load {
    const prefix = this.files.at('log/run');
    return loadOf(demand.clients, this.client('pgbench', pgbench(demand, prefix)), prefix);
  }

  private client(program: string, args: readonly string[]): string {
    const { status, stdout, stderr } = this.ask(program, args);
    if (status !== 0) throw new Error(`expected ${program} to succeed, got: ${stderr}`);
    return stdout;
  }

  private ask(program: string, args: readonly string[]) {
    // Without TLS: the way to the server is not what is compared.
    const connection = { PGHOST: '127.0.0.1', PGPORT: `${this.port}`, PGUSER: 'postgres', PGSSLMODE: 'disable' };
    return spawnSync(program, args, { encoding: 'utf8', env: { ...base, ...connection } });
  }

  remove(): void {
    this.files.remove();
    this.limit.remove();
  }
}
