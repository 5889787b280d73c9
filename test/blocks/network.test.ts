import { externalAt } from '../../charts/blocks/network';
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

describe('external services', () => {
  const groq = { name: 'groq', host: 'api.groq.com', port: 443 };

  test('HWO-09 are named on the policy, those without a known host too', () => {
    const school = platform();
    service(school, 'api', { externals: [groq, { name: 'webhook', port: 443 }] });
    const { metadata, spec } = object(school, 'NetworkPolicy/api');
    expect(metadata.annotations).toEqual({ 'slipway.dev/externals': 'groq api.groq.com:443, webhook *:443' });
    expect(spec.egress).toHaveLength(2);
  });

  test('ALL-10 a workload without any has no such note', () => {
    const school = platform();
    service(school, 'api');
    expect(object(school, 'NetworkPolicy/api').metadata).not.toHaveProperty('annotations');
  });

  test('ALL-10 have the addresses that the settings know for their name', () => {
    const school = platform({ externals: { groq: ['198.51.100.0/24'] } });
    service(school, 'api', { externals: [groq] });
    expect(object(school, 'NetworkPolicy/api').spec.egress[1]).toEqual({
      to: [{ ipBlock: { cidr: '198.51.100.0/24' } }],
      ports: [tcp(443)],
    });
  });

  test('that nobody declared are refused in the settings, with those that are declared', () => {
    const school = platform({ externals: { grok: ['198.51.100.0/24'] } });
    service(school, 'api', { externals: [groq] });
    expect(() => object(school, 'NetworkPolicy/api')).toThrow(
      /expected `externals.grok` to name an external service, got none: groq/,
    );
  });

  test('are read from a URL', () => {
    expect(externalAt('archive', 'https://archive.school.edu/TAP')).toEqual({
      name: 'archive',
      host: 'archive.school.edu',
      port: 443,
    });
    expect(externalAt('archive', 'https://archive.school.edu:8443')).toMatchObject({ port: 8443 });
  });

  test.each(['http://archive.school.edu', 'archive.school.edu'])('of the URL %s are refused', (url) => {
    expect(() => externalAt('archive', url)).toThrow(
      new Error(`expected the URL of external service \`archive\` to begin with https://, got "${url}"`),
    );
  });
});
