import type { Command } from 'commander';
import { withCommonOptions, type Surroundings } from '../options';
import { check } from './secrets/check';
import { generate } from './secrets/generate';

/** `slipway secrets`: what the platforms need that must never stand in a manifest. */
export function secrets(program: Command, surroundings: Surroundings): void {
  const group = program.command('secrets').description('create and check the Secrets that the manifests refer to');

  withCommonOptions(group.command('generate'))
    .description('create the Secrets and keys that are missing; what exists is never changed, values are never shown')
    .option('--dry-run', 'say what would be done, write nothing', false)
    .option('--from-env-file <file>', 'values of third parties: KEY=VALUE or SECRET.KEY=VALUE lines')
    .action((options) => generate(options, surroundings));

  withCommonOptions(group.command('check'))
    .description('find Secrets that are missing, too short or still a placeholder (exit code 1)')
    .action((options) => check(options, surroundings));
}
