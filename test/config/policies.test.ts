import { development } from '../../config/development';
import { production } from '../../config/production';
import { staging } from '../../config/staging';
import { changed, mistakes, mistakesWith } from './support';

describe('PHY-28 in production', () => {
  test.each(['localhost', 'example.com', 'physics.example.org'])('the domain %s is refused', (domain) => {
    expect(mistakesWith('physicsAssistant.domain', domain)).toBe(
      `expected \`physicsAssistant.domain\` to be your own domain in production, got "${domain}" (config/production.ts)`,
    );
  });

  test.each(['admin@example.com', 'admin@Example.COM'])('the e-mail address %s is refused', (email) => {
    expect(mistakesWith('edge.issuer.email', email)).toBe(
      `expected \`edge.issuer.email\` to be an address that is read in production, got "${email}" (config/production.ts)`,
    );
  });

  test('a domain that only ends like a placeholder is taken', () => {
    expect(mistakesWith('physicsAssistant.domain', 'physics-example.com')).toBe('');
  });
});

describe('PHY-28 in development', () => {
  test.each(['localhost', 'example.com'])('the domain %s is taken', (domain) => {
    expect(mistakes(changed(development, 'physicsAssistant.domain', domain))).toBe('');
  });

  test('the e-mail address admin@example.com is taken', () => {
    const issuer = { kind: 'acme', server: 'https://acme.school.edu/directory', email: 'admin@example.com' };
    expect(mistakes(changed(development, 'edge.issuer', issuer))).toBe('');
  });
});

describe.each([
  ['production', production],
  ['staging', staging],
])('in %s', (environment, settings) => {
  const file = `config/${environment}.ts`;

  test('PHY-28 TLS cannot be turned off', () => {
    expect(mistakes(changed(settings, 'edge.tls', false), file)).toBe(
      `expected \`edge.tls\` to be true outside development, got false (${file})`,
    );
  });

  test('ALL-02 random secrets of a throw-away cluster are refused', () => {
    expect(mistakes(changed(settings, 'secrets', { backend: 'disposable' }), file)).toBe(
      'expected `secrets.backend` to be cluster or external-secrets outside development, ' +
        `got "disposable" (${file})`,
    );
  });
});

test('PHY-28 an environment without a name is held to the strict rules too', () => {
  const nameless = changed(changed(development, 'secrets', { backend: 'cluster' }), 'environment', undefined);
  expect(mistakes(changed(nameless, 'edge.administrators', ['10.8.0.0/24']))).toBe(
    [
      'expected `environment` to be one of production, staging, development, got nothing (config/production.ts)',
      'expected `edge.tls` to be true outside development, got false (config/production.ts)',
    ].join('\n'),
  );
});

test('ALL-30 debugging is refused in production', () => {
  expect(mistakesWith('debug', true)).toBe(
    'expected `debug` to be false in production, got true (config/production.ts)',
  );
});

test('ALL-30 debugging is allowed in staging', () => {
  expect(mistakes(changed(staging, 'debug', true))).toBe('');
});

test('GOV-16 a volume of one node is refused with two replicas', () => {
  expect(mistakesWith('physicsAssistant.mlEngine.replicas', { min: 2, max: 2 })).toBe(
    'expected `physicsAssistant.mlEngine.replicas.max` to be 1 while its models are ReadWriteOnce, got 2: ' +
      'set `models.accessMode` to ReadWriteMany or the maximum to 1 (config/production.ts)',
  );
});

test('GOV-16 a shared volume is taken with two replicas', () => {
  const shared = changed(production, 'physicsAssistant.mlEngine.models.accessMode', 'ReadWriteMany');
  expect(mistakes(changed(shared, 'physicsAssistant.mlEngine.replicas', { min: 2, max: 2 }))).toBe('');
});

test('an access mode that does not exist is one mistake', () => {
  expect(mistakesWith('physicsAssistant.mlEngine.models.accessMode', 'RWO')).toBe(
    'expected `physicsAssistant.mlEngine.models.accessMode` to be one of ReadWriteOnce, ReadWriteMany, ' +
      'got "RWO" (config/production.ts)',
  );
});

describe('ALL-09 with high availability', () => {
  test.each([
    'physicsAssistant.agentsApi',
    'physicsAssistant.mcp.angularMotion',
    'physicsAssistant.taskProcessor',
    'physicsAssistant.gateway',
  ])('%s of one replica is refused', (key) => {
    expect(mistakesWith(`${key}.replicas.min`, 1)).toBe(
      `expected \`${key}.replicas.min\` to be at least 2 with high availability, got 1 (config/production.ts)`,
    );
  });

  test('a service with a shared volume needs two replicas like any other', () => {
    expect(mistakesWith('physicsAssistant.mlEngine.models.accessMode', 'ReadWriteMany')).toBe(
      'expected `physicsAssistant.mlEngine.replicas.min` to be at least 2 with high availability, ' +
        'got 1 (config/production.ts)',
    );
  });

  test('a service with a volume of one node may run once', () => {
    expect(production.highAvailability).toBe(true);
    expect(production.physicsAssistant.mlEngine.replicas).toEqual({ min: 1, max: 1 });
    expect(mistakes(production)).toBe('');
  });

  test('a fixed number of one is refused as well', () => {
    expect(mistakesWith('physicsAssistant.reactDashboard.replicas', { min: 1, max: 1 })).toBe(
      'expected `physicsAssistant.reactDashboard.replicas.min` to be at least 2 with high availability, ' +
        'got 1 (config/production.ts)',
    );
  });
});

test('without high availability one replica is enough', () => {
  const single = changed(production, 'highAvailability', false);
  expect(mistakes(changed(single, 'physicsAssistant.agentsApi.replicas.min', 1))).toBe('');
});

describe('ALL-42 proxies and administrators', () => {
  test.each([
    [['10.0.0.0/8'], ['10.8.0.0/24'], '10.0.0.0/8'],
    [['10.244.0.0/16', '10.8.0.7/32'], ['10.8.0.0/24'], '10.8.0.7/32'],
  ])('%j and %j overlap and are refused', (proxies, administrators, named) => {
    const edge = { ...production.edge, trustedProxies: proxies, administrators };
    expect(mistakes(changed(production, 'edge', edge))).toBe(
      `expected \`edge.trustedProxies\` to stand apart from \`edge.administrators\`, got "${named}" in both: ` +
        'behind a proxy of such an address anybody could write an administrator’s address into a header ' +
        '(config/production.ts)',
    );
  });

  test('blocks that only touch are taken', () => {
    const edge = { ...production.edge, trustedProxies: ['10.0.0.0/9'], administrators: ['10.128.0.0/9'] };
    expect(mistakes(changed(production, 'edge', edge))).toBe('');
  });
});
