import type { Command } from 'commander';
import { withRunOptions, type Surroundings } from '../options';
import { findCommand } from './run/find';
import { withPrograms } from './run/start';

/** `slipway run`: programs that the platforms hold ready and that somebody starts. */
export function runCommand(program: Command, surroundings: Surroundings): void {
  withRunOptions(program.command('run'))
    .description('run a one-off command of a platform in the cluster; ends with the exit code of its program')
    .argument('[name]', 'the command; without it the known ones are listed')
    .action((name, options) => {
      const command = findCommand(name, options);
      return withPrograms([command], options, surroundings, (start) => start(command));
    });
}
