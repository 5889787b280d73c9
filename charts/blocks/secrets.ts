import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { ExternalSecret, ExternalSecretSpecSecretStoreRefKind } from '../../imports/external-secrets.io';
import { metadata } from './labels';

/** A reference to one key of one Secret: what a password is in this code. */
export interface SecretKey {
  readonly secret: string;
  readonly key: string;
  /** The pod starts without it. */
  readonly optional?: boolean;
}

export interface SecretRules {
  /** Random hex made by `slipway secrets generate`, or provided by a third party. @default generated */
  readonly origin?: 'generated' | 'provided';
  /** Length of a generated value. @default 64 */
  readonly characters?: number;
  /** Shorter values are refused. @default 32 */
  readonly minimum?: number;
  /** The value has exactly `characters` characters. @default false */
  readonly exact?: boolean;
  /** Pods start without it. @default false */
  readonly optional?: boolean;
}

/** Where values come from: `npx slipway secrets`, a Job in a throw-away cluster, or External Secrets. */
export type SecretSource =
  | { readonly backend: 'cluster' | 'disposable' }
  | {
      readonly backend: 'external-secrets';
      readonly store: { readonly kind: 'SecretStore' | 'ClusterSecretStore'; readonly name: string };
      readonly refreshInterval: string;
    };

interface Entry extends Required<SecretRules> {
  readonly usedBy: Set<string>;
}

/**
 * The Secrets of a platform: declared here, valued elsewhere. Manifests hold references only (ALL-02); the inventory
 * tells `slipway secrets` what must exist, how long it is and who needs it.
 */
export class Secrets extends Construct {
  private readonly entries = new Map<string, Map<string, Entry>>();

  constructor(
    scope: Construct,
    id: string,
    private readonly props: {
      readonly source: SecretSource;
      readonly remotePath: string;
      /** Certificates that are made with the secrets of a throw-away cluster. @default - none */
      readonly certificates?: () => object | undefined;
    },
  ) {
    super(scope, id);
    new k8s.KubeConfigMap(this, 'inventory', {
      metadata: metadata('secret-inventory', { component: 'secrets', labels: { 'slipway.dev/inventory': 'secrets' } }),
      data: { 'inventory.json': Lazy.any({ produce: () => this.inventoryText() }) },
    });
  }

  get backend(): SecretSource['backend'] {
    return this.props.source.backend;
  }

  /**
   * Declares one key of a Secret.
   *
   * @throws Error when the length given is below the minimum, or the key was declared with other rules
   */
  declare(secret: string, key: string, rules: SecretRules = {}): SecretKey {
    const origin = rules.origin ?? 'generated';
    const { characters = origin === 'generated' ? 64 : 0, exact = false, optional = false } = rules;
    const minimum = rules.minimum ?? (origin === 'generated' ? Math.min(32, characters) : 1);
    if (origin === 'generated' && characters < minimum) {
      throw new Error(
        `expected \`characters\` of secret ${secret}/${key} to be at least ${minimum}, got ${characters}`,
      );
    }
    const keys = this.entries.get(secret) ?? this.open(secret);
    const entry: Entry = { origin, characters, minimum, exact, optional, usedBy: keys.get(key)?.usedBy ?? new Set() };
    const former = keys.get(key);
    if (former && JSON.stringify({ ...former, usedBy: 0 }) !== JSON.stringify({ ...entry, usedBy: 0 })) {
      throw new Error(`expected secret ${secret}/${key} to be declared once, got two sets of rules`);
    }
    keys.set(key, entry);
    return { secret, key, ...(optional && { optional }) };
  }

  /** Records who needs a key, for the messages of `slipway secrets check`. */
  use({ secret, key }: SecretKey, workload: string): void {
    this.entries.get(secret)?.get(key)?.usedBy.add(workload);
  }

  private open(secret: string): Map<string, Entry> {
    const keys = new Map<string, Entry>();
    this.entries.set(secret, keys);
    if (this.props.source.backend === 'external-secrets') this.fetch(secret, keys, this.props.source);
    return keys;
  }

  private fetch(
    secret: string,
    keys: Map<string, Entry>,
    source: SecretSource & { backend: 'external-secrets' },
  ): void {
    const data = () =>
      [...keys.keys()].map((key) => ({
        secretKey: key,
        remoteRef: { key: `${this.props.remotePath}/${secret}`, property: key },
      }));
    new ExternalSecret(this, secret, {
      metadata: metadata(secret, { component: 'secrets' }),
      spec: {
        refreshInterval: source.refreshInterval,
        secretStoreRef: {
          kind: source.store.kind as ExternalSecretSpecSecretStoreRefKind,
          name: source.store.name,
        },
        target: { name: secret },
        data: Lazy.any({ produce: data }),
      },
    });
  }

  /** What must exist, as `slipway secrets` and the disposable Job read it; complete when all is declared. */
  inventoryText(): string {
    const secrets = [...this.entries].map(([name, keys]) => ({
      name,
      keys: [...keys].map(([key, { usedBy, ...rules }]) => ({ key, ...rules, usedBy: [...usedBy].sort() })),
    }));
    const certificates = this.props.certificates?.();
    return `${JSON.stringify({ backend: this.backend, secrets, ...(certificates && { certificates }) }, null, 2)}\n`;
  }
}
