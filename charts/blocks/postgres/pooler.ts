import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import type { Mount } from '../container';
import { Deployment } from '../deployment';
import { metadata, unclaimed } from '../labels';
import { Platform } from '../platform';
import { burstable, type Resources } from '../quantity';
import type { SecretKey } from '../secrets';
import {
  poolerGraceSeconds,
  poolerHba,
  poolerIni,
  poolerPort,
  poolerStart,
  poolerStop,
  type Servers,
} from './pooler-configuration';
import { checkFits, poolerSizes, type PoolerDemand } from './pooler-sizes';

export interface PoolerProps extends Omit<PoolerDemand, 'clients' | 'readers' | 'reserved'> {
  readonly image: string;
  readonly size: Resources;
  /** The server behind it: name of its StatefulSet, and of the Service that clients use. */
  readonly server: string;
  /** The Services that find the primary and those who read. */
  readonly servers: Servers;
  /** The one database that clients may open. */
  readonly database: string;
  /** Most connections at once of each client, by its role; complete when all is declared. */
  readonly clients: () => PoolerDemand['clients'];
  /** The same of those who read from the replicas. @default - none */
  readonly readers?: () => PoolerDemand['clients'];
  /** Of the role that looks up clients. */
  readonly password: SecretKey;
  /** Its certificate, in /tls: it is a server and a client. */
  readonly tls: Mount;
}

const port = 5432;
const component = 'pooler';

/** Asks for TLS, as a client does first; the answer is one letter. */
const answers = `exec 3<> /dev/tcp/127.0.0.1/${poolerPort}
printf '\\0\\0\\0\\10\\4\\322\\26\\57' >&3
read -r -n 1 -t 3 answer <&3
[ "$answer" = S ]
`;

/**
 * PgBouncer between the clients and the primary: many clients on few connections, each with a share of its own
 * (ALL-12, GOV-05, TDA-16).
 *
 * Clients find it under the name of the server; what needs a session of its own goes to the primary.
 */
export class Pooler extends Construct {
  /** @throws Error when its pods may open more connections than the server takes */
  constructor(
    scope: Construct,
    id: string,
    private readonly props: PoolerProps,
  ) {
    super(scope, unclaimed(scope, id));
    checkFits(props);
    const { image, size, replicas, server, password, tls } = props;
    const platform = Platform.of(this);
    const files = `${id}-configuration`;
    new k8s.KubeConfigMap(this, 'configuration', {
      metadata: metadata(files, { component }),
      data: {
        'pgbouncer.ini': Lazy.any({ produce: () => this.ini() }),
        'hba.conf': Lazy.any({ produce: () => this.hba() }),
      },
    });
    platform.network.connect(id, server, port);
    const deployment = new Deployment(this, id, {
      component,
      containers: [
        {
          name: 'pgbouncer',
          image,
          command: ['bash', '-c', poolerStart],
          variables: { POOLER_PASSWORD: password },
          ports: { postgres: poolerPort },
          probes: {
            startup: { check: { tcp: 'postgres' }, periodSeconds: 2, failures: 30 },
            readiness: { check: { tcp: 'postgres' }, periodSeconds: 5 },
            // Whether it still answers, whatever its server does: an open port alone may be the kernel's.
            liveness: { check: { command: ['bash', '-c', answers] }, periodSeconds: 20 },
          },
          mounts: [
            { path: '/etc/pgbouncer', volume: { files } },
            { path: '/run/pgbouncer', volume: { scratch: 'run', sizeMiB: 1, inMemory: true } },
            tls,
          ],
          resources: size,
          share: burstable,
          preStop: ['bash', '-c', poolerStop],
        },
      ],
      // User number of the Percona image.
      user: 1001,
      priority: 'data',
      // Every connection of every client goes through it: one node must not take all of it away.
      evenly: true,
      replicas,
      gracePeriodSeconds: poolerGraceSeconds,
      // The next one leaves when the former is gone: those that leave count among the connections that must fit.
      minReadySeconds: replicas.max > 1 ? poolerGraceSeconds : undefined,
      restartOn: () => [this.ini(), this.hba()],
    });
    new k8s.KubeService(this, 'service', {
      metadata: metadata(server, { component }),
      spec: {
        type: 'ClusterIP',
        selector: deployment.selector,
        ports: [{ name: 'postgres', port, targetPort: k8s.IntOrString.fromString('postgres'), protocol: 'TCP' }],
      },
    });
  }

  private ini(): string {
    const { clients, readers, database, servers } = this.props;
    return poolerIni(database, servers, poolerSizes({ ...this.props, clients: clients(), readers: readers?.() ?? {} }));
  }

  private hba(): string {
    return poolerHba(this.props.database, Object.keys(this.props.readers?.() ?? {}));
  }
}
