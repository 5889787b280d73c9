import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** One command line, and what surrounds it. */
export interface Request {
  readonly args: readonly string[];
  readonly kubeconfig: string;
  /** What a person answers, in order; without it there is no terminal. */
  readonly answers?: readonly string[];
  /** What a program in the cluster reads from us. @default - nothing */
  readonly input?: string;
}

/** What a command left behind. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The command line in a Node of its own, as users run it: jest cannot load the Kubernetes client (ES modules), and one
 * process for all cases is ten times faster than one for each.
 */
export class Session {
  private readonly child: ChildProcess = fork(join(__dirname, 'session-child.ts'), {
    execArgv: ['--require', 'tsx/cjs'],
    cwd: join(__dirname, '..', '..'),
  });
  private readonly waiting = new Map<number, (outcome: Outcome | Error) => void>();
  private count = 0;

  constructor() {
    this.child.on('message', ({ id, ...outcome }: Outcome & { id: number }) => {
      this.waiting.get(id)?.(outcome);
      this.waiting.delete(id);
    });
    this.child.on('exit', (code) => {
      const error = new Error(`expected an answer, got exit code ${code} of the whole process`);
      this.waiting.forEach((end) => end(error));
    });
  }

  run(request: Request): Promise<Outcome> {
    this.count += 1;
    const id = this.count;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)));
      this.child.send({ id, ...request });
    });
  }

  /** Ctrl-c. */
  interrupt(): void {
    this.child.kill('SIGINT');
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }
}
