import { object, platform, service } from '../support/testing';

const podOf = (name: string) => ({ podSelector: { matchLabels: { 'app.kubernetes.io/name': name } } });
const tcp = (port: number) => ({ protocol: 'TCP', port });
const dns = {
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
    { ipBlock: { cidr: '169.254.20.10/32' } },
  ],
};

test('ALL-10 everything is denied in both directions', () => {
  expect(object(platform(), 'NetworkPolicy/default-deny').spec).toEqual({
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
  });
});

describe('ALL-10 a connection', () => {
  const school = platform();
  const marks = service(school, 'marks', { port: 8300 });
  service(school, 'api', { calls: [marks] });

  test('opens the way out of the client, and to names', () => {
    expect(object(school, 'NetworkPolicy/api').spec).toEqual({
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'api' } },
      policyTypes: ['Ingress', 'Egress'],
      egress: [dns, { to: [podOf('marks')], ports: [tcp(8300)] }],
    });
  });

  test('opens the way into the target, and nothing out of it', () => {
    expect(object(school, 'NetworkPolicy/marks').spec).toEqual({
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'marks' } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [podOf('api')], ports: [tcp(8300)] }],
    });
  });
});

test('TDA-09 a workload without connections can neither call nor be called', () => {
  const school = platform();
  service(school, 'api');
  expect(object(school, 'NetworkPolicy/api').spec).toEqual({
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'api' } },
    policyTypes: ['Ingress', 'Egress'],
  });
});

test('ALL-10 what is called outside is the Internet without private addresses', () => {
  const school = platform();
  service(school, 'api', { externals: [{ name: 'mail', port: 587 }] });
  expect(object(school, 'NetworkPolicy/api').spec.egress).toEqual([
    dns,
    {
      to: [
        {
          ipBlock: {
            cidr: '0.0.0.0/0',
            except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'],
          },
        },
      ],
      ports: [tcp(587)],
    },
  ]);
});

test('ALL-10 an external service with addresses is those addresses alone', () => {
  const school = platform();
  service(school, 'api', { externals: [{ name: 'mail', port: 587, addresses: ['203.0.113.7/32'] }] });
  expect(object(school, 'NetworkPolicy/api').spec.egress).toEqual([
    dns,
    { to: [{ ipBlock: { cidr: '203.0.113.7/32' } }], ports: [tcp(587)] },
  ]);
});

test('one external service with two ports has both', () => {
  const school = platform();
  const mail = { name: 'mail', addresses: ['203.0.113.7/32'] };
  service(school, 'api', {
    externals: [
      { ...mail, port: 465 },
      { ...mail, port: 587 },
    ],
  });
  const [, ...rules] = object(school, 'NetworkPolicy/api').spec.egress;
  expect(rules.map(({ ports }: { ports: unknown }) => ports)).toEqual([[tcp(465)], [tcp(587)]]);
});

test('a namespace is let in on the ports that are named', () => {
  const school = platform();
  service(school, 'api');
  school.network.admit('monitoring', 'api', 8000, 9000);
  expect(object(school, 'NetworkPolicy/api').spec.ingress).toEqual([
    {
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      ports: [tcp(8000), tcp(9000)],
    },
  ]);
});

test('a connection to a workload that does not exist is refused', () => {
  const school = platform();
  service(school, 'api');
  school.network.connect('api', 'nobody', 8000);
  expect(() => object(school, 'NetworkPolicy/api')).toThrow(
    new Error(
      'Validation failed with the following errors:\n' +
        '  [school/network] expected `nobody` to be a workload, got only connections to it',
    ),
  );
});

test('two workloads of one name are refused wherever they stand', () => {
  const school = platform();
  service(school, 'api');
  expect(() => school.network.join(school, 'api', 'api')).toThrow(
    new Error('expected one workload with the name `api`, got two'),
  );
});
