import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type ApiObject, Chart } from 'cdk8s';
import { memoryMiB, milliCpu } from '../charts/blocks/quantity';
import { addPlatforms, platformNames, type PlatformName } from '../charts/platforms';
import { allSettings, type Settings } from '../config';

/**
 * The table of the README: what each platform asks for and may take, computed from what is synthesised.
 * `npm run sizes` writes it.
 */
export const readme = join(__dirname, '..', 'README.md');
const begin = '<!-- npm run sizes -->';
const end = '<!-- end of npm run sizes -->';

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

/** Pods at the autoscalers' minimum with what they ask for and may take, and the claims: `[pods, mCPU, MiB, mCPU, MiB, MiB]`. */
function totals(objects: readonly Json[]): number[] {
  const least = new Map<string, number>();
  for (const { kind, metadata, spec } of objects) {
    if (kind === 'HorizontalPodAutoscaler') least.set(metadata.name, spec.minReplicas);
  }
  const sum = [0, 0, 0, 0, 0];
  for (const { kind, metadata, spec } of objects) {
    if (kind !== 'Deployment' && kind !== 'StatefulSet') continue;
    const pods = least.get(metadata.name) ?? spec.replicas;
    sum[0] = (sum[0] ?? 0) + pods;
    for (const { resources } of spec.template.spec.containers) {
      const { requests, limits } = resources;
      const amounts = [requests, limits].flatMap(({ cpu, memory }) => [milliCpu(cpu), memoryMiB(memory)]);
      amounts.forEach((amount, index) => (sum[index + 1] = (sum[index + 1] ?? 0) + pods * amount));
    }
  }
  const quota = objects.find(({ kind }) => kind === 'ResourceQuota');
  return [...sum, memoryMiB(quota?.spec.hard['requests.storage'])];
}

const one = (value: number, unit: number): string => (value / unit).toFixed(1);

function row(edition: Edition): string {
  const [pods = 0, askedCpu = 0, askedMemory = 0, cpu = 0, memory = 0, storage = 0] = totals(objectsOf(edition));
  const name = [edition.settings.environment, edition.size].filter(Boolean).join(', ');
  const cells = [one(askedCpu, 1000), one(askedMemory, 1024), one(cpu, 1000), one(memory, 1024), one(storage, 1024)];
  return `| ${[edition.platform, name, pods, ...cells].join(' | ')} |`;
}

/** The README with a fresh table in it. @throws Error when it has no place for one */
export function withSizes(text: string): string {
  const [head, rest] = text.split(begin);
  const tail = rest?.split(end)[1];
  if (tail === undefined) throw new Error(`expected ${begin} and ${end} in README.md`);
  const titles = ['platform', 'environment', 'pods', 'requests: CPU', 'GiB', 'limits: CPU', 'GiB', 'volumes: GiB'];
  const lines = [
    `| ${titles.join(' | ')} |`,
    `| --- | --- ${'| ---: '.repeat(titles.length - 2)}|`,
    ...editions().map(row),
  ];
  return `${head}${begin}\n\n${lines.join('\n')}\n\n${end}${tail}`;
}

if (require.main === module) writeFileSync(readme, withSizes(readFileSync(readme, 'utf8')));
