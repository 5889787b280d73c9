import type { Client } from '../connection';
import { roleOf, type ClientNames } from './accounts';

/** What a client does: what one writes the other only reads, on the replicas. */
export type Purpose = keyof ClientNames;

const readerOf = (id: string): string => `${id}-reads`;

/** Who uses a database, for what, and how many connections each opens at most. */
export class Clients {
  private readonly connections: Readonly<Record<Purpose, Map<string, number>>> = {
    writing: new Map(),
    reading: new Map(),
  };

  /**
   * @param server its name, for messages
   * @param isTaken whether a role is somebody else's
   */
  constructor(
    private readonly server: string,
    private readonly isTaken: (role: string) => boolean,
  ) {}

  /**
   * @returns the name from which those of its role and of its Secret follow
   * @throws Error when the role is somebody else's, or who reads already writes afterwards
   */
  add({ id, pods = 1, connections = 1 }: Client, purpose: Purpose): string {
    const name = purpose === 'reading' ? readerOf(id) : id;
    const role = roleOf(name);
    if (this.isTaken(role)) {
      throw new Error(`expected a client of ${this.server} to have a role of its own, got \`${role}\`, which is taken`);
    }
    if (purpose === 'writing' && this.connections.reading.has(readerOf(id))) {
      // It waits for a release once, where it connects first: at the primary, which may be alone.
      throw new Error(
        `expected \`uses\` of ${id} to name ${this.server} before its replicas, got them the other way round`,
      );
    }
    this.connections[purpose].set(name, pods * connections);
    return name;
  }

  writes = (id: string): boolean => this.connections.writing.has(id);

  get names(): Required<ClientNames> {
    const { writing, reading } = this.connections;
    return { writing: [...writing.keys()], reading: [...reading.keys()] };
  }

  /** Most connections at once, by role; complete when all is declared. */
  demand = (purpose: Purpose) => (): Readonly<Record<string, number>> =>
    Object.fromEntries([...this.connections[purpose]].map(([name, most]) => [roleOf(name), most]));
}
