interface Undoing {
  readonly heal: () => void;
  /** Not part of the fault: put in order when the cluster has recovered. */
  readonly late: boolean;
}

/** What must be taken back, whatever happens to the campaign: newest first. */
let pending: Undoing[] = [];

/**
 * Registers what takes something back, before it is done. It is synchronous, so that it also runs when the process ends.
 *
 * @param late after the recovery, not before
 */
export const undo = (heal: () => void, { late = false } = {}): void => void pending.unshift({ heal, late });

/** Takes back the fault, or all; a heal that fails does not keep the others from running. @throws Error with all that failed */
export function heal({ late }: { late: boolean }): void {
  const due = pending.filter((undoing) => late || !undoing.late);
  pending = pending.filter((undoing) => !due.includes(undoing));
  const failures = due.flatMap((undoing) => {
    try {
      undoing.heal();
      return [];
    } catch (error) {
      return [String(error)];
    }
  });
  if (failures.length > 0) throw new Error(`expected every fault to be taken back, got ${failures.join('; ')}`);
}

/** Heals also on Ctrl-C and on a mistake of the campaign itself. */
export function healAtEnd(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
  process.on('exit', () => heal({ late: true }));
}
