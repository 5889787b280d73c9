import type { Construct } from 'constructs';
import { Certificate, Issuer } from '../../../imports/cert-manager.io';
import { metadata, prefix } from '../labels';

/** Who signs (HWO-14, PHY-28). */
export type IssuerProps =
  | { readonly kind: 'acme'; readonly server: string; readonly email: string }
  | { readonly kind: 'ca'; readonly secretName: string }
  | { readonly kind: 'self-signed' }
  | { readonly kind: 'existing-secret'; readonly secretName: string };

/** Marks the pods that the ingress controller may reach: the gateway, and cert-manager's solvers for a moment. */
export const edgeLabel = { [`${prefix}/edge`]: 'true' };

/** Where a solver of an ACME HTTP-01 challenge listens. */
export const solverPort = 8089;

/**
 * A certificate for the hosts, from an Issuer of this namespace: no right on the cluster is needed (ALL-03).
 *
 * @returns the name of the Secret that holds it
 */
export function certificate(
  scope: Construct,
  id: string,
  hosts: readonly string[],
  issuer: IssuerProps,
  ingressClass: string | undefined,
): string {
  if (issuer.kind === 'existing-secret') return issuer.secretName;
  const about = metadata(id, { component: 'edge' });
  new Issuer(scope, 'issuer', { metadata: about, spec: issuerSpec(id, issuer, ingressClass) });
  const secretName = `${id}-tls`;
  new Certificate(scope, 'certificate', {
    metadata: about,
    spec: {
      secretName,
      dnsNames: [...hosts],
      issuerRef: { name: id, kind: 'Issuer', group: 'cert-manager.io' },
    },
  });
  return secretName;
}

function issuerSpec(id: string, issuer: Exclude<IssuerProps, { kind: 'existing-secret' }>, ingressClass?: string) {
  if (issuer.kind === 'ca') return { ca: { secretName: issuer.secretName } };
  if (issuer.kind === 'self-signed') return { selfSigned: {} };
  const ingress = {
    ...(ingressClass && { ingressClassName: ingressClass }),
    podTemplate: { metadata: { labels: edgeLabel } },
  };
  return {
    acme: {
      server: issuer.server,
      email: issuer.email,
      privateKeySecretRef: { name: `${id}-acme-account` },
      solvers: [{ http01: { ingress } }],
    },
  };
}
