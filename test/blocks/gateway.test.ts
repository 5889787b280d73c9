import { App } from 'cdk8s';
import { Gateway, type GatewayProps, type Route } from '../../charts/blocks/gateway/gateway';
import { conflicts } from '../../charts/blocks/output';
import type { Platform } from '../../charts/blocks/platform';
import { everyPropReachesTheOutput, labelsOf, object, platform, service } from '../support/testing';

const acme = { kind: 'acme', server: 'https://acme.school.edu/directory', email: 'it@school.edu' } as const;
const edge: Required<GatewayProps['edge']> = {
  ingressClass: 'haproxy',
  ingressNamespace: 'ingress',
  tls: true,
  issuer: acme,
  trustedProxies: ['10.1.0.0/16'],
  administrators: ['203.0.113.0/24'],
};
const settings: Omit<GatewayProps, 'routes'> = {
  size: { cpu: '500m', memory: '256Mi', replicas: { min: 2, max: 4 } },
  domain: 'physics.school.edu',
  aliases: ['www.physics.school.edu'],
  edge,
  workerProcesses: 3,
  maxBodySize: '2Gi',
  timeoutSeconds: 77,
};
const limit = { perSecond: 10, burst: 20 };

/** A platform with a gateway to two services. */
function school(props: Partial<GatewayProps> = {}, scope = platform()): Platform {
  const api = service(scope, 'api');
  const admin = service(scope, 'admin', { port: 5555 });
  const routes: Route[] = [
    { path: '/', to: api },
    { path: '/api', to: api, strip: true, limit, hidden: ['docs'] },
    { host: 'admin.school.edu', path: '/admin', to: admin, administratorsOnly: true },
  ];
  new Gateway(scope, 'gateway', { ...settings, routes, ...props });
  return scope;
}
const withEdge = (changes: Partial<GatewayProps['edge']>) => school({ edge: { ...edge, ...changes } });
const confOf = (scope: Platform) => object(scope, 'ConfigMap/gateway').data?.['nginx.conf'] ?? '';

describe('a gateway with every prop', () => {
  const nginx = ['data', 'nginx.conf'];
  everyPropReachesTheOutput<GatewayProps & GatewayProps['edge']>(() => school(), {
    size: ['HorizontalPodAutoscaler/gateway', 'spec.maxReplicas', 4],
    domain: ['Ingress/gateway', 'spec.rules.0.host', 'physics.school.edu'],
    aliases: ['Ingress/gateway', 'spec.rules.1.host', 'www.physics.school.edu'],
    routes: ['Ingress/gateway', 'spec.rules.2.host', 'admin.school.edu'],
    workerProcesses: ['ConfigMap/gateway', nginx, expect.stringContaining('worker_processes 3;')],
    maxBodySize: ['ConfigMap/gateway', nginx, expect.stringContaining('client_max_body_size 2048m;')],
    timeoutSeconds: ['ConfigMap/gateway', nginx, expect.stringContaining('proxy_read_timeout 77s;')],
    edge: ['Ingress/gateway', 'spec.tls.0.secretName', 'gateway-tls'],
    ingressClass: ['Ingress/gateway', 'spec.ingressClassName', 'haproxy'],
    ingressNamespace: [
      'NetworkPolicy/edge',
      'spec.ingress.0.from',
      [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } }],
    ],
    tls: ['Certificate/gateway', 'spec.dnsNames', ['physics.school.edu', 'www.physics.school.edu', 'admin.school.edu']],
    issuer: ['Issuer/gateway', 'spec.acme.email', 'it@school.edu'],
    trustedProxies: ['ConfigMap/gateway', nginx, expect.stringContaining('set_real_ip_from 10.1.0.0/16;')],
    administrators: ['ConfigMap/gateway', nginx, expect.stringContaining('allow 203.0.113.0/24;')],
  });
});

test('ALL-05 the controller in front cuts neither large bodies nor slow answers', () => {
  expect(object(school(), 'Ingress/gateway').metadata.annotations).toEqual({
    'nginx.ingress.kubernetes.io/proxy-body-size': '2048m',
    'nginx.ingress.kubernetes.io/proxy-read-timeout': '77',
    'nginx.ingress.kubernetes.io/proxy-send-timeout': '77',
  });
});

test('ALL-03 PHY-28 the certificate is asked for with the class of the settings, from labelled solvers', () => {
  expect(object(school(), 'Issuer/gateway').spec.acme).toEqual({
    server: 'https://acme.school.edu/directory',
    email: 'it@school.edu',
    privateKeySecretRef: { name: 'gateway-acme-account' },
    solvers: [
      {
        http01: {
          ingress: {
            ingressClassName: 'haproxy',
            podTemplate: { metadata: { labels: { 'slipway.dev/edge': 'true' } } },
          },
        },
      },
    ],
  });
});

test.each([
  [{ kind: 'ca', secretName: 'school-ca' } as const, { ca: { secretName: 'school-ca' } }],
  [{ kind: 'self-signed' } as const, { selfSigned: {} }],
])('HWO-14 the certificate can come from %j', (issuer, spec) => {
  expect(object(withEdge({ issuer }), 'Issuer/gateway').spec).toEqual(spec);
});

test('HWO-14 an existing certificate needs no custom resource', () => {
  const scope = withEdge({ issuer: { kind: 'existing-secret', secretName: 'bought' } });
  expect(object(scope, 'Ingress/gateway').spec.tls[0].secretName).toBe('bought');
  expect(labelsOf(scope).filter((label) => /^(Issuer|Certificate)\//.test(label))).toEqual([]);
});

test('ALL-01 without TLS there is neither certificate nor redirect', () => {
  const scope = withEdge({ tls: false });
  expect(object(scope, 'Ingress/gateway').spec).not.toHaveProperty('tls');
  expect(confOf(scope)).toContain('map $http_x_forwarded_proto $insecure { default 0; http 0; }');
  expect(labelsOf(scope).filter((label) => /^(Issuer|Certificate)\//.test(label))).toEqual([]);
});

test("without a class the cluster's default controller is meant", () => {
  expect(object(withEdge({ ingressClass: undefined }), 'Ingress/gateway').spec).not.toHaveProperty('ingressClassName');
});

test('ALL-10 the controller reaches the gateway, and solvers only where there are any', () => {
  const ports = (scope: Platform) =>
    object(scope, 'NetworkPolicy/edge').spec.ingress[0].ports.map(({ port }: { port: number }) => port);
  expect(ports(school())).toEqual([8080, 8089]);
  expect(ports(withEdge({ issuer: { kind: 'self-signed' } }))).toEqual([8080]);
});

test('PHY-13 the gateway may call the services of its routes and nobody else', () => {
  const scope = platform();
  service(scope, 'hidden');
  const { egress } = object(school({}, scope), 'NetworkPolicy/gateway').spec;
  expect(
    egress.slice(1).map(({ to: [{ podSelector }] }: { to: [{ podSelector: { matchLabels: object } }] }) => podSelector),
  ).toEqual([
    { matchLabels: { 'app.kubernetes.io/name': 'api' } },
    { matchLabels: { 'app.kubernetes.io/name': 'admin' } },
  ]);
});

test('a new configuration replaces the pods', () => {
  const configuration = (scope: Platform) =>
    object(scope, 'Deployment/gateway').spec.template.metadata.annotations['slipway.dev/configuration'];
  expect(configuration(school())).toBe(configuration(school()));
  expect(configuration(school({ timeoutSeconds: 78 }))).not.toBe(configuration(school()));
});

test('PHY-01 a sticky service keeps clients by a cookie, and any pod serves while none has a name', () => {
  const scope = platform();
  const ui = service(scope, 'ui', { sticky: true });
  new Gateway(scope, 'gateway', { ...settings, routes: [{ path: '/', to: ui }] });
  expect(confOf(scope)).toContain(
    'upstream ui {\n    zone ui 64k;\n    sticky cookie ui-pod path=/ httponly samesite=lax secure;',
  );
  expect(confOf(scope)).toMatch(/server ui\..*:8000 resolve max_fails=0 backup;/);
});

describe('a gateway is refused', () => {
  test('when two routes claim one path of one host', () => {
    const scope = platform();
    const api = service(scope, 'api');
    const routes: Route[] = [
      { path: '/api', to: api },
      { path: '/api', host: 'physics.school.edu', to: api },
    ];
    expect(() => new Gateway(scope, 'gateway', { ...settings, routes })).toThrow(
      new Error('expected `physics.school.edu/api` to have one route, got two'),
    );
  });

  test('when it leads to a service of another platform', () => {
    const routes: Route[] = [{ path: '/', to: service(platform({}, 'university'), 'api') }];
    expect(() => new Gateway(platform(), 'gateway', { ...settings, routes })).toThrow(
      new Error(
        'expected `gateway` to connect to a workload of its own platform school, got `api` of university: ' +
          'platforms meet through public routes only',
      ),
    );
  });

  test('when another platform has its host', () => {
    const app = new App();
    school({}, platform({}, 'school', app));
    school({}, platform({}, 'university', app));
    const hosts = ['physics.school.edu', 'www.physics.school.edu', 'admin.school.edu'];
    expect(conflicts(app)).toEqual(
      hosts.map(
        (host) => `expected host \`${host}\` to belong to one platform, got school and university: change a domain`,
      ),
    );
  });
});
