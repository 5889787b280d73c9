import { type Chart, Testing } from 'cdk8s';
import * as certManager from '../imports/cert-manager.io';
import * as externalSecrets from '../imports/external-secrets.io';
import { validator } from './support/schemas';

const validate = validator('1.36');

/** The one object that `make` adds to a chart, as it would be written. */
function synthesise(make: (chart: Chart) => void): unknown {
  const chart = Testing.chart();
  make(chart);
  return Testing.synth(chart)[0];
}

const acme = {
  server: 'https://acme-v02.api.letsencrypt.org/directory',
  email: 'platform@example.org',
  privateKeySecretRef: { name: 'acme-account' },
  solvers: [
    {
      http01: {
        ingress: {
          ingressClassName: 'nginx',
          podTemplate: {
            metadata: { labels: { 'app.kubernetes.io/component': 'acme-solver' } },
            spec: { nodeSelector: { 'kubernetes.io/os': 'linux' } },
          },
        },
      },
    },
  ],
};

describe('generated constructs of custom resources', () => {
  test('an Issuer answers ACME HTTP-01 challenges from labelled pods', () => {
    const issuer = synthesise((chart) => {
      new certManager.Issuer(chart, 'issuer', { metadata: { name: 'acme' }, spec: { acme } });
    });
    expect(issuer).toEqual({
      apiVersion: 'cert-manager.io/v1',
      kind: 'Issuer',
      metadata: { name: 'acme' },
      spec: {
        acme: {
          server: 'https://acme-v02.api.letsencrypt.org/directory',
          email: 'platform@example.org',
          privateKeySecretRef: { name: 'acme-account' },
          solvers: [
            {
              http01: {
                ingress: {
                  ingressClassName: 'nginx',
                  podTemplate: {
                    metadata: { labels: { 'app.kubernetes.io/component': 'acme-solver' } },
                    spec: { nodeSelector: { 'kubernetes.io/os': 'linux' } },
                  },
                },
              },
            },
          ],
        },
      },
    });
    expect(validate(issuer)).toEqual([]);
  });

  test('the parts of a solver pod without a type are passed on as they come, and checked', () => {
    const issuerWith = (affinity: unknown) =>
      synthesise((chart) => {
        const solvers = [{ http01: { ingress: { podTemplate: { spec: { affinity } } } } }];
        new certManager.Issuer(chart, 'issuer', { metadata: { name: 'acme' }, spec: { acme: { ...acme, solvers } } });
      });
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'solver' } } };
    const apart = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    expect(issuerWith(apart)).toHaveProperty('spec.acme.solvers.0.http01.ingress.podTemplate.spec.affinity', apart);
    expect(validate(issuerWith(apart))).toEqual([]);
    expect(validate(issuerWith({ podAntiafinity: {} }))).toEqual([
      'Issuer/acme: /spec/acme/solvers/0/http01/ingress/podTemplate/spec/affinity/podAntiafinity is not a known field',
    ]);
  });

  test('a ClusterIssuer signs with a certificate authority', () => {
    const issuer = synthesise((chart) => {
      new certManager.ClusterIssuer(chart, 'issuer', {
        metadata: { name: 'ca' },
        spec: { ca: { secretName: 'ca-key' } },
      });
    });
    expect(issuer).toEqual({
      apiVersion: 'cert-manager.io/v1',
      kind: 'ClusterIssuer',
      metadata: { name: 'ca' },
      spec: { ca: { secretName: 'ca-key' } },
    });
    expect(validate(issuer)).toEqual([]);
  });

  test('a Certificate has its names, its issuer and a key that rotates', () => {
    const certificate = synthesise((chart) => {
      new certManager.Certificate(chart, 'certificate', {
        metadata: { name: 'web', namespace: 'shop' },
        spec: {
          secretName: 'web-tls',
          dnsNames: ['shop.example.org'],
          issuerRef: { name: 'acme', kind: 'Issuer' },
          privateKey: {
            algorithm: certManager.CertificateSpecPrivateKeyAlgorithm.ECDSA,
            size: 256,
            rotationPolicy: certManager.CertificateSpecPrivateKeyRotationPolicy.ALWAYS,
          },
        },
      });
    });
    expect(certificate).toEqual({
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        secretName: 'web-tls',
        dnsNames: ['shop.example.org'],
        issuerRef: { name: 'acme', kind: 'Issuer' },
        privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
      },
    });
    expect(validate(certificate)).toEqual([]);
  });

  test('an ExternalSecret takes a key from a store', () => {
    const secret = synthesise((chart) => {
      new externalSecrets.ExternalSecret(chart, 'secret', {
        metadata: { name: 'db' },
        spec: {
          refreshInterval: '1h',
          secretStoreRef: {
            name: 'vault',
            kind: externalSecrets.ExternalSecretSpecSecretStoreRefKind.CLUSTER_SECRET_STORE,
          },
          target: { name: 'db', template: { type: 'Opaque', data: { url: 'postgres://app:{{ .password }}@db/app' } } },
          data: [{ secretKey: 'password', remoteRef: { key: 'shop/db', property: 'password' } }],
        },
      });
    });
    expect(secret).toEqual({
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      metadata: { name: 'db' },
      spec: {
        refreshInterval: '1h',
        secretStoreRef: { name: 'vault', kind: 'ClusterSecretStore' },
        target: { name: 'db', template: { type: 'Opaque', data: { url: 'postgres://app:{{ .password }}@db/app' } } },
        data: [{ secretKey: 'password', remoteRef: { key: 'shop/db', property: 'password' } }],
      },
    });
    expect(validate(secret)).toEqual([]);
  });
});

describe('strict schemas of custom resources', () => {
  test('name every mistake with its path', () => {
    const certificate = {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name: 'web' },
      spec: { secretName: 'web-tls', dnsName: ['shop.example.org'], privateKey: { algorithm: 'DSA', size: '256' } },
    };
    expect(validate(certificate).sort()).toEqual([
      "Certificate/web: /spec must have required property 'issuerRef'",
      'Certificate/web: /spec/dnsName is not a known field',
      'Certificate/web: /spec/privateKey/algorithm must be equal to one of the allowed values: RSA, ECDSA, Ed25519',
      'Certificate/web: /spec/privateKey/size must be integer',
    ]);
  });

  test('refuse a mistyped field deep in a list', () => {
    const secret = {
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      metadata: { name: 'db' },
      spec: { data: [{ secretKey: 'password', remoteRef: { key: 'shop/db', propety: 'password' } }] },
    };
    expect(validate(secret)).toEqual(['ExternalSecret/db: /spec/data/0/remoteRef/propety is not a known field']);
  });
});
