import { Construct } from 'constructs';
import {
  Certificate,
  CertificateSpecPrivateKeyAlgorithm,
  CertificateSpecPrivateKeyRotationPolicy,
  CertificateSpecUsages,
  Issuer,
} from '../../imports/cert-manager.io';
import type { CertificateNames, Mount } from './container';
import { lowerSnake } from './environment';
import { metadata } from './labels';

/** What a certificate of the platform's own authority says. */
export interface Issued {
  /** Name of the Secret that holds it, its key and the authority: tls.crt, tls.key, ca.crt. */
  readonly secret: string;
  readonly commonName: string;
  /** Names under which a server is called; a client has none. */
  readonly dnsNames: readonly string[];
  readonly usages: readonly ('server auth' | 'client auth')[];
}

/** Where the authority's own certificate and key are. */
const authority = 'authority';
const hours = (days: number): string => `${days * 24}h0m0s`;

/** The paths of the guide, for every application (TDA-07). */
export const clientFolder = '/app/ssl';
const clientNames: CertificateNames = {
  'tls.crt': 'client-cert.pem',
  'tls.key': 'client-key.pem',
  'ca.crt': 'ca-cert.pem',
};

/**
 * The platform's own certificate authority: who serves and who calls a database proves itself by a certificate of it
 * (PHY-23, TDA-07). cert-manager issues and renews them; in a throw-away cluster the Job that makes the secrets does.
 */
export class Authority extends Construct {
  private readonly issued = new Map<string, Issued>();

  /** @param disposable nothing of cert-manager is there */
  constructor(
    scope: Construct,
    id: string,
    private readonly disposable: boolean,
  ) {
    super(scope, id);
  }

  /** Asks for a certificate; asking again for the same one is free. @returns the name of its Secret */
  issue(certificate: Issued): string {
    const { secret } = certificate;
    if (this.issued.has(secret)) return secret;
    if (this.issued.size === 0 && !this.disposable) this.found();
    this.issued.set(secret, certificate);
    if (!this.disposable) this.leaf(certificate);
    return secret;
  }

  /** A server's certificate, key and authority in a folder: tls.crt, tls.key, ca.crt. */
  server(id: string, dnsNames: readonly string[]): Mount {
    const usages = ['server auth', 'client auth'] as const;
    return {
      path: '/tls',
      volume: { certificate: this.issue({ secret: `${id}-tls`, commonName: id, dnsNames, usages }) },
    };
  }

  /** The one certificate of a workload that calls databases; its common name is the workload's role. */
  client(id: string): Mount {
    const secret = `${id}-client-tls`;
    this.issue({ secret, commonName: lowerSnake(id), dnsNames: [], usages: ['client auth'] });
    return { path: clientFolder, volume: { certificate: secret, names: clientNames } };
  }

  /** What the Job of a throw-away cluster makes; complete when all is declared. */
  inventory(): { authority: string; issued: readonly Issued[] } | undefined {
    return this.disposable && this.issued.size > 0 ? { authority, issued: [...this.issued.values()] } : undefined;
  }

  /** The authority signs itself once, for ten years; whoever loses its Secret gets a new one, and all of its leaves. */
  private found(): void {
    const root = `${authority}-root`;
    new Issuer(this, 'root', { metadata: metadata(root, { component: 'tls' }), spec: { selfSigned: {} } });
    new Certificate(this, 'certificate', {
      metadata: metadata(authority, { component: 'tls' }),
      spec: {
        secretName: authority,
        commonName: 'slipway authority',
        isCa: true,
        duration: hours(3650),
        privateKey: { algorithm: CertificateSpecPrivateKeyAlgorithm.ECDSA, size: 256 },
        issuerRef: { name: root, kind: 'Issuer', group: 'cert-manager.io' },
      },
    });
    new Issuer(this, 'issuer', {
      metadata: metadata(authority, { component: 'tls' }),
      spec: { ca: { secretName: authority } },
    });
  }

  private leaf({ secret, commonName, dnsNames, usages }: Issued): void {
    new Certificate(this, secret, {
      metadata: metadata(secret, { component: 'tls' }),
      spec: {
        secretName: secret,
        commonName,
        ...(dnsNames.length > 0 && { dnsNames: [...dnsNames] }),
        usages: usages.map((usage) => usage as CertificateSpecUsages),
        // A month is left to notice that renewal fails.
        duration: hours(90),
        renewBefore: hours(30),
        privateKey: {
          algorithm: CertificateSpecPrivateKeyAlgorithm.ECDSA,
          size: 256,
          rotationPolicy: CertificateSpecPrivateKeyRotationPolicy.ALWAYS,
        },
        issuerRef: { name: authority, kind: 'Issuer', group: 'cert-manager.io' },
      },
    });
  }
}
