import { PassThrough } from 'node:stream';
import type { Place } from '../../cluster-jobs';
import type { Streams } from '../../output';
import { runsOn, type Run } from './progress';

/** Enter, for which a program that asks questions waits. */
const begin = '\n';
/** What a terminal sends for the end of the input: a moment, so it is said again until the program listens. */
const endOfInput = '\x04';
const againMillis = 1000;

/** Joins this side's streams to the program until it ends, the connection breaks or somebody interrupts. */
export async function join(run: Run, pod: string, streams: Streams): Promise<void> {
  const place = { namespace: run.namespace, pod, container: run.container };
  if (run.interactive) return answer(run, place, streams);
  let known = 0;
  do {
    known = await run.jobs.follow(place, known, streams.stdout, run.signal);
    // A connection may be cut while the program is silent.
  } while (await runsOn(run, pod));
}

async function answer(run: Run, place: Place, { stdin, stdout }: Streams): Promise<void> {
  const input = new PassThrough();
  const pass = (chunk: Buffer | string) => void input.write(chunk);
  let again: NodeJS.Timeout | undefined;
  const end = () => {
    input.write(endOfInput);
    again = setInterval(() => input.write(endOfInput), againMillis);
  };
  const raw = (on: boolean) => void (stdin.isTTY && stdin.setRawMode?.(on));
  try {
    await run.jobs.attach(place, { input, output: stdout, signal: run.signal }, () => {
      // From here on ctrl-c is the program's as well.
      raw(true);
      input.write(begin);
      stdin.on('data', pass).once('end', end);
    });
  } finally {
    raw(false);
    clearInterval(again);
    stdin.off('data', pass).off('end', end);
    // A stream that flows keeps the process alive.
    stdin.pause();
  }
}
