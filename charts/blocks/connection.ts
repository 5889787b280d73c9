import type { IConstruct } from 'constructs';
import type { Container, Mount } from './container';
import type { Variables } from './environment';
import { Platform } from './platform';

/** Who opens a connection: a workload by its name. */
export interface Client {
  readonly id: string;
  readonly platform: Platform;
  /** Most pods at once. @default 1 */
  readonly pods?: number;
  /** Most connections that one pod opens to one database. @default 1 */
  readonly connections?: number;
}

/** How a rehearsal proves a connection; the values of `url`, `user` and `password` are names of variables. */
export interface RehearsalCheck {
  readonly name: string;
  readonly kind: 'postgres' | 'bolt' | 'redis' | 'http';
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  readonly path?: string;
  /** Name of the header that carries the password. */
  readonly header?: string;
}

/** What a client gets from a connection. */
export interface Connection {
  readonly variables: Variables;
  /** What the variables name: the client's certificate. @default - none */
  readonly mounts?: readonly Mount[];
  /** @default - nothing to ask: it stands outside the cluster */
  readonly check?: RehearsalCheck;
  /** What must be done before the client starts: a migration awaited. */
  readonly before?: readonly Container[];
}

/** A workload that others may connect to. */
export interface Connectable extends IConstruct {
  /** Opens the way, creates the client's own credential and names both for it. */
  connect(client: Client): Connection;
}

/** @throws Error when client and target stand in different platforms */
export function checkNeighbours(client: Client, target: IConstruct): void {
  const other = Platform.of(target);
  if (other === client.platform) return;
  throw new Error(
    `expected \`${client.id}\` to connect to a workload of its own platform ${client.platform.node.id}, ` +
      `got \`${target.node.id}\` of ${other.node.id}: platforms meet through public routes only`,
  );
}
