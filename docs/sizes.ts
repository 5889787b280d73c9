import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type ApiObject, Chart } from 'cdk8s';
import { limitsOf, memoryMiB, none, plus, times, type Amount } from '../charts/blocks/quantity';
import { addPlatforms, platformNames, type PlatformName } from '../charts/platforms';
import { allSettings, type Settings } from '../config';
import { between } from './between';

/**
 * The table of the README: what each platform asks for and may take, computed from what is synthesised.
 * `npm run sizes` writes it.
 */
export const readme = join(__dirname, '..', 'README.md');

type Json = ReturnType<ApiObject['toJson']>;

interface Edition {
  readonly platform: PlatformName;
  readonly settings: Settings;
  /** Where one environment can have several. */
  readonly size: string;
}

/** Every platform in every environment; the one whose guide has two sizes in both of them. */
const editions = (): Edition[] =>
  platformNames.flatMap((platform) =>
    allSettings().flatMap((settings): Edition[] => {
      if (platform !== 'ai-governance' || settings.environment !== 'production') {
        return [{ platform, settings, size: '' }];
      }
      const { aiGovernance } = settings;
      return (['large', 'small'] as const).map((size) => ({
        platform,
        settings: { ...settings, aiGovernance: { ...aiGovernance, size } },
        size,
      }));
    }),
  );

/** All objects of one platform. */
function objectsOf({ platform, settings }: Edition): Json[] {
  const app = new App();
  addPlatforms(app, settings, [platform]);
  return app.charts.flatMap((chart: Chart) => chart.toJson());
}

/** What a quiet platform is: pods at the autoscalers' minimum, what they are promised, what they may take. */
export function quiet(objects: readonly Json[]): { pods: number; requests: Amount; limits: Amount } {
  const scalers = objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
  const least = new Map<string, number>(scalers.map(({ metadata, spec }) => [metadata.name, spec.minReplicas]));
  const sum = { pods: 0, requests: none, limits: none };
  // Jobs come and go and are not counted.
  for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')) {
    const pods = least.get(metadata.name) ?? spec.replicas;
    sum.pods += pods;
    for (const { resources } of spec.template.spec.containers) {
      sum.requests = plus(sum.requests, times(limitsOf(resources.requests), pods));
      sum.limits = plus(sum.limits, times(limitsOf(resources.limits), pods));
    }
  }
  return sum;
}

const one = (value: number, unit: number): string => (value / unit).toFixed(1);
const cells = ({ milliCpu, memoryMiB: memory }: Amount): string[] => [one(milliCpu, 1000), one(memory, 1024)];

function row(edition: Edition): string {
  const objects = objectsOf(edition);
  const { pods, requests, limits } = quiet(objects);
  const quota = objects.find(({ kind }) => kind === 'ResourceQuota');
  const storage = memoryMiB(quota?.spec.hard['requests.storage']);
  const name = [edition.settings.environment, edition.size].filter(Boolean).join(', ');
  return `| ${[edition.platform, name, pods, ...cells(requests), ...cells(limits), one(storage, 1024)].join(' | ')} |`;
}

/** The README with a fresh table in it. @throws Error when it has no place for one */
export function withSizes(text: string): string {
  const titles = ['platform', 'environment', 'pods', 'requests: CPU', 'GiB', 'limits: CPU', 'GiB', 'volumes: GiB'];
  const lines = [
    `| ${titles.join(' | ')} |`,
    `| --- | --- ${'| ---: '.repeat(titles.length - 2)}|`,
    ...editions().map(row),
  ];
  return between('README.md', text, 'npm run sizes', lines.join('\n'));
}

if (require.main === module) writeFileSync(readme, withSizes(readFileSync(readme, 'utf8')));
