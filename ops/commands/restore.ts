import { Option, type Command } from 'commander';
import { whole, withRunOptions, type Surroundings } from '../options';
import { restorePostgres } from './restore/postgres';

/** `slipway restore`: data from their backup. */
export function restore(program: Command, surroundings: Surroundings): void {
  const group = program.command('restore').description('bring data back from their backup');

  withRunOptions(group.command('postgres'))
    .description('restore PostgreSQL: over the running database, or beside it to look at (--scratch)')
    .requiredOption('--to <when>', 'latest, a date (2026-11-20, UTC) or a moment (2026-11-20T10:15:00Z)')
    .option('--repository <number>', 'the repository to read (default: the first)', whole('numbers'))
    .option('--confirm <namespace>', 'the namespace whose database is replaced')
    .addOption(new Option('--scratch', 'beside the database, which stays as it is').conflicts('confirm').default(false))
    .option('--keep <seconds>', 'how long a scratch database serves after its checks', whole('seconds'))
    .action((options) => restorePostgres(options, surroundings));
}
