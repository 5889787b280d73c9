import { platformNames, type PlatformName } from '../charts/platforms';
import { everywhere } from './support/everywhere';
import { manifestsOfPlatform, type Environment } from './support/manifests';
import { requests } from './support/requests';
import { everyObjectObeysTheRules } from './support/rules';

describe.each(everywhere)('every object of $platform in $environment', ({ objects }) => {
  everyObjectObeysTheRules(objects);
});

/** The smallest machine of each guide, in cores and GB; for GOV the rows of its table for 10,000 users together. */
const smallest: Readonly<Record<PlatformName, { cores: number; gigabytes: number }>> = {
  'physics-assistant': { cores: 8, gigabytes: 16 },
  'ai-governance': { cores: 8 + 2 + 4 + 4 + 2, gigabytes: 16 + 2 + 16 + 8 + 4 },
  'habitability-explorer': { cores: 8, gigabytes: 32 },
  'personal-assistant': { cores: 32, gigabytes: 64 },
};

describe.each(platformNames)('requests of %s', (platform) => {
  const objectsOf = (environment: Environment) => manifestsOfPlatform(environment, platform);
  const asked = (environment: Environment) => requests(objectsOf(environment));
  const { cores, gigabytes } = smallest[platform];

  test(`ALL-36 in production they fit the smallest machine of the guide: ${cores} cores, ${gigabytes} GB`, () => {
    expect(asked('production').cpu).toBeLessThanOrEqual(cores * 1000);
    expect(asked('production').memory).toBeLessThanOrEqual(gigabytes * 1024);
  });

  test('ALL-01 in development they fit a laptop: 2 CPU and 4 GiB', () => {
    expect(asked('development').cpu).toBeLessThanOrEqual(2000);
    expect(asked('development').memory).toBeLessThanOrEqual(4 * 1024);
  });

  test('ALL-01 in development nothing needs a custom resource or a class of a cloud', () => {
    const objects = objectsOf('development');
    expect(objects.filter(({ apiVersion }) => /cert-manager|external-secrets/.test(apiVersion))).toEqual([]);
    expect(JSON.stringify(objects)).not.toMatch(/storageClassName|ingressClassName/);
  });

  test('ALL-06 development and staging ask for less than production', () => {
    expect(asked('staging').cpu).toBeLessThan(asked('production').cpu);
    expect(asked('development').cpu).toBeLessThan(asked('staging').cpu);
  });
});
