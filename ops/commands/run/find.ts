import { exit, Failure } from '../../errors';
import { readLabelled, shown } from '../../manifests';
import type { TargetOptions } from '../../options';

/** A program that somebody starts: a suspended CronJob. */
export interface OneOff {
  readonly platform: string;
  readonly namespace: string;
  readonly name: string;
}

/** The one command that is meant. @throws Failure that lists the known ones */
export function findCommand(name: string | undefined, { dist, env, platform }: TargetOptions): OneOff {
  const all = readLabelled(dist, env, 'slipway.dev/on-demand', 'true').map(({ manifest: { metadata } }) => ({
    platform: metadata.labels?.['app.kubernetes.io/part-of'] ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
  }));
  const refuse = (problem: string): never => {
    throw new Failure(exit.usage, [problem]);
  };
  if (all.length === 0) return refuse(`expected ${env} to have one-off commands, got none (${shown(dist)})`);
  const ours = all.filter((command) => !platform || command.platform === platform);
  if (ours.length === 0) {
    const platforms = [...new Set(all.map((command) => command.platform))].join(', ');
    return refuse(`expected \`--platform\` to be one of ${platforms}, got ${platform} (${shown(dist)})`);
  }
  const meant = ours.filter((command) => command.name === name);
  const [first, second] = meant;
  if (first && !second) return first;
  if (first) {
    const platforms = meant.map((command) => command.platform).join(', ');
    return refuse(`expected \`--platform\` to be one of ${platforms}, got none: each has a command ${name}`);
  }
  const known = ours.map((command) => `${command.name} (${command.platform})`).join(', ');
  return refuse(`expected the name of a command to be one of ${known}, got ${name ?? 'none'}`);
}
