import { Command, CommanderError } from 'commander';
import { backup } from './commands/backup';
import { restore } from './commands/restore';
import { runCommand } from './commands/run';
import { secrets } from './commands/secrets';
import { exit, Failure } from './errors';
import type { Surroundings } from './options';

/** Every command, in the order of the help text: each adds itself to the program. */
const commands = [backup, restore, runCommand, secrets];

/** Runs one command line and gives its exit code; every problem has been written by then. */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { terminal } = surroundings;
  const program = new Command('slipway')
    .description('Day-two work on the platforms: reads dist/ and the cluster')
    .showHelpAfterError('(add --help for the options)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.result(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
      outputError: (text, write) => write(text.replace(/^error: /, '')),
    });
  for (const add of commands) add(program, surroundings);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exit.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.ok : exit.usage;
    if (!(error instanceof Failure)) throw error;
    error.problems.forEach((problem) => terminal.note(problem));
    return error.exitCode;
  }
}
