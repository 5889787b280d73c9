import type { Agents } from './agents';
import type { Member } from './members';
import type { Target } from './target';
import type { undo } from './undo';

/** What a fault finds when it strikes: a whole cluster that is written to. */
export interface Scene {
  readonly target: Target;
  readonly agents: Agents;
  readonly primary: Member;
  /** The synchronous one first. */
  readonly replicas: readonly [Member, ...Member[]];
  /** Says how to take back what is about to be done: called after `holdSeconds`, or when the campaign ends in any way. */
  readonly undo: typeof undo;
}

export interface Fault {
  readonly name: string;
  /** For the table. */
  readonly title: string;
  /** What it hurts beside its own namespace: the campaign refuses to do that to others. @default namespace */
  readonly reach?: 'namespace' | 'node' | 'control plane';
  /** It takes the tools of the test cluster. @default - what hurts nodes does */
  readonly usesTools?: boolean;
  /** Seconds until it is taken back. @default 0 */
  readonly holdSeconds?: number;
  /** Seconds in which the cluster must be whole again, counted from there. @default 300 */
  readonly recoverySeconds?: number;
  /** Seconds without writes that are aimed at, past the pooler. @default - none: it recovers by itself */
  readonly aim?: number;
  /** Another member is the primary afterwards, or the fault did not strike. @default - any may be */
  readonly handsOver?: boolean;
  /** What must be there before the clock runs: another image, a smaller volume. */
  readonly prepare?: (scene: Scene) => Promise<void>;
  /** Ends when the fault is done, not when the cluster has recovered. */
  readonly inject: (scene: Scene) => Promise<void>;
}
