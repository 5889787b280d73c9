import { exit, Failure } from '../../errors';
import { readLabelled, shown, type Found } from '../../manifests';
import type { TargetOptions } from '../../options';

/** A program that somebody starts: a CronJob. */
export interface OneOff {
  readonly platform: string;
  readonly namespace: string;
  readonly name: string;
}

/** The one command that is meant. @throws Failure that lists the known ones */
export function findCommand(name: string | undefined, options: TargetOptions): OneOff {
  const { dist, env } = options;
  const all = readLabelled(dist, env, 'slipway.dev/on-demand', 'true').map(oneOff);
  if (all.length === 0) throw refusal(`expected ${env} to have one-off commands, got none (${shown(dist)})`);
  const ours = ofPlatform(all, options);
  const meant = ours.filter((command) => command.name === name);
  if (meant.length > 0) return single(meant, `a command ${name}`);
  const known = ours.map((command) => `${command.name} (${command.platform})`).join(', ');
  throw refusal(`expected the name of a command to be one of ${known}, got ${name ?? 'none'}`);
}

/**
 * The CronJob of this name, of the platform that is meant.
 *
 * @param remedy where no platform has it
 * @throws Failure that lists the platforms that have it
 */
export function findCronJob(name: string, options: TargetOptions, remedy = 'run npm run synth'): OneOff {
  const { dist, env } = options;
  const all = readLabelled(dist, env, 'app.kubernetes.io/name', name)
    .filter(({ manifest }) => manifest.kind === 'CronJob')
    .map(oneOff);
  if (all.length === 0) {
    throw refusal(`expected ${env} to have cronjob/${name}, got none (${shown(dist)}): ${remedy}`);
  }
  return single(ofPlatform(all, options), `cronjob/${name}`);
}

const oneOff = ({ manifest: { metadata } }: Found): OneOff => ({
  platform: metadata.labels?.['app.kubernetes.io/part-of'] ?? '',
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});

function ofPlatform(all: readonly OneOff[], { dist, platform }: TargetOptions): OneOff[] {
  const ours = all.filter((command) => !platform || command.platform === platform);
  if (ours.length > 0) return ours;
  throw refusal(`expected \`--platform\` to be one of ${platformsOf(all)}, got ${platform} (${shown(dist)})`);
}

function single(meant: readonly OneOff[], what: string): OneOff {
  const [first, second] = meant;
  if (first && !second) return first;
  throw refusal(`expected \`--platform\` to be one of ${platformsOf(meant)}, got none: each has ${what}`);
}

const platformsOf = (commands: readonly OneOff[]): string =>
  [...new Set(commands.map(({ platform }) => platform))].join(', ');

const refusal = (problem: string): Failure => new Failure(exit.usage, [problem]);
