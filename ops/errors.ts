/** Exit codes of every command; 64, 69 and 77 are those of sysexits.h. */
export const exit = { ok: 0, failed: 1, usage: 64, unreachable: 69, forbidden: 77, interrupted: 130 } as const;

/** What stops a command: all its problems in the project's grammar, and the exit code. */
export class Failure extends Error {
  constructor(
    readonly exitCode: number,
    readonly problems: readonly string[],
  ) {
    super(problems.join('\n'));
  }
}

/** Lets all work end, then gives what came of it, in order, and one failure that holds every different problem. */
export async function settle<T>(work: readonly Promise<T>[]): Promise<{ values: T[]; failure: Failure | undefined }> {
  const values: T[] = [];
  const failures: Failure[] = [];
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'fulfilled') values.push(result.value);
    else if (result.reason instanceof Failure) failures.push(result.reason);
    else throw result.reason;
  }
  const [first] = failures;
  const problems = new Set(failures.flatMap((failure) => failure.problems));
  return { values, failure: first && new Failure(first.exitCode, [...problems]) };
}
