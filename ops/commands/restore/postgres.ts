import { Writable } from 'node:stream';
import { exit, Failure } from '../../errors';
import type { RunOptions, Surroundings } from '../../options';
import { backupPrograms } from '../backup';
import { findCronJob } from '../run/find';
import { withPrograms } from '../run/start';
import { commandLine } from './command-line';
import { targetFrom } from './target';

/** Options of `slipway restore postgres`. */
export interface RestoreOptions extends RunOptions {
  readonly to: string;
  readonly repository?: number;
  readonly confirm?: string;
  readonly scratch: boolean;
  readonly keep?: number;
}

interface Source {
  readonly TARGET: string;
  readonly REPOSITORY?: string;
}

/** Name under which the Job keeps the data that were replaced. */
const former = /\S+\.before-\d{8}T\d{6}Z/;

/** Restores a database, and takes a backup of what is there then. @throws Failure with the exit code of the Job */
export async function restorePostgres(options: RestoreOptions, surroundings: Surroundings): Promise<void> {
  const TARGET = targetFrom(options.to, new Date());
  const source = { TARGET, ...(options.repository && { REPOSITORY: `${options.repository}` }) };
  return options.scratch ? beside(source, options, surroundings) : over(source, options, surroundings);
}

function beside(source: Source, options: RestoreOptions, surroundings: Surroundings): Promise<void> {
  const restore = findCronJob('postgres-restore-scratch', options);
  const variables = { ...source, ...(options.keep && { KEEP_SECONDS: `${options.keep}` }) };
  return withPrograms([restore], options, surroundings, (start) => start(restore, { variables }));
}

async function over(source: Source, options: RestoreOptions, surroundings: Surroundings): Promise<void> {
  if (options.keep) {
    throw new Failure(exit.usage, ['expected `--keep` with `--scratch`, got it alone: a restored database serves on']);
  }
  const restore = findCronJob('postgres-restore', options);
  const { namespace, platform } = restore;
  refuseUnconfirmed(options, namespace);
  const backup = findCronJob(backupPrograms.full, { ...options, platform });

  const { terminal, streams = process } = surroundings;
  await withPrograms([restore, backup], options, surroundings, async (start) => {
    const stdout = new Watched(streams.stdout, former);
    const variables = { ...source, CONFIRM: namespace };
    await start(restore, { variables, streams: { stdin: streams.stdin, stdout } });
    const kept = stdout.found ?? 'the folder that the log names';
    terminal.note(`restored ${namespace} to ${source.TARGET}; the data that were there are kept in ${kept}`);
    terminal.note('taking a full backup of what is there now');
    await start(backup).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      const { env, dist, context } = options;
      const again = commandLine(['backup', 'now'], { platform, env, dist, context });
      throw new Failure(error.exitCode, [
        ...error.problems,
        `the restore is complete, the backup after it is not: ${again}`,
      ]);
    });
  });
}

/** @throws Failure with the command that does it */
function refuseUnconfirmed(options: RestoreOptions, namespace: string): void {
  const { to, repository, platform, env, dist, context, timeout, confirm } = options;
  if (confirm === namespace) return;
  const given = { to, repository, platform, env, dist, context, timeout, confirm: namespace };
  throw new Failure(exit.usage, [
    `expected \`--confirm\` to be ${namespace}, whose database is replaced, got ${confirm ?? 'none'}: ` +
      `if that is meant, ${commandLine(['restore', 'postgres'], given)}`,
  ]);
}

/** Passes a text on, and remembers what matched in it last. */
class Watched extends Writable {
  found: string | undefined;
  private rest = '';

  constructor(
    private readonly next: Writable,
    private readonly pattern: RegExp,
  ) {
    super();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.next.write(chunk);
    const lines = `${this.rest}${chunk}`.split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.found = this.pattern.exec(line)?.[0] ?? this.found;
    done();
  }
}
