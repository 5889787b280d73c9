import { Construct } from 'constructs';
import type { BackupPlan } from '../backup';
import { checkNeighbours, type Client, type Connectable, type Connection } from '../connection';
import { unclaimed } from '../labels';
import { externalAt } from '../network';
import { Platform } from '../platform';
import type { Resources } from '../quantity';
import type { SecretKey } from '../secrets';
import { StatefulSet } from '../statefulset';
import { metrics, port, server, user } from './server';

export interface QdrantProps {
  /** Where it runs: here, or elsewhere (then only egress and secret). */
  readonly server:
    | { readonly kind: 'self-hosted' }
    | {
        readonly kind: 'external';
        /** With its port: without one the policy opens 443, while the clients of Qdrant ask 6333. */
        readonly url: string;
        readonly apiKey: { readonly secret: string; readonly key: string };
      };
  /** Limits and storage of the self-hosted one. */
  readonly size: Resources & { readonly storage: string };
  /** Names of the variables that clients get. */
  readonly variables: { readonly url: string; readonly apiKey: string };
  readonly backup: BackupPlan;
}

/** What a client gets; the way to the server is opened for each. */
interface Access {
  readonly url: string;
  readonly apiKey: SecretKey;
  readonly open: (client: string) => void;
}

/**
 * Qdrant, the vectors of documents: one server here, or one of somebody else's (GOV-06, GOV-09). All clients share
 * its API key: what it offers for single clients are tokens signed with that key, and random values are none.
 */
export class Qdrant extends Construct implements Connectable {
  private readonly platform: Platform;
  private readonly access: Access;

  /** @throws Error when the name is taken, or the URL of an external server is none of https */
  constructor(
    scope: Construct,
    private readonly id: string,
    private readonly props: QdrantProps,
  ) {
    super(scope, unclaimed(scope, id));
    this.platform = Platform.of(this);
    this.access = props.server.kind === 'external' ? this.elsewhere(props.server) : this.here();
  }

  /** Gives the client the URL, the API key and the way to the server. */
  connect(client: Client): Connection {
    checkNeighbours(client, this);
    this.access.open(client.id);
    const { url, apiKey } = this.props.variables;
    return {
      variables: { [url]: this.access.url, [apiKey]: this.access.apiKey },
      // Somebody else's server is not asked: a rehearsal has no key for it.
      ...(this.props.server.kind === 'self-hosted' && {
        check: { name: this.id, kind: 'http', url, path: '/collections', header: 'api-key', password: apiKey },
      }),
    };
  }

  private here(): Access {
    const { network, secrets, settings } = this.platform;
    const { size, variables, backup } = this.props;
    const apiKey = secrets.declare(this.id, variables.apiKey);
    const claim = `${this.id}-data`;
    new StatefulSet(this, this.id, {
      containers: [server({ image: settings.programs.qdrant, apiKey, claim, size })],
      user,
      claim,
      storage: size.storage,
      port: { name: 'http', number: port },
      metrics,
      backup,
      // It ends open requests (30 s), then writes what is in memory.
      gracePeriodSeconds: 120,
    });
    return {
      url: `http://${this.id}:${port}`,
      apiKey,
      open: (client) => network.connect(client, this.id, port),
    };
  }

  private elsewhere({ url, apiKey }: QdrantProps['server'] & { kind: 'external' }): Access {
    const { network, secrets } = this.platform;
    // A key would travel in the clear without TLS.
    const external = externalAt(this.id, url);
    return {
      url,
      apiKey: secrets.declare(apiKey.secret, apiKey.key, { origin: 'provided', minimum: 8 }),
      open: (client) => network.leave(client, external),
    };
  }
}
