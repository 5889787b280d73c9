import { pause } from '../cluster/support';

/** Waits for something. @throws Error when it does not hold in time */
export async function until(seconds: number, what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`expected ${what} within ${seconds} s`);
    await pause(3);
  }
}
