import { governanceFigures } from '../../config';
import { production } from '../../config/production';
import { staging } from '../../config/staging';
import { changed, mistakes, mistakesWith } from './support';

const wrong = (key: string, demand: string, got: string) =>
  `expected \`${key}\` ${demand}, got ${got} (config/production.ts)`;

describe('GOV-01 the size of the AI Governance Literacy Platform', () => {
  test('is one of the guide’s', () => {
    expect(mistakesWith('aiGovernance.size', 'small')).toBe('');
    expect(mistakesWith('aiGovernance.size', 'large')).toBe('');
  });

  test.each(['medium', 3, null])('%j is unknown and refused', (size) => {
    expect(mistakesWith('aiGovernance.size', size)).toBe(
      wrong('aiGovernance.size', 'to be small, large or figures of its own', JSON.stringify(size)),
    );
  });

  test('with figures of its own is held to the rules of figures, key by key', () => {
    const size = changed(staging.aiGovernance.size, 'postgres.memory', '8G');
    const figures = changed(changed(size, 'backend.replicas.min', 0), 'qdrant.cpus', '2');
    expect(mistakesWith('aiGovernance.size', figures)).toBe(
      [
        'unknown key `aiGovernance.size.qdrant.cpus`: did you mean `cpu` (config/production.ts)',
        wrong('aiGovernance.size.backend.replicas.min', 'to be at least 1', '0'),
        wrong(
          'aiGovernance.size.postgres.memory',
          'to be a memory size with its unit, such as `512Mi` or `2Gi`',
          '"8G"',
        ),
      ].join('\n'),
    );
  });

  test('large has exactly the figures of the guide', () => {
    expect(governanceFigures('large')).toMatchObject({
      backend: { cpu: '2', memory: '4Gi', reserved: { cpu: '1', memory: '2Gi' }, replicas: { min: 3 } },
      frontend: { cpu: '1', memory: '1Gi', replicas: { min: 2 } },
      postgres: { cpu: '4', memory: '16Gi', storage: '200Gi' },
      qdrant: { cpu: '4', memory: '8Gi' },
      redis: { cpu: '2', memory: '4Gi' },
    });
  });

  test('small has exactly the figures of the guide', () => {
    expect(governanceFigures('small')).toMatchObject({
      backend: { cpu: '1', memory: '2Gi', replicas: { min: 2 } },
      frontend: { cpu: '500m', memory: '512Mi', replicas: { min: 2 } },
      postgres: { cpu: '2', memory: '4Gi', storage: '50Gi' },
      qdrant: { cpu: '2', memory: '4Gi' },
    });
  });
});

describe('GOV-06 an external Qdrant', () => {
  const cloud = { kind: 'external', url: 'https://cluster.qdrant.io:6333', apiKey: { secret: 'qdrant', key: 'KEY' } };

  test('is taken with its URL and a reference to its key', () => {
    expect(mistakesWith('aiGovernance.qdrant', cloud)).toBe('');
  });

  test('is refused without its key', () => {
    expect(mistakesWith('aiGovernance.qdrant', { kind: 'external', url: cloud.url })).toBe(
      wrong('aiGovernance.qdrant.apiKey', 'to be a reference `{ secret, key }` to its API key', 'nothing'),
    );
  });

  test('is refused when the key itself is given in place of a reference', () => {
    expect(mistakesWith('aiGovernance.qdrant', { ...cloud, apiKey: 'abc' })).toBe(
      wrong('aiGovernance.qdrant.apiKey', 'to be a reference `{ secret, key }` to its API key', '"abc"'),
    );
  });

  test.each(['http://cluster.qdrant.io:6333', 'cluster.qdrant.io', 'https://cluster.qdrant.io'])(
    'at %s is refused',
    (url) => {
      expect(mistakesWith('aiGovernance.qdrant', { ...cloud, url })).toBe(
        wrong(
          'aiGovernance.qdrant.url',
          'to be the URL of a Qdrant with its port, such as `https://id.qdrant.io:6333`',
          JSON.stringify(url),
        ),
      );
    },
  );
});

describe('HWO-10 a GPU', () => {
  const classes = { tesla: { resource: 'nvidia.com/gpu', nodeSelector: { 'nvidia.com/gpu.product': 'Tesla-T4' } } };
  const withClasses = changed(production, 'cluster.gpuClasses', classes);
  const key = 'habitabilityExplorer.backend.gpu';

  test('of a class of the cluster is taken', () => {
    expect(mistakes(changed(withClasses, key, { class: 'tesla', count: 1 }))).toBe('');
  });

  test('without a class is refused', () => {
    expect(mistakes(changed(withClasses, key, { count: 1 }))).toBe(wrong(`${key}.class`, 'to be a name', 'nothing'));
  });

  test('of a class that the cluster has not is refused with those that it has', () => {
    expect(mistakes(changed(withClasses, key, { class: 'rtx', count: 1 }))).toBe(
      `expected \`${key}.class\` to be one of \`cluster.gpuClasses\` (tesla), got "rtx": describe the class there ` +
        '(config/production.ts)',
    );
  });

  test('whose resource has no vendor is refused', () => {
    expect(mistakesWith('cluster.gpuClasses', { tesla: { ...classes.tesla, resource: 'gpu' } })).toBe(
      wrong('cluster.gpuClasses.tesla.resource', 'to be a resource such as `nvidia.com/gpu`', '"gpu"'),
    );
  });
});

describe.each(['physicsAssistant', 'aiGovernance', 'habitabilityExplorer', 'personalAssistant'])(
  'ALL-29 CORS of %s in production',
  (platform) => {
    test.each(['*', 'https://*.school.edu', 'https://school.edu/app', 'school.edu'])('refuses %s', (origin) => {
      expect(mistakesWith(`${platform}.corsOrigins.0`, origin)).toBe(
        wrong(
          `${platform}.corsOrigins.0`,
          'to be an origin such as `https://physics.school.edu`, without path or wildcard',
          JSON.stringify(origin),
        ),
      );
    });

    test('PHY-28 a placeholder as its domain is refused', () => {
      expect(mistakesWith(`${platform}.domain`, 'yourdomain.example.com')).toBe(
        wrong(`${platform}.domain`, 'to be your own domain in production', '"yourdomain.example.com"'),
      );
    });
  },
);

describe('GOV-16 data of several pods', () => {
  test('on a volume of one node is refused for documents', () => {
    expect(mistakesWith('aiGovernance.documents.accessMode', 'ReadWriteOnce')).toBe(
      'expected `aiGovernance.documents.accessMode` to be ReadWriteMany while up to 4 backends share it, ' +
        'got "ReadWriteOnce": or keep documents in a bucket (`kind: \'s3\'`) (config/production.ts)',
    );
  });

  test('on a volume of one node is refused for the data of the Habitability Explorer', () => {
    expect(mistakesWith('habitabilityExplorer.backend.data.accessMode', 'ReadWriteOnce')).toBe(
      'expected `habitabilityExplorer.backend.replicas.max` to be 1 while its data are ReadWriteOnce, got 4: ' +
        'set `data.accessMode` to ReadWriteMany or the maximum to 1 (config/production.ts)',
    );
  });

  test('in a bucket is taken', () => {
    const bucket = { kind: 's3', bucket: 'documents', endpoint: 'https://s3.school.edu', region: 'eu-1' };
    expect(mistakesWith('aiGovernance.documents', bucket)).toBe('');
  });

  test('in a bucket without encryption on the way is refused', () => {
    const bucket = { kind: 's3', bucket: 'documents', endpoint: 'http://s3.school.edu', region: 'eu-1' };
    expect(mistakesWith('aiGovernance.documents', bucket)).toBe(
      wrong(
        'aiGovernance.documents.endpoint',
        'to be the URL of an S3 service, such as `https://s3.school.edu`',
        '"http://s3.school.edu"',
      ),
    );
  });
});

test('ALL-30 HWO-16 a platform whose guide wants another log level has its own', () => {
  expect(production.habitabilityExplorer.logLevel).toBe('WARNING');
  expect(mistakesWith('habitabilityExplorer.logLevel', 'LOUD')).toBe(
    wrong('habitabilityExplorer.logLevel', 'to be one of DEBUG, INFO, WARNING, ERROR', '"LOUD"'),
  );
});

/** `750m` → 750, `1Gi` → 1024: figures that can be halved. */
const amount = (figure: string): number =>
  Number.parseFloat(figure) * ({ m: 1, Mi: 1, Gi: 1024 }[figure.replace(/^[\d.]+/, '')] ?? 1000);

/** Every figure of cpu, memory and storage below a value, by its key. */
function figuresIn(value: unknown, path: readonly string[] = []): [key: string, figure: string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]): [string, string][] =>
    ['cpu', 'memory', 'storage'].includes(key)
      ? [[[...path, key].join('.'), part as string]]
      : figuresIn(part, [...path, key]),
  );
}

describe.each(['aiGovernance', 'habitabilityExplorer', 'personalAssistant'] as const)(
  'ALL-01 staging of %s',
  (platform) => {
    const whole = (settings: typeof production) => ({
      ...settings[platform],
      ...(platform === 'aiGovernance' && { size: governanceFigures(settings.aiGovernance.size) }),
    });
    const [large, half] = [production, staging].map((settings) => new Map(figuresIn(whole(settings))));

    test('has production’s shape', () => {
      expect([...(half?.keys() ?? [])]).toEqual([...(large?.keys() ?? [])]);
    });

    test.each([...(large ?? [])])('has half of `%s`, which is %s', (key, figure) => {
      expect(amount(half?.get(key) ?? '')).toBe(amount(figure) / 2);
    });
  },
);
