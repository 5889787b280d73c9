import type { Command } from 'commander';
import { withRunOptions, type RunOptions, type Surroundings } from '../options';
import { findCronJob } from './run/find';
import { withPrograms } from './run/start';

/** CronJobs of the charts, by what they do. */
export const backupPrograms = {
  list: 'postgres-backup-list',
  full: 'postgres-backup-full',
  incremental: 'postgres-backup-incremental',
  verify: 'postgres-backup-verify',
} as const;

/** `slipway backup`: the Jobs of the backup of PostgreSQL, whenever somebody wants them. */
export function backup(program: Command, surroundings: Surroundings): void {
  const group = program.command('backup').description('list, take and verify the backups of PostgreSQL');
  const start = (name: string, options: RunOptions, remedy?: string) => {
    const cronJob = findCronJob(name, options, remedy);
    return withPrograms([cronJob], options, surroundings, (run) => run(cronJob));
  };

  withRunOptions(group.command('list'))
    .description('show the backups of every repository, and the moments that can be restored')
    .action((options) => start(backupPrograms.list, options));

  withRunOptions(group.command('now'))
    .description('take a backup into every repository; ends with the exit code of its Job')
    .option('--incremental', 'only what changed since the last one', false)
    .action((options) =>
      options.incremental
        ? start(backupPrograms.incremental, options, 'leave `--incremental` out')
        : start(backupPrograms.full, options),
    );

  withRunOptions(group.command('verify'))
    .description('read every file of every repository back; ends with the exit code of its Job')
    .action((options) => start(backupPrograms.verify, options));
}
