import { kubectl, slipway } from '../cluster/support';
import type { Target } from './target';

/** A line of a log, and when it was written, in milliseconds. */
export interface Line {
  readonly at: number;
  readonly text: string;
}

const about = ({ folder }: Target): string[] => ['--env', 'production', '--dist', folder];

/** Takes a full backup, as an administrator does. */
export const backupNow = (target: Target) => slipway('backup', 'now', ...about(target));

/**
 * Restores the database over the running one, as an administrator does; a full backup follows by itself.
 *
 * @param to `latest`, a date or a moment
 * @returns the log of the restore alone
 */
export async function restore(target: Target, to: string): Promise<Line[]> {
  const { namespace } = target;
  const { stderr } = await slipway('restore', 'postgres', '--to', to, '--confirm', namespace, ...about(target));
  const [, job] = /started job\/(\S+)/.exec(stderr) ?? [];
  const log = await kubectl('logs', `job/${job}`, '-n', namespace, '--timestamps');
  return log.split('\n').map((line) => {
    const end = line.indexOf(' ');
    return { at: Date.parse(line.slice(0, end)), text: line.slice(end + 1) };
  });
}
