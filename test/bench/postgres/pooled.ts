import { tuning } from '../../../charts/blocks/postgres/tuning';
import { Pooling } from '../../programs/pooling';
import { loadOf, pgbench, type Demand, type Load } from './load';
import { memoryOf, parentOf, processesOf } from './memory';
import { size } from './tuned';

export const clients = 1000;
export type Way = 'pooler' | 'direct';

/** What the server and the pooler took of memory while all were connected. */
export interface Taken {
  readonly serverMiB: number;
  readonly poolerMiB: number;
  /** Processes of the server. */
  readonly processes: number;
  /** How long all clients took to connect. */
  readonly connectSeconds: number;
}

/** A thousand clients that go through PgBouncer, or past it to the same server; TLS and SCRAM on both ways. */
export class Crowd {
  private readonly pooling = new Pooling({
    replicas: { min: 2, max: 2 },
    poolSize: 40,
    direct: { crowd: clients },
    // Nobody would give so many: it is what the direct way asks for.
    maxConnections: clients + 200,
    clients: { marks: clients },
  });

  async prepare(): Promise<void> {
    await this.pooling.start();
    const { max_connections: _, ...generated } = tuning(size, clients);
    for (const [name, value] of Object.entries(generated)) {
      const { status, error } = this.pooling.server(`alter system set ${name} = '${value}'`);
      if (status !== 0) throw new Error(`expected ${name} to be set, got: ${error}`);
    }
    await this.pooling.stopServer();
    await this.pooling.startServer();
    const made = this.pooling.run('pgbench', ['--initialize', '--scale=30', '--quiet'], {
      role: 'teacher',
      direct: true,
    });
    if (made.status !== 0) throw new Error(`expected pgbench to make its tables, got: ${made.error}`);
  }

  /** How long they took to connect, by way: known when memory was looked at. */
  private readonly connecting: Partial<Record<Way, number>> = {};

  async run(way: Way, seconds: number, script: Demand['script']): Promise<Load> {
    const prefix = this.pooling.at('run/crowd');
    // To pgbench, connecting is a part of the time that it has.
    const whole = seconds + Math.ceil(this.connecting[way] ?? 0);
    const { output, ended } = this.begin(way, pgbench({ clients, seconds: whole, script }, prefix));
    await ended;
    return loadOf(clients, `${output.lines}\n${output.error}`, prefix);
  }

  /** In a run of its own: to look at a thousand processes takes the time of a processor. */
  async memory(way: Way, seconds: number): Promise<Taken> {
    const prefix = this.pooling.at('run/crowd');
    const { output, ended } = this.begin(way, pgbench({ clients, seconds, script: 'select-only' }, prefix));
    let most = { serverMiB: 0, poolerMiB: 0, processes: 0 };
    let over = false;
    void ended.then(() => (over = true));
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const { lines } = this.pooling.server('select pid from pg_stat_activity where pid <> pg_backend_pid()');
      const backends = lines.map(Number);
      const [first] = backends;
      // Connecting takes a while, and nobody says when it is done: the most that is seen counts.
      if (!first || backends.length < most.processes) continue;
      const serverMiB = memoryOf([parentOf(first), ...backends]);
      const poolerMiB = memoryOf(processesOf('pgbouncer', this.pooling.at('etc')));
      if (serverMiB > most.serverMiB) most = { serverMiB, poolerMiB, processes: backends.length + 1 };
    }
    const { connectSeconds } = loadOf(clients, `${output.lines}\n${output.error}`, prefix);
    this.connecting[way] = connectSeconds;
    return { ...most, connectSeconds };
  }

  private begin(way: Way, args: readonly string[]) {
    return this.pooling.background('pgbench', args, {
      role: 'marks',
      direct: way === 'direct',
      patienceSeconds: 120,
    });
  }

  stop = (): Promise<void> => this.pooling.stop();
}
