import type { Replicas } from '../scaling';

export interface PoolerDemand {
  /** Pods of the pooler. */
  readonly replicas: Replicas;
  /** Most connections that one pod opens to the server, its lookups among them. */
  readonly poolSize: number;
  /** Those that it opens to replicas: a promoted one keeps them for a while, so they count too. @default 0 */
  readonly readPoolSize?: number | undefined;
  /** Connections that go to the server past the pooler, by who opens them. */
  readonly direct: Readonly<Record<string, number>>;
  /** `superuser_reserved_connections` of the server. @default 3 */
  readonly reserved?: number;
  /** `max_connections` of the server. */
  readonly maxConnections: number;
  /** Most connections at once of each client, by its role: its highest number of pods × the pool of one pod. */
  readonly clients: Readonly<Record<string, number>>;
  /** The same of those who read from the replicas. @default - none */
  readonly readers?: Readonly<Record<string, number>>;
}

/** Connections that one pod takes from a client, and opens to a server for it. */
interface Share {
  readonly maxClients: number;
  readonly maxServers: number;
}

/** Connections of one pod: those that it takes, and those that it opens, all together and for each role. */
export interface PoolerSizes extends Share {
  readonly users: Readonly<Record<string, Share>>;
  /** What it opens to replicas. */
  readonly reading?: Pick<PoolerSizes, 'maxServers' | 'users'>;
}

/** Connections that look clients up. */
export const lookups = 2;

/** A rolling update adds a pod before it takes one away, and one that leaves keeps its connections: never two at once (`pooler.ts`). */
const rolling = 2;

/** A client's own rolling update has more pods at once than its highest number. */
const headroom = 2;

/** What never goes through the pooler, by who opens it: sessions, locks and replication are none of its business. */
export const directConnections: Readonly<Record<string, number>> = {
  // Its own session and that of its REST API, and a member that rewinds.
  patroni: 3,
  exporter: 2,
  accounts: 1,
  migration: 2,
  // A full one and its lock, two that wait for it, and the check.
  backup: 5,
  maintenance: 2,
  // Who mends something at night.
  person: 2,
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/**
 * Checks that all pods of the pooler fit the server, also in the middle of a rolling update (ALL-12, GOV-05).
 *
 * @throws Error when they may open more connections together than the server takes
 */
export function checkFits(demand: Omit<PoolerDemand, 'clients' | 'readers'>): void {
  const { replicas, poolSize, readPoolSize = 0, direct, reserved = 3, maxConnections } = demand;
  const pods = replicas.max + rolling;
  const others = sum(Object.values(direct));
  const needed = pods * (poolSize + readPoolSize) + others + reserved;
  if (needed <= maxConnections) return;
  throw new Error(
    `expected \`maxConnections\` to be at least ${needed}, got ${maxConnections}: ${pods} pods of the pooler ` +
      `(${replicas.max}, and ${rolling} in a rolling update) × ${readPoolSize ? `(${poolSize} + ${readPoolSize} to replicas)` : poolSize}, ${others} past it and ${reserved} reserved: ` +
      `raise it, or lower \`pooler.poolSize\`${readPoolSize ? ', `pooler.readPoolSize`' : ''} or \`pooler.replicas.max\``,
  );
}

/**
 * The sizes of one pod.
 *
 * Clients: it takes twice of what each may open, so the last pod that is left holds all of them, and none of them takes
 * another's place. Server: each client has one connection that nobody can take from it, and of the rest a share by its
 * size, so all pools together never exceed what the pod may open: whoever floods its own pool waits in it alone.
 *
 * @throws Error when the pods do not fit the server, or the clients do not fit one pod
 */
export function poolerSizes(demand: PoolerDemand): PoolerSizes {
  checkFits(demand);
  const { poolSize, readPoolSize = 0, clients, readers = {} } = demand;
  const most = sum(Object.values({ ...clients, ...readers }).map(atLeastOne));
  const reading = Object.keys(readers).length > 0;
  return {
    maxClients: most * headroom + 10,
    // One is for whoever has no share of its own: the owner, a person.
    ...shares('poolSize', poolSize, clients, 1),
    ...(reading && { reading: shares('readPoolSize', readPoolSize, readers, 0) }),
  };
}

/** To PgBouncer, none is without limit. */
const atLeastOne = (most: number): number => Math.max(1, most);

/** What the clients of one server open to it, and how many others do beside them. */
function shares(
  key: 'poolSize' | 'readPoolSize',
  poolSize: number,
  clients: PoolerDemand['clients'],
  others: number,
): Pick<PoolerSizes, 'maxServers' | 'users'> {
  const entries = Object.entries(clients).map(([role, most]) => [role, atLeastOne(most)] as const);
  const maxServers = poolSize - lookups;
  const shared = maxServers - others - entries.length;
  if (shared < 0) {
    throw new Error(
      `expected \`pooler.${key}\` to be at least ${entries.length + others + lookups}, one for each of ` +
        `${entries.length} clients, ${others ? 'one for others ' : ''}and ${lookups} to look them up, got ${poolSize}: ` +
        'raise it and `maxConnections`',
    );
  }
  const all = sum(entries.map(([, most]) => most));
  const users = entries.map(([role, most]) => {
    const share = 1 + Math.floor((shared * most) / all);
    return [role, { maxClients: most * headroom, maxServers: Math.min(most, share) }] as const;
  });
  return { maxServers, users: Object.fromEntries(users) };
}
